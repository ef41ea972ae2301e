//! The worker: takes jobs, reads vendors, saves what they say, fills the cache, tells who waits.
//!
//! `main` → [`run`] → `monitor` (apalis) → `queue` (our backend) → `refresh_menu` (the job) →
//! [`common::refresh`]. Beside it `schedule` asks for menus before anybody does.

mod alerts;
pub mod config;
mod failpoint;
mod monitor;
mod ops;
mod queue;
mod refresh_menu;
mod schedule;
mod upkeep;

use std::{sync::Arc, time::Duration};

use common::{
    cache::{Cache, Names},
    lease::Leases,
    link::{Link, Patience},
    prewarm::Prewarm,
    queue::Queue,
    refresh::{Failing, Gate, Memory, Refresher, Saves, Unsaved},
    store::Store,
    telemetry,
    vendors::{Pauses, Vendors},
};
use config::WorkerConfig;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// For an answer of Redis: scripts may wait behind others, and nobody waits for this program.
const REDIS: Patience =
    Patience { connect: Duration::from_secs(2), response: Duration::from_secs(3) };
/// For an answer of Postgres.
const POSTGRES: Duration = Duration::from_secs(2);
/// Connections to Postgres.
const CONNECTIONS: u32 = 8;
/// For the first try to migrate; then jobs are taken all the same.
const MIGRATION: Duration = Duration::from_secs(10);
/// For requests of the ops side that are under way at the end.
const OPS_DRAIN: Duration = Duration::from_secs(2);
/// For an alert that is being told at the end.
const ALERTS_DRAIN: Duration = Duration::from_secs(6);

/// Why the worker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("listening on OPS_ADDR: {0}")]
    Listen(#[from] std::io::Error),
    /// The same of the other address.
    #[error("listening on METRICS_ADDR: {0}")]
    Metrics(std::io::Error),
    /// The client does not take the URL.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] redis::RedisError),
    /// The driver does not take the URL.
    #[error("DATABASE_URL: {0}")]
    Store(#[from] common::store::StoreError),
    /// No client for the webhook.
    #[error("alerts: {0}")]
    Alerts(String),
    /// No client for the vendors.
    #[error("vendors: {0}")]
    Vendors(#[from] common::vendors::FetchError),
}

/// Works until the token is cancelled, then drains.
///
/// # Errors
/// When it cannot start. Stores that are away are no reason: it waits for them.
pub async fn run(config: WorkerConfig, stop: CancellationToken) -> Result<(), StartError> {
    let listener = TcpListener::bind(config.ops.addr).await?;
    let address = listener.local_addr()?;
    let names = Names::new(config.stores.key_prefix.clone());
    // REDIS_URL is required of the worker, so there is one.
    let Some(redis_url) = config.stores.redis_url.clone() else { return Ok(()) };
    let link = Link::new(&redis_url, REDIS)?;
    let cache = Cache::new(link.clone(), names.clone());
    let store = Store::new(&config.stores.database_url, CONNECTIONS, POSTGRES)?;
    let gate = Gate::new(store.clone(), config.lifetimes);
    let refresher = Arc::new(Refresher {
        cache: Some(cache.clone()),
        store: store.clone(),
        vendors: Vendors::new(
            &config.vendors,
            Some((link.clone(), names.clone())),
            Some(store.locks()),
        )?,
        leases: Leases::new(Some((link.clone(), names.clone())), Some(store.locks())),
        lifetimes: config.lifetimes,
        zone: config.zone,
        budget: config.vendors.fetch_timeout,
        failing: Failing::default(),
        memory: Memory::default(),
        saves: Saves::after_readers(),
        unsaved: Unsaved::new(store.clone(), gate.clone()),
        gate,
    });
    if config.vendors.sodexo_key.is_none() {
        tracing::warn!("no SODEXO_API_KEY: Hoch's menu comes from the location page, today only");
    }
    let webhook = alerts::Webhook::new(&config.alerts)
        .map_err(|error| StartError::Alerts(error.to_string()))?;
    let alerts = tokio::spawn(alerts::run(store.clone(), webhook, stop.clone()));
    let (tell, ready) = tokio::sync::oneshot::channel();
    let upkeep = tokio::spawn(upkeep::run(config.stores.database_url.clone(), store.clone(), tell));
    let depth = queue::Depth::new(link.clone(), names.clone());
    let warmer = warmer(&config, &store, &cache, &link, &names);
    let dashboard = queue::Dashboard::new(link.clone(), names.clone());
    let desk = ops::Desk {
        refresher: Arc::clone(&refresher),
        queue: Queue::new(link.clone(), names.clone()),
        dead: queue::DeadLetters::new(link.clone(), names.clone()),
        pauses: Pauses::new(link.clone(), names.clone()),
    };
    let warming = Arc::clone(&warmer);
    let ops = ops::Ops { cache, store, link: link.clone(), depth, desk, warmer: warming };
    let ops = Arc::new(ops);
    if let Some(address) = config.metrics_addr {
        let serving = ops::serve_metrics(address, &config.ops, Arc::clone(&ops), stop.clone());
        serving.await.map_err(StartError::Metrics)?;
    }
    let ops = tokio::spawn(ops::serve(listener, config.ops.clone(), ops, dashboard, stop.clone()));
    telemetry::listening(address);
    let concurrency = config.concurrency;
    let stand = monitor::Stand { link, redis_url, names, refresher, concurrency };
    // Jobs want the schema; but a database that is away must not keep menus from being read.
    tokio::select! {
        _ = ready => {}
        () = tokio::time::sleep(MIGRATION) => {}
        () = stop.cancelled() => {}
    }
    if !config.prewarm_lead.is_zero() {
        tokio::spawn(warmer.watch(stop.clone()));
    }
    monitor::run(stand, stop).await;
    upkeep.abort();
    // A try under way is let end: cut off, it would be told twice.
    let _ = tokio::time::timeout(ALERTS_DRAIN, alerts).await;
    // What is not answered by then, like a stream that a browser follows, ends with the program.
    let _ = tokio::time::timeout(OPS_DRAIN, ops).await;
    Ok(())
}

fn warmer(
    config: &WorkerConfig,
    store: &Store,
    cache: &Cache,
    link: &Link,
    names: &Names,
) -> Arc<schedule::Warmer> {
    Arc::new(schedule::Warmer {
        store: store.clone(),
        cache: cache.clone(),
        queue: Queue::new(link.clone(), names.clone()),
        prewarm: Prewarm::new(link.clone(), names.clone()),
        ticks: schedule::Ticks::new(config.prewarm_cron.clone(), config.zone),
        lead: config.prewarm_lead,
        zone: config.zone,
        name: format!("schedule-{}-{:08x}", std::process::id(), fastrand::u32(..)),
        hours: std::sync::Mutex::default(),
    })
}
