//! The queue's dashboard: the pages of apalis-board over our own look at the queue. Of its routes
//! those that read, each registered here by name: it has one more, which pushes jobs of any kind.

use std::{convert::Infallible, sync::Arc, time::Duration};

use apalis_board_api::{framework::axum as handlers, ui::ServeUI};
use axum::{
    Router,
    extract::{Extension, Request},
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_SECURITY_POLICY, RETRY_AFTER},
    },
    middleware::{self, Next},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use super::guard;
use crate::queue::{Dashboard, QUEUE};

/// Where the pages look for their data; it is compiled into them.
const DATA: &str = "/api/v1";
/// Between two signs of life of the event stream.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Everything below [`DATA`], and the pages for every path that nobody else has.
pub(super) fn routes(dashboard: Dashboard, stop: CancellationToken) -> Router {
    let queue = Router::new()
        .route("/tasks", get(handlers::get_tasks::<Dashboard, Value>))
        .route("/tasks/{task_id}", get(handlers::get_task_by_id::<Dashboard, Value>))
        .route("/stats", get(handlers::stats_by_queue::<Dashboard>))
        .route("/workers", get(handlers::get_workers::<Dashboard>));
    let data = Router::new()
        .route("/queues", get(handlers::fetch_queues::<Dashboard>))
        .route("/tasks", get(handlers::get_all_tasks::<Dashboard>))
        .route("/workers", get(handlers::get_all_workers::<Dashboard>))
        .route("/overview", get(handlers::overview::<Dashboard>))
        .route("/events", get(|| async { events(stop) }))
        .nest(&format!("/queues/{QUEUE}"), queue)
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(Extension(Arc::new(RwLock::new(dashboard))));
    let policy = policy();
    Router::new()
        .nest(DATA, data)
        .fallback_service(ServeUI::new())
        .layer(middleware::from_fn(move |request, next| read_only(policy.clone(), request, next)))
}

/// Lets through what changes nothing, and says what the pages are allowed.
async fn read_only(policy: HeaderValue, request: Request, next: Next) -> Response {
    if !guard::is_safe(request.method()) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let mut answer = next.run(request).await;
    if answer.status() == StatusCode::INTERNAL_SERVER_ERROR {
        // The handlers' word for a store that did not answer.
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    answer
}

/// The guard's policy, and what the pages need besides: WebAssembly, the one script that their frame
/// has in place, named by its hash, and attributes of style, which can run nothing.
fn policy() -> HeaderValue {
    let frame = ServeUI::get_file("index.html").and_then(|file| file.contents_utf8());
    let script = frame.and_then(|frame| {
        let (_, rest) = frame.split_once("<script type=\"module\">")?;
        Some(rest.split_once("</script>")?.0)
    });
    let hash = STANDARD.encode(Sha256::digest(script.unwrap_or_default()));
    let allowed = format!("script-src 'self' 'wasm-unsafe-eval' 'sha256-{hash}'");
    let policy = guard::POLICY
        .replace("script-src 'self'", &allowed)
        .replace("style-src 'self'", "style-src 'self'; style-src-attr 'unsafe-inline'")
        .replace("base-uri 'none'", "base-uri 'self'");
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static(guard::POLICY))
}

/// The pages open a stream of log lines and complain where there is none. Ours stays empty: the log
/// is on stderr, for those who may read it.
fn events(stop: CancellationToken) -> impl IntoResponse {
    let ended = stop.cancelled_owned().into_stream();
    let silence = ended.filter_map(|()| async { None::<Result<Event, Infallible>> });
    Sse::new(silence).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE))
}
