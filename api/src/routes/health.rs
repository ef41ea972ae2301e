//! Is it alive, can it serve?

use std::time::{Duration, Instant};

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::plain;
use crate::app::App;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> Response {
    plain(StatusCode::OK, Json(json!({ "status": "ok" })))
}

/// `GET /readyz`: ready while either store answers; says of each how it is and how long that took.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let redis = async {
        let started = Instant::now();
        let answers = match &app.redis {
            Some(redis) => redis.cache.ping().await.is_ok(),
            None => false,
        };
        (answers, started.elapsed())
    };
    let postgres = async {
        let started = Instant::now();
        (app.store.schema_is_current().await, started.elapsed())
    };
    let ((redis, redis_took), (schema, postgres_took)) = tokio::join!(redis, postgres);
    let ready = redis || matches!(schema, Ok(true));
    let whole = redis && matches!(schema, Ok(true));
    let status = if whole {
        "ready"
    } else if ready {
        "degraded"
    } else {
        "down"
    };
    let body = json!({
        "status": status,
        "redis": check(redis, redis_took),
        "postgres": check(schema.is_ok(), postgres_took),
        "schema": check(schema.unwrap_or(false), postgres_took),
    });
    plain(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}

fn check(ok: bool, took: Duration) -> Value {
    let took_ms = took.as_secs_f64() * 1000.0;
    json!({ "state": if ok { "ok" } else { "down" }, "took_ms": (took_ms * 10.0).round() / 10.0 })
}
