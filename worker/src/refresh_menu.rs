//! The one job: a menu's key in, how it ended out. A few lines round [`common::refresh`].

use std::{sync::Arc, time::Instant};

use apalis::prelude::{AbortError, BoxDynError, Data};
use common::{
    queue::RefreshMenu,
    refresh::{Outcome, Refresher},
};
use serde::Serialize;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

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
) -> Result<Report, BoxDynError> {
    let span = tracing::info_span!(
        "job",
        job.id = %job.key,
        job.reason = job.reason.as_str(),
        request.id = job.request_id.as_deref().unwrap_or("-"),
    );
    if !refresher.may_read(&job.key) {
        return Err(AbortError::new("no vendor is asked for that day or meal").into());
    }
    let refresher = Arc::clone(&refresher);
    let work = async move {
        let started = Instant::now();
        let done = refresher.settle(&job.key, job.reason).await?;
        if !done.cached {
            return Err("the entries could not be written".into());
        }
        let outcome = done.outcome;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(?outcome, duration_ms, "job done");
        Ok::<_, BoxDynError>(Report { outcome, duration_ms })
    };
    AbortOnDropHandle::new(tokio::spawn(work.instrument(span))).await?
}
