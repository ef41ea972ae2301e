//! The statistics dashboard: what it counts, and how long a year of it takes.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use tests::{Stack, stub::Hall};

const PATH: &str = "/api/v2/stats/dashboard";

async fn alone() -> Stack {
    Stack::wanted().workers(0).start().await
}

/// The row of a list whose field has this value.
#[expect(clippy::unwrap_used, clippy::panic, reason = "that is what a test does")]
fn row<'a>(list: &'a Value, field: &str, value: &str) -> &'a Value {
    let rows = list.as_array().unwrap();
    rows.iter().find(|row| row[field] == value).unwrap_or_else(|| panic!("{value} in {list}"))
}

#[tokio::test]
async fn with_nothing_known_every_figure_is_there_and_is_zero() {
    let stack = alone().await;
    let answer = stack.get(PATH).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = answer.json();
    let (today, first) = (stack.today(), stack.today().checked_sub_days(Days::new(29)).unwrap());
    assert_eq!((&all["reference_date"], &all["days"]), (&json!(today), &json!(30)));
    let nothing = json!({
        "halls": 7, "menus": 0, "items": 0, "fetches": 0, "failed": 0,
        "success_ratio": null, "mean_ms": null, "freshest": null, "stalest": null,
    });
    assert_eq!(all["overview"], nothing);
    let lengths = [("by_vendor", 3), ("by_hall", 7), ("by_freshness", 4), ("fetches_daily", 30)];
    for (part, length) in lengths {
        assert_eq!(all[part].as_array().unwrap().len(), length, "{part}");
    }
    for part in ["by_meal", "by_station", "by_tag"] {
        assert_eq!(all[part], json!([]), "{part}");
    }
    let day = |date: NaiveDate| json!({"date": date, "fetches": 0, "failed": 0, "success_ratio": null, "mean_ms": null});
    let daily: Vec<Value> = first.iter_days().take(30).map(day).collect();
    assert_eq!(all["fetches_daily"], json!(daily));
}

#[tokio::test]
async fn figures_are_cached_by_their_day_and_number_of_days() {
    let stack = alone().await;
    let year = format!("{PATH}/?days=365&reference_date=2026-02-09");
    for (path, key, days) in [
        (PATH.to_owned(), "dashboard:stats:default:30", 30),
        (format!("{PATH}?days=1"), "dashboard:stats:default:1", 1),
        (format!("{PATH}?reference_date=2026-02-09"), "dashboard:stats:2026-02-09:30", 30),
        (year, "dashboard:stats:2026-02-09:365", 365),
    ] {
        let answer = stack.get(&path).await;
        let all = answer.json();
        let daily = all["fetches_daily"].as_array().unwrap();
        assert_eq!((daily.len(), &all["days"]), (days, &json!(days)));
        assert_eq!(daily.last().unwrap()["date"], all["reference_date"]);
        let ttl: i64 = redis::cmd("TTL")
            .arg(stack.key(key))
            .query_async(&mut stack.redis().await)
            .await
            .unwrap();
        assert!((295..=300).contains(&ttl), "{key}: {ttl}");
    }
    assert_eq!(stack.keys().await.len(), 4);
}

#[tokio::test]
async fn what_was_cached_before_midnight_is_not_taken_for_today() {
    let stack = alone().await;
    let mut cached = stack.get(PATH).await.json();
    let today = stack.today();
    cached["reference_date"] = json!(today.checked_sub_days(Days::new(1)).unwrap());
    let key = stack.key("dashboard:stats:default:30");
    stack.write(redis::cmd("SET").arg(key).arg(cached.to_string()).arg("EX").arg(100)).await;
    for _ in 0..2 {
        assert_eq!(stack.get(PATH).await.json()["reference_date"], json!(today));
    }
    assert!(stack.keys().await.contains(&format!("dashboard:stats:{today}:30")));
}

#[tokio::test]
async fn wrong_parameters_are_named_and_cost_nothing() {
    let stack = alone().await;
    let date = "Parameter reference_date: Invalid date format, use YYYY-MM-DD";
    let days = "Parameter days is no number from 1 to 365";
    for (query, detail) in [
        ("days=0", days),
        ("days=366", days),
        ("days=-1", days),
        ("days=1.5", days),
        ("days=%2B5", days),
        ("days=many", days),
        ("days=", "Parameter days is empty"),
        ("days=1&days=1", "Parameter days is given more than once"),
        ("reference_date=2026-02-30", date),
        ("reference_date=20260209", date),
        ("reference_date=0000-12-31", date),
        ("reference_date=default", date),
        ("reference_date=", "Parameter reference_date is empty"),
    ] {
        let answer = stack.get(&format!("{PATH}?{query}")).await;
        assert_eq!(answer.problem(400).0, detail, "{query}");
    }
    assert_eq!(stack.keys().await, Vec::<String>::new());
    for edge in ["reference_date=0001-01-01&days=365", "reference_date=9999-12-31&days=365"] {
        assert_eq!(stack.get(&format!("{PATH}?{edge}")).await.status, 200, "{edge}");
    }
}

#[tokio::test]
async fn what_was_read_in_the_window_is_counted_and_nothing_else() {
    let stack = alone().await;
    // The halls' 8 March 2026 has 23 hours: from 08:00Z to 07:00Z.
    let (before, first) = ("2026-03-08T07:59:59Z", "2026-03-08T08:00:00Z");
    let (last, after) = ("2026-03-09T06:59:59Z", "2026-03-09T07:00:00Z");
    for (at, state, hall, vendor) in [
        (before, "changed", "hoch", "sodexo"),
        (first, "changed", "hoch", "sodexo"),
        (last, "failed", "hoch", "sodexo"),
        (last, "empty", "frary", "pomona"),
        (after, "broken", "hoch", "sodexo"),
    ] {
        stack.database.run(&format!(
            "insert into fetch_runs (vendor, document, hall_id, reason, state, started_at, finished_at, bytes, meals, items, skipped)
             values ('{vendor}', 'd', '{hall}', 'miss', '{state}', '{at}', timestamptz '{at}' + interval '300 ms', 1, 1, 1, 0)"
        )).await;
    }
    let stations = r#"[{"name":"Grill","items":[{"name":"A","description":null,"tags":["halal","vegan"]},
                                                {"name":"B","description":null,"tags":["vegan"]}]},
                       {"name":"Soups","items":[{"name":"C","description":null,"tags":[]}]}]"#;
    for (hall, date, meal, state, at) in [
        ("hoch", "2026-03-08", "lunch", "posted", first),
        ("hoch", "2999-03-08", "dinner", "posted", last),
        ("hoch", "2998-03-08", "dinner", "not_posted", last),
        ("frary", "2026-03-08", "tea", "posted", last),
        ("frank", "2026-03-08", "lunch", "posted", before),
        ("collins", "2026-03-08", "lunch", "posted", after),
        ("malott", "2026-03-08", "lunch", "closed", last),
    ] {
        stack.database.run(&format!(
            "insert into menu_days values ('{hall}', '{date}', '{state}', '{at}', '2999-01-01', 1,
                                          case '{state}' when 'closed' then null else timestamptz '{at}' end);
             insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
             values ('{hall}', '{date}', '{meal}', '{stations}', 2, 3, '{at}')"
        )).await;
    }
    stack
        .database
        .run("update menu_days set fresh_until = '2026-01-01' where date = '2999-03-08'")
        .await;

    let all = stack.get(&format!("{PATH}?reference_date=2026-03-08&days=1")).await.json();
    let overview = json!({
        "halls": 7, "menus": 4, "items": 12, "fetches": 3, "failed": 1, "success_ratio": 0.6667,
        "mean_ms": 300, "freshest": last, "stalest": last,
    });
    assert_eq!(all["overview"], overview);
    let vendor = row(&all["by_vendor"], "vendor_type", "sodexo");
    assert_eq!(
        (&vendor["halls"], &vendor["menus"], &vendor["failed"]),
        (&1.into(), &3.into(), &1.into())
    );
    let hoch = json!({
        "hall_id": "hoch", "name": "Hoch-Shanahan", "menus": 3, "items": 9, "fetches": 2,
        "failed": 1, "success_ratio": 0.5, "mean_ms": 300, "freshest": last,
    });
    assert_eq!(row(&all["by_hall"], "hall_id", "hoch"), &hoch);
    assert_eq!(row(&all["by_hall"], "hall_id", "malott")["menus"], 0);
    assert_eq!(
        all["by_meal"],
        json!([
            {"meal": "lunch", "menus": 1, "items": 3},
            {"meal": "dinner", "menus": 2, "items": 6},
            {"meal": "tea", "menus": 1, "items": 3},
        ])
    );
    assert_eq!(
        all["by_station"],
        json!([
            {"hall_id": "hoch", "station": "Grill", "menus": 3, "items": 6},
            {"hall_id": "hoch", "station": "Soups", "menus": 3, "items": 3},
            {"hall_id": "frary", "station": "Grill", "menus": 1, "items": 2},
            {"hall_id": "frary", "station": "Soups", "menus": 1, "items": 1},
        ])
    );
    assert_eq!(
        all["by_tag"],
        json!([
            {"tag": "vegan", "menus": 4, "items": 8},
            {"tag": "halal", "menus": 4, "items": 4},
        ])
    );
    assert_eq!(
        all["by_freshness"],
        json!([
            {"freshness": "fresh", "menus": 0, "items": 0},
            {"freshness": "stale", "menus": 1, "items": 3},
            {"freshness": "kept", "menus": 1, "items": 3},
            {"freshness": "past", "menus": 2, "items": 6},
        ])
    );
    let daily = |from: &str, days: u32| {
        let path = format!("{PATH}?reference_date={from}&days={days}");
        let stack = &stack;
        async move {
            let all = stack.get(&path).await.json();
            let rows = all["fetches_daily"].as_array().unwrap().clone();
            rows.iter().map(|day| day["fetches"].as_u64().unwrap()).collect::<Vec<_>>()
        }
    };
    assert_eq!(daily("2026-03-10", 5).await, [0, 1, 3, 1, 0], "6 to 10 March");
}

#[tokio::test]
async fn what_a_worker_saves_is_counted_as_it_is_served() {
    let stack = Stack::start().await;
    let menu = stack.menu(Hall::Hoch, stack.vendor_day(Hall::Hoch), "dinner").await.json();
    // A visitor does not wait for the menu to be saved, nor for the read to be put on record.
    stack.is_idle().await;
    let all = stack.get(&format!("{PATH}?days=2")).await.json();
    let hoch = row(&all["by_hall"], "hall_id", "hoch");
    assert_eq!((&hoch["fetches"], &hoch["success_ratio"]), (&1.into(), &1.0.into()));
    assert_eq!(
        (&hoch["freshest"], &hoch["freshest"]),
        (&menu["fetched_at"], &all["overview"]["stalest"])
    );
    let items = stack.database.number("select sum(item_count)::bigint from menus").await;
    assert_eq!(all["overview"]["items"], items);
    let tagged: i64 = stack
        .database
        .number(
            "select count(*) from menus,
             jsonb_path_query(stations, '$[*].items[*] ? (exists (@.tags[*] ? (@ == \"vegetarian\")))')",
        )
        .await;
    assert!(tagged > 0);
    assert_eq!(row(&all["by_tag"], "tag", "vegetarian")["items"], tagged);
    assert_eq!(row(&all["by_freshness"], "freshness", "fresh")["items"], items);
    let stations: i64 = all["by_station"]
        .as_array()
        .unwrap()
        .iter()
        .map(|station| station["items"].as_i64().unwrap())
        .sum();
    assert_eq!(stations, items);
}
