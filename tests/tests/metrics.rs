//! What the programs do shows in their metrics; what callers send makes no series; a scraper is
//! answered whatever is away, and only where it is meant to be.
#![expect(clippy::unwrap_used, reason = "that is what a test does")]

use std::{collections::BTreeSet, path::Path, time::Duration};

use futures::{StreamExt, stream};
use reqwest::{Client, Method};
use tests::{
    Metrics, Stack, Wanted, eventually, menu_path, metrics_url,
    stub::{Fault, Hall, Scope},
};

fn measured() -> Wanted {
    Stack::wanted().with("METRICS_ADDR", "127.0.0.1:0")
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn menus(status: &str) -> String {
    format!(
        "menus5c_http_requests_total{{route=\"/api/v2/menus\",method=\"GET\",status=\"{status}\"}}"
    )
}

fn answers(result: &str) -> String {
    format!("menus5c_menu_answers_total{{result=\"{result}\"}}")
}

fn reads(vendor: &str, outcome: &str) -> String {
    format!("menus5c_vendor_reads_total{{vendor=\"{vendor}\",outcome=\"{outcome}\"}}")
}

fn jobs(outcome: &str) -> String {
    format!("menus5c_jobs_total{{outcome=\"{outcome}\",reason=\"miss\"}}")
}

#[tokio::test]
async fn a_miss_a_hit_and_their_job_show_up() {
    let stack = measured().start().await;
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    for _ in 0..3 {
        assert_eq!(stack.get(&path).await.status, 200);
    }
    assert_eq!(stack.menu(Hall::Hoch, stack.weekday(), "brunch").await.status, 404);
    stack.is_idle().await;
    let api = Metrics::of(&stack.apis[0]).await;
    for (series, expected) in [
        (menus("2xx"), 3.0),
        (menus("4xx"), 1.0),
        ("menus5c_http_request_duration_seconds_count{route=\"/api/v2/menus\"}".to_owned(), 4.0),
        (answers("stored"), 1.0),
        (answers("hit"), 2.0),
        (answers("no_menu"), 1.0),
        (answers("unavailable"), 0.0),
        ("menus5c_near_cache_lookups_total{result=\"hit\"}".to_owned(), 2.0),
        ("menus5c_near_cache_lookups_total{result=\"miss\"}".to_owned(), 2.0),
        ("menus5c_pushes_total{result=\"enqueued\"}".to_owned(), 1.0),
        ("menus5c_waits_total{end=\"ready\"}".to_owned(), 1.0),
        ("menus5c_flights".to_owned(), 0.0),
        ("menus5c_connections_open{listener=\"metrics\"}".to_owned(), 1.0),
        ("menus5c_breaker_open{store=\"redis\"}".to_owned(), 0.0),
        ("menus5c_breaker_open{store=\"postgres\"}".to_owned(), 0.0),
    ] {
        assert_eq!(api.known(&series), Some(expected), "{series}");
    }
    assert!(api.value("menus5c_connections_open{listener=\"api\"}") >= 1.0);

    let worker = Metrics::of(&stack.workers[0]).await;
    for (series, expected) in [
        (jobs("live"), 1.0),
        (jobs("failed"), 0.0),
        (reads("sodexo", "ok"), 1.0),
        ("menus5c_job_wait_seconds_count".to_owned(), 1.0),
        ("menus5c_job_duration_seconds_count".to_owned(), 1.0),
        ("menus5c_vendor_read_duration_seconds_count{vendor=\"sodexo\"}".to_owned(), 1.0),
        ("menus5c_saves_failed_total".to_owned(), 0.0),
        ("menus5c_workers_alive".to_owned(), 1.0),
        ("menus5c_jobs_dead_total".to_owned(), 0.0),
    ] {
        assert_eq!(worker.known(&series), Some(expected), "{series}");
    }
    for state in ["pending", "running", "scheduled", "dead"] {
        let series = format!("menus5c_queue_jobs{{state=\"{state}\"}}");
        assert_eq!(worker.known(&series), Some(0.0), "{series}");
    }
    assert!(worker.value("menus5c_vendor_read_bytes_total{vendor=\"sodexo\"}") > 1000.0);
    assert!(worker.value("menus5c_vendor_items_total{vendor=\"sodexo\"}") > 10.0);
    assert!(worker.value("menus5c_job_wait_seconds_sum") < 5.0);
}

#[tokio::test]
async fn a_vendor_that_fails_a_404_and_a_copy_show_up() {
    let stack = measured().start().await;
    let day = stack.weekday();
    assert_eq!(stack.menu(Hall::Malott, day, "dinner").await.status, 200);
    stack.grow_old().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    assert_eq!(stack.menu(Hall::Collins, day, "lunch").await.status, 503);
    assert_eq!(stack.menu(Hall::Malott, day, "dinner").await.json()["is_stale"], true);
    assert_eq!(stack.get("/api/v2/nothing").await.status, 404);
    assert_eq!(stack.ask(0, Method::HEAD, "/api/v2/halls/", &[]).await.status, 200);
    assert_eq!(stack.ask(0, Method::DELETE, "/api/v2/halls", &[]).await.status, 405);
    stack.is_idle().await;
    let api = Metrics::of(&stack.apis[0]).await;
    let requests = |rest: &str| api.value(&format!("menus5c_http_requests_total{{{rest}}}"));
    assert_eq!(requests("route=\"other\",method=\"GET\",status=\"4xx\""), 1.0);
    assert_eq!(requests("route=\"/api/v2/halls\",method=\"HEAD\",status=\"2xx\""), 1.0);
    assert_eq!(requests("route=\"/api/v2/halls\",method=\"other\",status=\"4xx\""), 1.0);
    assert_eq!(requests("route=\"/api/v2/menus\",method=\"GET\",status=\"5xx\""), 1.0);
    assert_eq!(api.value(&answers("unavailable")), 1.0);

    let worker = Metrics::of(&stack.workers[0]).await;
    assert_eq!(worker.value(&reads("bon_appetit", "ok")), 1.0);
    assert_eq!(worker.value(&reads("bon_appetit", "status_5xx")), 2.0);
    assert_eq!(worker.value(&jobs("unavailable")), 1.0);
    assert_eq!(worker.value(&jobs("snapshot")), 1.0);
    assert_eq!(worker.value("menus5c_job_wait_seconds_count"), 3.0);
}

#[tokio::test]
async fn ten_thousand_dates_and_paths_make_no_series() {
    let stack = measured().start().await;
    let kinds = |at: u64| {
        let date = chrono::NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + chrono::Days::new(at);
        [
            (Method::GET, format!("/api/v2/menus?hall_id=hoch&date={date}&meal=lunch")),
            (Method::GET, format!("/api/v2/halls/hall-{at}/menus")),
            (Method::GET, format!("/{at}/{date}?meal={at}")),
            (Method::from_bytes(format!("X{at}").as_bytes()).unwrap(), format!("/docs/{at}")),
        ]
    };
    let ask = async |from: u64, to: u64| {
        let asked = (from..to).flat_map(kinds);
        let asked = stream::iter(asked).map(async |(method, path)| {
            assert!(stack.ask(0, method, &path, &[]).await.status >= 400, "{path}");
        });
        asked.buffer_unordered(32).collect::<Vec<()>>().await;
    };
    ask(0, 1).await;
    let before = (Metrics::of(&stack.apis[0]).await, Metrics::of(&stack.workers[0]).await);
    ask(1, 2501).await;
    let after = (Metrics::of(&stack.apis[0]).await, Metrics::of(&stack.workers[0]).await);
    assert_eq!(after.0.series(), before.0.series());
    assert_eq!(after.1.series(), before.1.series());
    assert_eq!(after.0.value(&menus("4xx")), 2501.0);
}

#[tokio::test]
async fn every_route_has_a_name_of_its_own() {
    let stack = measured().workers(0).start().await;
    let described = stack.get("/openapi.json").await.json();
    let paths: Vec<String> = described["paths"].as_object().unwrap().keys().cloned().collect();
    for path in &paths {
        let asked = path.replace("{hall_id}", "hoch");
        stack.get(&asked).await;
        stack.get(&format!("{asked}/")).await;
    }
    let pages = ["/docs", "/problems", "/openapi.json", "/status"];
    for path in pages.into_iter().chain(["/openapi.json/", "/status.json"]) {
        assert_eq!(stack.get(path).await.status, 200);
    }
    let metrics = Metrics::of(&stack.apis[0]).await;
    for path in paths.iter().map(String::as_str).chain(pages) {
        assert!(common::metrics::ROUTES.contains(&path), "{path}");
        let series = format!("menus5c_http_request_duration_seconds_count{{route=\"{path}\"}}");
        assert!(metrics.value(&series) >= 1.0, "{path}");
    }
    assert!(!metrics.series().iter().any(|series| series.contains("route=\"other\"")));
}

#[tokio::test]
async fn metrics_are_where_they_are_meant_to_be_and_nowhere_else() {
    let stack = measured().start().await;
    let http = client();
    assert_eq!(stack.get("/metrics").await.status, 404, "callers have no metrics");
    assert_eq!(stack.get("/metrics/").await.status, 404);
    for program in [&stack.apis[0], &stack.workers[0]] {
        let url = metrics_url(program);
        let head = http.head(&url).send().await.unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(head.text().await.unwrap(), "");
        let is_api = program.url() == stack.apis[0].url();
        for (other, in_worker) in [
            ("/", 404),
            ("/healthz", 200),
            ("/readyz", 200),
            ("/api/v2/halls", 404),
            ("/api/v1/overview", 404),
            ("/metrics/x", 404),
        ] {
            let path = url.replace("/metrics", other);
            let expected = if is_api { 404 } else { in_worker };
            assert_eq!(http.get(&path).send().await.unwrap().status(), expected, "{path}");
        }
        let post = http.post(&url).body("menus5c_jobs_total 1").send().await.unwrap();
        assert_eq!(post.status(), 405);
        let names = Metrics::at(&url).await.names();
        let known = if is_api { common::metrics::API } else { common::metrics::WORKER };
        assert_eq!(names, known.iter().map(|one| one.about().name.to_owned()).collect());
    }
    let ops = Metrics::at(&format!("{}/metrics", stack.workers[0].url())).await;
    assert_eq!(ops.names(), Metrics::of(&stack.workers[0]).await.names());

    let without = Stack::start().await;
    assert!(!without.apis[0].log().contains("metrics.address"), "no listener unless asked for");
    assert!(!without.workers[0].log().contains("metrics.address"));
}

#[tokio::test]
async fn a_scraper_is_answered_while_both_stores_are_away() {
    let mut stack = measured()
        .own_redis()
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .start()
        .await;
    stack.leftovers_are_fine();
    let day = stack.weekday();
    assert_eq!(stack.menu(Hall::Hoch, day, "lunch").await.status, 200);
    eventually("a save that failed is counted", Duration::from_secs(5), async || {
        let worker = Metrics::of(&stack.workers[0]).await;
        (worker.value("menus5c_saves_failed_total") >= 1.0).then_some(())
    })
    .await;
    let ops = format!("{}/metrics", stack.workers[0].url());
    for how in ["STOP", "kill"] {
        match how {
            "STOP" => stack.own_redis.as_ref().unwrap().signal("STOP"),
            _ => stack.own_redis.as_mut().unwrap().kill(),
        }
        let urls = [metrics_url(&stack.apis[0]), metrics_url(&stack.workers[0]), ops.clone()];
        let scrapes = urls.iter().cycle().take(30).map(|url| async move {
            tokio::time::timeout(Duration::from_secs(4), Metrics::at(url)).await.unwrap()
        });
        futures::future::join_all(scrapes).await;
        eventually(
            "the breakers are open, the queue unknown",
            Duration::from_secs(20),
            async || {
                assert_eq!(stack.menu(Hall::Hoch, day, "lunch").await.status, 200, "{how}");
                let api = Metrics::of(&stack.apis[0]).await;
                let worker = Metrics::of(&stack.workers[0]).await;
                let open = |store| format!("menus5c_breaker_open{{store=\"{store}\"}}");
                let known = |series: &String| {
                    series.starts_with("menus5c_queue_jobs{")
                        || series.starts_with("menus5c_workers")
                };
                let away = api.value(&open("redis")) == 1.0
                    && worker.value(&open("redis")) == 1.0
                    && api.value(&open("postgres")) == 1.0
                    && !worker.series().iter().any(known);
                away.then_some(())
            },
        )
        .await;
        match how {
            "STOP" => stack.own_redis.as_ref().unwrap().signal("CONT"),
            _ => stack.own_redis.as_mut().unwrap().restart().await,
        }
        eventually("the queue is known again", Duration::from_secs(10), async || {
            let worker = Metrics::of(&stack.workers[0]).await;
            worker.known("menus5c_queue_jobs{state=\"pending\"}").map(|_| ())
        })
        .await;
    }
}

#[test]
fn what_dashboard_and_alarms_ask_for_is_there() {
    let known: BTreeSet<&str> = common::metrics::API
        .iter()
        .chain(common::metrics::WORKER)
        .map(|metric| metric.about().name)
        .collect();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &str| std::fs::read_to_string(top.join(file)).unwrap();
    let mut asked = BTreeSet::new();
    for file in ["deploy/dashboard.json", "deploy/alerts.yml"] {
        let text = read(file);
        let is_word = |byte: char| byte.is_ascii_alphanumeric() || byte == '_';
        let words = text.split(|byte| !is_word(byte)).filter(|word| word.starts_with("menus5c_"));
        for word in words {
            let name = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(known.contains(name), "{file}: {word}");
            asked.insert(name.to_owned());
        }
    }
    assert!(asked.len() >= 10, "{asked:?}");
    let documented = read("docs/operations.md");
    for name in &known {
        assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/operations.md");
    }
    let alarms = read("deploy/alerts.yml");
    for name in alarms.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/operations.md");
    }
}
