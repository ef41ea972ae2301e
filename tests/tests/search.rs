//! What is served is found by its words, and nothing else is.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail in any way")]

#[path = "search/answers.rs"]
mod answers;
#[path = "search/pages.rs"]
mod pages;
#[path = "search/upkeep.rs"]
mod upkeep;

use chrono::NaiveDate;
use serde_json::{Value, json};
use tests::Stack;

async fn alone() -> Stack {
    Stack::wanted().workers(0).start().await
}

/// A dish as a menu holds it: `name | description | tags`.
fn dish(text: &str) -> Value {
    let mut parts = text.split('|').map(str::trim);
    let mut next = || parts.next().unwrap_or_default();
    let (name, description, tags) = (next(), next(), next());
    let description = (!description.is_empty()).then_some(description);
    json!({"name": name, "description": description, "tags": tags.split_whitespace().collect::<Vec<_>>()})
}

/// Saves a meal with one station, read just now, to be found; the day is posted.
async fn save(stack: &Stack, hall: &str, date: NaiveDate, meal: &str, dishes: &[&str]) {
    let items: Vec<Value> = dishes.iter().map(|text| dish(text)).collect();
    let stations = json!([{"name": "Grill", "items": items}]).to_string().replace('\'', "''");
    let read = "'2026-02-09T19:02:11Z'::timestamptz";
    stack
        .database
        .run(&format!(
            "insert into menu_days values ('{hall}', '{date}', 'posted', {read}, now() + interval '1 hour', 1, {read})
             on conflict do nothing;
             insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
             values ('{hall}', '{date}', '{meal}', '{stations}', 1, {}, {read})",
            dishes.len()
        ))
        .await;
    stack.database.index_menus().await;
}

/// The items that a search gives, once what was saved is searchable.
#[expect(clippy::unwrap_used, reason = "that is what a test does")]
async fn found(stack: &Stack, query: &str) -> Vec<Value> {
    stack.database.index_menus().await;
    let answer = stack.get(&format!("/api/v2/items?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json()["items"].as_array().unwrap().clone()
}

/// Their names.
#[expect(clippy::unwrap_used, reason = "that is what a test does")]
async fn names(stack: &Stack, query: &str) -> Vec<String> {
    let items = found(stack, query).await;
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}
