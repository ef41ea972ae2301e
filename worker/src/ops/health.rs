//! Is the worker alive, and can it work? How does it fare, in figures?

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use common::metrics::{self, BREAKER_OPEN};
use serde_json::{Value, json};

use super::Ops;

/// `/healthz`, `/readyz`, `/metrics`
pub(super) fn routes() -> Router<Arc<Ops>> {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
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
