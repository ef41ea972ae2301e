//! Every request gets a name; every answer tells it, is counted, and is a line in the log.

use std::time::{Duration, Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use common::{
    metrics::http_answered,
    traces::{self, TraceParent},
};
use tracing::{Instrument, Span};

use crate::problem;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where this service describes itself (RFC 8631), with every answer.
const DESCRIBED: HeaderValue =
    HeaderValue::from_static("</openapi.json>; rel=\"service-desc\", </docs>; rel=\"service-doc\"");

/// The id of the request that is being answered.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The caller's own id, if it can stand in a log and a header; else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get(&REQUEST_ID).and_then(sane).unwrap_or_else(new_id))
    }
}

/// Names the request, logs it once, and gives problems their bodies.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let RequestId(id) = id;
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!("http.request", request.id = id);
    if traces::is_on() {
        let given = request.headers().get_all(traces::HEADER);
        traces::adopt(&span, TraceParent::of(given.iter().map(HeaderValue::as_bytes)));
    }
    let answering = async {
        let mut response = problem::render(next.run(request).await, &id);
        let route = route.as_ref().map(MatchedPath::as_str);
        finish(&mut response, &id, (&method, &path), route, started);
        traced(&response, &method, &path);
        response
    };
    answering.instrument(span).await
}

/// What every answer says of itself.
pub(crate) fn introduce(response: &mut Response, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    // Beside what leads to the other pages of a list, not in its place.
    response.headers_mut().append(header::LINK, DESCRIBED);
}

/// The same, and what is said of the answer: `asked` is the method and the path, `route`
/// the path as registered.
pub(crate) fn finish(
    response: &mut Response,
    id: &str,
    asked: (&Method, &str),
    route: Option<&str>,
    started: Instant,
) {
    introduce(response, id);
    let took = started.elapsed();
    http_answered(route, asked.0.as_str(), response.status().as_u16(), took);
    log(response, asked.0, asked.1, took);
}

/// What the collector is told of it besides its id: what the line says.
fn traced(response: &Response, method: &Method, path: &str) {
    traces::note(&Span::current(), |span| {
        let status = response.status();
        span.text("http.method", method.as_str());
        span.text("http.path", path);
        span.number("http.status", status.as_u16());
        if let Some(cache) = cache_status(response) {
            span.text("cache.status", cache);
        }
        if status.is_server_error() {
            span.failed();
        }
    });
}

fn cache_status(response: &Response) -> Option<&str> {
    response.headers().get("cache-status").and_then(|status| status.to_str().ok())
}

/// One line. That of a hit is for who looks for it: writing it costs more than the hit. So is that of
/// what was refused, or who asks too much would fill the log instead.
fn log(response: &Response, method: &Method, path: &str, took: Duration) {
    let status = response.status();
    let cache = cache_status(response);
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

fn sane(id: &HeaderValue) -> Option<String> {
    let id = id.to_str().ok()?;
    let fits = (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fits.then(|| id.to_owned())
}

fn new_id() -> String {
    format!("{:024x}", fastrand::u128(..) >> 32)
}
