//! A4 to A6: connections that are slow, silent, greedy or wrong.

use std::time::{Duration, Instant};

use futures::future::join_all;
use tests::{Stack, eventually, measured, menu_path, stub::Hall};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::costs::{
    Calm, MIB, SOON, client_at, connect, connect_many, connect_narrow, files, hits, memory, p99,
    peak_memory, says, status, until_closed,
};

/// How long a connection lasts that never says anything.
async fn silent(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    until_closed(&mut stream).await;
    began.elapsed()
}

/// The same of one that says a byte a second.
async fn dripping(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    let (mut from, mut to) = stream.split();
    let drip = async {
        for byte in b"GET / HTTP/1.1\r\nx: ".iter().chain(std::iter::repeat(&b'x')) {
            let _ = to.write_all(&[*byte]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let mut end = Vec::new();
    let ended = async {
        tokio::select! { () = drip => {}, _ = from.read_to_end(&mut end) => {} }
    };
    timeout(SOON, ended).await.expect("closed in time");
    began.elapsed()
}

#[tokio::test]
async fn a4_a_thousand_slow_and_a_thousand_silent_sockets_are_closed_while_hits_go_on() {
    let stack = Stack::wanted().workers(0).start().await;
    let (client, url) = (client_at("127.0.0.2"), format!("{}/api/v2/halls", stack.apis[0].url()));
    let calm = Calm::of(&client, &url).await;
    let before = files(&stack.apis[0]);
    let mut quiet = connect_many(&stack, "127.0.0.1", 2000).await;
    let slow = quiet.split_off(1000);
    let silent = join_all(quiet.into_iter().map(silent));
    let dripping = join_all(slow.into_iter().map(dripping));
    // On a thread of its own, so that it does not wait for two thousand others of this test.
    let hit = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, mut times) = (client_at("127.0.0.2"), Vec::new());
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(5) {
                times.extend(hits(&client, &url, 10).await);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            p99(times)
        })
    });
    let (silent, dripping, hit) = tokio::join!(silent, dripping, hit);
    let longest = silent.into_iter().chain(dripping).max().unwrap();
    assert!(longest <= Duration::from_secs(6), "{longest:?}");
    let (slowest, allowed) = (hit.unwrap(), calm.allows(Duration::from_millis(20)));
    measured("A4", format!("the last was closed after {longest:?}; hits p99 {slowest:?}"));
    assert!(slowest <= allowed, "p99 {slowest:?}, allowed {allowed:?}");
    eventually("the files are given back", SOON, async || {
        (files(&stack.apis[0]) <= before + 5).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a5_five_hundred_callers_who_never_read_are_given_up() {
    let stack = Stack::wanted().with("WRITE_TIMEOUT_MS", 2000).start().await;
    let path = menu_path(Hall::Collins, stack.weekday(), "dinner");
    let body = stack.get(&path).await.text;
    assert!(body.len() > 8_000, "a large one: {}", body.len());
    let (files_before, before) = (files(&stack.apis[0]), memory(&stack.apis[0]));
    let requests = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").repeat(400);
    let mut streams = join_all((0..500).map(|_| connect_narrow(&stack))).await;
    let began = Instant::now();
    let greedy = streams.iter_mut().map(async |stream| {
        // Until its answers fill every buffer on the way, and then for as long as it lasts.
        while stream.write_all(requests.as_bytes()).await.is_ok() {}
    });
    timeout(SOON, join_all(greedy)).await.expect("all are dropped");
    assert!(began.elapsed() > Duration::from_secs(2), "not before their time");
    let grown = peak_memory(&stack.apis[0]).saturating_sub(before);
    measured("A5", format!("dropped within {:?}; {} KiB more", began.elapsed(), grown / 1024));
    assert!(grown <= 64 * MIB, "{grown} bytes more at most");
    eventually("the files are given back", SOON, async || {
        (files(&stack.apis[0]) <= files_before + 5).then_some(())
    })
    .await;
    assert_eq!(stack.get(&path).await.text, body);
}

/// How much of the largest answer there is one gets who takes a little now and then for three
/// seconds, and then all that is left; and how large it is. The kernel keeps a fifth of it at most.
async fn sipped(patience_ms: u64) -> (usize, usize) {
    let stack = Stack::wanted().workers(0).with("ANSWER_TIMEOUT_MS", patience_ms).start().await;
    let page = stack.get("/docs").await.text;
    let path = page.split('"').find(|text| text.contains("swagger-ui-bundle")).expect("a script");
    let whole = stack.get(path).await.text.len();
    let mut stream = connect_narrow(&stack).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let (began, mut taken, mut sip) = (Instant::now(), 0, [0; 2048]);
    while began.elapsed() < Duration::from_secs(3) {
        taken += stream.read(&mut sip).await.unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut rest = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut rest)).await.expect("it comes to an end");
    (taken + rest.len(), whole)
}

#[tokio::test]
async fn a5_a_caller_who_takes_a_little_now_and_then_is_given_up_as_well() {
    let ((taken, whole), (of_patient, _)) = tokio::join!(sipped(1500), sipped(60_000));
    measured("A5", format!("who sips for 3 s gets {} of {} KiB", taken / 1024, whole / 1024));
    assert!(taken < whole, "given up after 1.5 s: {taken} of {whole}");
    assert!(of_patient > whole, "all of it, and its head, where there is time: {of_patient}");
}

/// What is wrong, how it is said, and what may be answered before the connection is closed.
fn wrong_heads() -> Vec<(&'static str, String, &'static str)> {
    let get = |rest: &str| format!("GET /api/v2/halls HTTP/1.1\r\nhost: x\r\n{rest}\r\n");
    let path = |length| format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(length));
    let many: String = (0..1000).map(|at| format!("x-{at}: y\r\n")).collect();
    let length = "content-length: 9000000000000000000\r\n";
    let two = "content-length: 3\r\ntransfer-encoding: chunked\r\n";
    vec![
        ("a path too long", path(2048), "414"),
        ("a path of 12 KiB", path(12 * 1024), "414"),
        ("a path of 64 KiB", path(64 * 1024), "414 431"),
        ("a thousand headers", get(&many), "431"),
        ("a header of 1 MiB", get(&format!("x: {}\r\n", "x".repeat(1024 * 1024))), "431"),
        ("a body for ever", get(length), "400"),
        ("no length", get("content-length: 9e18\r\n"), "400"),
        ("a length below nothing", get("content-length: -1\r\n"), "400"),
        ("lengths that differ", get("content-length: 1\r\ncontent-length: 2\r\n"), "400"),
        ("a body", format!("{}xyz", get("content-length: 3\r\n")), "400"),
        (
            "a body of 1 MiB",
            format!("{}{}", get("content-length: 1048576\r\n"), "x".repeat(1024 * 1024)),
            "400",
        ),
        ("a bad chunk", format!("{}xyz\r\n", get("transfer-encoding: chunked\r\n")), "400"),
        ("a length and chunks", format!("{}0\r\n\r\n", get(two)), "400"),
        (
            "chunks and a length",
            format!("{}0\r\n\r\n", get("transfer-encoding: chunked\r\ncontent-length: 3\r\n")),
            "400",
        ),
        ("chunks, not last", get("transfer-encoding: chunked, gzip\r\n"), "400"),
        (
            "chunks in HTTP/1.0",
            "GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
            "400",
        ),
        ("no HTTP", "HELLO\r\n\r\n".to_owned(), "400"),
        ("a head with NUL", "GET /\0 HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("a header that goes on", get("x: 1\r\n y: 2\r\n"), "400"),
    ]
}

#[tokio::test]
async fn a6_heads_and_bodies_that_are_too_large_or_make_no_sense_are_refused_and_closed() {
    let mut stack = Stack::wanted().workers(0).start().await;
    stack.get("/api/v2/halls").await;
    let before = memory(&stack.apis[0]);
    for (what, said, statuses) in wrong_heads() {
        // None of them asks for the connection to be closed.
        let asked = (0..20).map(async |_| {
            let began = Instant::now();
            (says(&stack, said.as_bytes()).await, began.elapsed())
        });
        for (heard, took) in join_all(asked).await {
            assert!(statuses.split(' ').any(|known| known == status(&heard)), "{what}: {heard:?}");
            assert!(took < Duration::from_secs(4), "{what}: closed at once, not when it is late");
            let answers = heard.matches("HTTP/1.1 ").count();
            assert_eq!(answers, 1, "what comes after it is no request: {what}: {heard:?}");
        }
    }
    let grown = peak_memory(&stack.apis[0]).saturating_sub(before);
    measured("A6", format!("{} KiB more at most", grown / 1024));
    assert!(grown <= 8 * MIB, "{grown} bytes more at most");
    assert!(stack.apis[0].ended().is_none(), "the same process");
    assert_eq!(stack.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a6_what_is_refused_by_us_is_a_problem_that_a_browser_can_read() {
    let stack = Stack::wanted().workers(0).start().await;
    let longest = format!("/api/v2/halls?x={}", "x".repeat(2048 - "/api/v2/halls?x=".len()));
    assert_eq!(stack.get(&longest).await.status, 200, "so long and no longer");
    let long = stack.get(&format!("{longest}x")).await;
    assert_eq!(long.problem(414).0, "Path and query are longer than 2048 bytes");
    let body = b"HEAD /api/v2/halls HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nxyz";
    let body = says(&stack, body).await;
    assert_eq!(status(&body), "400", "{body}");
    for header in ["access-control-allow-origin: *", "connection: close", "x-request-id: "] {
        assert!(body.contains(header), "{header}: {body}");
    }
    assert_eq!(long.header("access-control-allow-origin"), "*");
    let empty =
        b"GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_eq!(status(&says(&stack, empty).await), "200", "no body is none");
}

#[tokio::test]
async fn one_address_that_holds_all_it_may_leaves_room_for_others() {
    let stack = Stack::wanted().workers(0).with("MAX_CONNECTIONS_PER_ADDRESS", 3).start().await;
    let mut held = join_all((0..3).map(|_| connect(&stack))).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let refused = says(&stack, request).await;
    assert_eq!(status(&refused), "503", "{refused}");
    assert!(refused.contains("retry-after: 1"), "{refused}");
    let url = format!("{}/healthz", stack.apis[0].url());
    assert_eq!(client_at("127.0.0.2").get(&url).send().await.unwrap().status(), 200);
    held.clear();
    eventually("there is room again", SOON, async || {
        (status(&says(&stack, request).await) == "200").then_some(())
    })
    .await;
}
