//! The queue as apalis sees it: its state machine and traits over our scripts. Nothing here ever
//! returns an error to apalis, because an error would end the worker; it is logged, and the next
//! look at the queue is the retry.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use apalis::prelude::{Backend, Task, WorkerContext};
use apalis_codec::json::JsonCodec;
use apalis_core::backend::{
    BackendConfig, WireFormatBackend,
    finalize::Durable,
    persistence::{Persisted, Persistence, State, TaskEvent},
};
use apalis_redis::{Config, queries::deserialize_with_meta};
use common::{cache::Names, link::Link, metrics, queue::RefreshMenu};
use futures::ready;
use redis::Value;
use tokio::time::{Instant, Sleep};

use super::{ack::AckLayer, held::HeldJobs, scripts::Scripts, wake::Wake};

/// Between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// So many heartbeats missed, and a worker is dead.
const MISSED: u32 = 4;
/// The same as a time.
pub(super) const DEATH: Duration = HEARTBEAT.saturating_mul(MISSED);
/// An idle worker looks at the queue at least this often: for jobs whose pause is over, and for
/// messages lost in ways that nobody noticed.
const IDLE_LOOK: Duration = Duration::from_millis(500);

/// Never met: see the top of this file.
#[derive(Debug, thiserror::Error)]
#[error("no error of the queue reaches apalis")]
pub(crate) struct Never;

/// What apalis asks of a store.
#[derive(Clone)]
pub(crate) struct Jobs {
    scripts: Scripts,
    held: HeldJobs,
}

impl Persistence for Jobs {
    type Compact = Vec<u8>;
    type Response = serde_json::Value;
    type Error = Never;

    async fn register(&mut self, worker: &WorkerContext) -> Result<(), Never> {
        let mut told = false;
        while let Err(error) = self.scripts.register(worker.name(), worker.get_service()).await {
            if !told {
                tracing::warn!(%error, "not registered yet; trying until it is");
                told = true;
            }
            tokio::time::sleep(HEARTBEAT / 2).await;
        }
        Ok(())
    }

    async fn heartbeat(&mut self, worker: &WorkerContext) -> Result<(), Never> {
        beat(&self.scripts, worker.name(), &self.held).await;
        Ok(())
    }

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Vec<u8>>>, Never> {
        loop {
            match self.scripts.fetch(worker.name()).await {
                Ok(None) => return Ok(Vec::new()),
                Ok(Some(raw)) => {
                    if let Some(wait) = waited(&raw) {
                        metrics::JOB_WAIT.observe(&[], wait);
                    }
                    if let Some(task) = self.read_or_bury(worker, raw).await {
                        self.held.take(task.task_id().map(ToString::to_string).unwrap_or_default());
                        return Ok(vec![task]);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the queue cannot be looked at");
                    return Ok(Vec::new());
                }
            }
        }
    }

    async fn reenqueue_abandoned(
        &mut self,
        tasks: Vec<Task<Vec<u8>>>,
        worker: &WorkerContext,
    ) -> Result<u64, Never> {
        let ids: Vec<String> =
            tasks.iter().filter_map(|task| Some(task.task_id()?.to_string())).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        Ok(self.scripts.release(worker.name(), &ids).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "jobs not handed back: they wait for the next worker");
            0
        }))
    }

    /// How jobs end is told by [`AckLayer`].
    async fn handle_events(
        &mut self,
        _: Vec<TaskEvent<serde_json::Value>>,
        _: &WorkerContext,
    ) -> Result<(), Never> {
        Ok(())
    }

    /// Jobs are pushed by `common::queue`, which makes the id; apalis' sink is not used.
    async fn push_tasks(&mut self, _: Vec<Task<Vec<u8>>>) -> Result<(), Never> {
        Ok(())
    }
}

impl Jobs {
    /// A task that will decode, or nothing once what was fetched is among the dead letters.
    async fn read_or_bury(&self, worker: &WorkerContext, raw: Vec<Value>) -> Option<Task<Vec<u8>>> {
        let id = raw_id(&raw).unwrap_or_default();
        let why = match deserialize_with_meta(raw) {
            Ok(tasks) => {
                let task = tasks.into_iter().next()?.into_full_compact();
                match serde_json::from_slice::<RefreshMenu>(&task.args) {
                    Ok(job) if job.id().as_bytes() == id => return Some(task),
                    Ok(_) => "the id is not that of its arguments".to_owned(),
                    Err(error) => format!("arguments: {error}"),
                }
            }
            Err(error) => error.to_string(),
        };
        let shown = String::from_utf8_lossy(&id).chars().take(80).collect::<String>();
        tracing::warn!(job.id = ?shown, why, "not a job of ours: to the dead letters");
        let why = serde_json::json!({ "Err": why }).to_string();
        if let Err(error) = self.scripts.bury(worker.name(), &id, &why).await {
            tracing::warn!(%error, "not buried: it comes back when this worker ends");
        } else {
            metrics::JOBS_DEAD.one(&[]);
        }
        None
    }
}

/// The id and the fields of the one job that a look brings.
fn raw_fields(raw: &[Value]) -> Option<&[Value]> {
    let Value::Array(jobs) = raw.get(1)? else { return None };
    let Value::Array(fields) = jobs.first()? else { return None };
    Some(fields)
}

fn raw_id(raw: &[Value]) -> Option<Vec<u8>> {
    let Value::BulkString(id) = raw_fields(raw)?.first()? else { return None };
    Some(id.clone())
}

/// From its push to now, if this is its first start.
fn waited(raw: &[Value]) -> Option<Duration> {
    let mut fields = raw_fields(raw)?.iter().rev();
    let (Value::BulkString(value), Value::BulkString(name)) = (fields.next()?, fields.next()?)
    else {
        return None;
    };
    let millis = std::str::from_utf8(value).ok().filter(|_| name == b"waited_ms")?;
    Some(Duration::from_millis(millis.parse().ok()?))
}

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
        Self {
            jobs: Persisted::new(Jobs { scripts, held }),
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

    /// Looks until a look that began after the last reason to look has found nothing.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Never>>> {
        self.wake.register(cx.waker());
        loop {
            if matches!(self.jobs.state(), State::Ready) {
                self.seen = self.wake.count();
                self.idle.as_mut().reset(Instant::now() + IDLE_LOOK);
            }
            let polled = self.jobs.poll_next(cx, worker);
            let found_nothing = polled.is_pending() && matches!(self.jobs.state(), State::Ready);
            if !found_nothing {
                return polled;
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

/// One heartbeat.
async fn beat(scripts: &Scripts, worker: &str, held: &HeldJobs) {
    match scripts.beat(worker, DEATH, &held.list()).await {
        Ok(0) => {}
        Ok(jobs) => tracing::warn!(jobs, "jobs that nobody worked on wait again"),
        Err(error) => tracing::warn!(%error, "no heartbeat"),
    }
}

/// Heartbeats for a worker that drains: apalis asks its backend for none then, and its jobs would be
/// given away while they run.
pub(crate) async fn beat_while_draining(link: Link, names: Names, worker: &str, held: &HeldJobs) {
    let scripts = Scripts::new(link, names);
    loop {
        beat(&scripts, worker, held).await;
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
