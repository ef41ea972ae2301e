//! S24, S25, S35: what an answer and the log must not tell, and what health may cost. That callers make no
//! series of metrics (S36) is in `metrics.rs`.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use tests::{
    Metrics, Program, Stack, eventually, measured, menu_path, metrics_url,
    stub::{Fault, Hall, Scope},
};

use crate::costs::{SOON, p99};

/// What says more of the inside than a caller is owed.
const INSIDE: [&str; 11] = [
    "SECRET",
    "redis",
    "Redis",
    "sqlx",
    "postgres://",
    "PoolTimedOut",
    "panicked",
    ".rs:",
    "/src/",
    "127.0.0.1",
    "os error",
];

#[tokio::test]
async fn s24_s25_no_answer_figure_or_log_tells_what_is_inside_or_secret() {
    let mut stack = Stack::wanted()
        .workers(0)
        .with("METRICS_ADDR", "127.0.0.1:0")
        .with("REDIS_URL", "redis://user:SECRET@127.0.0.1:1")
        .with("DATABASE_URL", "postgres://user:SECRET@127.0.0.1:1/nothing?password=SECRET")
        .with("SODEXO_API_KEY", "SECRET")
        .start()
        .await;
    stack.leftovers_are_fine();
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let day = stack.weekday();
    let mut told = Vec::new();
    for path in [
        menu_path(Hall::Hoch, day, "lunch"),
        menu_path(Hall::Hoch, stack.in_days(400), "lunch"),
        format!("/api/v2/menus/day?date={day}"),
        format!("/api/v2/menus/week?hall_id=hoch&start={day}"),
        "/api/v2/halls".to_owned(),
        "/api/v2/halls?college=Pomona".to_owned(),
        "/api/v2/halls/hoch/menus".to_owned(),
        "/api/v2/items?q=soup".to_owned(),
        "/api/v2/open-now".to_owned(),
        "/api/v2/stats/dashboard".to_owned(),
        "/nothing".to_owned(),
    ] {
        let answer = stack.get(&path).await;
        told.push((path, format!("{:?} {}", answer.headers, answer.text)));
    }
    for (path, told) in &told {
        for word in INSIDE {
            assert!(!told.contains(word), "{path} tells {word:?}: {told}");
        }
    }
    assert!(!stack.get("/readyz").await.text.contains("SECRET"));
    let url = tests::metrics_url(&stack.apis[0]);
    assert!(!Metrics::of(&stack.apis[0]).await.series().is_empty());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(!client.get(url).send().await.unwrap().text().await.unwrap().contains("SECRET"));
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", stack.apis[0].pid()));
    assert!(!arguments.unwrap().contains("SECRET"));
    let log = stack.apis[0].log();
    assert!(log.contains("cannot be"), "they are away, and that is said:\n{log}");
    assert!(!log.contains("SECRET"), "{log}");
}

#[tokio::test]
async fn s25_a_line_of_the_log_is_one_line_however_it_is_asked_for() {
    let stack = Stack::wanted().workers(0).start().await;
    let forged = "2026-01-01T00:00:00Z%20ERROR%20forged";
    for path in [
        format!("/%0d%0a{forged}"),
        format!("/\u{2028}{forged}\u{85}{forged}"),
        format!("/api/v2/menus?hall_id=%0a{forged}&date=2026-02-09&meal=lunch"),
        format!("/{}", "x".repeat(2000)),
    ] {
        let ids = [("x-request-id", "an id that stands out"), ("user-agent", "\tforged")];
        let answer = stack.ask(0, Method::GET, &path, &ids).await;
        assert!(answer.status >= 400, "{path}");
        assert!(!answer.header("x-request-id").contains(' '), "{answer:?}");
    }
    let method = Method::from_bytes("X".repeat(5000).as_bytes()).unwrap();
    assert_eq!(stack.ask(0, method, "/api/v2/halls", &[]).await.status, 405);
    let long = "x".repeat(65);
    let answer = stack.ask(0, Method::GET, "/nothing", &[("x-request-id", &long)]).await;
    assert_ne!(answer.header("x-request-id"), long);
    let log = stack.apis[0].log();
    assert!(
        !log.contains("stands out") && !log.contains('\u{1b}') && !log.contains('\u{2028}'),
        "{log}"
    );
    for line in log.lines() {
        assert!(line.starts_with("20") && line.len() < 1000, "{line}");
        assert!(!line.starts_with("2026-01-01T00:00:00Z"), "{line}");
    }
}

#[tokio::test]
async fn s35_health_leaks_no_address_and_costs_the_stores_nothing_however_often_it_is_asked() {
    let away = Stack::wanted()
        .workers(0)
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .start()
        .await;
    eventually("Postgres is known to be away", SOON, async || {
        (away.get("/readyz").await.took < Duration::from_millis(20)).then_some(())
    })
    .await;
    let mut calm = Vec::new();
    for _ in 0..20 {
        calm.extend(away.get_many(50, "/healthz").await.iter().map(|answer| answer.took));
    }
    let mut times = Vec::new();
    for _ in 0..20 {
        let answers = away.get_many(50, "/readyz").await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.json()["postgres"]["state"]), (200, &"down".into()));
            assert!(!answer.text.contains("127.0.0.1"), "{answer:?}");
        }
        times.extend(answers.iter().map(|answer| answer.took));
    }
    let (slowest, allowed) = (p99(times), Duration::from_millis(5).max(p99(calm) * 3));
    measured("S35", format!("p99 {slowest:?}, allowed {allowed:?}"));
    assert!(slowest <= allowed, "p99 {slowest:?}, allowed {allowed:?}");

    let stack = Stack::wanted()
        .with("LOG", "info,sqlx::query=debug")
        .with("METRICS_ADDR", "127.0.0.1:0")
        .start()
        .await;
    let began = std::time::Instant::now();
    for _ in 0..20 {
        for answer in stack.get_many(50, "/readyz").await {
            assert_eq!(answer.json()["status"], "ready");
        }
    }
    let most = began.elapsed().as_millis() / 100 + 1;
    let asked = questions(&stack.apis[0]);
    assert!((1..=most).contains(&asked), "{asked} questions, allowed {most}");

    // The worker's has no password where figures are.
    let before = questions(&stack.workers[0]);
    let ready = metrics_url(&stack.workers[0]).replace("/metrics", "/readyz");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let began = std::time::Instant::now();
    for _ in 0..20 {
        let asked = (0..50).map(async |_| http.get(&ready).send().await.unwrap().status());
        assert!(join_all(asked).await.iter().all(|status| *status == 200));
    }
    let most = began.elapsed().as_millis() / 100 + 1;
    let asked = questions(&stack.workers[0]) - before;
    assert!((1..=most).contains(&asked), "{asked} questions of the worker, allowed {most}");
}

/// How often a program has asked for the schema.
fn questions(program: &Program) -> u128 {
    program.log().lines().filter(|line| line.contains("from _sqlx_migrations")).count() as u128
}
