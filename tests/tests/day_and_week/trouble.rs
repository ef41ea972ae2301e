//! Closed, not posted, failing, slow: each meal says how it stands with it, and the others do not
//! suffer for it.

use std::time::Duration;

use chrono::Weekday;
use serde_json::Value;
use tests::{
    Stack, eventually,
    stub::{Fault, Hall, Kind, Scope, Vendor},
};

use super::{
    HALLS, all_as_posted, all_statuses, day_path, hurried, is_as_posted, list, meals_of, statuses,
    week_path,
};

const POMONA: [Hall; 3] = [Hall::Frank, Hall::Frary, Hall::Oldenborg];

#[tokio::test]
async fn closed_and_not_posted_are_told_for_the_usual_meals_and_not_served_is_left_out() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    stack.vendor.post(Hall::Collins, day, Kind::Closed, 0);
    stack.vendor.post(Hall::Frary, day, Kind::NotPosted, 0);
    stack.vendor.post(Hall::Malott, day, Kind::HolidayBrunch, 0);
    stack.vendor.post(Hall::Oldenborg, day, Kind::NotPosted, 0);
    for path in [day_path(day), day_path(day)] {
        let answer = stack.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let of = |hall| statuses(meals_of(&body, hall));
        assert_eq!(
            of(Hall::Collins),
            ["breakfast closed", "lunch closed", "dinner closed", "late_night closed"]
        );
        assert_eq!(
            of(Hall::Frary),
            ["breakfast not_posted", "lunch not_posted", "snack not_posted", "dinner not_posted"]
        );
        assert_eq!(of(Hall::Malott), ["brunch ok", "dinner ok"]);
        assert_eq!(of(Hall::Oldenborg), ["lunch closed"], "by our own hours");
        assert!((1..=350).contains(&answer.max_age().unwrap()), "{answer:?}");
        for hall in [Hall::Frank, Hall::Hoch, Hall::Mcconnell] {
            let expected = stack.vendor.expected(hall, day);
            is_as_posted(meals_of(&body, hall), &expected, hall.as_str());
        }
    }
    assert_eq!(stack.vendor.total_reads(), 7);

    // A weekday on which a hall has no hours: what it serves in the course of a week.
    let shut = stack.next(|day| matches!(day, Weekday::Fri | Weekday::Sat));
    let answer = stack.get(&day_path(shut)).await.json();
    let frank = statuses(meals_of(&answer, Hall::Frank));
    assert_eq!(frank, ["breakfast closed", "brunch closed", "dinner closed"]);
}

#[tokio::test]
async fn a_failing_vendor_is_unavailable_and_the_others_are_there() {
    let stack = hurried().start().await;
    let day = stack.weekday();
    stack.vendor.fault(Scope::Vendor(Vendor::Pomona), Fault::Status(500, None));
    let answer = stack.get(&day_path(day)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    for (hall, name) in HALLS {
        if POMONA.contains(&hall) {
            let failed = statuses(meals_of(&body, hall));
            assert!(!failed.is_empty() && failed.iter().all(|meal| meal.ends_with(" unavailable")));
        } else {
            is_as_posted(meals_of(&body, hall), &stack.vendor.expected(hall, day), name);
        }
    }
    assert!(answer.max_age().unwrap() <= 12, "what the failure entry has left: {answer:?}");
    let reads = stack.vendor.total_reads();
    let again = stack.get(&day_path(day)).await;
    assert_eq!(again.text, answer.text);
    assert_eq!(stack.vendor.total_reads(), reads, "the next visitor does not ask again");

    // A week of a hall that fails says so of each day.
    let start = stack.today();
    let week = stack.get(&week_path(Hall::Frary, start)).await.json();
    for day in list(&week["days"]) {
        let failed = statuses(list(&day["meals"]));
        assert!(!failed.is_empty() && failed.iter().all(|meal| meal.ends_with(" unavailable")));
    }
}

#[tokio::test]
async fn a_vendor_that_hangs_is_pending_within_the_budget_and_there_later() {
    let stack = Stack::wanted().with("MISS_WAIT_MS", 1200).start().await;
    let day = stack.weekday();
    stack.vendor.delay(Scope::Vendor(Vendor::Sodexo), Duration::from_secs(3));
    let answer = stack.get(&day_path(day)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.took < Duration::from_millis(1200 + 400), "{:?}", answer.took);
    let body = answer.json();
    let hoch = statuses(meals_of(&body, Hall::Hoch));
    assert!(hoch.contains(&"lunch pending".to_owned()), "{hoch:?}");
    assert!(hoch.iter().all(|meal| meal.ends_with(" pending")), "{hoch:?}");
    for (hall, name) in HALLS.into_iter().filter(|(hall, _)| *hall != Hall::Hoch) {
        is_as_posted(meals_of(&body, hall), &stack.vendor.expected(hall, day), name);
    }
    let headers = ["cache-control", "retry-after", "cache-status"].map(|name| answer.header(name));
    assert_eq!(headers, ["no-store", "1", "menus5c; fwd=miss"]);
    let whole = eventually("the rest is there", Duration::from_secs(10), async || {
        let answer = stack.get(&day_path(day)).await;
        answer.header("retry-after").is_empty().then_some(answer)
    })
    .await;
    all_as_posted(&stack, &whole, day);
    assert_eq!(stack.vendor.total_reads(), 7);
}

#[tokio::test]
async fn with_copies_at_hand_a_vendor_that_hangs_costs_the_soft_wait() {
    let stack = hurried().with("FETCH_TIMEOUT_MS", 5000).with("MISS_WAIT_MS", 4000).start().await;
    let day = stack.weekday();
    let fresh = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &fresh, day);
    stack.grow_old().await;
    stack.vendor.forget_reads();
    stack.vendor.fault(Scope::Vendor(Vendor::Pomona), Fault::Hang);
    let answer = stack.get(&day_path(day)).await;
    assert!(answer.took < Duration::from_millis(800 + 500), "{:?}", answer.took);
    let (before, body) = (fresh.json(), answer.json());
    for (hall, name) in HALLS {
        let now = meals_of(&body, hall);
        if POMONA.contains(&hall) {
            // Oldenborg serves lunch alone: there is no copy of the dinner that was asked for first.
            let mut copies = now.to_vec();
            for meal in &mut copies {
                assert_eq!(meal["status"], "stale", "{name}");
                meal["status"] = Value::from("ok");
            }
            assert_eq!(copies, meals_of(&before, hall), "{name}: the same, the same fetched_at");
        } else {
            is_as_posted(now, &stack.vendor.expected(hall, day), name);
        }
    }
    assert!(answer.max_age().unwrap() <= 30, "{answer:?}");
    assert_eq!(answer.header("cache-status"), "menus5c; fwd=stale");
    stack.vendor.heal();
    stack.is_idle().await;
}

#[tokio::test]
async fn the_last_good_copies_of_a_week_serve_while_its_vendor_fails() {
    let stack = hurried().apis(2).start().await;
    let start = stack.today();
    stack.vendor.set_today(Some(start));
    let fresh = stack.get(&week_path(Hall::Frary, start)).await;
    stack.grow_old().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let stale = stack.get(&week_path(Hall::Frary, start)).await;
    assert_eq!(stale.text, fresh.text.replace(r#""status":"ok""#, r#""status":"stale""#));
    assert!(stale.max_age().unwrap() <= 30, "{stale:?}");
    // Too old to stand in for a menu of today or later.
    stack.is_idle().await;
    stack.expire("menu:").await;
    let age = "update menu_days set fetched_at = fetched_at - interval '8 days', menus_read_at = menus_read_at - interval '8 days';
               update menus set fetched_at = fetched_at - interval '8 days'";
    stack.database.run(age).await;
    // An api that never served them: what one served a moment ago is as young as it was then.
    let week = week_path(Hall::Frary, start);
    let none = stack.ask(1, reqwest::Method::GET, &week, &[]).await.json();
    for day in list(&none["days"]) {
        let failed = statuses(list(&day["meals"]));
        assert!(!failed.is_empty() && failed.iter().all(|meal| meal.ends_with(" unavailable")));
    }
}

#[tokio::test]
async fn what_is_not_ours_in_the_cache_is_replaced() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let first = stack.get(&day_path(day)).await;
    stack.is_idle().await;
    let key = |hall: &str, meal: &str| stack.key(&format!("menu:{hall}:{day}:{meal}"));
    stack.write(redis::cmd("DEL").arg(key("hoch", "lunch"))).await;
    stack.write(redis::cmd("LPUSH").arg(key("hoch", "lunch")).arg("x")).await;
    stack.write(redis::cmd("APPEND").arg(key("collins", "dinner")).arg("x")).await;
    let again = stack.get(&day_path(day)).await;
    assert_eq!((again.status, &again.text), (200, &first.text), "{:?}", all_statuses(&again));
    assert_eq!(again.header("cache-status"), "menus5c; fwd=miss; stored");
    let healed = stack.get(&day_path(day)).await;
    assert!(healed.header("cache-status").starts_with("menus5c; hit"), "{healed:?}");
    assert_eq!(stack.vendor.total_reads(), 7, "Postgres had fresh copies all the time");
}
