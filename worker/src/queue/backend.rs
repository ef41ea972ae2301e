//! The queue as apalis sees it: its state machine and traits over [`Jobs`]. Nothing here ever
//! returns an error to apalis, because an error would end the worker.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use apalis::prelude::{Backend, Task, WorkerContext};
use apalis_codec::json::JsonCodec;
use apalis_core::backend::{
    BackendConfig, WireFormatBackend,
    finalize::Durable,
    persistence::{Persisted, State},
};
use apalis_redis::Config;
use common::{cache::Names, link::Link, queue::RefreshMenu};
use futures::ready;
use tokio::time::{Instant, Sleep};

use super::{
    ack::AckLayer,
    held::HeldJobs,
    jobs::{HEARTBEAT, Jobs, MISSED, Never, beat},
    scripts::Scripts,
    trouble::Trouble,
    wake::Wake,
};

/// An idle worker looks at the queue at least this often: for jobs whose pause is over, and for
/// messages lost in ways that nobody noticed.
const IDLE_LOOK: Duration = Duration::from_millis(500);

/// One whose look has failed looks again after this.
const IN_TROUBLE: Duration = Duration::from_millis(50);

/// The queue of one worker.
pub(crate) struct MenuQueue {
    jobs: Persisted<Jobs>,
    codec: JsonCodec<Vec<u8>>,
    config: Config,
    names: Names,
    wake: Arc<Wake>,
    /// The reasons to look that were known when the last look began.
    seen: u64,
    idle: Pin<Box<Sleep>>,
}

impl MenuQueue {
    /// A queue that looks for jobs whenever `wake` is called.
    pub(crate) fn new(link: Link, names: Names, wake: Arc<Wake>, held: HeldJobs) -> Self {
        let config = Config::default()
            .queue(names.queue())
            .batch_size(1)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(MISSED as usize);
        let scripts = Scripts::new(link, names.clone());
        let (looks, beats) = (Trouble::default(), Trouble::default());
        Self {
            jobs: Persisted::new(Jobs { scripts, held, looks, beats, is_empty: Arc::default() }),
            codec: JsonCodec::default(),
            config,
            names,
            seen: wake.count(),
            wake,
            idle: Box::pin(tokio::time::sleep(IDLE_LOOK)),
        }
    }
}

impl Backend for MenuQueue {
    type Task = Task<Vec<u8>>;
    type Error = Never;

    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Never>> {
        self.jobs.poll_ready(cx, worker, HEARTBEAT)
    }

    /// Looks until a look that began after the last reason to look has found nothing, or the last job.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Never>>> {
        self.wake.register(cx.waker());
        loop {
            if matches!(self.jobs.state(), State::Ready) {
                // Whoever fails to connect is woken once more than it waits; to look again for that would
                // be to look for as long as there is no Redis, with a whole core. And after the last job
                // that waited, a look would keep Redis from what that job asks first.
                let is_known =
                    self.jobs.looks.is_met() || self.jobs.is_empty.load(Ordering::Relaxed);
                let in_vain = is_known && self.seen == self.wake.count();
                if in_vain && self.idle.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.seen = self.wake.count();
                self.idle.as_mut().reset(Instant::now() + IDLE_LOOK);
            }
            let polled = self.jobs.poll_next(cx, worker);
            let found_nothing = polled.is_pending() && matches!(self.jobs.state(), State::Ready);
            if !found_nothing {
                return polled;
            }
            if self.jobs.looks.is_met() {
                self.idle.as_mut().reset(Instant::now() + IN_TROUBLE);
            }
            // Poll the timer in any case, so that it is armed.
            let idle_is_over = self.idle.as_mut().poll(cx).is_ready();
            if !idle_is_over && self.seen == self.wake.count() {
                return Poll::Pending;
            }
        }
    }

    /// Finishes a look that is under way (its job would be stranded otherwise) and hands back what
    /// it found. Leaving the queue is for [`leave`], when nothing of the worker runs any more.
    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Never>> {
        if let State::Fetch(look) = self.jobs.state_mut() {
            let found = ready!(look.poll_unpin(cx)).unwrap_or_default();
            *self.jobs.state_mut() = State::Buffered(found.into());
        }
        self.jobs.poll_close(cx, worker)
    }
}

/// Heartbeats for a worker that drains: apalis asks its backend for none then, and its jobs would be
/// given away while they run.
pub(crate) async fn beat_while_draining(link: Link, names: Names, worker: &str, held: &HeldJobs) {
    let (scripts, trouble) = (Scripts::new(link, names), Trouble::default());
    loop {
        beat(&scripts, worker, held, &trouble).await;
        tokio::time::sleep(HEARTBEAT).await;
    }
}

/// Hands back what a worker still holds and takes it off the list.
pub(crate) async fn leave(link: Link, names: Names, worker: &str) {
    match Scripts::new(link, names).release(worker, &[]).await {
        Ok(0) => tracing::debug!(worker, "left the queue"),
        Ok(jobs) => tracing::info!(worker, jobs, "left the queue and handed jobs back"),
        Err(error) => tracing::warn!(worker, %error, "not off the list: found dead in seconds"),
    }
}

impl BackendConfig for MenuQueue {
    type Args = RefreshMenu;
    type Id = String;
    type Kind = Durable;
    type Config = Config;
    type Layer = AckLayer;

    fn config(&self) -> &Config {
        &self.config
    }

    fn middleware(&mut self, worker: &mut WorkerContext) -> AckLayer {
        let (scripts, held) = (self.jobs.scripts.clone(), self.jobs.held.clone());
        AckLayer { scripts, held, names: self.names.clone(), worker: worker.name().to_owned() }
    }
}

impl WireFormatBackend for MenuQueue {
    type Codec = JsonCodec<Vec<u8>>;
    type Compact = Vec<u8>;

    fn codec(&self) -> &Self::Codec {
        &self.codec
    }
}
