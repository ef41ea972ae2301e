//! What nobody has asked for yet: one read a document, waited for once, and the bodies of `/menus`.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::Value;
use tests::{
    Stack, eventually, menu_path,
    stub::{Hall, Scope},
};

use super::{HALLS, all_as_posted, day_path, is_as_posted, list, meals_of, week_path};

/// What our own part may take while other tests keep the machine busy; alone it takes under 100 ms.
const BESIDE_THE_VENDOR: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_day_of_seven_cold_halls_costs_seven_reads_and_shows_what_menus_shows() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let first = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &first, day);
    assert_eq!(first.header("cache-status"), "menus5c; fwd=miss; stored");
    assert!((1400..=2100).contains(&first.max_age().unwrap()), "{first:?}");
    let counts = stack.vendor.counts();
    assert!(counts.len() == 7 && counts.values().all(|count| count.reads == 1), "{counts:?}");

    let body = first.json();
    let hoch = list(&body["halls"]).iter().find(|hall| hall["hall_id"] == "hoch").unwrap();
    let named = [&hoch["name"], &hoch["college"], &hoch["color"]].map(|text| text.as_str());
    assert_eq!(named, [Some("Hoch-Shanahan"), Some("Harvey Mudd"), Some("#eaaa00")]);
    for (hall, _) in HALLS {
        for listed in meals_of(&body, hall) {
            let meal = listed["meal"].as_str().unwrap();
            let menu = stack.menu(hall, day, meal).await;
            let alone: Value = menu.json();
            assert_eq!(listed["stations"], alone["stations"], "{menu:?}");
            assert_eq!(listed["fetched_at"], alone["fetched_at"]);
            let (_, stations) = menu.text.split_once("\"stations\":").unwrap();
            let (stations, _) = stations.split_once(",\"is_stale\"").unwrap();
            assert!(first.text.contains(stations), "byte for byte");
        }
    }
    assert_eq!(stack.vendor.total_reads(), 7, "and the single menus cost nothing more");
}

#[tokio::test]
async fn a_hundred_parallel_days_over_two_apis_cost_one_read_a_document() {
    let stack = Stack::wanted().apis(2).workers(2).start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(200));
    let day = stack.weekday();
    let answers = stack.get_many(100, &day_path(day)).await;
    let bodies: BTreeSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(bodies.len(), 1, "equal bodies");
    all_as_posted(&stack, &answers[0], day);
    let counts = stack.vendor.counts();
    assert!(counts.len() == 7 && counts.values().all(|count| count.reads == 1), "{counts:?}");
    stack.lost_no_wake_up().await;
}

#[tokio::test]
async fn a_cold_week_of_a_hall_of_each_vendor_costs_one_read_a_document() {
    let stack = Stack::start().await;
    let start = stack.today();
    stack.vendor.set_today(Some(start));
    for (hall, reads) in [(Hall::Hoch, 7), (Hall::Malott, 7), (Hall::Frary, 1)] {
        stack.vendor.forget_reads();
        let answer = stack.get(&week_path(hall, start)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(stack.vendor.total_reads(), reads, "{:?}", stack.vendor.counts());
        let body = answer.json();
        assert_eq!(
            (&body["hall_id"], &body["start"]),
            (&hall.as_str().into(), &start.to_string().into())
        );
        assert_eq!(list(&body["days"]).len(), 7);
        for (date, day) in start.iter_days().zip(list(&body["days"])) {
            assert_eq!(day["date"], date.to_string());
            let what = format!("{} {date}", hall.as_str());
            is_as_posted(list(&day["meals"]), &stack.vendor.expected(hall, date), &what);
        }
        let again = stack.get(&week_path(hall, start)).await;
        assert_eq!(again.text, answer.text);
        assert!(again.header("cache-status").starts_with("menus5c; hit; ttl="), "{again:?}");
        assert_eq!(stack.vendor.total_reads(), reads);
    }
}

#[tokio::test]
async fn a_week_starts_today_where_nothing_else_is_said() {
    let stack = Stack::start().await;
    let before = stack.today().to_string();
    let answer = stack.get("/api/v2/menus/week?hall_id=frary").await;
    let after = stack.today().to_string();
    let start = answer.json()["start"].as_str().unwrap().to_owned();
    assert!(start == before || start == after, "{start}");
    assert!(answer.max_age().unwrap() <= 86_400);
}

/// Usually a vendor is asked for two documents at once, and a screen takes as many turns as that
/// makes; here it may be asked for all of them, so that one turn is what is measured.
#[tokio::test]
async fn cold_screens_take_no_longer_than_the_slowest_vendor_and_a_little() {
    let delay = Duration::from_millis(200);
    let stack = Stack::wanted().with("VENDOR_CONCURRENCY", 8).start().await;
    stack.vendor.delay(Scope::All, delay);
    let start = stack.weekday();
    for path in [
        day_path(start),
        week_path(Hall::Hoch, start),
        week_path(Hall::Frary, start),
        week_path(Hall::Mcconnell, start.succ_opt().unwrap()),
    ] {
        let answer = stack.get(&path).await;
        assert!(answer.header("cache-status").ends_with("fwd=miss; stored"), "{answer:?}");
        assert!(answer.took < delay + BESIDE_THE_VENDOR, "{path}: {:?}", answer.took);
        // Not while dishes are made searchable, whose menus are taken away here.
        stack.is_indexed().await;
        stack.expire("menu:").await;
        stack.database.run("delete from menus; delete from menu_days").await;
    }
}

/// The number in `INFO` that stands behind this name.
#[expect(clippy::unwrap_used, reason = "a test may fail in any way")]
fn count(info: &str, name: &str) -> u64 {
    let line = info.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    line.split(',').next().unwrap_or_default().trim().parse().unwrap()
}

#[tokio::test]
async fn a_warm_day_is_one_round_trip_then_none_and_no_read() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let day = stack.weekday();
    let first = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &first, day);
    stack.is_idle().await;
    // From here on nobody else talks to this Redis: no worker, and the first api is not asked.
    stack.workers.clear();
    stack.add_api();
    let redis = stack.redis().await;
    let asked = async |path: &str| {
        let mut redis = redis.clone();
        let mut stats = redis::cmd("INFO");
        stats.arg("stats").arg("commandstats");
        let before: String = stats.query_async(&mut redis).await.unwrap();
        let answer = stack.ask(1, Method::GET, path, &[]).await;
        let after: String = stats.query_async(&mut redis).await.unwrap();
        let grew = |name: &str| count(&after, name) - count(&before, name);
        (answer, grew("total_reads_processed:"), grew("cmdstat_get:calls="))
    };
    eventually("the new api keeps what it has read", Duration::from_secs(5), async || {
        (asked("/api/v2/halls").await.2 == 0).then_some(())
    })
    .await;

    let (again, reads, gets) = asked(&day_path(day)).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert!(again.header("cache-status").starts_with("menus5c; hit; ttl="), "{again:?}");
    assert_eq!(gets, 7 * 6 + 1, "every key of the day and the hours, once");
    assert!(reads <= 3, "{reads} reads: the keys, the hours beside them, and the count itself");
    let (known, _, gets) = asked(&day_path(day)).await;
    assert_eq!((&known.text, gets), (&first.text, 0), "it is kept near");
    assert_eq!(stack.vendor.total_reads(), 7);

    let known = [("if-none-match", first.header("etag"))];
    let unchanged = stack.ask(1, Method::GET, &day_path(day), &known).await;
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
    assert!(unchanged.max_age().unwrap() <= first.max_age().unwrap(), "{unchanged:?}");
    stack.leftovers_are_fine();
}

#[tokio::test]
async fn what_has_expired_of_a_day_comes_back_without_a_read() {
    let stack = Stack::start().await;
    let (today, day) = (stack.today(), stack.weekday());
    let first = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &first, day);
    stack.is_idle().await;
    for meal in ["brunch", "snack", "late_night", "dinner"] {
        stack.expire(&format!("menu:malott:{day}:{meal}")).await;
        stack.expire(&format!("menu:frary:{day}:{meal}")).await;
    }
    let again = stack.get(&day_path(day)).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("cache-status"), "menus5c; fwd=miss; stored");
    assert_eq!(stack.vendor.total_reads(), 7);

    // A whole week that the cache has lost comes back too, day by day from what is saved.
    let week = stack.get(&week_path(Hall::Frary, today)).await;
    stack.is_idle().await;
    stack.expire("menu:").await;
    let lost = stack.get(&week_path(Hall::Frary, today)).await;
    assert_eq!(lost.text, week.text);
    assert_eq!(stack.vendor.reads("pomona:frary"), 1);
    let key = menu_path(Hall::Frary, day, "dinner");
    eventually("the cache has it again", Duration::from_secs(5), async || {
        stack.get(&key).await.header("cache-status").contains("hit").then_some(())
    })
    .await;
}
