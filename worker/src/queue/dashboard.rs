//! The queue as its dashboard sees it: apalis' listings over our own scripts. It only looks, a page
//! at a time, and what it finds need not be ours.

mod job;

use std::{
    sync::LazyLock,
    task::{Context, Poll},
};

use apalis::prelude::{Backend, Task, TaskId, WorkerContext};
use apalis_codec::json::JsonCodec;
use apalis_core::backend::{
    FetchById, Filter, ListAllTasks, ListQueues, ListTasks, ListWorkers, Metrics, QueueInfo,
    RunningWorker, StatType, Statistic, WireFormatBackend,
};
use common::{
    cache::Names,
    link::{Link, LinkError},
};
use redis::Script;
use serde_json::Value;

use super::{jobs::DEATH, scripts};
use job::Job;

/// The queue's name on the dashboard, whatever its prefix.
pub(crate) const QUEUE: &str = "fetch";
/// No listing is longer.
const LONGEST_PAGE: u32 = 100;

static JOBS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("lib.lua"), include_str!("dashboard/jobs.lua")))
});
static WORKERS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("lib.lua"), include_str!("dashboard/workers.lua")))
});

/// Redis did not tell. What it said goes to the log, not to a browser.
#[derive(Debug, thiserror::Error)]
#[error("the queue cannot be looked at for the moment")]
pub(crate) struct Unseen;

impl From<LinkError> for Unseen {
    fn from(error: LinkError) -> Self {
        tracing::warn!(%error, "the dashboard cannot look at the queue");
        Self
    }
}

/// See the top of the file.
pub(crate) struct Dashboard {
    link: Link,
    names: Names,
    codec: JsonCodec<Value>,
}

impl Dashboard {
    pub(crate) fn new(link: Link, names: Names) -> Self {
        Self { link, names, codec: JsonCodec::default() }
    }

    async fn page(&self, filter: &Filter) -> Result<Vec<Task<Value>>, Unseen> {
        let status = filter.status.as_ref().map(ToString::to_string).unwrap_or_default();
        let size = filter.limit().clamp(1, LONGEST_PAGE);
        let skipped = u64::from(filter.page.saturating_sub(1)) * u64::from(size);
        let mut call = JOBS.key(self.names.queue());
        call.arg(status).arg(skipped).arg(size);
        let jobs = self.link.ask(async |redis| call.invoke_async::<Vec<Job>>(redis).await).await?;
        Ok(jobs.into_iter().map(Job::into_task).collect())
    }

    async fn figures(&self) -> Result<Vec<Statistic>, Unseen> {
        let look = async |redis: &mut _| scripts::depth(redis, &self.names, DEATH).await;
        let depth = self.link.ask(look).await?;
        let pending = depth.pending + depth.scheduled;
        let all = pending + depth.running + depth.dead + depth.done;
        let figures = [
            ("RUNNING_JOBS", depth.running),
            ("PENDING_JOBS", pending),
            ("FAILED_JOBS", depth.dead),
            ("DONE_JOBS", depth.done),
            ("TOTAL_JOBS", all),
        ];
        Ok((1..)
            .zip(figures)
            .map(|(priority, (title, value))| Statistic {
                title: title.to_owned(),
                stat_type: StatType::Number,
                value: value.to_string(),
                priority: Some(priority),
            })
            .collect())
    }

    async fn workers(&self) -> Result<Vec<RunningWorker>, Unseen> {
        let mut call = WORKERS.key(self.names.queue());
        call.arg(LONGEST_PAGE);
        type Row = (String, f64, Option<u64>, Option<String>);
        let rows = self.link.ask(async |redis| call.invoke_async::<Vec<Row>>(redis).await).await?;
        Ok(rows
            .into_iter()
            .map(|(id, heard, since, layers)| running(id, heard, since, layers))
            .collect())
    }
}

fn running(id: String, heard: f64, since: Option<u64>, layers: Option<String>) -> RunningWorker {
    RunningWorker {
        id,
        queue: QUEUE.to_owned(),
        backend: "MenuQueue".to_owned(),
        started_at: since.unwrap_or_default(),
        // Whole seconds: what a number cannot hold it holds as its end.
        last_heartbeat: heard as u64,
        layers: layers.unwrap_or_default(),
    }
}

/// Nobody takes jobs from a dashboard.
impl Backend for Dashboard {
    type Task = Task<Value>;
    type Error = Unseen;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Unseen>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        _: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Unseen>>> {
        Poll::Ready(None)
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Unseen>> {
        Poll::Ready(Ok(()))
    }
}

impl WireFormatBackend for Dashboard {
    type Codec = JsonCodec<Value>;
    type Compact = Value;

    fn codec(&self) -> &Self::Codec {
        &self.codec
    }
}

impl Metrics for Dashboard {
    async fn global(&self) -> Result<Vec<Statistic>, Unseen> {
        self.figures().await
    }

    async fn fetch_by_queue(&self) -> Result<Vec<Statistic>, Unseen> {
        self.figures().await
    }
}

impl ListTasks for Dashboard {
    async fn list_tasks(&self, filter: &Filter) -> Result<Vec<Task<Value>>, Unseen> {
        self.page(filter).await
    }
}

impl ListAllTasks for Dashboard {
    async fn list_all_tasks(&self, filter: &Filter) -> Result<Vec<Task<Value>>, Unseen> {
        self.page(filter).await
    }
}

impl ListWorkers for Dashboard {
    async fn list_workers(&self) -> Result<Vec<RunningWorker>, Unseen> {
        self.workers().await
    }

    async fn list_all_workers(&self) -> Result<Vec<RunningWorker>, Unseen> {
        self.workers().await
    }
}

impl ListQueues for Dashboard {
    async fn list_queues(&self) -> Result<Vec<QueueInfo>, Unseen> {
        let workers = self.workers().await?.into_iter().map(|worker| worker.id).collect();
        let stats = self.figures().await?;
        Ok(vec![QueueInfo { name: QUEUE.to_owned(), stats, workers, activity: Vec::new() }])
    }
}

impl FetchById for Dashboard {
    async fn fetch_by_id(&mut self, id: &TaskId) -> Result<Option<Task<Value>>, Unseen> {
        let mut call = JOBS.key(self.names.queue());
        call.arg("find").arg(id.to_string());
        let jobs = self.link.ask(async |redis| call.invoke_async::<Vec<Job>>(redis).await).await?;
        Ok(jobs.into_iter().next().map(Job::into_task))
    }
}
