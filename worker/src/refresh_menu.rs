//! The one job: a menu's key in, how it ended out. A few lines round [`common::refresh`].

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use apalis::prelude::{AbortError, BoxDynError, Data};
use common::{
    queue::RefreshMenu,
    refresh::{Outcome, Refresher},
    traces::{self, Recording},
};
use serde::Serialize;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, Span};

use crate::{failpoint::panic_at, queue::Wanted};

/// A job that nobody waits for lets others go first for so long at most.
const HOLDS_BACK: Duration = Duration::from_secs(5);
/// It begins when its vendor's site was idle so often in a row, at looks so far apart: between two
/// visitors' requests there is a moment that looks idle, and never two.
const IDLE_LOOKS: u32 = 3;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What stays on record of a job that ended.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    outcome: Outcome,
    duration_ms: u64,
}

/// Settles the key. Runs as a task of its own: many jobs share one apalis task, and none may hold
/// up another, nor that task's heartbeat.
pub(crate) async fn refresh_menu(
    job: RefreshMenu,
    refresher: Data<Arc<Refresher>>,
    wanted: Data<Wanted>,
) -> Result<Report, BoxDynError> {
    let span = tracing::info_span!(
        "job",
        job.id = %job.key,
        job.reason = job.reason.as_str(),
        request.id = job.request_id.as_deref().unwrap_or("-"),
    );
    traces::adopt(&span, job.traceparent);
    panic_at("handler", &job.id());
    if !refresher.may_read(&job.key) {
        return Err(AbortError::new("no vendor is asked for that day or meal").into());
    }
    let (refresher, wanted) = (Arc::clone(&refresher), Wanted::clone(&wanted));
    let work = async move {
        if job.reason.can_wait() {
            hold_back(&job, &refresher, &wanted).await;
        }
        panic_at("task", &job.id());
        let started = Instant::now();
        let done = refresher.settle(&job.key, job.reason).await?;
        if !done.cached {
            traces::note(&Span::current(), Recording::failed);
            return Err("the entries could not be written".into());
        }
        let outcome = done.outcome;
        traces::note(&Span::current(), |span| span.text("outcome", &format!("{outcome:?}")));
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(?outcome, duration_ms, "job done");
        Ok::<_, BoxDynError>(Report { outcome, duration_ms })
    };
    AbortOnDropHandle::new(tokio::spawn(work.instrument(span))).await?
}

/// Lets those go first who have a visitor. Nothing is held meanwhile that a visitor could want: no
/// lease, no turn with the vendor.
async fn hold_back(job: &RefreshMenu, refresher: &Refresher, wanted: &Wanted) {
    let (until, id, mut idle) = (Instant::now() + HOLDS_BACK, job.id(), 0);
    while Instant::now() < until && !wanted.is_wanted(&id).await {
        idle = if refresher.is_idle(&job.key).await { idle + 1 } else { 0 };
        if idle == IDLE_LOOKS {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
