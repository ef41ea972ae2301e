//! Takes connections, bounds what each of them may cost, and lets them end in order.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request, response::Response};
use common::metrics::{CONNECTIONS, CONNECTIONS_REFUSED};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use crate::{
    admission::{Clients, Peer},
    patient::{Busy, Patience, Patient},
};

/// The head of a request: its line and its headers, in bytes and in lines.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// After an error of `accept`, which is one of the machine (no more files): it needs a moment.
const BREATH: Duration = Duration::from_millis(100);
/// What a connection gets that is one too many, before any work is done for it.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\
    connection: close\r\n\r\n";

/// What all connections together, and each of them, may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) patience: Patience,
}

/// A door to a router. `name` is the listener's in the metrics.
pub(crate) struct Door {
    pub(crate) name: &'static str,
    pub(crate) router: Router,
    pub(crate) limits: Limits,
    /// Who comes, where that matters.
    pub(crate) clients: Option<Clients>,
}

impl Door {
    /// Serves until the token is cancelled; then what is under way is answered, and nothing new.
    pub(crate) async fn serve(self, listener: TcpListener, stop: &CancellationToken) {
        CONNECTIONS.set(&[self.name], Some(0));
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    self.take(stream, address.ip(), &places, &connections, stop)
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection can be taken");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
        // Whoever connects now is refused by the kernel at once.
        drop(listener);
        connections.close();
        connections.wait().await;
    }

    /// Takes a connection, if there is a place for it, and for one more of its client.
    fn take(
        &self,
        stream: TcpStream,
        address: IpAddr,
        places: &Arc<Semaphore>,
        connections: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let place = Arc::clone(places).try_acquire_owned().ok();
        let client = self.clients.as_ref().map(|clients| clients.connected(address));
        let (Some(place), Some(client)) =
            (place, client.map_or(Some(None), |known| known.map(Some)))
        else {
            CONNECTIONS_REFUSED.one(&[self.name]);
            connections.spawn(refuse(stream));
            return;
        };
        let (peer, connected) = client.unzip();
        let (router, patience, stop) = (self.router.clone(), self.limits.patience, stop.clone());
        let counted = CONNECTIONS.one(&[self.name]);
        connections.spawn(async move {
            connection(stream, (router, peer), patience, stop).await;
            drop((place, connected, counted));
        });
    }
}

async fn refuse(mut stream: TcpStream) {
    tracing::debug!("one connection too many");
    // Into an empty buffer: it does not wait.
    let _ = tokio::time::timeout(BREATH, stream.write_all(FULL)).await;
}

async fn connection(
    stream: TcpStream,
    (router, peer): (Router, Option<Peer>),
    patience: Patience,
    stop: CancellationToken,
) {
    let _ = stream.set_nodelay(true);
    let busy = Busy::default();
    let io = TokioIo::new(Patient::new(stream, patience, busy.clone()));
    let answer = service_fn(move |mut request: Request<Incoming>| {
        busy.begin();
        if let Some(peer) = &peer {
            request.extensions_mut().insert(peer.clone());
        }
        answer(router.clone(), request)
    });
    let serving = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(io, answer);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended in the middle");
    }
}

async fn answer(mut router: Router, request: Request<Incoming>) -> Result<Response, Infallible> {
    router.call(request.map(Body::new)).await
}
