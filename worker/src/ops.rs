//! The ops side: is the worker alive, and can it work? How does it fare, in figures?

mod page;
mod schedule;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use common::{
    cache::Cache,
    link::Link,
    metrics::{self, BREAKER_OPEN},
    store::Store,
    telemetry,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{queue::Depth, schedule::Warmer};

/// What the ops side looks at.
pub(crate) struct Ops {
    pub(crate) cache: Cache,
    pub(crate) store: Store,
    pub(crate) link: Link,
    pub(crate) depth: Depth,
    pub(crate) warmer: Arc<Warmer>,
}

/// Answers until the token is cancelled.
pub(crate) async fn serve(
    listener: TcpListener,
    ops: Arc<Ops>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let app = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
        .merge(page::routes())
        .merge(schedule::routes())
        .with_state(ops);
    axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// The same with metrics alone, at an address of its own.
pub(crate) async fn serve_metrics(
    address: SocketAddr,
    ops: Arc<Ops>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    telemetry::metrics_at(listener.local_addr()?);
    let app = Router::new().route("/metrics", get(figures)).with_state(ops);
    tokio::spawn(async move {
        axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await
    });
    Ok(())
}

async fn figures(State(ops): State<Arc<Ops>>) -> Response {
    ops.depth.measure().await;
    BREAKER_OPEN.set(&["postgres"], Some(u64::from(ops.store.is_away())));
    BREAKER_OPEN.set(&["redis"], Some(u64::from(ops.link.is_away())));
    let text = metrics::render(metrics::WORKER);
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

/// Ready = jobs can be taken (Redis) and what is read can be kept (Postgres, with its schema).
async fn ready(State(ops): State<Arc<Ops>>) -> (StatusCode, Json<Value>) {
    let started = Instant::now();
    let (redis, schema) = tokio::join!(ops.cache.ping(), ops.store.schema_is_current());
    let word = |ok: bool| if ok { "ok" } else { "down" };
    let (redis, postgres) = (redis.is_ok(), schema.is_ok());
    let schema = schema.unwrap_or(false);
    let status = if redis && schema { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let body = json!({
        "redis": word(redis), "postgres": word(postgres), "schema": word(schema), "took_ms": took,
    });
    (status, Json(body))
}
