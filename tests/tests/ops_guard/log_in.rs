//! Who may look, and what becomes of who guesses.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use tests::{Stack, measured};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::{Asked, PASSWORD, USER, ask, from, guarded, is_hardened};

const PATHS: [&str; 16] = [
    "/",
    "/queues/fetch",
    "/queues/fetch/Done",
    "/tasks",
    "/workers",
    "/api/v1/overview",
    "/api/v1/queues",
    "/api/v1/tasks",
    "/api/v1/workers",
    "/api/v1/queues/fetch/stats",
    "/api/v1/queues/fetch/tasks",
    "/api/v1/queues/fetch/workers",
    "/api/v1/events",
    "/metrics",
    "/healthz",
    "/readyz",
];

/// The scripts and styles that the frame names.
async fn assets(client: &Client, stack: &Stack) -> Vec<String> {
    let frame = ask(client, stack, Method::GET, "/").right().answer().await.text().await.unwrap();
    let mut found: Vec<String> = frame
        .split(['"', '\''])
        .filter(|part| part.starts_with('/') && part.contains('.'))
        .map(ToOwned::to_owned)
        .collect();
    found.sort();
    found.dedup();
    assert!(found.len() >= 3, "{found:?}");
    found
}

#[tokio::test]
async fn every_path_wants_the_password_and_says_the_same_to_all_who_have_none() {
    let stack = guarded().start().await;
    let client = from(1);
    let assets = assets(&client, &stack).await;
    let beyond = ["/nothing", "/api/v1/nothing", "/api/v1/queues/fetch/tasks/menu:hoch"];
    let all = PATHS.into_iter().chain(beyond).chain(assets.iter().map(String::as_str));
    for path in all {
        for method in [Method::GET, Method::POST, Method::PUT, Method::OPTIONS] {
            let answer = ask(&client, &stack, method, path).answer().await;
            assert_eq!(answer.status(), 401, "{path}");
            assert_eq!(answer.headers()["content-length"], "8", "{path}");
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert!(challenge.starts_with("Basic realm="), "{challenge}");
            is_hardened(&answer);
            assert_eq!(answer.text().await.unwrap(), "Log in.\n", "{path}");
        }
    }
    for path in PATHS.into_iter().chain(assets.iter().map(String::as_str)) {
        let answer = ask(&client, &stack, Method::GET, path).right().answer().await;
        assert_eq!(answer.status(), 200, "{path}");
        is_hardened(&answer);
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_log_in_the_answer_is_the_same() {
    let stack = guarded().start().await;
    let right = format!("{USER}:{PASSWORD}");
    let ways: [fn(RequestBuilder) -> RequestBuilder; 9] = [
        |asked| asked,
        |asked| asked.basic_auth("", Some("")),
        |asked| asked.basic_auth(USER, None::<&str>),
        |asked| asked.basic_auth(USER, Some("PASSWORD-of-that-test")),
        |asked| asked.basic_auth("nobody", Some(PASSWORD)),
        |asked| asked.basic_auth(USER, Some("x".repeat(8_000))),
        |asked| asked.bearer_auth(PASSWORD),
        |asked| asked.header("authorization", "Basic not base64!"),
        |asked| asked.header("authorization", "Basic"),
    ];
    let mut seen = Vec::new();
    for (number, way) in (10..).zip(ways) {
        let answer = way(ask(&from(number), &stack, Method::GET, "/api/v1/tasks")).answer().await;
        let mut headers = answer.headers().clone();
        headers.remove("date");
        seen.push((answer.status(), headers, answer.text().await.unwrap()));
    }
    assert!(seen.iter().all(|answer| *answer == seen[0]), "{seen:?}");
    assert_eq!(seen[0].0, 401);
    let log = stack.workers[0].log();
    assert!(!log.contains(PASSWORD) && !log.contains(&right), "{log}");
}

/// A head of that size is not read to its end: nothing is learned of it but that it is too large.
#[tokio::test]
async fn a_mebibyte_of_credentials_is_too_large_and_nothing_else() {
    let stack = guarded().start().await;
    let address = stack.workers[0].url().trim_start_matches("http://").to_owned();
    let mut line = TcpStream::connect(&address).await.unwrap();
    let head = format!("GET /api/v1/tasks HTTP/1.1\r\nhost: {address}\r\nauthorization: Basic ");
    let (mut theirs, mut ours) = line.split();
    let sent = async {
        let _ = ours.write_all(head.as_bytes()).await;
        let _ = ours.write_all(&vec![b'A'; 1 << 20]).await;
    };
    let mut answer = Vec::new();
    let read = async { while theirs.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(Duration::from_secs(10), async { tokio::join!(sent, read) })
        .await
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "no body: {answer}");
    let alive = ask(&from(1), &stack, Method::GET, "/healthz").right().answer().await;
    assert_eq!(alive.status(), 200);
}

#[tokio::test]
async fn who_guesses_waits_for_a_minute_and_nobody_else_does() {
    let stack = guarded().start().await;
    let (guesser, other) = (from(20), from(21));
    let guess = |number: u32| {
        let asked = ask(&guesser, &stack, Method::GET, "/");
        asked.basic_auth(USER, Some(format!("GUESS-number-{number}"))).answer()
    };
    for number in 0..5 {
        assert_eq!(guess(number).await.status(), 401);
    }
    for number in 5..20 {
        let answer = guess(number).await;
        assert_eq!(answer.status(), 429);
        let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        is_hardened(&answer);
    }
    let right = ask(&guesser, &stack, Method::GET, "/").right().answer().await;
    assert_eq!(right.status(), 429, "who guesses does not learn which guess was right");
    assert_eq!(ask(&guesser, &stack, Method::GET, "/").answer().await.status(), 401);
    assert_eq!(ask(&other, &stack, Method::GET, "/").right().answer().await.status(), 200);
    let log = stack.workers[0].log();
    assert_eq!(log.matches("wrong log-in").count(), 5, "{log}");
    assert!(!log.contains("GUESS") && !log.contains(PASSWORD), "{log}");
}

/// Half of them with a user who is unknown: that must not show in the time.
#[tokio::test]
async fn two_thousand_tries_do_not_tell_a_wrong_user_from_a_wrong_password() {
    let stack = guarded().start().await;
    let mut took = [Vec::new(), Vec::new()];
    for address in 100..600 {
        let client = from(address);
        // The first of a connection pays for it.
        assert_eq!(ask(&client, &stack, Method::GET, "/").answer().await.status(), 401);
        for number in 0..4_usize {
            let user = if number % 2 == 0 { USER } else { "nobody" };
            let asked = ask(&client, &stack, Method::GET, "/api/v1/tasks")
                .basic_auth(user, Some("PASSWORD-of-that-test"));
            let begun = Instant::now();
            let status = asked.answer().await.status();
            took[number % 2].push(begun.elapsed());
            assert_eq!(status, 401);
        }
    }
    let [known, unknown] = took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    });
    measured("A12", format!("p50 of a known user {known:?}, of an unknown one {unknown:?}"));
    assert!(known.abs_diff(unknown) <= Duration::from_millis(1), "{known:?} and {unknown:?}");
}
