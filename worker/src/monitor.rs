//! Builds the queue worker: name, layers, concurrency, drain; and builds it anew should it end.

use std::{sync::Arc, time::Duration};

use apalis::{
    layers::catch_panic::CatchPanicLayer,
    prelude::{Monitor, WorkerBuilder},
};
use common::{cache::Names, config::SecretUrl, link::Link, refresh::Refresher};
use tokio_util::sync::CancellationToken;
use tower::{limit::ConcurrencyLimitLayer, timeout::TimeoutLayer};

use crate::{
    queue::{self, HeldJobs, MenuQueue, Wake, Wanted},
    refresh_menu::refresh_menu,
};

/// What a worker stands on.
pub(crate) struct Stand {
    pub(crate) link: Link,
    pub(crate) redis_url: SecretUrl,
    pub(crate) names: Names,
    pub(crate) refresher: Arc<Refresher>,
    pub(crate) concurrency: usize,
}

/// For running jobs to end after the signal; then they are handed back. A supervisor kills after 30 s.
const DRAIN: Duration = Duration::from_secs(20);
/// Before a worker that ended by itself is built anew.
const REBUILD: Duration = Duration::from_millis(500);

/// Takes jobs until the token is cancelled; returns when the last one ended or went back.
pub(crate) async fn run(stand: Stand, stop: CancellationToken) {
    let wake = Arc::new(Wake::default());
    let channel = format!("{}:wake", stand.names.queue());
    let follower = tokio::spawn(queue::follow(stand.redis_url.clone(), channel, Arc::clone(&wake)));
    while !stop.is_cancelled() {
        // A name of its own at each start: the queue knows a dead namesake from a living worker.
        let name = format!("worker-{}-{:08x}", std::process::id(), fastrand::u32(..));
        work(&stand, &name, Arc::clone(&wake), stop.clone()).await;
        if !stop.is_cancelled() {
            tracing::error!(worker = name, "the worker ended by itself; another takes its place");
            tokio::time::sleep(REBUILD + Duration::from_millis(fastrand::u64(0..250))).await;
        }
    }
    follower.abort();
}

async fn work(stand: &Stand, name: &str, wake: Arc<Wake>, stop: CancellationToken) {
    let (link, names) = (stand.link.clone(), stand.names.clone());
    let (refresher, concurrency) = (Arc::clone(&stand.refresher), stand.concurrency);
    // A back-stop, longer than all waits inside together: two budgets for the lease, two for a turn with
    // the vendor, one for the read, and what a job holds back.
    let limit = stand.refresher.budget * 6 + Duration::from_secs(10);
    let (worker, held) = (name.to_owned(), HeldJobs::default());
    let in_hand = held.clone();
    let monitor = Monitor::new().shutdown_timeout(DRAIN).register(move |_| {
        let backend =
            MenuQueue::new(link.clone(), names.clone(), Arc::clone(&wake), in_hand.clone());
        WorkerBuilder::new(worker.clone())
            .backend(backend)
            .data(Arc::clone(&refresher))
            .data(Wanted::new(link.clone(), names.clone()))
            .layer(ConcurrencyLimitLayer::new(concurrency))
            .layer(TimeoutLayer::new(limit))
            .layer(CatchPanicLayer::new())
            .build(refresh_menu)
    });
    let told = stop.clone();
    let signal = async move {
        told.cancelled().await;
        Ok(())
    };
    let beats = async {
        stop.cancelled().await;
        queue::beat_while_draining(stand.link.clone(), stand.names.clone(), name, &held).await;
    };
    tokio::select! {
        ended = monitor.run_with_signal(signal) => {
            if let Err(error) = ended {
                tracing::error!(worker = name, %error, "worker");
            }
        }
        () = beats => {}
    }
    queue::leave(stand.link.clone(), stand.names.clone(), name).await;
}
