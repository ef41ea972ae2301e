//! The worker: takes jobs, reads vendors, saves what they say, fills the cache, tells who waits.
//!
//! `main` → [`run`] → `monitor` (apalis) → `queue` (our backend) → `refresh_menu` (the job) →
//! [`common::refresh`]. Beside it `schedule` asks for menus before anybody does.

mod alerts;
pub mod config;
mod failpoint;
mod monitor;
mod ops;
mod parts;
mod pauses;
mod queue;
mod refresh_menu;
mod schedule;
mod upkeep;

use std::{sync::Arc, time::Duration};

use common::telemetry;
use config::WorkerConfig;
use parts::Parts;
use tokio::{net::TcpListener, sync::oneshot};
use tokio_util::sync::CancellationToken;

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
    // REDIS_URL is required of the worker, so there is one.
    let Some(redis_url) = config.stores.redis_url.clone() else { return Ok(()) };
    let parts = Parts::new(&config, &redis_url).await?;
    let webhook = alerts::Webhook::new(&config.alerts)
        .map_err(|error| StartError::Alerts(error.to_string()))?;
    let alerts = tokio::spawn(alerts::run(parts.store.clone(), webhook, stop.clone()));
    let (tell, ready) = oneshot::channel();
    let database = config.stores.database_url.clone();
    let upkeep = tokio::spawn(upkeep::run(database, parts.store.clone(), tell));
    let (ops, dashboard) = (Arc::new(parts.ops()), parts.dashboard());
    if let Some(address) = config.metrics_addr {
        let serving = ops::serve_metrics(address, &config.ops, Arc::clone(&ops), stop.clone());
        serving.await.map_err(StartError::Metrics)?;
    }
    let ops = tokio::spawn(ops::serve(listener, config.ops, ops, dashboard, stop.clone()));
    telemetry::listening(address);
    // Jobs want the schema; but a database that is away must not keep menus from being read.
    tokio::select! {
        _ = ready => {}
        () = tokio::time::sleep(MIGRATION) => {}
        () = stop.cancelled() => {}
    }
    // Before the first job, which might ask a vendor that is paused.
    pauses::restore(&parts.store, &parts.pauses()).await;
    tokio::spawn(pauses::keep(parts.store.clone(), parts.pauses(), stop.clone()));
    if !config.prewarm_lead.is_zero() {
        tokio::spawn(Arc::clone(&parts.warmer).watch(stop.clone()));
    }
    // As a task: each event of the task that a runtime runs on costs a system call more.
    let working = tokio::spawn(monitor::run(parts.stand(redis_url, config.concurrency), stop));
    if let Err(error) = working.await
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
    upkeep.abort();
    // A try under way is let end: cut off, it would be told twice.
    let _ = tokio::time::timeout(ALERTS_DRAIN, alerts).await;
    // What is not answered by then, like a stream that a browser follows, ends with the program.
    let _ = tokio::time::timeout(OPS_DRAIN, ops).await;
    Ok(())
}
