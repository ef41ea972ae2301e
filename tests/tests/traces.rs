//! A collector is told of a miss as one trace, from the caller to the vendor; nobody waits for it, and
//! without it nothing of that is done.
#![expect(clippy::unwrap_used, reason = "that is what a test does")]

#[path = "traces/carried.rs"]
mod carried;
#[path = "traces/collector.rs"]
mod collector;

use chrono::NaiveDate;
use reqwest::Method;
use tests::{Answer, Span, Stack, Wanted, menu_path, stub::Hall};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const SECRET: &str = "SECRET0123";

/// A system that tells this collector, soon.
fn traced(endpoint: &str) -> Wanted {
    Stack::wanted()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .with("OTEL_BSP_SCHEDULE_DELAY", 20)
}

async fn ask(stack: &Stack, hall: Hall, date: NaiveDate, headers: &[(&str, &str)]) -> Answer {
    let answer = stack.ask(0, Method::GET, &menu_path(hall, date, "lunch"), headers).await;
    stack.is_idle().await;
    answer
}

fn parent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CALLER}-{flags}")
}

/// The arguments of every job that there was.
async fn jobs(stack: &Stack) -> Vec<String> {
    let mut ask = redis::cmd("HVALS");
    ask.arg(stack.key("fetch:data")).query_async(&mut stack.redis().await).await.unwrap()
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}
