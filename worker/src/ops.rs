//! The ops side: is the worker alive, and can it work?

use std::{sync::Arc, time::Instant};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use common::{cache::Cache, store::Store};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the ops side looks at.
pub(crate) struct Ops {
    pub(crate) cache: Cache,
    pub(crate) store: Store,
}

/// Answers until the token is cancelled.
pub(crate) async fn serve(
    listener: TcpListener,
    ops: Ops,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let app = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(Arc::new(ops));
    axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await
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
