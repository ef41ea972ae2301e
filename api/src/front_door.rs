//! Takes connections, bounds what each of them may cost, and lets them end in order.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
    response::{IntoResponse, Response},
};
use common::metrics::{CONNECTIONS, CONNECTIONS_REFUSED};
use futures::future::{Either, ready as ready_now};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use crate::{
    admission::Peer,
    answered::{RequestId, introduce},
    event_loops::{self, EventLoops},
    express::Express,
    patient::{Busy, Patience, Patient},
    problem::{self, ApiError},
};

/// The head of a request: its line and its headers, in bytes and in lines.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// What the kernel may hold of each connection, in bytes (it takes twice that): enough for any request
/// and a large answer. Left to itself it takes megabytes of who sends without end or never reads.
const RECEIVE_BUFFER: u32 = 32 * 1024;
const SEND_BUFFER: u32 = 128 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// After an error of `accept`, which is one of the machine (no more files): it needs a moment.
const BREATH: Duration = Duration::from_millis(100);
/// What a scraper's connection gets that is one too many.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\
    connection: close\r\n\r\n";

/// The longest problem.
const LARGEST_PROBLEM: usize = 4096;

/// Listens where callers come in.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Connections inherit these.
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

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
    pub(crate) loops: EventLoops,
    /// The lane for hits, and who comes, where that matters.
    pub(crate) express: Option<Arc<Express>>,
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
        let client = self.express.as_ref().map(|express| express.clients.connected(address));
        let (Some(place), Some(client), Some(at)) =
            (place, client.map_or(Some(None), |known| known.map(Some)), self.loops.place())
        else {
            CONNECTIONS_REFUSED.one(&[self.name]);
            connections.spawn(refuse(stream, self.express.clone()));
            return;
        };
        let (peer, connected) = client.unzip();
        let lanes = Lanes { router: self.router.clone(), express: self.express.clone().zip(peer) };
        let (patience, stop) = (self.limits.patience, stop.clone());
        let counted = CONNECTIONS.one(&[self.name]);
        let handle = at.handle.clone();
        let moved = stream.into_std();
        connections.spawn_on(
            async move {
                // From here on it is this loop that hears of it.
                match moved.and_then(TcpStream::from_std) {
                    Ok(stream) => connection(stream, lanes, patience, stop).await,
                    Err(error) => tracing::warn!(%error, "a connection could not be taken over"),
                }
                drop((place, at, connected, counted));
            },
            &handle,
        );
    }
}

async fn refuse(mut stream: TcpStream, express: Option<Arc<Express>>) {
    tracing::debug!("one connection too many");
    let said = match express {
        Some(express) => full(&express).await,
        None => FULL.to_vec(),
    };
    // Into an empty buffer: it does not wait.
    let _ = tokio::time::timeout(BREATH, stream.write_all(&said)).await;
}

/// A problem with the headers of every answer, as it is sent to a caller of whose request nothing is read.
async fn full(express: &Express) -> Vec<u8> {
    let unread = HeaderMap::new();
    let RequestId(id) = RequestId::of(&unread);
    let mut response = problem::render(ApiError::Overloaded.into_response(), &id);
    express.cors.add(&unread, response.headers_mut());
    introduce(&mut response, &id);
    let (head, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_PROBLEM).await.unwrap_or_default();
    let mut said = b"HTTP/1.1 503 Service Unavailable\r\n".to_vec();
    for (name, value) in &head.headers {
        said.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let last = format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    said.extend_from_slice(last.as_bytes());
    said.extend_from_slice(&body);
    said
}

async fn connection(stream: TcpStream, lanes: Lanes, patience: Patience, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let busy = Busy::default();
    let io = TokioIo::new(Patient::new(stream, patience, busy.clone()));
    let answer = service_fn(move |request: Request<Incoming>| {
        busy.begin();
        event_loops::note_request();
        lanes.answer(request)
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

/// The two ways to an answer, of one connection.
struct Lanes {
    router: Router,
    express: Option<(Arc<Express>, Peer)>,
}

impl Lanes {
    fn answer(
        &self,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        let mut ready = None;
        if let Some((express, peer)) = &self.express {
            ready = express.answer(&request, peer);
            if ready.is_none() {
                request.extensions_mut().insert(peer.clone());
            }
        }
        match ready {
            Some(response) => Either::Left(ready_now(Ok(response))),
            None => Either::Right(self.router.clone().call(request.map(Body::new))),
        }
    }
}
