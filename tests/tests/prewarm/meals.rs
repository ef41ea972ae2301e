//! The meals that are about to begin.

use chrono::TimeDelta;
use tests::stub::Hall;

use super::{add_worker, dinner, dinner_time, next_run, wanted, warm, without_meals};
use crate::zone_at;

const HALLS: [Hall; 5] = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell, Hall::Frary];

#[tokio::test]
async fn a_meal_is_warm_before_it_begins_and_costs_its_vendor_one_read() {
    let mut stack = without_meals(wanted()).await;
    let mut keys = Vec::new();
    for hall in HALLS {
        keys.push(dinner(&stack, hall, TimeDelta::minutes(20)).await);
    }
    let later = dinner(&stack, Hall::Frank, TimeDelta::minutes(40)).await;
    add_worker(&mut stack).await;
    add_worker(&mut stack).await;
    warm(&stack, &keys).await;
    for _ in 0..3 {
        let run = next_run(&stack, "meals").await;
        assert_eq!(run["looked_at"].as_array().unwrap().len(), HALLS.len(), "{run}");
    }
    stack.is_idle().await;
    let counts = stack.vendor.counts();
    assert!(counts.values().all(|count| count.reads == 1), "{counts:?}");
    assert_eq!(stack.vendor.total_reads(), HALLS.len(), "{counts:?}");
    assert!(!stack.keys().await.contains(&later), "not before its time");
    for key in keys {
        let mut parts = key.split(':').skip(1);
        let (hall, date) = (parts.next().unwrap(), parts.next().unwrap());
        let path = format!("/api/v2/menus?hall_id={hall}&date={date}&meal=dinner");
        let answer = stack.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.header("cache-status").starts_with("menus5c; hit"), "{answer:?}");
    }
}

#[tokio::test]
async fn an_entry_that_would_run_out_before_its_meal_is_under_way_is_made_anew_once() {
    let mut stack = without_meals(wanted()).await;
    add_worker(&mut stack).await;
    let date = super::at_noon(chrono::Utc::now()).date();
    let path = tests::menu_path(Hall::Hoch, date, "dinner");
    stack.vendor.post(Hall::Hoch, date, tests::stub::Kind::Weekday, 1);
    assert_eq!(stack.get(&path).await.status, 200);
    stack.is_idle().await;
    // As if that had been forty minutes ago, and ten were left.
    let key = stack.key(&format!("menu:hoch:{date}:dinner"));
    let mut redis = stack.redis().await;
    let body: String = redis::cmd("GET").arg(&key).query_async(&mut redis).await.unwrap();
    let old = chrono::Utc::now() - TimeDelta::minutes(40);
    let at = serde_json::from_str::<serde_json::Value>(&body).unwrap()["fetched_at"].clone();
    let body = body.replace(at.as_str().unwrap(), &old.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let mut set = redis::cmd("SET");
    set.arg(&key).arg(body).arg("EX").arg(600);
    stack.write(&set).await;
    let age = "update menu_days set fetched_at = now() - interval '40 minutes', fresh_until = now() + interval '10 minutes'";
    stack.database.run(age).await;
    dinner(&stack, Hall::Hoch, TimeDelta::minutes(20)).await;
    tests::eventually("it is read again", super::SECOND * 20, async || {
        let left: i64 =
            redis::cmd("TTL").arg(&key).query_async(&mut stack.redis().await).await.ok()?;
        (left > 1400).then_some(())
    })
    .await;
    for _ in 0..3 {
        next_run(&stack, "meals").await;
    }
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 2, "once by the visitor, once ahead of the meal");
}

#[tokio::test]
async fn a_menu_that_its_vendor_has_withdrawn_is_not_asked_for_at_every_tick() {
    let mut stack = without_meals(wanted()).await;
    add_worker(&mut stack).await;
    let date = super::at_noon(chrono::Utc::now()).date();
    let path = tests::menu_path(Hall::Collins, date, "dinner");
    stack.vendor.post(Hall::Collins, date, tests::stub::Kind::Weekday, 1);
    assert_eq!(stack.get(&path).await.json()["is_stale"], false);
    stack.grow_old().await;
    stack.vendor.post(Hall::Collins, date, tests::stub::Kind::NotPosted, 1);
    assert_eq!(stack.get(&path).await.json()["is_stale"], true, "the copy that was kept");
    stack.is_idle().await;
    // Longer ago than what nobody reads again.
    stack.database.run("update menu_days set fetched_at = now() - interval '2 minutes'").await;
    dinner_time(&stack, Hall::Collins, TimeDelta::minutes(20)).await;
    for _ in 0..3 {
        let run = next_run(&stack, "meals").await;
        assert_eq!(run["looked_at"][0]["found"], "holds", "{run}");
    }
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 2, "the menu, and that it is gone");
}

#[tokio::test]
async fn with_a_lead_of_nought_nothing_is_read() {
    let mut stack =
        without_meals(wanted().with("PREWARM_LEAD_MINS", 0).with("TIMEZONE", zone_at(4))).await;
    dinner(&stack, Hall::Hoch, TimeDelta::minutes(1)).await;
    add_worker(&mut stack).await;
    let seen = super::schedule(&stack.workers[0]).await;
    assert_eq!((&seen["on"], &seen["next_tick"]), (&false.into(), &serde_json::Value::Null));
    // A worker that did pre-warm would have taken a tick by the time that a job is done.
    let path = tests::menu_path(Hall::Collins, stack.in_days(3), "dinner");
    assert_eq!(stack.get(&path).await.status, 200);
    assert!(!stack.keys().await.iter().any(|key| key.starts_with("prewarm:")));
    assert_eq!(stack.vendor.total_reads(), 1);
}
