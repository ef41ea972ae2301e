//! Who holds connections and says nothing, or little by little, does not keep others out.

use std::time::Duration;

use reqwest::Method;
use tests::{Stack, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::{Asked, ask, from, guarded};

async fn open(stack: &Stack) -> TcpStream {
    TcpStream::connect(stack.workers[0].url().trim_start_matches("http://")).await.unwrap()
}

#[tokio::test]
async fn a_head_that_does_not_come_costs_its_connection() {
    let stack = guarded().with("HEAD_TIMEOUT_MS", 500).start().await;
    let (mut silent, mut slow) = (open(&stack).await, open(&stack).await);
    let drip = async {
        while slow.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let ended = async {
        let mut rest = Vec::new();
        let _ = silent.read_to_end(&mut rest).await;
        assert!(!String::from_utf8_lossy(&rest).contains(" 200 "));
    };
    let both = async { tokio::join!(drip, ended) };
    tokio::time::timeout(Duration::from_secs(8), both).await.expect("both are closed");
}

#[tokio::test]
async fn two_hundred_silent_connections_keep_nobody_out_for_long() {
    let stack = guarded().with("HEAD_TIMEOUT_MS", 500).start().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(open(&stack).await);
    }
    let client = from(1);
    eventually("somebody else is answered", Duration::from_secs(8), async || {
        let answer = ask(&client, &stack, Method::GET, "/healthz").right().send().await.ok()?;
        (answer.status() == 200).then_some(())
    })
    .await;
    drop(silent);
    let answer = ask(&client, &stack, Method::GET, "/healthz").right().answer().await;
    assert_eq!(answer.status(), 200);
}
