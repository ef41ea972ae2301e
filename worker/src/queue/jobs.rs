//! What apalis asks of a store, over our scripts: registering, heartbeats, looks. No error of Redis
//! reaches apalis; it is logged, and the next look at the queue is the retry.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use apalis::prelude::{Task, WorkerContext};
use apalis_core::backend::persistence::{Persistence, TaskEvent};
use apalis_redis::queries::deserialize_with_meta;
use common::{metrics, queue::RefreshMenu};
use redis::{RedisResult, Value};
use tokio::time::Instant;

use super::{
    held::HeldJobs,
    scripts::{Found, Scripts},
    trouble::Trouble,
};

/// Between two heartbeats.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);
/// So many heartbeats missed, and a worker is dead.
pub(super) const MISSED: u32 = 4;
/// The same as a time.
pub(super) const DEATH: Duration = HEARTBEAT.saturating_mul(MISSED);
/// No answer of Redis takes longer: the connection gives up before.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);
/// A look that finds no job is over after this: before the next look at an idle queue is due, so that a
/// heartbeat has its turn in between.
const LONGEST_LOOK: Duration = Duration::from_millis(250);

/// Never met: see the top of this file.
#[derive(Debug, thiserror::Error)]
#[error("no error of the queue reaches apalis")]
pub(crate) struct Never;

/// What apalis asks of a store.
#[derive(Clone)]
pub(crate) struct Jobs {
    pub(super) scripts: Scripts,
    pub(super) held: HeldJobs,
    pub(super) looks: Trouble,
    pub(super) beats: Trouble,
    /// After the last look none waited any more, not even for another to end.
    pub(super) is_empty: Arc<AtomicBool>,
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
        beat(&self.scripts, worker.name(), &self.held, &self.beats).await;
        Ok(())
    }

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Vec<u8>>>, Never> {
        // No heartbeat is sent during a look, however much there is that is no job of ours.
        let ends = Instant::now() + LONGEST_LOOK;
        while Instant::now() < ends {
            let Some(raw) = self.look(worker).await else { return Ok(Vec::new()) };
            if raw.is_empty() {
                continue;
            }
            if let Some(wait) = waited(&raw) {
                metrics::JOB_WAIT.observe(&[], wait);
            }
            if let Some(task) = self.read_or_bury(worker, raw).await {
                self.held.take(task.task_id().map(ToString::to_string).unwrap_or_default());
                return Ok(vec![task]);
            }
        }
        Ok(Vec::new())
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

    /// How jobs end is told by [`super::ack::AckLayer`].
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
    /// The next job as it is in Redis.
    async fn look(&self, worker: &WorkerContext) -> Option<Vec<Value>> {
        let (buried, raw, besides) = match self.found(worker.name()).await {
            Ok(found) => found,
            Err(error) => {
                self.is_empty.store(false, Ordering::Relaxed);
                if self.looks.begins() {
                    tracing::warn!(%error, "the queue cannot be looked at; trying until it can");
                } else {
                    tracing::debug!(%error, "the queue still cannot be looked at");
                }
                return None;
            }
        };
        self.is_empty.store(besides == 0, Ordering::Relaxed);
        if self.looks.ends() {
            tracing::info!("the queue can be looked at again");
        }
        if buried > 0 {
            tracing::warn!(jobs = buried, "not jobs of ours: to the dead letters");
            metrics::JOBS_DEAD.add(&[], buried);
        }
        raw
    }

    /// What a look that failed may have brought waits again first: nobody heard of it, and no other look is
    /// under way.
    async fn found(&self, worker: &str) -> RedisResult<Found> {
        if self.looks.is_met() {
            tell(self.scripts.beat(worker, DEATH, &self.held.list(), Duration::ZERO).await?);
        }
        self.scripts.fetch(worker).await
    }

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
            tracing::warn!(%error, "not buried: it comes back");
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

/// One heartbeat.
pub(super) async fn beat(scripts: &Scripts, worker: &str, held: &HeldJobs, trouble: &Trouble) {
    match scripts.beat(worker, DEATH, &held.list(), LONGEST_ANSWER).await {
        Ok(moved) => {
            if trouble.ends() {
                tracing::info!("heartbeats are heard again");
            }
            tell(moved);
        }
        Err(error) if trouble.begins() => {
            tracing::warn!(%error, "no heartbeat; trying until one is heard");
        }
        Err(error) => tracing::debug!(%error, "still no heartbeat"),
    }
}

/// How many jobs went back, and how many were given up.
fn tell((back, dead): (u64, u64)) {
    if back > 0 {
        tracing::warn!(jobs = back, "jobs that nobody worked on wait again");
    }
    if dead > 0 {
        tracing::warn!(jobs = dead, "every worker that took them died: to the dead letters");
        metrics::JOBS_DEAD.add(&[], dead);
    }
}
