//! Without Redis, without Postgres, without both, with nobody at work: the same screens.

use std::time::Duration;

use serde_json::Value;
use sqlx::Executor;
use tests::{
    Stack, eventually,
    stub::{Fault, Hall, Kind, Scope},
};

use super::{HALLS, all_as_posted, day_path, is_as_posted, list, meals_of, statuses, week_path};

#[tokio::test]
async fn without_redis_a_day_and_a_week_are_read_once_and_then_come_from_postgres() {
    let stack = Stack::wanted().workers(0).no_redis().start().await;
    let day = stack.weekday();
    stack.vendor.post(Hall::Mcconnell, day, Kind::Closed, 0);
    let first = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &first, day);
    assert!(first.header("cache-status").starts_with("menus5c; fwd=bypass; detail="), "{first:?}");
    assert!((1..=2100).contains(&first.max_age().unwrap()), "{first:?}");
    assert_eq!(stack.vendor.total_reads(), 7, "{:?}", stack.vendor.counts());
    let again = stack.get(&day_path(day)).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
    assert_eq!(stack.vendor.total_reads(), 7);

    stack.vendor.forget_reads();
    let start = stack.today();
    stack.vendor.set_today(Some(start));
    for (hall, reads) in [(Hall::Frary, 0), (Hall::Hoch, 6)] {
        let answer = stack.get(&week_path(hall, start)).await;
        for (date, day) in start.iter_days().zip(list(&answer.json()["days"])) {
            let what = format!("{} {date}", hall.as_str());
            is_as_posted(list(&day["meals"]), &stack.vendor.expected(hall, date), &what);
        }
        // Of the week's days one was read with the day of all halls.
        assert_eq!(stack.vendor.total_reads(), reads, "{:?}", stack.vendor.counts());
        stack.vendor.forget_reads();
    }
}

#[tokio::test]
async fn without_redis_what_cannot_be_read_is_shown_from_its_copy() {
    let stack = Stack::wanted().workers(0).no_redis().start().await;
    let day = stack.weekday();
    let first = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &first, day);
    stack.database.run("update menu_days set fresh_until = now()").await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let stale = stack.get(&day_path(day)).await;
    assert_eq!(stale.status, 200, "{stale:?}");
    assert_eq!(stale.header("cache-status"), "menus5c; fwd=stale");
    for (hall, name) in HALLS {
        let meals = statuses(meals_of(&stale.json(), hall));
        assert!(meals.iter().any(|meal| meal.ends_with(" stale")), "{name}: {meals:?}");
        assert!(!meals.iter().any(|meal| meal.ends_with(" ok")), "{name}: {meals:?}");
    }
}

#[tokio::test]
async fn a_redis_that_dies_changes_nothing_but_the_time() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let day = stack.weekday();
    let first = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &first, day);
    stack.is_idle().await;
    stack.own_redis.as_mut().unwrap().kill();
    for _ in 0..5 {
        let answer = stack.get(&day_path(day)).await;
        assert_eq!((answer.status, &answer.text), (200, &first.text));
        assert!(answer.took < Duration::from_millis(1500), "{:?}", answer.took);
    }
    assert_eq!(stack.vendor.total_reads(), 7, "Postgres has it all");
    stack.own_redis.as_mut().unwrap().restart().await;
    stack.leftovers_are_fine();
}

#[tokio::test]
async fn with_both_stores_away_menus_are_read_live() {
    let stack = Stack::wanted()
        .workers(0)
        .with("REDIS_URL", "redis://127.0.0.1:1")
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .start()
        .await;
    let day = stack.weekday();
    stack.vendor.post(Hall::Collins, day, Kind::Closed, 0);
    let answer = stack.get(&day_path(day)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-status"), "menus5c; fwd=bypass; detail=live");
    let body = answer.json();
    for (hall, name) in HALLS {
        is_as_posted(meals_of(&body, hall), &stack.vendor.expected(hall, day), name);
    }
    let collins = statuses(meals_of(&body, Hall::Collins));
    assert_eq!(collins, ["breakfast closed", "lunch closed", "dinner closed"], "hours unknown");
    let first = &list(&body["halls"])[0];
    assert_eq!((&first["hall_id"], &first["name"]), (&"collins".into(), &Value::Null));
    let _ = stack.get(&format!("{}&college=Scripps", day_path(day))).await.problem(503);
    let far = stack.get(&day_path("2020-02-10".parse().unwrap())).await.json();
    let hoch = statuses(meals_of(&far, Hall::Hoch));
    assert_eq!(hoch, ["breakfast unavailable", "lunch unavailable", "dinner unavailable"]);
    assert!(!stack.apis[0].log().contains("panicked"));
}

#[tokio::test]
async fn with_nobody_at_work_the_api_reads_a_screen_and_fills_the_cache() {
    let mut stack = Stack::wanted().workers(0).start().await;
    stack.leftovers_are_fine();
    let day = stack.weekday();
    let first = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &first, day);
    assert_eq!(first.header("cache-status"), "menus5c; fwd=bypass; detail=live");
    assert_eq!(stack.vendor.total_reads(), 7);
    let again = stack.get(&day_path(day)).await;
    assert_eq!(again.text, first.text);
    assert!(again.header("cache-status").starts_with("menus5c; hit"), "{again:?}");
    // The jobs waited; whoever comes to work finds them done.
    stack.add_worker();
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 7);
}

/// Hours that Postgres does not give in time.
#[expect(clippy::unwrap_used, reason = "that is what a test does")]
async fn locked(stack: &Stack) -> sqlx::PgConnection {
    let mut link = stack.database.connect().await;
    link.execute("begin; lock table dining_hours in access exclusive mode").await.unwrap();
    link
}

#[tokio::test]
async fn halls_whose_hours_come_too_late_are_named_as_they_last_were() {
    let stack = Stack::wanted().with("SOFT_WAIT_MS", 300).start().await;
    let path = day_path(stack.weekday());
    let before = stack.get(&path).await;
    all_as_posted(&stack, &before, stack.weekday());
    stack.expire("hours:all").await;
    let _lock = locked(&stack).await;
    for path in [path.clone(), format!("{path}&college=Pomona")] {
        let answer = stack.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.max_age().is_some_and(|left| left > 0), "{answer:?}");
        for hall in list(&answer.json()["halls"]) {
            assert!(hall["name"].is_string() && hall["color"].is_string(), "{hall}");
        }
    }
}

#[tokio::test]
async fn halls_without_names_are_kept_by_no_cache() {
    let mut stack = Stack::wanted().with("SOFT_WAIT_MS", 300).start().await;
    let path = week_path(Hall::Hoch, stack.today());
    assert_eq!(stack.get(&path).await.json()["name"], "Hoch-Shanahan");
    stack.is_idle().await;
    // One that has never heard of any hours.
    stack.add_api();
    stack.expire("hours:all").await;
    let lock = locked(&stack).await;
    let answer = stack.ask(1, reqwest::Method::GET, &path, &[]).await;
    assert_eq!((answer.status, &answer.json()["name"]), (200, &Value::Null), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    drop(lock);
    eventually("it has heard of them", Duration::from_secs(5), async || {
        let answer = stack.ask(1, reqwest::Method::GET, &path, &[]).await;
        (answer.json()["name"] == "Hoch-Shanahan" && answer.max_age().is_some()).then_some(())
    })
    .await;
}
