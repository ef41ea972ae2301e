//! Opening hours of single days are changed from the ops side, and hold at every api at once.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail in any way")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{America::Los_Angeles, Tz};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, OpsSide, Stack, eventually};

async fn start() -> (Stack, OpsSide) {
    let stack = Stack::wanted().apis(2).start().await;
    let ops = OpsSide::of(&stack.workers[0]);
    (stack, ops)
}

/// What an api says of a hall, now or at an instant: `lunch 11:15 13:00`, or `closed`.
async fn said(stack: &Stack, api: usize, hall: &str, at: Option<&str>) -> String {
    let at = at.map_or_else(String::new, |at| format!("?at={}", at.replace('+', "%2B")));
    let answer = stack.ask(api, Method::GET, &format!("/api/v2/open-now{at}"), &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let hall = body.as_array().unwrap().iter().find(|row| row["id"] == hall).cloned();
    hall.map_or_else(
        || "closed".to_owned(),
        |row| {
            ["current_meal", "opens_at", "closes_at"]
                .map(|name| row[name].as_str().unwrap().to_owned())
                .join(" ")
        },
    )
}

/// At once: as fast as Redis tells, and far sooner than anything expires.
async fn is_said(stack: &Stack, hall: &str, at: Option<&str>, expected: &str) {
    for api in 0..2 {
        eventually(expected, Duration::from_secs(2), async || {
            (said(stack, api, hall, at).await == expected).then_some(())
        })
        .await;
    }
}

fn done(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["result"].as_str().unwrap_or_default().to_owned()
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["detail"].as_str().unwrap_or_default().to_owned())
}

async fn newest(stack: &Stack) -> i64 {
    stack.database.number("select max(id) from dining_hours_overrides").await
}

async fn count(stack: &Stack) -> i64 {
    stack.database.number("select count(*) from dining_hours_overrides").await
}

#[tokio::test]
async fn a_special_opening_of_now_holds_at_every_api_at_once_and_so_does_its_end() {
    let (stack, ops) = start().await;
    let local = |at: DateTime<Utc>| at.with_timezone(&Los_Angeles);
    let (opens, closes) =
        (local(Utc::now() - TimeDelta::hours(1)), local(Utc::now() + TimeDelta::hours(2)));
    let before = [said(&stack, 0, "hoch", None).await, said(&stack, 1, "hoch", None).await];
    let hhmm = |at: &DateTime<Tz>| at.format("%H:%M").to_string();
    let arguments = json!({
        "hall": "hoch", "date": opens.date_naive(), "start": hhmm(&opens), "end": hhmm(&closes), "reason": "feast",
    });
    let added = done(&ops.act("add-override", &arguments).await);
    assert!(
        added.contains("Special opening at hoch") && added.ends_with("It holds at once"),
        "{added}"
    );
    let minute = |at: &DateTime<Tz>| at.format("%Y-%m-%dT%H:%M:00%:z").to_string();
    is_said(&stack, "hoch", None, &format!("special {} {}", minute(&opens), minute(&closes))).await;

    let again = done(&ops.act("add-override", &arguments).await);
    assert!(again.starts_with("Nothing to do: Override") && count(&stack).await == 1, "{again}");
    let id = newest(&stack).await;
    done(&ops.act("delete-override", &json!({ "id": id })).await);
    if before[0] == before[1] {
        is_said(&stack, "hoch", None, &before[0]).await;
    }
    assert_eq!(count(&stack).await, 0);
    let gone = ops.act("delete-override", &json!({ "id": id })).await;
    assert_eq!(refused(&gone), (404, "There is no such override (any more)".to_owned()));
}

#[tokio::test]
async fn every_kind_of_override_holds_at_once() {
    let (stack, ops) = start().await;
    let day = stack.weekday();
    let next = day.succ_opt().unwrap();
    let at = |day: chrono::NaiveDate, time: &str| {
        let local = day.and_time(time.parse().unwrap()).and_local_timezone(Los_Angeles).unwrap();
        local.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    };
    let span = |meal: &str, from: &str, to: String| format!("{meal} {} {to}", at(day, from));
    let usual = span("lunch", "11:15:00", at(day, "13:00:00"));
    is_said(&stack, "hoch", Some(&at(day, "12:00:00")), &usual).await;

    for (arguments, when, expected) in [
        (json!({ "meal": "lunch", "closed": true }), at(day, "12:00:00"), "closed".to_owned()),
        (
            json!({ "meal": "dinner", "start": "20:00", "end": "21:00" }),
            at(day, "20:30:00"),
            span("dinner", "20:00:00", at(day, "21:00:00")),
        ),
        (
            json!({ "meal": "late_night", "start": "22:30", "end": "01:30" }),
            at(next, "01:00:00"),
            span("late_night", "22:30:00", at(next, "01:30:00")),
        ),
        (
            json!({ "start": "14:00", "end": "15:00" }),
            at(day, "14:30:00"),
            span("special", "14:00:00", at(day, "15:00:00")),
        ),
        (json!({ "closed": true }), at(day, "14:30:00"), "closed".to_owned()),
    ] {
        let mut whole = arguments.clone();
        whole["hall"] = "hoch".into();
        whole["date"] = day.to_string().into();
        let answer = done(&ops.act("add-override", &whole).await);
        is_said(&stack, "hoch", Some(&when), &expected).await;
        assert!(answer.starts_with("Override "), "{answer}");
    }
    let listed = ops.get("/ops/api/overrides").await.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 5, "{listed:?}");
    for row in listed {
        done(&ops.act("delete-override", &json!({ "id": row["id"] })).await);
    }
    is_said(&stack, "hoch", Some(&at(day, "12:00:00")), &usual).await;
    let records = "select count(*) from ops_audit where succeeded and action in ('add-override', 'delete-override')";
    assert_eq!(stack.database.number(records).await, 10);
}

#[tokio::test]
async fn what_contradicts_itself_or_another_override_is_refused_by_name() {
    let (stack, ops) = start().await;
    let day = stack.in_days(9).to_string();
    let with = |mut arguments: Value| {
        for (name, value) in [("hall", "frary"), ("date", day.as_str())] {
            if arguments.get(name).is_none() {
                arguments[name] = value.into();
            }
        }
        arguments
    };
    let (first, last) = (stack.today().pred_opt().unwrap(), stack.in_days(730));
    for (arguments, why) in [
        (json!({}), "closed or both times must be given: start and end".to_owned()),
        (json!({ "closed": true, "start": "10:00", "end": "11:00" }), "closed and times contradict each other".to_owned()),
        (json!({ "start": "10:00" }), "end is missing beside start".to_owned()),
        (json!({ "start": "10:00", "end": "10:00" }), "end must differ from start: such hours are never open".to_owned()),
        (json!({ "start": "25:00", "end": "10:00" }), "start must be a time of day, written HH:MM (midnight is 00:00)".to_owned()),
        (json!({ "meal": "tea", "closed": true }), "meal must be one of breakfast, brunch, lunch, snack, dinner, late_night, or empty for the whole day".to_owned()),
        (json!({ "hall": "Frary", "closed": true }), "hall must be one of the seven halls".to_owned()),
        (json!({ "date": "2026-02-29", "closed": true }), "date must be a day, written YYYY-MM-DD".to_owned()),
        (json!({ "date": stack.today() - chrono::Days::new(2), "closed": true }), format!("date must be from {first} to {last}")),
        (json!({ "closed": true, "reason": "x".repeat(201) }), "reason must be one line of 200 characters at most".to_owned()),
        (json!({ "closed": true, "stat": "10:00" }), "stat is not known here".to_owned()),
    ] {
        let answer = ops.act("add-override", &with(arguments)).await;
        assert_eq!(refused(&answer), (422, why));
    }
    assert_eq!(count(&stack).await, 0);

    done(
        &ops.act(
            "add-override",
            &with(json!({ "meal": "dinner", "start": "17:00", "end": "19:00" })),
        )
        .await,
    );
    let dinner = newest(&stack).await;
    let overlap = ops
        .act("add-override", &with(json!({ "meal": "dinner", "start": "18:00", "end": "20:00" })))
        .await;
    assert_eq!(refused(&overlap), (409, format!("It overlaps with override {dinner} of the same")));
    let form = format!("hall=frary&date={day}&closed=yes");
    let asked = ops.form("/ops/actions/add-override", &form).await;
    assert!(
        asked.text.contains(&format!("Override {dinner} has no effect beside it")),
        "{asked:?}"
    );
    assert_eq!(count(&stack).await, 1, "only asked");
    let shut = ops.form("/ops/actions/add-override", &format!("{form}&confirm=yes")).await;
    assert!(shut.status == 200 && shut.text.contains("Closed all day at frary"), "{shut:?}");
    let shut = newest(&stack).await;
    let lunch = ops
        .act("add-override", &with(json!({ "meal": "lunch", "start": "11:00", "end": "12:00" })))
        .await;
    assert_eq!(
        refused(&lunch),
        (409, format!("Override {shut} closes the whole day; delete that first"))
    );
    assert_eq!(count(&stack).await, 2);
    let page = ops.get("/ops/overrides").await;
    assert!(page.text.contains("17:00 to 19:00") && page.text.contains("closed"), "{page:?}");
    assert_eq!(ops.get("/ops/overrides?from=never").await.status, 422);
}

#[tokio::test]
async fn two_who_add_the_same_at_once_add_one() {
    let (stack, ops) = start().await;
    let day = stack.in_days(9);
    let arguments = json!({ "hall": "frank", "date": day, "closed": true });
    let answers =
        futures::future::join_all((0..12).map(|_| ops.act("add-override", &arguments))).await;
    assert_eq!(count(&stack).await, 1);
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)), "{answers:?}");
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert_eq!(stack.database.number("select count(*) from ops_audit").await, 12);
}

#[tokio::test]
async fn hours_that_an_api_wrote_back_too_late_are_dropped_once_more() {
    let (stack, ops) = start().await;
    let day = stack.weekday();
    let at = format!("{day}T12:00:00-08:00");
    said(&stack, 0, "hoch", Some(&at)).await;
    let key = stack.key("hours:all");
    let mut redis = stack.redis().await;
    let old: String = redis::cmd("GET").arg(&key).query_async(&mut redis).await.unwrap();
    done(&ops.act("add-override", &json!({ "hall": "hoch", "date": day, "closed": true })).await);
    // An api that had read the table before the change writes what it read.
    stack.write(redis::cmd("SET").arg(&key).arg(&old).arg("EX").arg(300)).await;
    eventually("it is right again", Duration::from_secs(10), async || {
        (said(&stack, 0, "hoch", Some(&at)).await == "closed").then_some(())
    })
    .await;
}
