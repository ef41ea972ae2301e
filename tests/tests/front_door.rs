//! Connections have a bound, and end in order. What hostile ones get is in `faults_abuse`.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "that is what a test does")]

use std::time::Duration;

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
    let (head, body) = refused.split_once("\r\n\r\n").expect("a whole answer");
    for line in ["content-type: application/problem+json", "access-control-allow-origin: *"] {
        assert!(head.contains(line), "{refused}");
    }
    let problem: serde_json::Value = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem["type"], "/problems/overloaded", "{refused}");
    let id = problem["instance"].as_str().expect("an id");
    assert!(head.contains(&format!("x-request-id: {id}")), "{refused}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{refused}");
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
