//! Who is open now: right at every second of every day, also the odd ones.

#[path = "open_now/answers.rs"]
mod answers;
#[path = "open_now/hours.rs"]
mod hours;
#[path = "open_now/stores.rs"]
mod stores;

use serde_json::Value;
use tests::{Answer, Stack};

const PATH: &str = "/api/v2/open-now";

async fn stack_with(overrides: &[&str]) -> Stack {
    let stack = Stack::wanted().workers(0).start().await;
    for row in overrides {
        let columns = "hall_id, date, meal, start_time, end_time, reason";
        let sql = format!("insert into dining_hours_overrides ({columns}) values ({row}, 'test')");
        stack.database.run(&sql).await;
    }
    stack
}

async fn ask(stack: &Stack, query: &str) -> Answer {
    stack.get(&format!("{PATH}?{}", query.replace('+', "%2B"))).await
}

/// `hoch lunch 2026-02-09T11:15:00-08:00 2026-02-09T13:00:00-08:00`, a line for each open hall.
async fn open_at(stack: &Stack, at: &str) -> Vec<String> {
    let answer = ask(stack, &format!("at={at}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let line = |hall: &Value| {
        let text = |name: &str| hall[name].as_str().unwrap_or("null").to_owned();
        ["id", "current_meal", "opens_at", "closes_at"].map(text).join(" ")
    };
    body.as_array().into_iter().flatten().map(line).collect()
}

/// What is said of one hall.
async fn hall_at(stack: &Stack, hall: &str, at: &str) -> String {
    let open = open_at(stack, at).await;
    let line = open.iter().find_map(|line| line.strip_prefix(&format!("{hall} ")));
    line.unwrap_or("closed").to_owned()
}

async fn holds(stack: &Stack, hall: &str, table: &[(&str, &str)]) {
    for (at, said) in table {
        assert_eq!(hall_at(stack, hall, at).await, *said, "{hall} at {at}");
    }
}
