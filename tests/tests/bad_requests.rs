//! What cannot be answered gets a clear problem; nothing is enqueued, no key is made.

use reqwest::Method;
use tests::{Jobs, Stack, stub::Hall};

async fn nothing_happened(stack: &Stack) {
    assert_eq!(stack.jobs().await, Jobs::NONE);
    let keys: Vec<String> =
        stack.keys().await.into_iter().filter(|key| !key.starts_with("fetch:workers")).collect();
    assert_eq!(keys, Vec::<String>::new());
    assert_eq!(stack.vendor.total_reads(), 0);
}

#[tokio::test]
async fn every_wrong_parameter_is_named_and_costs_nothing() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let long = "x".repeat(65);
    for (query, status, detail) in [
        ("hall_id=nowhere&date=2026-02-09&meal=lunch".to_owned(), 404, "Unknown hall_id: nowhere"),
        ("hall_id=HOCH&date=2026-02-09&meal=lunch".to_owned(), 404, "Unknown hall_id: HOCH"),
        ("hall_id=nowhere&date=soon&meal=lunch".to_owned(), 404, "Unknown hall_id: nowhere"),
        (
            "hall_id=hoch&date=2026-2-9&meal=lunch".to_owned(),
            400,
            "Invalid date format, use YYYY-MM-DD",
        ),
        (
            "hall_id=hoch&date=2026-02-30&meal=lunch".to_owned(),
            400,
            "Invalid date format, use YYYY-MM-DD",
        ),
        (
            "hall_id=hoch&date=%D9%A2026-02-9&meal=lunch".to_owned(),
            400,
            "Invalid date format, use YYYY-MM-DD",
        ),
        (String::new(), 400, "Parameter hall_id is missing"),
        ("hall_id=hoch".to_owned(), 400, "Parameter date is missing"),
        (format!("hall_id=hoch&date={day}"), 400, "Parameter meal is missing"),
        (format!("hall_id=hoch&date={day}&meal="), 400, "Parameter meal is empty"),
        (
            format!("hall_id=hoch&hall_id=hoch&date={day}&meal=lunch"),
            400,
            "Parameter hall_id is given more than once",
        ),
        (
            format!("hall_id=hoch&date={day}&meal={long}"),
            400,
            "Parameter meal is longer than 64 bytes",
        ),
        (format!("hall_id=hoch&date={day}&meal=%ff"), 400, "Parameter meal is not UTF-8"),
        (
            format!("hall_id={long}&date={day}&meal=lunch"),
            400,
            "Parameter hall_id is longer than 64 bytes",
        ),
        (
            "hall_id=menu%3Ahoch&date=2026-02-09&meal=lunch".to_owned(),
            404,
            "Unknown hall_id: menu:hoch",
        ),
        (
            "hall_id=hoch%0d%0aSET%20x%201&date=2026-02-09&meal=lunch".to_owned(),
            404,
            "Unknown hall_id: hoch\r\nSET x 1",
        ),
    ] {
        let answer = stack.get(&format!("/api/v2/menus?{query}")).await;
        assert_eq!(answer.problem(status).0, detail, "{query}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{query}");
    }
    nothing_happened(&stack).await;
}

#[tokio::test]
async fn a_meal_that_is_none_of_the_six_makes_no_job() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    for (meal, shown) in
        [("tea", "tea"), ("High-Tea", "high_tea"), ("lunch%21", "lunch!"), ("d%C3%AEner", "dîner")]
    {
        let answer = stack.get(&format!("/api/v2/menus?hall_id=hoch&date={day}&meal={meal}")).await;
        let (detail, reason) = answer.problem(404);
        assert_eq!(detail, format!("No menu found for hoch on {day} for {shown}"));
        assert_eq!(reason, "meal_not_served");
        assert!(answer.header("cache-status").starts_with("menus5c; fwd=bypass; "), "{answer:?}");
        let far = format!("/api/v2/menus?hall_id=hoch&date=2020-02-09&meal={meal}");
        assert_eq!(stack.get(&far).await.problem(404).1, "out_of_range", "{meal}");
    }
    nothing_happened(&stack).await;
}

#[tokio::test]
async fn days_outside_of_the_window_are_answered_by_postgres_alone() {
    let stack = Stack::start().await;
    let far = [
        stack.in_days(15),
        stack.in_days(400),
        "2020-02-09".parse().unwrap(),
        "9999-12-31".parse().unwrap(),
    ];
    for date in far {
        let answer = stack.menu(Hall::Hoch, date, "lunch").await;
        let (detail, reason) = answer.problem(404);
        assert_eq!(detail, format!("No menu found for hoch on {date} for lunch"));
        assert_eq!(reason, "out_of_range");
    }
    nothing_happened(&stack).await;

    stack.database.run(
        "insert into menu_days values ('hoch', '2020-02-09', 'posted', '2020-02-09T18:00:00Z', '2020-02-09T18:30:00Z', 1, '2020-02-09T18:00:00Z');
         insert into menus values ('hoch', '2020-02-09', 'lunch', '[{\"name\":\"Grill\",\"items\":[{\"name\":\"Soup\",\"description\":null,\"tags\":[]}]}]',
                                   1, 1, null, null, '2020-02-09T18:00:00Z')",
    ).await;
    let saved = stack.menu(Hall::Hoch, "2020-02-09".parse().unwrap(), "lunch").await;
    assert_eq!(saved.status, 200, "what was once saved is served: {saved:?}");
    let body = saved.json();
    assert_eq!(body["stations"][0]["items"][0]["name"], "Soup");
    assert_eq!(
        (&body["is_stale"], &body["fetched_at"]),
        (&true.into(), &"2020-02-09T18:00:00Z".into())
    );
    assert_eq!(saved.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
    nothing_happened(&stack).await;
}

#[tokio::test]
async fn spellings_of_a_meal_share_one_key() {
    let stack = Stack::start().await;
    let day = stack.today();
    for meal in ["dinner", "DINNER", "%20Dinner%20", "dinner+"] {
        let answer = stack
            .get(&format!("/api/v2/menus?hall_id=frary&date={day}&meal={meal}&utm_source=x"))
            .await;
        assert_eq!(answer.status, 200, "{meal}");
        assert_eq!(answer.json()["meal"], "dinner");
    }
    assert_eq!(stack.vendor.total_reads(), 1);
    let (menus, others): (Vec<String>, Vec<String>) =
        stack.keys().await.into_iter().partition(|key| key.starts_with("menu:"));
    assert!(menus.iter().all(|key| key.parse::<common::entry::MenuKey>().is_ok()), "{menus:?}");
    let ours = |key: &String| key.starts_with("fetch:") || key == "lease:pomona:frary";
    assert!(others.iter().all(ours), "{others:?}");
}

#[tokio::test]
async fn only_reading_is_answered_and_unknown_paths_are_problems() {
    let stack = Stack::start().await;
    for path in ["/api/v2/menus", "/api/v2/halls", "/healthz"] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let answer =
                stack.ask(0, method.clone(), path, &[("x-http-method-override", "GET")]).await;
            let _ = answer.problem(405);
            assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS", "{method} {path}");
        }
        let preflight = stack
            .ask(
                0,
                Method::OPTIONS,
                path,
                &[("origin", "https://app.example"), ("access-control-request-method", "GET")],
            )
            .await;
        assert_eq!(preflight.status, 200);
        assert_eq!(preflight.header("access-control-allow-methods"), "GET,HEAD,OPTIONS");
    }
    for path in ["/", "/nothing", "/api/v2", "/api/v2/menus/hoch", "/%00", "/..;/x"] {
        let _ = stack.get(path).await.problem(404);
    }
    let exposed =
        stack.get("/api/v2/halls").await.header("access-control-expose-headers").to_owned();
    for name in ["etag", "link", "retry-after", "cache-status", "x-request-id", "x-total-count"] {
        assert!(exposed.contains(name), "{exposed}");
    }
}
