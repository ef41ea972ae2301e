//! What this program is when it starts itself: the two servers that show the least that a hit can
//! cost, and the origin behind nginx and Varnish.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures_timer::Delay;
use redis::AsyncConnectionConfig;
use tests::Program;
use tokio::net::TcpListener;

use crate::settings::given;

/// Says which of them.
pub(crate) const ROLE: &str = "BENCH_ROLE";

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Starts this program in a role, with these variables.
pub(crate) fn start(role: &str, variables: &[(&str, &str)]) -> Program {
    let said = [(ROLE, role)];
    let variables: Vec<(String, String)> = variables
        .iter()
        .chain(&said)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let log = std::env::temp_dir().join(format!("menus5c-{role}-{:08x}.log", fastrand::u32(..)));
    Program::start(&std::env::current_exe().expect("itself"), &variables, log)
}

/// Until it is killed.
pub(crate) async fn play(role: &str) {
    let router = match role {
        "constant" => constant(&said("BODY")),
        "one-get" => one_get(&said("REDIS_URL"), said("KEY")).await,
        "origin" => origin(&said("SMALL"), &said("LARGE")),
        other => panic!("no role {other:?}"),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    common::telemetry::listening(listener.local_addr().expect("an address"));
    axum::serve(listener, router).await.expect("served");
}

fn said(name: &str) -> String {
    given(name).unwrap_or_else(|| panic!("{name} is not set"))
}

fn body(file: &str) -> Bytes {
    Bytes::from(std::fs::read(Path::new(file)).expect("the body"))
}

/// The file's content for every request.
fn constant(file: &str) -> Router {
    let body = body(file);
    Router::new().fallback(get(async move || (JSON, body.clone())))
}

/// What this key holds, asked for each request.
async fn one_get(url: &str, key: String) -> Router {
    let client = redis::Client::open(url).expect("a URL");
    let config = AsyncConnectionConfig::new();
    let redis = client.get_multiplexed_async_connection_with_config(&config).await.expect("Redis");
    let answer = async move || {
        let mut redis = redis.clone();
        let body: Vec<u8> =
            redis::cmd("GET").arg(&key).query_async(&mut redis).await.expect("the body");
        (JSON, body)
    };
    Router::new().fallback(get(answer))
}

struct Origin {
    small: Bytes,
    large: Bytes,
    reads: AtomicUsize,
}

/// `/small/50/ANYTHING`: the small body after 50 ms, good for half an hour. `/reads`: how often any
/// was asked for.
fn origin(small: &str, large: &str) -> Router {
    let (small, large) = (body(small), body(large));
    let origin = Arc::new(Origin { small, large, reads: AtomicUsize::new(0) });
    Router::new().route("/reads", get(reads)).fallback(get(read)).with_state(origin)
}

async fn reads(State(origin): State<Arc<Origin>>) -> String {
    origin.reads.load(Ordering::SeqCst).to_string()
}

async fn read(State(origin): State<Arc<Origin>>, uri: Uri) -> Response {
    origin.reads.fetch_add(1, Ordering::SeqCst);
    let mut parts = uri.path().split('/').skip(1);
    let (size, delay) = (parts.next(), parts.next().and_then(|delay| delay.parse().ok()));
    let (Some(size), Some(delay)) = (size, delay) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if delay > 0 {
        // By the same clock as the stub's.
        Delay::new(Duration::from_millis(delay)).await;
    }
    let body = if size == "large" { &origin.large } else { &origin.small };
    let headers = [
        ("content-type", "application/json"),
        ("cache-control", "public, max-age=1800"),
        ("etag", "\"one\""),
    ];
    (headers, body.clone()).into_response()
}
