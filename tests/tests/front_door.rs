//! A hostile caller costs a connection for a moment, and nobody else anything.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "that is what a test does"
)]

use std::time::{Duration, Instant};

use futures::future::join_all;
use tests::{
    Stack, eventually, menu_path,
    stub::{Hall, Scope},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(10);

async fn connect(stack: &Stack) -> TcpStream {
    let address = stack.apis[0].url().trim_start_matches("http://").to_owned();
    TcpStream::connect(address).await.expect("a connection")
}

/// All that comes until the api closes.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A reset is an end as well.
    let _ = timeout(SOON, stream.read_to_end(&mut heard)).await.expect("closed in time");
    String::from_utf8_lossy(&heard).into_owned()
}

async fn says(stack: &Stack, bytes: &[u8]) -> String {
    let mut stream = connect(stack).await;
    // It may be closed before all of it is sent.
    let _ = stream.write_all(bytes).await;
    until_closed(&mut stream).await
}

fn files(stack: &Stack) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", stack.apis[0].pid())).unwrap().count()
}

#[tokio::test]
async fn connections_that_say_nothing_or_drip_are_closed_while_hits_go_on() {
    let stack = Stack::wanted().workers(0).with("HEAD_TIMEOUT_MS", 700).start().await;
    let hit = || stack.get("/api/v2/halls");
    hit().await;
    let before = files(&stack);
    let mut streams = join_all((0..300).map(|_| connect(&stack))).await;
    let started = Instant::now();
    let (silent, dripping) = streams.split_at_mut(150);
    let silence = join_all(silent.iter_mut().map(until_closed));
    let drip = join_all(dripping.iter_mut().map(async |stream| {
        let (mut from, mut to) = stream.split();
        let dripping = async {
            for byte in b"GET / HTTP/1.1\r\nx: ".iter().chain(std::iter::repeat(&b'x')) {
                if to.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let mut end = [0; 1];
        tokio::select! { () = dripping => {}, _ = from.read(&mut end) => {} }
    }));
    let hits = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..100 {
            let answer = hit().await;
            assert_eq!(answer.status, 200);
            slowest = slowest.max(answer.took);
        }
        slowest
    };
    let (_, _, slowest) = timeout(SOON, async { tokio::join!(silence, drip, hits) }).await.unwrap();
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    drop(streams);
    eventually("the files are given back", SOON, async || {
        (files(&stack) <= before + 5).then_some(())
    })
    .await;
}

#[tokio::test]
async fn heads_that_are_too_large_or_make_no_sense_are_refused() {
    let stack = Stack::wanted().workers(0).start().await;
    let line = "GET /api/v2/halls HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let long = "x".repeat(64 * 1024);
    let many = (0..1000).map(|at| format!("x-{at}: y\r\n")).collect::<String>();
    for (what, said, statuses) in [
        ("a long path", format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), "414 431"),
        ("a long header", format!("{line}x: {long}\r\n\r\n"), "431"),
        ("many headers", format!("{line}{many}\r\n"), "431"),
        (
            "a body for ever",
            format!("{line}content-length: 9000000000000000000\r\n\r\n"),
            "200 400 413",
        ),
        (
            "two lengths",
            format!("{line}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"),
            "200 400",
        ),
        ("a bad chunk", format!("{line}transfer-encoding: chunked\r\n\r\nxyz\r\n"), "200 400"),
        ("no HTTP", "HELLO\r\n\r\n".to_owned(), "400"),
        ("a head with NUL", "GET /\0 HTTP/1.1\r\n\r\n".to_owned(), "400"),
    ] {
        let heard = says(&stack, said.as_bytes()).await;
        let status = heard.split(' ').nth(1).unwrap_or("nothing");
        assert!(statuses.contains(status), "{what}: {heard:?}");
    }
    assert_eq!(stack.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_caller_who_does_not_read_is_given_up() {
    let stack = Stack::wanted().workers(0).with("WRITE_TIMEOUT_MS", 500).start().await;
    let mut stream = connect(&stack).await;
    let request = b"GET /api/v2/stats/dashboard?days=365 HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let sending = async {
        // Until its answers fill every buffer on the way, and then for as long as it lasts.
        while stream.write_all(&request).await.is_ok() {}
    };
    timeout(SOON, sending).await.expect("the api closes");
    assert_eq!(stack.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_at_once() {
    let stack = Stack::wanted().workers(0).with("MAX_CONNECTIONS", 4).start().await;
    let mut held = join_all((0..4).map(|_| connect(&stack))).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let refused = says(&stack, request).await;
    assert!(
        refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 1"),
        "{refused}"
    );
    held.clear();
    eventually("there is a place again", SOON, async || {
        says(&stack, request).await.starts_with("HTTP/1.1 200 ").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_api_that_is_told_to_stop_answers_who_waits_and_takes_nobody_new() {
    let mut stack = Stack::start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(1500));
    let url = format!("{}{}", stack.apis[0].url(), menu_path(Hall::Hoch, stack.weekday(), "lunch"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let ask = client.get(&url).send();
            tokio::spawn(async move { ask.await?.text().await })
        })
        .collect();
    eventually("the vendor is being read", SOON, async || {
        (stack.vendor.total_reads() > 0).then_some(())
    })
    .await;
    stack.apis[0].signal("TERM");
    eventually("nobody new is taken", SOON, async || {
        let address = stack.apis[0].url().trim_start_matches("http://").to_owned();
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
    for answer in join_all(waiting).await {
        assert!(answer.unwrap().expect("answered").contains("\"stations\":[{"));
    }
    let stopped = stack.apis[0].terminate(Duration::from_secs(5)).await;
    assert!(stopped.is_some_and(|status| status.success()), "{stopped:?}");
}
