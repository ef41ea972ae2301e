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
};
use common::store::StoreError;
pub(crate) use menus::answer as menu_answer;
use tower_http::catch_panic::CatchPanicLayer;
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

/// Every endpoint. The handler says where it is served and what it answers (`#[utoipa::path]`), and
/// this one line makes of that both the route and its place in the description.
fn endpoints() -> OpenApiRouter<App> {
    let endpoints = [
        routes!(menus::show),
        routes!(day::show),
        routes!(week::show),
        routes!(halls::list),
        routes!(hall_menus::list),
        routes!(items::search),
        routes!(labels::list),
        routes!(open_now::list),
        routes!(stats::dashboard),
        routes!(health::alive),
        routes!(health::ready),
    ];
    let described = OpenApiRouter::with_openapi(openapi::empty());
    endpoints.into_iter().fold(described, with_and_without_slash)
}

/// Browsers lose CORS on a redirect, so both are served. Only one of them is described; links to
/// further pages keep the one that was asked for.
fn with_and_without_slash(
    router: OpenApiRouter<App>,
    (schemas, paths, methods): UtoipaMethodRouter<App>,
) -> OpenApiRouter<App> {
    let slashed: Vec<String> = paths.paths.keys().map(|path| format!("{path}/")).collect();
    let router = router.routes((schemas, paths, methods.clone()));
    slashed.iter().fold(router, |router, path| router.route(path, methods.clone()))
}

/// All of it. The layers are one to the router, which boxes each that it is given: outermost first.
pub(crate) fn router(app: App, allowed_origins: &[String], clients: Clients) -> Router {
    let (endpoints, document) = endpoints().split_for_parts();
    endpoints
        // Not described, but for people: /openapi.json, /docs, /problems.
        .merge(docs::pages(&openapi::complete(document)))
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
