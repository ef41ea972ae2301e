//! Menus are there before anybody asks, and no visitor waits for that. Meals are put where the tests
//! want them, relative to the real now; the halls live in a zone where it is noon, or four.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "that is what a test does; and figures that are worth reading"
)]

#[path = "prewarm/days.rs"]
mod days;
#[path = "prewarm/meals.rs"]
mod meals;
#[path = "prewarm/seen.rs"]
mod seen;
#[path = "prewarm/trouble.rs"]
mod trouble;
#[path = "prewarm/visitors.rs"]
mod visitors;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde_json::Value;
use tests::{
    Answer, Program, Stack, Wanted, eventually,
    stub::{Hall, Kind},
};

const SECOND: Duration = Duration::from_secs(1);

/// The zone in which it is this hour now; its day may be another than that of UTC. There is none
/// further behind than twelve hours.
fn zone_at(hour: u32) -> String {
    let ahead = (i64::from(hour) - i64::from(Utc::now().hour()) + 12).rem_euclid(24) - 12;
    format!("Etc/GMT{:+}", -ahead)
}

/// The day there.
fn day_at(hour: u32) -> chrono::NaiveDate {
    Utc::now().with_timezone(&zone_at(hour).parse::<chrono_tz::Tz>().unwrap()).date_naive()
}

/// The same moment on the halls' own clock.
fn at_noon(at: DateTime<Utc>) -> chrono::NaiveDateTime {
    at.with_timezone(&zone_at(12).parse::<chrono_tz::Tz>().unwrap()).naive_local()
}

/// A system whose halls have no meals yet, and whose workers look each second what is due.
fn wanted() -> Wanted {
    Stack::wanted()
        .workers(0)
        .with("PREWARM_LEAD_MINS", 30)
        .with("PREWARM_CRON", "* * * * * *")
        .with("TIMEZONE", zone_at(12))
}

async fn without_meals(wanted: Wanted) -> Stack {
    let stack = wanted.start().await;
    stack.database.run("delete from dining_hours; update halls set closed_since = null").await;
    stack
}

/// Gives a hall a dinner that begins so much from now, and tells its entry's key.
async fn dinner(stack: &Stack, hall: Hall, begins_in: TimeDelta) -> String {
    stack.vendor.post(hall, at_noon(Utc::now() + begins_in).date(), Kind::Weekday, 1);
    dinner_time(stack, hall, begins_in).await
}

/// The same without a menu.
async fn dinner_time(stack: &Stack, hall: Hall, begins_in: TimeDelta) -> String {
    let opens = at_noon(Utc::now() + begins_in);
    let (date, start) = (opens.date(), opens.time().format("%H:%M:%S"));
    let end = (opens + TimeDelta::hours(2)).time().format("%H:%M:%S");
    let hall = hall.as_str();
    stack
        .database
        .run(&format!(
            "insert into dining_hours_overrides (hall_id, date, meal, start_time, end_time)
             values ('{hall}', '{date}', 'dinner', '{start}', '{end}')"
        ))
        .await;
    format!("menu:{hall}:{date}:dinner")
}

/// Waits until all of these hold an entry.
async fn warm(stack: &Stack, keys: &[String]) {
    eventually("the entries are there", SECOND * 20, async || {
        let there = stack.keys().await;
        keys.iter().all(|key| there.contains(key)).then_some(())
    })
    .await;
}

/// What a worker tells of its schedule.
async fn schedule(worker: &Program) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = Answer::of(client.get(format!("{}/schedule.json", worker.url()))).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Waits for a later run of the plan than the last one, and tells what it did.
async fn next_run(stack: &Stack, plan: &str) -> Value {
    let last = schedule(&stack.workers[0]).await["last_runs"][plan]["at"].clone();
    eventually("another run", SECOND * 20, async || {
        let run = schedule(&stack.workers[0]).await["last_runs"][plan].clone();
        (!run.is_null() && run["at"] != last).then_some(run)
    })
    .await
}

async fn add_worker(stack: &mut Stack) {
    stack.add_worker();
    stack.somebody_works().await;
}
