//! What ops can do from a browser or a program: it does what it says, asks first, goes on record, and is
//! done for nobody else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail in any way")]

#[path = "ops_actions/dead.rs"]
mod dead;
#[path = "ops_actions/entries.rs"]
mod entries;
#[path = "ops_actions/pause.rs"]
mod pause;
#[path = "ops_actions/record.rs"]
mod record;
#[path = "ops_actions/strangers.rs"]
mod strangers;

use serde_json::{Value, json};
use tests::{Answer, OpsSide, Stack};

/// A stack, and the ops side of its worker.
async fn start() -> (Stack, OpsSide) {
    let stack = Stack::start().await;
    let ops = OpsSide::of(&stack.workers[0]);
    (stack, ops)
}

/// What an action came to.
fn result(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["result"].as_str().unwrap_or_default().to_owned()
}

/// Status and words of a problem.
fn refused(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let body = answer.json();
    assert_eq!(body["status"], answer.status, "{body}");
    (answer.status, body["detail"].as_str().unwrap_or_default().to_owned())
}

async fn records(stack: &Stack) -> i64 {
    stack.database.number("select count(*) from ops_audit").await
}

fn menu_arguments(hall: &str, date: chrono::NaiveDate, meal: &str) -> Value {
    json!({ "hall": hall, "date": date, "meal": meal })
}
