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

use std::{
    any::Any,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use common::{metrics::http_answered, store::StoreError};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};
use tracing::Instrument;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::{
    admission::{Admission, Clients, Policy, RATE_LIMIT, RATE_LIMIT_POLICY, charge},
    app::App,
    openapi,
    problem::{self, ApiError},
};

/// What a handler that crashed leaves behind.
type Panic = Box<dyn Any + Send>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where this service describes itself (RFC 8631), with every answer.
const DESCRIBED: HeaderValue =
    HeaderValue::from_static("</openapi.json>; rel=\"service-desc\", </docs>; rel=\"service-doc\"");

/// The id of the request that is being answered.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

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
            cors(allowed_origins),
            CatchPanicLayer::custom(|_: Panic| ApiError::Internal.into_response()),
            Admission(clients),
        ))
}

/// Names the request, logs it once, and gives problems their bodies.
async fn identify(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request.headers().get(&REQUEST_ID).and_then(sane).unwrap_or_else(new_id);
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!("http.request", request.id = id);
    let answering = async {
        let mut response = problem::render(next.run(request).await, &id);
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        // Beside what leads to the other pages of a list, not in its place.
        response.headers_mut().append(header::LINK, DESCRIBED);
        let (status, took) = (response.status().as_u16(), started.elapsed());
        http_answered(route.as_ref().map(MatchedPath::as_str), method.as_str(), status, took);
        log(&response, &method, &path, took);
        response
    };
    answering.instrument(span).await
}

/// One line. That of a hit is for who looks for it: writing it costs more than the hit. So is that of
/// what was refused, or who asks too much would fill the log instead.
fn log(response: &Response, method: &Method, path: &str, took: Duration) {
    let status = response.status();
    let cache = response.headers().get("cache-status").and_then(|status| status.to_str().ok());
    let is_hit = cache.is_some_and(|status| status.starts_with("menus5c; hit"));
    macro_rules! answered {
        ($level:ident) => {
            tracing::$level!(
                http.method = method.as_str().chars().take(16).collect::<String>(),
                http.path = path.chars().take(80).collect::<String>(),
                http.status = status.as_u16(),
                cache.status = cache.unwrap_or("-"),
                duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                "answered"
            )
        };
    }
    if is_hit && !status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        answered!(debug);
    } else {
        answered!(info);
    }
}

/// A caller's own id, if it can stand in a log and a header.
fn sane(id: &HeaderValue) -> Option<String> {
    let id = id.to_str().ok()?;
    let fits = (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fits.then(|| id.to_owned())
}

fn new_id() -> String {
    format!("{:024x}", fastrand::u128(..) >> 32)
}

fn cors(allowed: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let origins = if allowed.is_empty() { AllowOrigin::any() } else { AllowOrigin::list(origins) };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers([header::ACCEPT, header::CONTENT_TYPE, header::IF_NONE_MATCH, REQUEST_ID])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::RETRY_AFTER,
            RATE_LIMIT,
            RATE_LIMIT_POLICY,
            HeaderName::from_static("cache-status"),
            REQUEST_ID,
            HeaderName::from_static("x-total-count"),
        ])
        .max_age(Duration::from_secs(86_400))
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
