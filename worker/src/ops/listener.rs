//! Takes connections of the ops side and bounds what each of them may cost: few people look at it, but
//! whoever reaches its port may try.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use crate::config::OpsLimits;

/// The head of a request, in bytes and in lines.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// After an error of `accept`, which is one of the machine (no more files): it needs a moment.
const BREATH: Duration = Duration::from_millis(100);

/// Both ends of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) ours: IpAddr,
    pub(super) theirs: IpAddr,
}

/// Serves until the token is cancelled; then what is under way is answered, and nothing new.
pub(super) async fn serve(
    name: &'static str,
    listener: TcpListener,
    router: Router,
    limits: OpsLimits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(listener = name, %error, "no connection can be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // One too many is closed at once: it costs nothing.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, router, limits, stop).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Lives for a while, however it is used: who does not read what is sent keeps no place for ever.
async fn connection(stream: TcpStream, router: Router, limits: OpsLimits, stop: CancellationToken) {
    let (Ok(theirs), Ok(ours)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let ends = Ends { ours: ours.ip().to_canonical(), theirs: theirs.ip().to_canonical() };
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| answer(router.clone(), ends, request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = tokio::time::sleep(limits.connection) => Ok(()),
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended in the middle");
    }
}

async fn answer(
    mut router: Router,
    ends: Ends,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ends);
    router.call(request).await
}
