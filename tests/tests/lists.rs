//! The lists: all halls, and what is known of one hall from today on.

use chrono::{Days, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Stack};

async fn alone() -> Stack {
    Stack::wanted().workers(0).start().await
}

#[expect(clippy::unwrap_used, reason = "that is what a test does")]
fn all<'a>(answer: &'a Value, field: &str) -> Vec<&'a Value> {
    answer.as_array().unwrap().iter().map(|row| &row[field]).collect()
}

/// The targets of the `link` header, by relation.
fn link(answer: &Answer, relation: &str) -> Option<String> {
    let end = format!(">; rel=\"{relation}\"");
    answer
        .header("link")
        .split(", ")
        .find_map(|link| Some(link.strip_suffix(&end)?.strip_prefix('<')?.to_owned()))
}

#[tokio::test]
async fn the_seven_halls_come_by_name_with_the_headers_of_every_answer() {
    let stack = alone().await;
    let answer = stack.get("/api/v2/halls").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let halls = answer.json();
    let names = ["Collins", "Frank", "Frary", "Hoch-Shanahan", "Malott", "McConnell", "Oldenborg"];
    assert_eq!(all(&halls, "name"), names);
    let hoch = json!({
        "id": "hoch", "name": "Hoch-Shanahan", "college": "Harvey Mudd",
        "vendor_type": "sodexo", "color": "#eaaa00",
    });
    assert_eq!(halls[3], hoch);
    assert!(link(&answer, "first").is_none() && answer.headers.get("x-total-count").is_none());
    assert_eq!(answer.header("cache-status"), "menus5c; fwd=miss; stored");

    let etag = answer.header("etag").to_owned();
    let unchanged = stack.ask(0, Method::GET, "/api/v2/halls", &[("if-none-match", &etag)]).await;
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
    let head = stack.ask(0, Method::HEAD, "/api/v2/halls/", &[]).await;
    assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", etag.as_str()));
    assert!(head.header("cache-status").starts_with("menus5c; hit; ttl="), "{head:?}");
}

#[tokio::test]
async fn pages_lead_from_the_first_hall_to_the_last_and_back() {
    let stack = alone().await;
    let whole = stack.get("/api/v2/halls").await.json();
    let (mut path, mut met) = ("/api/v2/halls?x=%20y&page_size=3".to_owned(), Vec::new());
    let mut previous = None;
    loop {
        let page = stack.get(&path).await;
        assert_eq!((page.status, page.header("x-total-count")), (200, "7"), "{page:?}");
        assert_eq!(link(&page, "first").unwrap(), "/api/v2/halls?x=%20y&page=1&page_size=3");
        assert_eq!(link(&page, "last").unwrap(), "/api/v2/halls?x=%20y&page=3&page_size=3");
        assert_eq!(link(&page, "prev"), previous);
        met.extend(page.json().as_array().unwrap().clone());
        let Some(next) = link(&page, "next") else { break };
        previous = Some(format!("/api/v2/halls?x=%20y&page={}&page_size=3", met.len() / 3));
        path = next;
    }
    assert_eq!(Value::Array(met), whole);

    let beyond = stack.get("/api/v2/halls?page=9&page_size=100").await;
    assert_eq!((beyond.status, beyond.text.as_str()), (200, "[]"));
    assert_eq!(link(&beyond, "prev").unwrap(), "/api/v2/halls?page=1&page_size=100");
    assert_eq!(stack.get("/api/v2/halls?page=1").await.json(), whole);
    let slash = stack.get("/api/v2/halls/?page=2&page_size=1").await;
    assert_eq!(link(&slash, "next").unwrap(), "/api/v2/halls/?page=3&page_size=1");
    let plain = stack.get("/api/v2/halls?page=2&page_size=1").await;
    assert_eq!(link(&plain, "next").unwrap(), "/api/v2/halls?page=3&page_size=1");
    for page in ["/api/v2/halls?page=4294967295&page_size=100", "/api/v2/halls?college=Nowhere"] {
        assert_eq!(stack.get(page).await.text, "[]", "{page}");
    }
}

#[tokio::test]
async fn a_filter_goes_past_the_cache() {
    let stack = alone().await;
    let whole = stack.get("/api/v2/halls").await;
    stack.database.run("update halls set name = 'Hoch' where id = 'hoch'").await;
    assert_eq!(stack.get("/api/v2/halls").await.text, whole.text, "cached");
    for (filter, ids) in [
        ("vendor_type=sodexo", vec!["hoch"]),
        ("college=harvey%20mudd", vec!["hoch"]),
        ("college=Pomona&vendor_type=pomona", vec!["frank", "frary", "oldenborg"]),
        ("college=Pomona&vendor_type=sodexo", vec![]),
        ("vendor_type=nobody", vec![]),
        ("college=Pomona%00", vec![]),
    ] {
        let answer = stack.get(&format!("/api/v2/halls?{filter}")).await;
        let halls = answer.json();
        assert_eq!(all(&halls, "id"), ids, "{filter}");
        assert_eq!(answer.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
        assert!(!ids.contains(&"hoch") || halls[0]["name"] == "Hoch", "{halls}");
    }
    let page = stack.get("/api/v2/halls?college=Pomona&page=2&page_size=2").await;
    assert_eq!(all(&page.json(), "id"), ["oldenborg"]);
    assert_eq!(page.header("x-total-count"), "3");
    assert_eq!(
        link(&page, "prev").unwrap(),
        "/api/v2/halls?college=Pomona&page=1&page_size=2",
        "the filter stays"
    );
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let stack = alone().await;
    let (number, size) = ("is no number from 1 to 4294967295", "is no number from 1 to 100");
    let long = "x".repeat(65);
    for (query, detail) in [
        ("halls?page=0", format!("Parameter page {number}")),
        ("halls?page=-1", format!("Parameter page {number}")),
        ("halls?page=4294967296", format!("Parameter page {number}")),
        ("halls?page=one&page_size=5", format!("Parameter page {number}")),
        ("halls?page=", "Parameter page is empty".to_owned()),
        ("halls?page=1&page=2", "Parameter page is given more than once".to_owned()),
        ("halls?page_size=0", format!("Parameter page_size {size}")),
        ("halls?page_size=101", format!("Parameter page_size {size}")),
        ("halls?college=", "Parameter college is empty".to_owned()),
        ("halls?college=%ff", "Parameter college is not UTF-8".to_owned()),
        (
            "halls/hoch/menus?from=2026-2-9",
            "Parameter from: Invalid date format, use YYYY-MM-DD".to_owned(),
        ),
        (
            "halls/hoch/menus?to=2026-02-30",
            "Parameter to: Invalid date format, use YYYY-MM-DD".to_owned(),
        ),
        ("halls/hoch/menus?page_size=x", format!("Parameter page_size {size}")),
        ("halls/%ff/menus", "Parameter hall_id is not UTF-8".to_owned()),
        (&format!("halls/{long}/menus"), "Parameter hall_id is longer than 64 bytes".to_owned()),
    ] {
        let answer = stack.get(&format!("/api/v2/{query}")).await;
        assert_eq!(answer.problem(400).0, detail, "{query}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{query}");
    }
    for (hall, shown) in [("nowhere", "nowhere"), ("HOCH", "HOCH"), ("menu%3Ahoch", "menu:hoch")] {
        let answer = stack.get(&format!("/api/v2/halls/{hall}/menus?page=0")).await;
        assert_eq!(answer.problem(404).0, format!("Unknown hall_id: {shown}"));
    }
    for path in ["/api/v2/halls/hoch", "/api/v2/halls//menus", "/api/v2/halls/hoch/menus/x"] {
        let _ = stack.get(path).await.problem(404);
    }
    let post = stack.ask(0, Method::POST, "/api/v2/halls/hoch/menus", &[]).await;
    let _ = post.problem(405);
    assert_eq!(stack.keys().await, Vec::<String>::new());
}

/// Saves a day of a hall, with these menus read this many minutes ago.
async fn save(stack: &Stack, date: NaiveDate, state: &str, ends: &str, menus: &[(&str, u32)]) {
    // One instant for all rows, however long they take.
    let read = (chrono::Utc::now() - chrono::Duration::minutes(10)).format("%FT%TZ");
    let read = format!("timestamptz '{read}'");
    let newest = menus.iter().map(|(_, ago)| ago).min().copied().unwrap_or_default();
    let menus_read = match state {
        "closed" => "null".to_owned(),
        "posted" => read.clone(),
        _ => format!("{read} - interval '{newest} minutes'"),
    };
    stack
        .database
        .run(&format!(
            "insert into menu_days values ('hoch', '{date}', '{state}', {read}, {read} + interval '{ends}', 1, {menus_read})"
        ))
        .await;
    for (meal, ago) in menus {
        let item = r#"{"name":"Soup","description":null,"tags":["vegan"]}"#;
        stack
            .database
            .run(&format!(
                "insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
                 values ('hoch', '{date}', '{meal}', '[{{\"name\":\"Grill\",\"items\":[{item},{item}]}}]', 1, 2,
                         {read} - interval '{ago} minutes')"
            ))
            .await;
    }
}

#[tokio::test]
async fn what_is_known_of_a_hall_comes_from_today_on_in_the_order_of_a_day() {
    let stack = alone().await;
    let (today, day) = (stack.today(), |days| stack.in_days(days));
    let yesterday = today.checked_sub_days(Days::new(1)).unwrap();
    save(&stack, yesterday, "posted", "1 day", &[("lunch", 0)]).await;
    save(&stack, today, "posted", "1 minute", &[("dinner", 0), ("lunch", 30)]).await;
    let meals =
        ["tea", "late_night", "dinner", "snack", "lunch", "brunch", "breakfast", "afternoon"];
    save(&stack, day(1), "posted", "30 minutes", &meals.map(|meal| (meal, 0))).await;
    save(&stack, day(2), "not_posted", "30 minutes", &[("lunch", 60)]).await;
    save(&stack, day(3), "closed", "30 minutes", &[("lunch", 0)]).await;

    let answer = stack.get("/api/v2/halls/hoch/menus").await;
    let menus = answer.json();
    let rows: Vec<(String, &str, bool)> = menus
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert_eq!((&row["station_count"], &row["item_count"]), (&1.into(), &2.into()));
            assert!(row["fetched_at"].as_str().unwrap().ends_with('Z'), "{row}");
            assert_eq!(row.as_object().unwrap().len(), 6, "{row}");
            let text = |name: &str| row[name].as_str().unwrap();
            (text("date").to_owned(), text("meal"), row["is_stale"] == true)
        })
        .collect();
    let tomorrow =
        ["breakfast", "brunch", "lunch", "snack", "dinner", "late_night", "afternoon", "tea"];
    let mut expected = vec![(today.to_string(), "dinner", true)];
    expected.extend(tomorrow.map(|meal| (day(1).to_string(), meal, false)));
    expected.push((day(2).to_string(), "lunch", true));
    assert_eq!(rows, expected, "withdrawn, closed and past ones are not there");

    let page = stack.get("/api/v2/halls/hoch/menus?page=2&page_size=4").await;
    assert_eq!((page.header("x-total-count"), &page.json()[0]), ("10", &menus[4]));
    let other = stack.get("/api/v2/halls/collins/menus").await;
    assert_eq!((other.status, other.text.as_str()), (200, "[]"), "nothing is known: no 404");
    for (filter, rows) in [
        ("meal=Lunch".to_owned(), vec![3, 9]),
        ("meal=late-night".to_owned(), vec![6]),
        ("meal=l%21".to_owned(), vec![]),
        ("meal=lunch%00".to_owned(), vec![]),
        (format!("from={yesterday}&to={today}"), vec![0]),
        (format!("to={yesterday}"), vec![]),
        (format!("from={}", day(2)), vec![9]),
        (format!("from={}&to={}&meal=lunch", day(1), day(1)), vec![3]),
    ] {
        let answer = stack.get(&format!("/api/v2/halls/hoch/menus?{filter}")).await;
        let wanted: Vec<&Value> = rows.iter().map(|row| &menus[*row]).collect();
        assert_eq!(answer.json(), json!(wanted), "{filter}");
        assert_eq!(answer.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
    }
}

#[tokio::test]
async fn a_cached_list_shows_no_past_and_nothing_stale_as_fresh() {
    let stack = alone().await;
    let (today, key) = (stack.today(), stack.key("menus:upcoming:hoch"));
    let yesterday = today.checked_sub_days(Days::new(1)).unwrap();
    let row = |date: NaiveDate, meal: &str, fresh_until: Option<i64>| {
        let at =
            |seconds: i64| (chrono::Utc::now() + chrono::Duration::seconds(seconds)).to_rfc3339();
        json!({
            "date": date, "meal": meal, "station_count": 1, "item_count": 2,
            "fetched_at": "2026-02-09T19:02:11Z", "fresh_until": fresh_until.map(at),
        })
    };
    let list = json!([
        row(yesterday, "lunch", Some(600)),
        row(today, "lunch", Some(-1)),
        row(today, "dinner", Some(20)),
        row(stack.in_days(1), "dinner", None),
    ]);
    stack.write(redis::cmd("SET").arg(&key).arg(list.to_string()).arg("EX").arg(250)).await;
    let answer = stack.get("/api/v2/halls/hoch/menus").await;
    let menus = answer.json();
    assert!(answer.header("cache-status").starts_with("menus5c; hit; ttl="), "{answer:?}");
    assert_eq!(all(&menus, "meal"), ["lunch", "dinner", "dinner"], "midnight has passed");
    assert_eq!(all(&menus, "is_stale"), [true, false, true]);
    assert!(answer.max_age().unwrap() <= 20, "until the first of them turns stale: {answer:?}");
}
