//! Is the worker alive, and can it work? How does it fare, in figures?

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use common::{
    metrics::{self, BREAKER_OPEN},
    readiness::{Check, Stores},
};
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
    tokio::join!(ops.depth.measure(), ops.desk.measure());
    BREAKER_OPEN.set(&["postgres"], Some(u64::from(ops.store.is_away())));
    BREAKER_OPEN.set(&["redis"], Some(u64::from(ops.link.is_away())));
    let text = metrics::render(metrics::WORKER);
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

/// Ready = jobs can be taken (Redis) and what is read can be kept (Postgres, with its schema).
async fn ready(State(ops): State<Arc<Ops>>) -> (StatusCode, Json<Value>) {
    let Stores { redis, postgres, schema } = ops.readiness.stores().await;
    let word = |check: Check| if check.ok { "ok" } else { "down" };
    let is_ready = redis.ok && schema.ok;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let took = redis.took.max(postgres.took).as_millis();
    let took = u64::try_from(took).unwrap_or(u64::MAX);
    let body = json!({
        "redis": word(redis), "postgres": word(postgres), "schema": word(schema), "took_ms": took,
    });
    (status, Json(body))
}
