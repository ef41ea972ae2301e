//! How full the queue is, for metrics: read from Redis when somebody asks, once a second at most, and
//! never waited for long.

use std::{collections::BTreeMap, time::Duration};

use common::{
    cache::Names,
    link::Link,
    metrics::{QUEUE_JOBS, WORKERS},
};
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{jobs::DEATH, scripts};

/// For Redis to tell.
const PATIENCE: Duration = Duration::from_secs(1);
/// Who asks again within this time is told the same.
const HOLDS: Duration = Duration::from_secs(1);

/// See the top of the file.
pub(crate) struct Depth {
    link: Link,
    names: Names,
    read_at: Mutex<Option<Instant>>,
}

/// The queue in figures.
#[derive(Debug, Serialize)]
pub(crate) struct QueueFigures {
    pub(crate) pending: u64,
    /// How long the one has waited that has waited longest.
    pub(crate) oldest_pending_ms: Option<u64>,
    pub(crate) running: u64,
    pub(crate) scheduled: u64,
    pub(crate) dead: u64,
    pub(crate) workers: u64,
    /// Since midnight (UTC), of all processes, by what became of them.
    pub(crate) pushes: BTreeMap<String, u64>,
}

impl Depth {
    /// For the status page; `None`: Redis does not tell.
    pub(crate) async fn figures(&self) -> Option<QueueFigures> {
        let read = self.link.ask(async |redis| {
            let depth = scripts::depth(redis, &self.names, DEATH).await?;
            Ok((depth, scripts::figures(redis, &self.names).await?))
        });
        let (depth, (oldest, pushes)) = read.await.ok()?;
        Some(QueueFigures {
            pending: depth.pending,
            oldest_pending_ms: u64::try_from(oldest).ok(),
            running: depth.running,
            scheduled: depth.scheduled,
            dead: depth.dead,
            workers: depth.workers,
            pushes,
        })
    }

    pub(crate) const fn new(link: Link, names: Names) -> Self {
        Self { link, names, read_at: Mutex::const_new(None) }
    }

    /// Brings the metrics up to date. What Redis does not tell is not known.
    pub(crate) async fn measure(&self) {
        let mut read_at = self.read_at.lock().await;
        if read_at.is_some_and(|at| at.elapsed() < HOLDS) {
            return;
        }
        let read = self.link.ask(async |redis| {
            let read = timeout(PATIENCE, scripts::depth(redis, &self.names, DEATH)).await;
            read.unwrap_or_else(|late| Err(std::io::Error::from(late).into()))
        });
        let depth = read.await.ok();
        *read_at = Some(Instant::now());
        QUEUE_JOBS.set(&["pending"], depth.map(|depth| depth.pending));
        QUEUE_JOBS.set(&["running"], depth.map(|depth| depth.running));
        QUEUE_JOBS.set(&["scheduled"], depth.map(|depth| depth.scheduled));
        QUEUE_JOBS.set(&["dead"], depth.map(|depth| depth.dead));
        WORKERS.set(&[], depth.map(|depth| depth.workers));
    }
}
