//! What an answer holds, for how long, and what is no question.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Stack, eventually};

use super::*;

#[tokio::test]
async fn the_open_halls_are_listed_by_name_with_what_they_serve() {
    let stack = stack_with(&[]).await;
    let answer = ask(&stack, "at=2026-11-30T12:00:00-08:00").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let row = |id: &str, name: &str, college: &str, color: &str, meal: &str, times: [&str; 2]| {
        let [opens, closes] = times.map(|time| format!("2026-11-30T{time}:00-08:00"));
        json!({"id": id, "name": name, "college": college, "color": color,
               "current_meal": meal, "opens_at": opens, "closes_at": closes})
    };
    let halls = json!([
        row("collins", "Collins", "Claremont McKenna", "#8b0000", "lunch", ["11:00", "13:00"]),
        row("frank", "Frank", "Pomona", "#004b8d", "brunch", ["10:30", "13:30"]),
        row("frary", "Frary", "Pomona", "#004b8d", "lunch", ["11:00", "13:30"]),
        row("hoch", "Hoch-Shanahan", "Harvey Mudd", "#eaaa00", "lunch", ["11:15", "13:00"]),
        row("malott", "Malott", "Scripps", "#2e5339", "lunch", ["11:00", "14:00"]),
        row("mcconnell", "McConnell", "Pitzer", "#f47920", "lunch", ["11:00", "13:30"]),
    ]);
    assert_eq!(answer.json(), halls, "and Oldenborg is closed until further notice");
    let fields = r##"[{"id":"collins","name":"Collins","college":"Claremont McKenna","color":"#8b0000","current_meal":"lunch","opens_at":""##;
    assert!(answer.text.starts_with(fields), "{}", answer.text);

    let nobody = ask(&stack, "at=2026-11-30T03:00:00-08:00").await;
    assert_eq!((nobody.status, nobody.text.as_str()), (200, "[]"));
    // The same instant in any writing.
    for at in ["2026-11-30T20:00:00Z", "2026-12-01T05:00:00+09:00", "2026-11-30t20:00:00.999z"] {
        assert_eq!(ask(&stack, &format!("at={at}")).await.text, answer.text, "{at}");
    }
    let plus_unescaped = stack.get(&format!("{PATH}?at=2026-12-01T05:00:00+09:00")).await;
    assert_eq!(plus_unescaped.text, answer.text);
}

#[tokio::test]
async fn closed_halls_are_listed_on_demand_with_their_next_opening() {
    let stack = stack_with(&[
        "'hoch', '2026-11-30', null, null, null",
        "'hoch', '2026-12-01', 'breakfast', null, null",
        "'oldenborg', '2026-12-14', null, '12:00', '14:00'",
    ])
    .await;
    let answer = ask(&stack, "include_closed=true&at=2026-11-30T12:30:00-08:00").await;
    let body = answer.json();
    let halls = body.as_array().unwrap();
    let ids: Vec<&str> = halls.iter().map(|hall| hall["id"].as_str().unwrap()).collect();
    let by_name = ["collins", "frank", "frary", "hoch", "malott", "mcconnell", "oldenborg"];
    assert_eq!(ids, by_name);
    assert_eq!(
        halls[3],
        json!({"id": "hoch", "name": "Hoch-Shanahan", "college": "Harvey Mudd", "color": "#eaaa00",
               "current_meal": null, "opens_at": null, "closes_at": null,
               "next_opening": {"meal": "lunch", "opens_at": "2026-12-01T11:15:00-08:00",
                                "closes_at": "2026-12-01T13:00:00-08:00"}})
    );
    let special = json!({"meal": "special", "opens_at": "2026-12-14T12:00:00-08:00",
                         "closes_at": "2026-12-14T14:00:00-08:00"});
    assert_eq!(halls[6]["next_opening"], special);
    assert_eq!(halls[0]["current_meal"], "lunch");
    assert!(halls[0].get("next_opening").is_none(), "an open hall is as in the short list");

    let too_far = ask(&stack, "include_closed=true&at=2026-11-30T11:59:59-08:00").await.json();
    assert_eq!(too_far[6]["id"], "oldenborg");
    assert_eq!(too_far[6].get("next_opening"), Some(&Value::Null), "not within fourteen days");

    let at = "at=2026-11-30T12:30:00-08:00";
    let short = ask(&stack, at).await;
    assert_eq!(ask(&stack, &format!("include_closed=false&{at}")).await.text, short.text);
    let open: Vec<&Value> = halls.iter().filter(|hall| !hall["current_meal"].is_null()).collect();
    assert_eq!(json!(open), short.json());
}

#[tokio::test]
async fn an_answer_holds_until_the_next_change_and_a_minute_at_most() {
    let stack = stack_with(&[]).await;
    for (at, seconds) in [
        ("2026-11-30T03:00:00-08:00", 60),
        ("2026-11-30T12:58:59-08:00", 60),
        ("2026-11-30T12:59:00-08:00", 60),
        ("2026-11-30T12:59:01-08:00", 59),
        // Never past the change, so rounded down.
        ("2026-11-30T12:59:50.001-08:00", 9),
        ("2026-11-30T12:59:59.5-08:00", 0),
        ("2026-11-30T13:00:00-08:00", 60),
        // Nobody is open yet, and Collins, Frank, Frary, Hoch and Malott open next.
        ("2026-11-30T07:29:45-08:00", 15),
        // The second sitting of the same meal is a change too.
        ("2026-11-30T08:59:30-08:00", 30),
    ] {
        for mode in ["", "&include_closed=true"] {
            let answer = ask(&stack, &format!("at={at}{mode}")).await;
            let control = answer.header("cache-control");
            assert_eq!(control, format!("public, max-age={seconds}"), "{at}: never stale");
        }
    }
    let known = ask(&stack, "at=2026-11-30T12:30:00-08:00").await;
    let path = format!("{PATH}/?at=2026-11-30T12:40:00-08:00");
    let headers = [("if-none-match", known.header("etag")), ("origin", "https://app.example")];
    let unchanged = stack.ask(0, Method::GET, &path, &headers).await;
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""), "nothing has changed");
    assert_eq!(unchanged.header("cache-control"), "public, max-age=60");
    assert_eq!(unchanged.header("access-control-allow-origin"), "*");
    let head = stack.ask(0, Method::HEAD, &path, &[]).await;
    assert_eq!((head.status, head.header("etag")), (200, known.header("etag")));
    assert!(head.text.is_empty());
}

#[tokio::test]
async fn now_is_now() {
    let stack = Stack::wanted().workers(0).start().await;
    // Open at any time, whenever this runs: from noon to a minute before noon.
    for day in [-1, 0, 1] {
        let date = stack.today() + chrono::TimeDelta::days(day);
        stack
            .database
            .run(&format!(
                "insert into dining_hours_overrides (hall_id, date, start_time, end_time)
                 values ('oldenborg', '{date}', '12:00', '11:59:59')"
            ))
            .await;
    }
    let found = eventually("Oldenborg is open", Duration::from_secs(5), async || {
        let answer = stack.get(PATH).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.max_age()? <= 60, "{answer:?}");
        let body = answer.json();
        body.as_array()?.iter().find(|hall| hall["id"] == "oldenborg").cloned()
    })
    .await;
    assert_eq!(found["current_meal"], "special");
    let [opens, closes] = ["opens_at", "closes_at"]
        .map(|name| chrono::DateTime::parse_from_rfc3339(found[name].as_str().unwrap()).unwrap());
    let now = chrono::Utc::now();
    assert!(opens <= now && now < closes + chrono::TimeDelta::seconds(1), "{found}");
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let stack = stack_with(&[]).await;
    let no_time = "Parameter at is no RFC 3339 time of the years 2000 to 2099, like 2026-02-09T12:00:00-08:00";
    let no_flag = "Parameter include_closed is neither true nor false";
    for (query, detail) in [
        ("at=", "Parameter at is empty"),
        ("at=now", no_time),
        ("at=2026-02-09", no_time),
        ("at=2026-02-09T12:00:00", no_time),
        ("at=2026-02-30T12:00:00Z", no_time),
        ("at=1999-12-31T23:59:59Z", no_time),
        ("at=2100-01-01T00:00:00Z", no_time),
        ("at=0000-01-01T00:00:00+23:59", no_time),
        ("at=9999-12-31T23:59:59-23:59", no_time),
        ("at=+262143-12-31T23:59:59Z", no_time),
        ("at=-262144-01-01T00:00:00Z", no_time),
        ("at=99999999999999999999", no_time),
        ("at=2026-02-09T12:00:00Z&at=2026-02-09T12:00:00Z", "Parameter at is given more than once"),
        ("at=%ff", "Parameter at is not UTF-8"),
        ("include_closed=", "Parameter include_closed is empty"),
        ("include_closed=1", no_flag),
        ("include_closed=TRUE", no_flag),
    ] {
        assert_eq!(ask(&stack, query).await.problem(400).0, detail, "{query}");
    }
    // The first and the last instant that there is.
    for at in ["2000-01-01T00:00:00Z", "2099-12-31T23:59:59Z"] {
        let answer = ask(&stack, &format!("include_closed=true&at={at}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json().as_array().unwrap().len(), 7);
    }
    assert_eq!(ask(&stack, "utm_source=x&page=0").await.status, 200);
}
