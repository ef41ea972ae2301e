//! What is asked for all the time is never waited for: it is read again before it expires.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use tests::{Stack, menu_path, stub::Hall};

/// How long entries live here.
const LIFE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_popular_menu_is_read_again_before_it_expires_and_nobody_waits() {
    let stack = Stack::wanted()
        .apis(2)
        .with("CACHE_TTL_SECS", LIFE.as_secs())
        .with("CACHE_TTL_JITTER_SECS", 0)
        .start()
        .await;
    let path = menu_path(Hall::Hoch, stack.weekday(), "dinner");
    let ask = |api| stack.ask(api, Method::GET, &path, &[]);
    assert_eq!(ask(0).await.status, 200);
    assert_eq!(ask(1).await.status, 200);
    let mut bodies = Vec::new();
    let started = Instant::now();
    // Over two ends of its life, and into a third.
    while started.elapsed() < LIFE * 5 / 2 {
        let answers = join_all([ask(0), ask(1)]).await;
        for answer in answers {
            let from = answer.header("cache-status");
            assert!(from.starts_with("menus5c; hit"), "{:?}: {answer:?}", started.elapsed());
            if bodies.last() != Some(&answer.text) {
                bodies.push(answer.text);
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stack.is_idle().await;
    let reads = stack.vendor.total_reads();
    assert!((3..=4).contains(&reads), "one a life: {reads}");
    assert!(bodies.len() >= 3, "each read is served: {bodies:#?}");
    let refreshed = "select count(*) from fetch_runs where reason = 'refresh'";
    assert_eq!(stack.database.number(refreshed).await, reads as i64 - 1);
}

#[tokio::test]
async fn what_nobody_asks_for_is_not_read_again() {
    let stack =
        Stack::wanted().with("CACHE_TTL_SECS", 2).with("CACHE_TTL_JITTER_SECS", 0).start().await;
    let path = menu_path(Hall::Hoch, stack.weekday(), "dinner");
    assert_eq!(stack.get(&path).await.status, 200);
    let key = format!("menu:hoch:{}:dinner", stack.weekday());
    tests::eventually("it has expired", Duration::from_secs(10), async || {
        (!stack.keys().await.contains(&key)).then_some(())
    })
    .await;
    assert_eq!(stack.vendor.total_reads(), 1);
}

/// A day's menus live long, what it has not lives short: that is put back from Postgres, and the vendor
/// is not asked each time.
#[tokio::test]
async fn a_popular_meal_that_is_not_served_costs_the_vendor_no_more_than_its_day() {
    let stack = Stack::wanted()
        // A reading counts as recent for a quarter of that.
        .with("CACHE_TTL_SECS", 24)
        .with("CACHE_TTL_JITTER_SECS", 0)
        .with("NEGATIVE_TTL_SECS", 2)
        .start()
        .await;
    let path = menu_path(Hall::Hoch, stack.weekday(), "snack");
    assert_eq!(stack.get(&path).await.json()["reason"], "meal_not_served");
    let started = Instant::now();
    // Over several ends of its life, the last of them when the reading is no longer recent.
    while started.elapsed() < Duration::from_secs(14) {
        let answer = stack.get(&path).await;
        assert_eq!(answer.json()["reason"], "meal_not_served", "{answer:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 1, "the day is fresh");
}

/// A vendor's own meal is asked for by no job: one for another meal of its day brings it as well.
#[tokio::test]
async fn a_popular_meal_of_a_vendors_own_naming_is_read_again_with_its_day() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let read = chrono::Utc::now() - chrono::Duration::seconds(1790);
    let entry = serde_json::json!({
        "hall_id": "hoch", "date": day, "meal": "holiday_buffet",
        "stations": [{"name": "Grill", "items": [{"name": "Roast", "description": null, "tags": []}]}],
        "is_stale": false, "fetched_at": read.format("%FT%TZ").to_string(),
    });
    let key = stack.key(&format!("menu:hoch:{day}:holiday_buffet"));
    stack.write(redis::cmd("SET").arg(key).arg(entry.to_string()).arg("EX").arg(10)).await;
    let path = menu_path(Hall::Hoch, day, "holiday_buffet");
    tests::eventually("its day is read again", Duration::from_secs(8), async || {
        assert_eq!(stack.get(&path).await.status, 200);
        (stack.vendor.total_reads() > 0).then_some(())
    })
    .await;
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 1);
    let refreshed =
        "select count(*) from fetch_runs where reason = 'refresh' and state <> 'failed'";
    assert_eq!(stack.database.number(refreshed).await, 1);
}
