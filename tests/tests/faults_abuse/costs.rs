//! What a fault costs: time of others, memory, files; and a bare connection to cause one with.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use tests::{Program, Stack};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

pub(crate) const SOON: Duration = Duration::from_secs(10);
pub(crate) const MIB: u64 = 1024 * 1024;

/// How long hits take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calm(Duration);

impl Calm {
    /// Without a fault.
    pub(crate) async fn of(client: &reqwest::Client, url: &str) -> Self {
        hits(client, url, 50).await;
        Self(p99(hits(client, url, 200).await))
    }

    /// The most that it may take with one.
    pub(crate) fn allows(self, bound: Duration) -> Duration {
        bound.max(self.0 * 3)
    }
}

/// So many answers of 200, one after the other.
pub(crate) async fn hits(client: &reqwest::Client, url: &str, count: usize) -> Vec<Duration> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let asked = Instant::now();
        let answer = client.get(url).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{url}");
        answer.bytes().await.expect("a body");
        times.push(asked.elapsed());
    }
    times
}

pub(crate) fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// A client that comes from this address of the machine.
pub(crate) fn client_at(address: &str) -> reqwest::Client {
    let from = reqwest::Client::builder().no_proxy().local_address(Some(address.parse().unwrap()));
    from.build().expect("an HTTP client")
}

pub(crate) fn files(program: &Program) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", program.pid())).unwrap().count()
}

/// Memory that the program has at hand, in bytes.
pub(crate) fn memory(program: &Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The most that it has had at hand since it was started.
pub(crate) fn peak_memory(program: &Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

pub(crate) fn address(stack: &Stack) -> SocketAddr {
    stack.apis[0].url().trim_start_matches("http://").parse().unwrap()
}

pub(crate) async fn connect(stack: &Stack) -> TcpStream {
    TcpStream::connect(address(stack)).await.expect("a connection")
}

/// So many connections, some at a time, so that none is lost on the way; from this address of the machine.
pub(crate) async fn connect_many(stack: &Stack, from: &str, count: usize) -> Vec<TcpStream> {
    let connections = (0..count).map(|_| async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        socket.connect(address(stack)).await.expect("a connection")
    });
    stream::iter(connections).buffer_unordered(64).collect().await
}

/// A connection that takes hardly anything before it is read from.
pub(crate) async fn connect_narrow(stack: &Stack) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(address(stack)).await.expect("a connection")
}

/// All that comes until the api closes.
pub(crate) async fn until_closed(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A reset is an end as well.
    let _ = timeout(SOON, stream.read_to_end(&mut heard)).await.expect("closed in time");
    String::from_utf8_lossy(&heard).into_owned()
}

/// What the api says to these bytes before it closes.
pub(crate) async fn says(stack: &Stack, bytes: &[u8]) -> String {
    let mut stream = connect(stack).await;
    // It may be closed before all of it is sent.
    let _ = stream.write_all(bytes).await;
    until_closed(&mut stream).await
}

/// The status of a raw answer, or what came instead.
pub(crate) fn status(heard: &str) -> &str {
    heard.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or(heard)
}
