//! How much of a body is read that has no end, or a very late one.

use std::{net::SocketAddr, time::Duration};

use tests::{measured, stub::Hall};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{hurried, last_run};

/// What is read of any document, decoded.
const CAP: usize = 8 << 20;
/// What goes out at once. From shortly before the cap on nothing follows before all of it was read.
const STEP: usize = 16 << 10;
const CLOSE: usize = CAP - (256 << 10);

/// Bytes that came to the other end of this connection and were not read there yet, as the kernel
/// counts them; `None` once the connection is gone.
fn unread(ours: SocketAddr, theirs: SocketAddr) -> Option<usize> {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let (local, remote) = (format!(":{:04X}", theirs.port()), format!(":{:04X}", ours.port()));
    let mut rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    let row =
        rows.find(|row| row.len() > 4 && row[1].ends_with(&local) && row[2].ends_with(&remote))?;
    let (_, waiting) = row[4].split_once(':')?;
    usize::from_str_radix(waiting, 16).ok().filter(|_| row[3] == ESTABLISHED)
}

/// Sends such a body step by step, and tells how much of it was read.
async fn feed(mut stream: TcpStream, head: &str, body: &[u8]) -> usize {
    let (ours, theirs) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    stream.set_nodelay(true).unwrap();
    let mut request = [0; 4096];
    assert!(stream.read(&mut request).await.unwrap() > 0);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut read = 0;
    while stream.write_all(body).await.is_ok() {
        if read < CLOSE {
            read += body.len();
            continue;
        }
        let mut left = Some(1);
        while left.is_some_and(|left| left > 0) {
            tokio::task::yield_now().await;
            left = unread(ours, theirs);
        }
        if left.is_none() {
            break;
        }
        read += body.len();
    }
    read
}

/// What a worker reads of the answer that such a vendor gives.
async fn read_of(head: &'static str, body: Vec<u8>) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let vendor = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        feed(stream, head, &body).await
    });
    let budget = Duration::from_secs(20).as_millis();
    let stack = hurried().with("FETCH_TIMEOUT_MS", budget).with("BON_APPETIT_BASE_URL", url);
    let stack = stack.start().await;
    let _ = stack.menu(Hall::Collins, stack.weekday(), "dinner").await.problem(503);
    assert_eq!(last_run(&stack).await.0, "too_large");
    vendor.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v13_of_a_body_without_end_no_more_is_read_than_the_cap_and_64_kib() {
    let chunk = [b"4000\r\n".as_slice(), &[b' '; STEP], b"\r\n"].concat();
    let endless =
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ntransfer-encoding: chunked\r\n\r\n";
    let huge = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 209715200\r\n\r\n";
    for (head, body) in [(endless, chunk), (huge, vec![b' '; STEP])] {
        let read = read_of(head, body).await;
        let more = read.saturating_sub(CAP) / 1024;
        measured("V13", format!("{more} KiB more than the cap were read"));
        assert!(read >= CAP - STEP, "all that may be read: {read}");
        assert!(read <= CAP + (64 << 10), "{read}");
    }
}
