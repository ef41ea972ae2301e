//! One search of the logs shows a visitor's miss from end to end, in either form; and no search finds
//! a key in them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "that is what a test does")]

use reqwest::Method;
use serde_json::Value;
use tests::{
    Answer, Program, Stack, menu_path,
    stub::{API_KEY, Hall},
};

async fn system(format: &str) -> Stack {
    Stack::wanted().with("LOG_FORMAT", format).start().await
}

/// A cold menu, asked for under this id, and its job at its end.
async fn miss(stack: &Stack, hall: Hall, id: Option<&str>) -> Answer {
    let path = menu_path(hall, stack.weekday(), "lunch");
    let headers: Vec<(&str, &str)> = id.map(|id| ("x-request-id", id)).into_iter().collect();
    let answer = stack.ask(0, Method::GET, &path, &headers).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    stack.is_idle().await;
    answer
}

/// The lines of a log in text that have this id in their span.
fn in_text(program: &Program, id: &str) -> Vec<String> {
    let span = format!("request.id=\"{id}\"");
    program.log().lines().filter(|line| line.contains(&span)).map(str::to_owned).collect()
}

/// The messages of a log in JSON that have this id in a span; every line must be JSON.
fn in_json(program: &Program, id: &str) -> Vec<String> {
    let log = program.log();
    let lines = log.lines().map(|line| {
        let parsed = serde_json::from_str::<Value>(line);
        assert!(parsed.is_ok(), "no JSON: {line}");
        parsed.unwrap()
    });
    let is_of = |line: &Value| {
        let spans = line["spans"].as_array().cloned().unwrap_or_default();
        spans.iter().any(|span| span["request.id"] == id)
    };
    lines.filter(is_of).map(|line| line["message"].as_str().unwrap().to_owned()).collect()
}

fn each_is_there(what: &[&str], lines: &[String]) {
    for what in what {
        assert_eq!(
            lines.iter().filter(|line| line.contains(what)).count(),
            1,
            "{what}: {lines:#?}"
        );
    }
}

const API: [&str; 2] = ["pushed", "answered"];
const WORKER: [&str; 3] = ["vendor answer", "vendor read", "job done"];

#[tokio::test]
async fn one_search_shows_a_miss_from_end_to_end_in_text() {
    let stack = system("text").await;
    let answer = miss(&stack, Hall::Hoch, Some("lunch-7")).await;
    assert_eq!(answer.header("x-request-id"), "lunch-7");
    each_is_there(&API, &in_text(&stack.apis[0], "lunch-7"));
    each_is_there(&WORKER, &in_text(&stack.workers[0], "lunch-7"));
}

#[tokio::test]
async fn one_search_shows_a_miss_from_end_to_end_in_json() {
    let stack = system("json").await;
    let answer = miss(&stack, Hall::Hoch, Some("lunch-8")).await;
    assert_eq!(answer.header("x-request-id"), "lunch-8");
    each_is_there(&API, &in_json(&stack.apis[0], "lunch-8"));
    each_is_there(&WORKER, &in_json(&stack.workers[0], "lunch-8"));
}

#[tokio::test]
async fn an_id_of_ours_stands_in_for_none_and_for_one_that_would_forge_a_line() {
    let stack = system("json").await;
    let long = "x".repeat(65);
    let odd = [None, Some("a\" b"), Some("{\"level\":\"ERROR\"}"), Some(long.as_str())];
    for (hall, id) in
        [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell].into_iter().zip(odd)
    {
        let answer = miss(&stack, hall, id).await;
        let ours = answer.header("x-request-id").to_owned();
        assert!(ours.len() == 24 && ours.bytes().all(|byte| byte.is_ascii_hexdigit()), "{ours}");
        each_is_there(&WORKER, &in_json(&stack.workers[0], &ours));
    }
}

#[tokio::test]
async fn no_key_stands_in_any_log() {
    for format in ["text", "json"] {
        let stack = Stack::wanted().with("LOG_FORMAT", format).with("LOG", "trace").start().await;
        miss(&stack, Hall::Hoch, None).await;
        let keyed = stack.vendor.journal().iter().any(|read| read.api_key.is_some());
        assert!(keyed, "the vendor was shown the key");
        for program in stack.apis.iter().chain(&stack.workers) {
            let log = program.log();
            let line = log.lines().find(|line| line.contains(API_KEY));
            assert_eq!(line, None, "{format}");
        }
    }
}
