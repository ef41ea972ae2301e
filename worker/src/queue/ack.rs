//! The layer round every job that tells the queue how it ended, in the job's own time: entry and
//! *ready* are out by then, so the id is freed after them and never before.

use std::{
    task::{Context, Poll},
    time::{Duration, Instant},
};

use apalis::prelude::{AbortError, BoxDynError, Task};
use chrono::Utc;
use common::{cache::Names, entry::Entry, metrics, queue::RefreshMenu};
use futures::future::BoxFuture;
use serde::Serialize;
use tower::{Layer, Service};

use super::{
    held::HeldJobs,
    scripts::{Ack, Scripts},
};

/// Failure entries of jobs that died live this long.
pub(super) const FAILURE_LIFE: Duration = Duration::from_secs(10);
/// Longest pause between attempts, and between tries to say how a job ended.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Wraps jobs of one worker.
#[derive(Clone)]
pub(crate) struct AckLayer {
    pub(super) scripts: Scripts,
    pub(super) held: HeldJobs,
    pub(super) names: Names,
    pub(super) worker: String,
}

/// See [`AckLayer`].
#[derive(Clone)]
pub(crate) struct AckService<S> {
    inner: S,
    layer: AckLayer,
}

impl<S> Layer<S> for AckLayer {
    type Service = AckService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AckService { inner, layer: self.clone() }
    }
}

impl<S> Service<Task<RefreshMenu>> for AckService<S>
where
    S: Service<Task<RefreshMenu>, Error = BoxDynError>,
    S::Future: Send + 'static,
    S::Response: Serialize + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<S::Response, BoxDynError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, task: Task<RefreshMenu>) -> Self::Future {
        let (layer, ctx, job) = (self.layer.clone(), task.ctx().clone(), task.args.clone());
        let running = self.inner.call(task);
        Box::pin(async move {
            let started = Instant::now();
            let ended = running.await;
            let took = started.elapsed();
            metrics::JOB_DURATION.observe(&[], took);
            let (status, result) = match &ended {
                Ok(report) => ("Done", serde_json::json!({ "Ok": report })),
                Err(error) => {
                    let last = error.downcast_ref::<AbortError>().is_some();
                    let status = if last { "Killed" } else { "Failed" };
                    let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                    (status, serde_json::json!({ "Err": error.to_string(), "duration_ms": took }))
                }
            };
            let outcome = match status {
                "Done" => result.pointer("/Ok/outcome").and_then(|outcome| outcome.as_str()),
                "Killed" => Some("refused"),
                _ => None,
            };
            metrics::JOBS.one(&[outcome.unwrap_or("failed"), job.reason.as_str()]);
            layer.tell(&job, status, ctx.attempt(), &result.to_string()).await;
            layer.held.drop(&job.id());
            ended
        })
    }
}

impl AckLayer {
    /// Says it until Redis has heard it: a job that ended must not stay claimed. A Redis that lost
    /// its data answers "fenced", so this ends once there is one.
    async fn tell(&self, job: &RefreshMenu, status: &'static str, attempts: usize, result: &str) {
        let failed = Entry::Failed { fetched_at: Utc::now() };
        let failure_entry = failed.to_bytes(&job.key).unwrap_or_default();
        let id = job.id();
        let ack = Ack {
            id: &id,
            status,
            attempts,
            result,
            pause: pause_before(attempts),
            failure_entry: &failure_entry,
            failure_life: FAILURE_LIFE,
        };
        let entry = self.names.entry(&job.key);
        for tried in 1.. {
            match self.scripts.ack(&self.worker, &ack, &entry).await {
                Ok(answer) if answer == "fenced" => {
                    tracing::warn!(
                        job.id = id,
                        "given to another worker meanwhile: nothing to end"
                    );
                    return;
                }
                Ok(answer) => {
                    if tried > 1 {
                        tracing::info!(job.id = id, "its end is on record");
                    }
                    if answer == "ended" && status != "Done" {
                        metrics::JOBS_DEAD.one(&[]);
                    }
                    return;
                }
                Err(error) => {
                    if tried == 1 {
                        tracing::warn!(job.id = id, %error, "its end is not on record yet; trying until it is");
                    }
                    tokio::time::sleep(pause_before(tried).min(Duration::from_secs(1))).await;
                }
            }
        }
    }
}

/// Exponential backoff from one second to [`LONGEST_PAUSE`], jittered down to half of it.
fn pause_before(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt).unwrap_or(u32::MAX).clamp(1, 8) - 1;
    let whole = (Duration::from_secs(1) * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}
