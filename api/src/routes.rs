//! Every route and layer on one screen.

mod day;
mod docs;
mod hall_menus;
mod halls;
mod health;
mod items;
mod known_halls;
mod labels;
mod menus;
mod open_now;
mod screen;
mod stats;
mod week;

use std::any::Any;

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use common::store::StoreError;
pub(crate) use docs::Standing;
pub(crate) use menus::answer as menu_answer;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::{
    admission::{Admission, Clients, Policy, charge},
    answered::{RequestId, identify},
    app::App,
    cors, openapi,
    problem::ApiError,
};

/// What a handler that crashed leaves behind.
type Panic = Box<dyn Any + Send>;

macro_rules! endpoint {
    ($path:literal, $module:ident::$handler:ident) => {
        Endpoint {
            path: $path,
            served: || get($module::$handler),
            described: || routes!($module::$handler),
        }
    };
}

/// Every endpoint. The handler says what it takes and answers (`#[utoipa::path]`), and its one line
/// here makes of that both the route and its place in the description.
const ENDPOINTS: [Endpoint; 11] = [
    endpoint!("/api/v2/menus", menus::show),
    endpoint!("/api/v2/menus/day", day::show),
    endpoint!("/api/v2/menus/week", week::show),
    endpoint!("/api/v2/halls", halls::list),
    endpoint!("/api/v2/halls/{hall_id}/menus", hall_menus::list),
    endpoint!("/api/v2/items", items::search),
    endpoint!("/api/v2/labels", labels::list),
    endpoint!("/api/v2/open-now", open_now::list),
    endpoint!("/api/v2/stats/dashboard", stats::dashboard),
    endpoint!("/healthz", health::alive),
    endpoint!("/readyz", health::ready),
];

/// One of them. What is said of it is not put together before somebody wants to read it: that costs
/// a program that nobody has asked yet a megabyte.
struct Endpoint {
    path: &'static str,
    served: fn() -> MethodRouter<App>,
    described: fn() -> UtoipaMethodRouter<App>,
}

/// What the endpoints say of themselves, and what holds for all of them.
fn description() -> OpenApi {
    let empty = OpenApiRouter::with_openapi(openapi::empty());
    let described = ENDPOINTS.iter().map(|endpoint| (endpoint.described)());
    openapi::complete(described.fold(empty, OpenApiRouter::routes).into_openapi())
}

/// Browsers lose CORS on a redirect, so both are served. Only one of them is described; links to
/// further pages keep the one that was asked for.
fn with_and_without_slash(router: Router<App>, endpoint: &Endpoint) -> Router<App> {
    let methods = (endpoint.served)();
    router.route(&format!("{}/", endpoint.path), methods.clone()).route(endpoint.path, methods)
}

/// All of it. The layers are one to the router, which boxes each that it is given: outermost first.
pub(crate) fn router(app: App, allowed_origins: &[String], clients: Clients) -> Router {
    let endpoints = ENDPOINTS.iter().fold(Router::new(), with_and_without_slash);
    endpoints
        // Not described, but for people: /openapi.json, /docs, /problems.
        .merge(docs::pages(description))
        .fallback(async || ApiError::UnknownPath)
        .method_not_allowed_fallback(async || ApiError::Method)
        .with_state(app)
        .layer((
            middleware::from_fn(identify),
            cors::layer(allowed_origins),
            CatchPanicLayer::custom(|_: Panic| ApiError::Internal.into_response()),
            Admission(clients),
        ))
}

/// Asks Postgres what it alone can answer.
async fn past_the_cache<T>(
    question: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, ApiError> {
    charge(Policy::Queries)?;
    question.await.map_err(|error| {
        tracing::warn!(%error, "Postgres cannot be asked for a list");
        ApiError::StoresAway
    })
}

/// For answers that are a status and a word.
pub(crate) fn plain(status: StatusCode, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_described_where_it_is_served() {
        for endpoint in &ENDPOINTS {
            let (_, described, _) = (endpoint.described)();
            let paths: Vec<&String> = described.paths.keys().collect();
            assert_eq!(paths, [endpoint.path]);
            let described = &described.paths[endpoint.path];
            assert!(described.get.is_some(), "{}", endpoint.path);
        }
        let all: Vec<String> = description().paths.paths.into_keys().collect();
        assert_eq!(all.len(), ENDPOINTS.len(), "{all:?}");
    }
}
