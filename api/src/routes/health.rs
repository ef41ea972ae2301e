//! Is it alive, can it serve?

use axum::{Json, extract::State, http::StatusCode, response::Response};
use common::readiness::{self, Stores};
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
/// 200 while either store answers; says of each how it is and how long it took to know. The stores are asked
/// ten times a second at most, however often this is.
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
    let Stores { redis, postgres, schema } = app.readiness.stores().await;
    let (status, code) = match (redis.ok, schema.ok) {
        (true, true) => ("ready", StatusCode::OK),
        (false, false) => ("down", StatusCode::SERVICE_UNAVAILABLE),
        _ => ("degraded", StatusCode::OK),
    };
    let (redis, postgres, schema) = (redis.into(), postgres.into(), schema.into());
    plain(code, Json(Readiness { status, redis, postgres, schema }))
}

impl From<readiness::Check> for Check {
    fn from(readiness::Check { ok, took }: readiness::Check) -> Self {
        let took_ms = (took.as_secs_f64() * 10_000.0).round() / 10.0;
        Self { state: if ok { "ok" } else { "down" }, took_ms }
    }
}
