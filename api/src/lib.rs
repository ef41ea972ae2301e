//! The api: read-only HTTP. Answers from Redis; on a miss it asks the queue for one job and waits
//! a little for word of it.
//!
//! Before any of it: `front_door` → `admission`.
//! A hit: `express` → `extract` → `read_through` → `near_cache` → `answer`; or, if not quite plain, `routes` → `routes::menus` → `extract` → `read_through` → `near_cache` → `answer`.
//! A miss goes on from `read_through` to `flights`, `waiters` and [`common::queue`].
//! With a store away: `degraded`; with nobody left to ask: `last_resort`.
//! A screen: `routes` → `routes::day` or `week` → `extract` → `many` → `read_through` → `answer`.
//! A search: `routes` → `routes::items` → `extract`, `diet`, `cursor` → `search` → [`common::store`].
//! A list or a figure: `routes` → `extract` → `cached` → [`common::store`] → `paging` → `answer`.

#![cfg_attr(
    test,
    expect(
        clippy::duplicate_mod,
        reason = "`interleavings` compiles files that are shipped once more"
    )
)]

mod admission;
mod answer;
mod answered;
mod app;
mod cached;
mod coded;
pub mod config;
mod cors;
mod cursor;
mod degraded;
mod diet;
mod event_loops;
mod express;
mod extract;
mod flights;
mod front_door;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(test)]
mod interleavings;
mod last_resort;
mod many;
mod measured;
mod near_cache;
// Not inside of it, where `interleavings` would have it as well.
#[cfg(test)]
#[path = "near_cache/tests.rs"]
mod near_cache_tests;
mod openapi;
mod page;
mod paging;
mod patient;
mod problem;
mod read_through;
mod ready;
mod refresh_ahead;
mod rendered;
mod routes;
mod search;
mod served;
mod sync;
mod waiters;

use std::{sync::Arc, time::Duration};

use admission::Clients;
use app::App;
use common::{
    line::{self, Interests},
    telemetry,
};
use config::ApiConfig;
use cors::Learnt;
use event_loops::EventLoops;
use express::Express;
use front_door::Door;
use tokio_util::sync::CancellationToken;

/// For requests under way to end after the signal.
const DRAIN: Duration = Duration::from_secs(25);

/// Why the api cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("listening on API_ADDR: {0}")]
    Listen(#[from] std::io::Error),
    /// The same of the other address.
    #[error("listening on METRICS_ADDR: {0}")]
    Metrics(std::io::Error),
    /// The machine has no thread or no event queue for us.
    #[error("starting the event loops: {0}")]
    Loops(std::io::Error),
    /// The client does not take the URL.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] redis::RedisError),
    /// The driver does not take the URL.
    #[error("DATABASE_URL: {0}")]
    Store(#[from] common::store::StoreError),
}

/// Answers until the token is cancelled, then ends what is under way.
///
/// # Errors
/// When it cannot start. Stores that are away are no reason.
pub async fn run(config: ApiConfig, stop: CancellationToken) -> Result<(), StartError> {
    let listener = front_door::listen(config.addr)?;
    let address = listener.local_addr()?;
    let loops = EventLoops::on_all_cores().map_err(StartError::Loops)?;
    let app = App::new(&config)?;
    if let (Some(url), Some(redis)) = (config.stores.redis_url.clone(), &app.redis) {
        let interests = Interests { channel: redis.names.ready(), prefixes: redis.names.cached() };
        let app = app.clone();
        let hear = move |event| app.redis.iter().for_each(|redis| app.hear(redis, &event));
        tokio::spawn(line::follow(url, interests, hear));
    } else {
        tracing::warn!("no REDIS_URL: every menu comes from Postgres or straight from its vendor");
    }
    tokio::spawn(degraded::stand_by(app.clone()));
    if let Some(address) = config.metrics_addr {
        measured::listen(address, app.clone(), config.limits, loops.clone(), &stop).await?;
    }
    let clients = Clients::new(config.admission);
    let router = routes::router(app.clone(), &config.allowed_origins, clients.clone());
    let cors = Learnt::of(&config.allowed_origins);
    let express = Some(Arc::new(Express { app, clients, cors }));
    telemetry::listening(address);
    let door = Door { name: "api", router, limits: config.limits, loops, express };
    let answering = door.serve(listener, &stop);
    let overtime = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = answering => Ok(()),
        () = overtime => Ok(()),
    }
}
