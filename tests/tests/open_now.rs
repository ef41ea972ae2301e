//! Who is open now: right at every second of every day, also the odd ones.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tests::{Answer, Stack, eventually};

const PATH: &str = "/api/v2/open-now";

async fn stack_with(overrides: &[&str]) -> Stack {
    let stack = Stack::wanted().workers(0).start().await;
    for row in overrides {
        let columns = "hall_id, date, meal, start_time, end_time, reason";
        let sql = format!("insert into dining_hours_overrides ({columns}) values ({row}, 'test')");
        stack.database.run(&sql).await;
    }
    stack
}

async fn ask(stack: &Stack, query: &str) -> Answer {
    stack.get(&format!("{PATH}?{}", query.replace('+', "%2B"))).await
}

/// `hoch lunch 2026-02-09T11:15:00-08:00 2026-02-09T13:00:00-08:00`, a line for each open hall.
async fn open_at(stack: &Stack, at: &str) -> Vec<String> {
    let answer = ask(stack, &format!("at={at}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let text = |hall: &Value, name: &str| hall[name].as_str().expect(name).to_owned();
    let line = |hall: &Value| {
        ["id", "current_meal", "opens_at", "closes_at"].map(|name| text(hall, name)).join(" ")
    };
    body.as_array().expect("a list").iter().map(line).collect()
}

/// What is said of one hall.
async fn hall_at(stack: &Stack, hall: &str, at: &str) -> String {
    let open = open_at(stack, at).await;
    let line = open.iter().find_map(|line| line.strip_prefix(&format!("{hall} ")));
    line.unwrap_or("closed").to_owned()
}

async fn holds(stack: &Stack, hall: &str, table: &[(&str, &str)]) {
    for (at, said) in table {
        assert_eq!(hall_at(stack, hall, at).await, *said, "{hall} at {at}");
    }
}

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
    let fields = r#"[{"id":"collins","name":"Collins","college":"Claremont McKenna","color":"#8b0000","current_meal":"lunch","opens_at":""#;
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
async fn the_seeded_hours_hold_to_the_second() {
    let stack = stack_with(&[]).await;
    let lunch = "lunch 2026-11-30T11:15:00-08:00 2026-11-30T13:00:00-08:00";
    let monday = [
        ("2026-11-30T11:14:59-08:00", "closed"),
        ("2026-11-30T11:14:59.999999999-08:00", "closed"),
        ("2026-11-30T11:15:00-08:00", lunch),
        ("2026-11-30T12:59:59.999999999-08:00", lunch),
        ("2026-11-30T13:00:00-08:00", "closed"),
    ];
    holds(&stack, "hoch", &monday).await;
    let brunch = "brunch 2026-11-28T10:00:00-08:00 2026-11-28T13:00:00-08:00";
    let lunch = "lunch 2026-11-28T11:00:00-08:00 2026-11-28T14:00:00-08:00";
    let saturday = [
        ("2026-11-28T10:59:59-08:00", brunch),
        // Of two meals at once the one that started last.
        ("2026-11-28T11:00:00-08:00", lunch),
        ("2026-11-28T13:00:00-08:00", lunch),
    ];
    holds(&stack, "malott", &saturday).await;
    holds(&stack, "frank", &[("2026-11-28T12:00:00-08:00", "closed")]).await;
    let late = "late_night 2026-12-03T22:30:00-08:00 2026-12-03T23:30:00-08:00";
    let nights = [("2026-12-03T23:00:00-08:00", late), ("2026-12-04T23:00:00-08:00", "closed")];
    holds(&stack, "collins", &nights).await;
    let lunch = "lunch 2026-08-31T12:00:00-07:00 2026-08-31T13:00:00-07:00";
    let notice =
        [("2026-08-31T12:00:00-07:00", lunch), ("2026-09-01T12:00:00-07:00", "closed")];
    holds(&stack, "oldenborg", &notice).await;
}

#[tokio::test]
async fn an_override_wins_on_its_date() {
    let stack = stack_with(&[
        "'hoch', '2026-11-30', 'lunch', null, null",
        "'hoch', '2026-12-01', null, null, null",
        "'hoch', '2026-12-02', 'lunch', '12:00', '12:45'",
        "'hoch', '2026-12-03', 'brunch', '10:00', '11:00'",
        "'hoch', '2026-12-04', null, '09:00', '14:00'",
        "'hoch', '2026-12-05', null, null, null",
        "'hoch', '2026-12-05', 'dinner', '17:00', '19:00'",
        "'oldenborg', '2026-12-04', 'dinner', '18:00', '20:00'",
    ])
    .await;
    let on = |meal: &str, day: &str, from: &str, to: &str| {
        format!("{meal} 2026-12-{day}T{from}:00-08:00 2026-12-{day}T{to}:00-08:00")
    };
    let table = [
        ("2026-11-30T12:00:00-08:00", "closed".to_owned()),
        (
            "2026-11-30T18:00:00-08:00",
            "dinner 2026-11-30T17:00:00-08:00 2026-11-30T19:00:00-08:00".to_owned(),
        ),
        ("2026-12-01T08:00:00-08:00", "closed".to_owned()),
        ("2026-12-01T12:00:00-08:00", "closed".to_owned()),
        ("2026-12-02T11:59:59-08:00", "closed".to_owned()),
        ("2026-12-02T12:00:00-08:00", on("lunch", "02", "12:00", "12:45")),
        ("2026-12-02T12:45:00-08:00", "closed".to_owned()),
        ("2026-12-02T08:00:00-08:00", on("breakfast", "02", "07:30", "09:30")),
        // A meal that weekday does not have.
        ("2026-12-03T10:30:00-08:00", on("brunch", "03", "10:00", "11:00")),
        ("2026-12-03T11:15:00-08:00", on("lunch", "03", "11:15", "13:00")),
        // A special opening takes the place of all usual hours.
        ("2026-12-04T08:30:00-08:00", "closed".to_owned()),
        ("2026-12-04T13:59:59-08:00", on("special", "04", "09:00", "14:00")),
        ("2026-12-04T17:30:00-08:00", "closed".to_owned()),
        // One row is enough to shut a hall.
        ("2026-12-05T17:30:00-08:00", "closed".to_owned()),
        ("2026-12-07T12:00:00-08:00", on("lunch", "07", "11:15", "13:00")),
    ];
    for (at, said) in table {
        assert_eq!(hall_at(&stack, "hoch", at).await, said, "{at}");
    }
    let dinner = on("dinner", "04", "18:00", "20:00");
    let oldenborg = [("2026-12-04T12:00:00-08:00", "closed"), ("2026-12-04T19:00:00-08:00", &dinner)];
    holds(&stack, "oldenborg", &oldenborg).await;
}

#[tokio::test]
async fn hours_across_midnight_belong_to_the_day_that_they_start_on() {
    let stack = stack_with(&[
        "'collins', '2026-12-04', 'late_night', '22:30', '01:30'",
        "'collins', '2026-12-05', null, null, null",
        "'collins', '2026-12-31', 'dinner', '20:00', '00:00'",
        "'collins', '2027-01-01', null, null, null",
    ])
    .await;
    let night = "late_night 2026-12-04T22:30:00-08:00 2026-12-05T01:30:00-08:00";
    let dinner = "dinner 2026-12-31T20:00:00-08:00 2027-01-01T00:00:00-08:00";
    let table = [
        ("2026-12-04T01:00:00-08:00", "closed"),
        ("2026-12-04T23:59:59-08:00", night),
        ("2026-12-05T00:00:00-08:00", night),
        ("2026-12-05T01:29:59-08:00", night),
        ("2026-12-05T01:30:00-08:00", "closed"),
        ("2026-12-05T23:00:00-08:00", "closed"),
        ("2026-12-31T23:59:59-08:00", dinner),
        ("2027-01-01T00:00:00-08:00", "closed"),
    ];
    holds(&stack, "collins", &table).await;
}

#[tokio::test]
async fn hours_are_right_on_the_days_on_which_the_clock_is_put() {
    // Saturday nights before, across the change; and hours that the night lacks or has twice.
    let mut overrides = Vec::new();
    for (saturday, sunday) in [
        ("2026-03-07", "2026-03-08"),
        ("2026-10-31", "2026-11-01"),
        ("2027-03-13", "2027-03-14"),
        ("2027-11-06", "2027-11-07"),
    ] {
        overrides.push(format!("'hoch', '{saturday}', 'late_night', '22:00', '04:00'"));
        overrides.push(format!("'frank', '{sunday}', 'late_night', '01:30', '02:30'"));
    }
    let stack = stack_with(&overrides.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (saturday, sunday, before, after) in [
        ("2026-03-07", "2026-03-08", "-08:00", "-07:00"),
        ("2026-10-31", "2026-11-01", "-07:00", "-08:00"),
        ("2027-03-13", "2027-03-14", "-08:00", "-07:00"),
        ("2027-11-06", "2027-11-07", "-07:00", "-08:00"),
    ] {
        let night = format!("late_night {saturday}T22:00:00{before} {sunday}T04:00:00{after}");
        let brunch = format!("brunch {sunday}T10:30:00{after} {sunday}T12:45:00{after}");
        for (at, said) in [
            (format!("{saturday}T22:00:00{before}"), night.as_str()),
            (format!("{sunday}T01:59:59{before}"), &night),
            (format!("{sunday}T03:59:59{after}"), &night),
            (format!("{sunday}T04:00:00{after}"), "closed"),
            (format!("{sunday}T10:29:59{after}"), "closed"),
            (format!("{sunday}T10:30:00{after}"), &brunch),
            (format!("{sunday}T12:44:59{after}"), &brunch),
            (format!("{sunday}T12:45:00{after}"), "closed"),
        ] {
            assert_eq!(hall_at(&stack, "hoch", &at).await, said, "{at}");
        }
    }
    for year in [("2026-03-08", "2026-11-01"), ("2027-03-14", "2027-11-07")] {
        let (spring, autumn) = year;
        // 02:30 does not exist: the end of the gap.
        let short = format!("late_night {spring}T01:30:00-08:00 {spring}T03:00:00-07:00");
        let spring = format!("{spring}T01:59:59-08:00");
        // 01:30 exists twice: the first.
        let long = format!("late_night {autumn}T01:30:00-07:00 {autumn}T02:30:00-08:00");
        let (first, second) = (format!("{autumn}T01:30:00-07:00"), format!("{autumn}T01:29:00-08:00"));
        holds(&stack, "frank", &[(&spring, &short), (&first, &long), (&second, &long)]).await;
    }
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
    let found = eventually("Oldenborg is open", std::time::Duration::from_secs(5), async || {
        let answer = stack.get(PATH).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.max_age()? <= 60, "{answer:?}");
        let body = answer.json();
        body.as_array()?.iter().find(|hall| hall["id"] == "oldenborg").cloned()
    })
    .await;
    assert_eq!(found["current_meal"], "special");
    let [opens, closes] = ["opens_at", "closes_at"].map(|name| {
        chrono::DateTime::parse_from_rfc3339(found[name].as_str().unwrap()).unwrap()
    });
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

#[tokio::test]
async fn the_hours_are_cached_for_five_minutes_and_garbage_there_is_replaced() {
    let stack = stack_with(&[]).await;
    let at = format!("{}T18:00:00-08:00", stack.in_days(3));
    let before = hall_at(&stack, "hoch", &at).await;
    assert!(before.starts_with("dinner "), "{before}");
    let mut redis = stack.redis().await;
    let key = stack.key("hours:all");
    let ttl: i64 = redis::cmd("TTL").arg(&key).query_async(&mut redis).await.unwrap();
    assert!((290..=300).contains(&ttl), "{ttl}");

    let closed = format!(
        "insert into dining_hours_overrides (hall_id, date, reason) values ('hoch', '{}', 'test')",
        stack.in_days(3)
    );
    stack.database.run(&closed).await;
    assert_eq!(hall_at(&stack, "hoch", &at).await, before, "from the cache");
    let garbage = ["", "[]", "{\"from\":1}", "\u{0}"];
    for text in garbage {
        redis::cmd("SET").arg(&key).arg(text).query_async::<()>(&mut redis).await.unwrap();
        assert_eq!(hall_at(&stack, "hoch", &at).await, "closed", "{text:?} is a miss");
        let held: String = redis::cmd("GET").arg(&key).query_async(&mut redis).await.unwrap();
        assert!(held.starts_with("{\"from\":\"20"), "{held}");
    }
}

#[tokio::test]
async fn the_hours_outlast_redis_and_then_postgres() {
    let mut stack = Stack::wanted().workers(0).own_redis().start().await;
    let (tomorrow, far) = (stack.in_days(1), stack.in_days(200));
    let at = format!("at={tomorrow}T18:00:00-08:00");
    let first = ask(&stack, &at).await;
    assert_eq!(first.status, 200, "{first:?}");

    stack.own_redis.as_mut().unwrap().kill();
    for query in [&at, &format!("at={far}T18:00:00-08:00")] {
        assert_eq!(ask(&stack, query).await.status, 200, "Postgres has them: {query}");
    }
    let url = stack.database.url().to_owned();
    let (server, name) = url.rsplit_once('/').unwrap();
    let mut postgres = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    for sql in [
        format!("alter database {name} allow_connections false"),
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres).await.unwrap();
    }
    for _ in 0..5 {
        let copy = ask(&stack, &at).await;
        assert_eq!((copy.status, &copy.text), (200, &first.text), "the last good copy: {copy:?}");
    }
    let unknown = ask(&stack, &format!("at={far}T18:00:00-08:00")).await;
    assert_eq!(unknown.problem(503).0, "Temporarily unavailable", "whose overrides nobody knows");
    stack.add_api();
    let new = stack.ask(1, Method::GET, &format!("{PATH}?{at}"), &[]).await;
    assert_eq!(new.problem(503).0, "Temporarily unavailable");
    assert_eq!((new.header("retry-after"), new.header("cache-control")), ("1", "no-store"));

    let back = format!("alter database {name} allow_connections true");
    sqlx::raw_sql(sqlx::AssertSqlSafe(back)).execute(&mut postgres).await.unwrap();
    eventually("both apis answer again", std::time::Duration::from_secs(10), async || {
        let far = format!("{PATH}?at={far}T18:00:00-08:00");
        let one = stack.ask(0, Method::GET, &far, &[]).await;
        let other = stack.ask(1, Method::GET, &far, &[]).await;
        (one.status == 200 && other.status == 200).then_some(())
    })
    .await;
}
