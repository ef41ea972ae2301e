//! Vendors that take their time.

use std::time::{Duration, Instant};

use tests::{
    Stack, eventually, measured, menu_path,
    stub::{Fault, Hall, Scope},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::{BUDGET, hurried, is_stale, last_run, with_a_copy};

#[tokio::test]
async fn v1_a_vendor_that_hangs_costs_the_soft_wait_where_there_is_a_copy() {
    let stack = hurried().start().await;
    with_a_copy(&stack, Fault::Hang).await;
    let answer = stack.menu(Hall::Collins, stack.weekday(), "dinner").await;
    is_stale(&answer);
    measured("V1", format!("answered after {:?}", answer.took));
    assert!(answer.took <= Duration::from_millis(800 + 100), "{:?}", answer.took);
    let (class, took) = last_run(&stack).await;
    assert_eq!(class, "timeout");
    measured("V1", format!("the job ended after {took} ms of {BUDGET:?}"));
    assert!(Duration::from_millis(took.unsigned_abs()) <= BUDGET, "the job ended after {took} ms");
}

#[tokio::test]
async fn v2_a_vendor_that_hangs_is_pending_once_and_then_known_to_fail() {
    let stack = hurried().with("MISS_WAIT_MS", 2500).start().await;
    stack.vendor.fault(Scope::All, Fault::Hang);
    let (hall, day) = (Hall::Collins, stack.weekday());
    let first = stack.menu(hall, day, "dinner").await;
    let _ = first.problem(503);
    assert_ne!(first.header("retry-after"), "", "{first:?}");
    assert!(first.took <= Duration::from_millis(2600), "{:?}", first.took);
    stack.settled(hall, day, "dinner").await;
    stack.heard().await;
    let mut slowest = Duration::ZERO;
    for _ in 0..10 {
        let known = stack.menu(hall, day, "dinner").await;
        assert_eq!(known.problem(503).1, "vendor_error");
        assert_ne!(known.header("retry-after"), "", "{known:?}");
        assert!(known.took <= Duration::from_millis(50), "{:?}", known.took);
        slowest = slowest.max(known.took);
    }
    measured("V2", format!("first {:?}, known to fail {slowest:?} at most", first.took));
}

#[tokio::test]
async fn v4_without_postgres_nobody_is_told_to_come_back_before_the_vendors_quiet_is_over() {
    const QUIET: Duration = Duration::from_secs(40);
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let stack = hurried().with("DATABASE_URL", nowhere).start().await;
    stack.vendor.fault(Scope::All, Fault::Status(429, Some(QUIET.as_secs())));
    let first = Instant::now();
    for ahead in 1..=5 {
        let answer = stack.menu(Hall::Collins, stack.in_days(ahead), "dinner").await;
        let left = QUIET.saturating_sub(first.elapsed());
        assert_eq!(answer.problem(503).1, "vendor_error");
        let wait: f64 = answer.header("retry-after").parse().unwrap();
        assert!(wait >= left.as_secs_f64(), "{wait} s told, {left:?} left");
    }
    assert_eq!(stack.vendor.total_reads(), 1);
}

/// Asks the api on a thousand connections at once: how long after the first beginning of an answer
/// the last one came.
///
/// The connections are open before, and an answer is read when all have begun: reading a thousand
/// as a visitor does costs a development build of this program more time than the api takes.
async fn first_to_last(stack: &Stack, path: &str) -> Duration {
    const STATUS: &str = "HTTP/1.1 200";
    let address = stack.apis[0].url().trim_start_matches("http://").to_owned();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut visitors = Vec::new();
    for _ in 0..1000 {
        visitors.push(TcpStream::connect(&address).await.unwrap());
    }
    let mut waiting = JoinSet::new();
    for mut visitor in visitors {
        visitor.write_all(request.as_bytes()).await.unwrap();
        waiting.spawn(async move {
            let mut begins = [0; STATUS.len()];
            visitor.read_exact(&mut begins).await.unwrap();
            (Instant::now(), begins, visitor)
        });
    }
    let answers = waiting.join_all().await;
    for (_, begins, _) in &answers {
        assert_eq!(str::from_utf8(begins), Ok(STATUS));
    }
    let times = answers.iter().map(|(at, ..)| *at);
    times.clone().max().unwrap() - times.min().unwrap()
}

#[tokio::test]
async fn v10_a_thousand_who_wait_for_a_slow_vendor_cost_one_read_and_are_told_together() {
    let stack = Stack::start().await;
    let path = |day| menu_path(Hall::Collins, stack.in_days(day), "dinner");
    assert_eq!(stack.get(&path(1)).await.status, 200);
    let hits = first_to_last(&stack, &path(1)).await;
    stack.vendor.forget_reads();
    stack.vendor.delay(Scope::All, Duration::from_secs(2));
    let told = first_to_last(&stack, &path(2)).await;
    assert_eq!(stack.vendor.total_reads(), 1);
    let bound = Duration::from_millis(100).max(hits * 3);
    measured("V10", format!("first to last {told:?}, of a thousand hits {hits:?}"));
    assert!(told <= bound, "{told:?}, {hits:?} of hits");
}

/// Connections of this machine to that port.
fn connections_to(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let to = format!(":{port:04X}");
    rows.filter(|row| row[2].ends_with(&to) && row[3] == ESTABLISHED).count()
}

#[tokio::test]
async fn v11_a_body_that_drips_is_given_up_within_the_budget_and_hung_up_on() {
    let stack = hurried().start().await;
    with_a_copy(&stack, Fault::Drip(Duration::from_millis(50))).await;
    is_stale(&stack.menu(Hall::Collins, stack.weekday(), "dinner").await);
    let (class, took) = last_run(&stack).await;
    assert_eq!(class, "timeout");
    measured("V11", format!("the job ended after {took} ms of {BUDGET:?}"));
    assert!(Duration::from_millis(took.unsigned_abs()) <= BUDGET, "the job ended after {took} ms");
    let port = reqwest::Url::parse(&stack.vendor.url()).unwrap().port().unwrap();
    eventually("nobody listens to it any more", Duration::from_secs(2), async || {
        (connections_to(port) == 0).then_some(())
    })
    .await;
}
