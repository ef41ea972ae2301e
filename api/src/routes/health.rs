//! Is it alive, can it serve?

use std::time::{Duration, Instant};

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::plain;
use crate::app::App;

/// Word that the process answers.
#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether it can serve, and what with.
#[derive(Serialize, ToSchema)]
struct Readiness {
    /// `ready`: with both stores, `degraded`: with one, `down`: with none.
    #[schema(pattern = "^(ready|degraded|down)$", example = "ready")]
    status: &'static str,
    redis: Check,
    postgres: Check,
    /// Whether the database has the schema that this release needs.
    schema: Check,
}

/// How a store is.
#[derive(Serialize, ToSchema)]
struct Check {
    #[schema(pattern = "^(ok|down)$", example = "ok")]
    state: &'static str,
    /// How long it took to know, in milliseconds.
    #[schema(minimum = 0, example = 0.4)]
    took_ms: f64,
}

/// Is it alive?
///
/// 200 while the process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Health",
    operation_id = "alive",
    responses((
        status = 200, description = "It is.", body = Health,
        headers(("cache-control" = String, description = "`no-store`")),
    )),
)]
pub(super) async fn alive() -> Response {
    plain(StatusCode::OK, Json(Health { status: "ok" }))
}

/// Can it serve?
///
/// 200 while either store answers; says of each how it is and how long that took.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Health",
    operation_id = "ready",
    responses(
        (status = 200, description = "It can.", body = Readiness,
            headers(("cache-control" = String, description = "`no-store`"))),
        (status = 503, description = "It cannot: no store answers.", body = Readiness,
            headers(("cache-control" = String, description = "`no-store`"))),
    ),
)]
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
    let body = Readiness {
        status,
        redis: check(redis, redis_took),
        postgres: check(schema.is_ok(), postgres_took),
        schema: check(schema.unwrap_or(false), postgres_took),
    };
    plain(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}

fn check(ok: bool, took: Duration) -> Check {
    let took_ms = took.as_secs_f64() * 1000.0;
    Check { state: if ok { "ok" } else { "down" }, took_ms: (took_ms * 10.0).round() / 10.0 }
}
