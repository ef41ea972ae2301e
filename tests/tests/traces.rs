//! A collector is told of a miss as one trace, from the caller to the vendor; nobody waits for it, and
//! without it nothing of that is done.
#![expect(clippy::unwrap_used, reason = "that is what a test does")]

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use reqwest::Method;
use tests::{
    Answer, Collector, Metrics, Proxy, Span, Stack, Trouble, Wanted, eventually, menu_path,
    stub::{Fault, Hall, Scope},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const SECRET: &str = "SECRET0123";

/// A system that tells this collector, soon.
fn traced(endpoint: &str) -> Wanted {
    Stack::wanted()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .with("OTEL_BSP_SCHEDULE_DELAY", 20)
}

async fn ask(stack: &Stack, hall: Hall, date: NaiveDate, headers: &[(&str, &str)]) -> Answer {
    let answer = stack.ask(0, Method::GET, &menu_path(hall, date, "lunch"), headers).await;
    stack.is_idle().await;
    answer
}

fn parent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CALLER}-{flags}")
}

/// The arguments of every job that there was.
async fn jobs(stack: &Stack) -> Vec<String> {
    let mut ask = redis::cmd("HVALS");
    ask.arg(stack.key("fetch:data")).query_async(&mut stack.redis().await).await.unwrap()
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

#[tokio::test]
async fn a_miss_is_one_trace_from_its_caller_to_the_vendor() {
    let collector = Collector::start().await;
    let stack = traced(&collector.url()).start().await;
    let given = parent(TRACE, "01");
    let headers = [("traceparent", given.as_str()), ("x-request-id", "lunch-7")];
    let answer = ask(&stack, Hall::Hoch, stack.weekday(), &headers).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let spans = collector.trace(TRACE, 3).await;
    assert_eq!(names(&spans), ["http.request", "job", "vendor.fetch"]);
    let [request, job, fetch] = [&spans[0], &spans[1], &spans[2]];
    assert_eq!(request.parent.as_deref(), Some(CALLER));
    assert_eq!(job.parent.as_ref(), Some(&request.id));
    assert_eq!(fetch.parent.as_ref(), Some(&job.id));
    assert!(request.begin <= job.begin && job.begin <= fetch.begin && fetch.end <= job.end);
    assert!(spans.iter().all(|span| !span.is_error && span.begin <= span.end), "{spans:#?}");

    let told = |span: &Span| (span.service.clone(), span.kind);
    assert_eq!(told(request), ("5c-menus-api".to_owned(), 2));
    assert_eq!(told(job), ("5c-menus-worker".to_owned(), 5));
    assert_eq!(told(fetch), ("5c-menus-worker".to_owned(), 3));
    for span in [request, job] {
        assert_eq!(span.attributes["request.id"], "lunch-7");
    }
    assert_eq!(request.attributes["http.path"], "/api/v2/menus");
    assert_eq!(request.attributes["http.status"], "200");
    assert_eq!(request.attributes["cache.status"], "menus5c; fwd=miss; stored");
    let key = format!("menu:hoch:{}:lunch", stack.weekday());
    assert_eq!((&job.attributes["job.id"], &job.attributes["outcome"]), (&key, &"Live".to_owned()));
    assert_eq!(fetch.attributes["vendor.name"], "sodexo");

    let carried = jobs(&stack).await;
    let of_request = format!("\"traceparent\":\"00-{TRACE}-{}-01\"", request.id);
    assert!(carried.iter().all(|job| job.contains(&of_request)), "{carried:?}");
    assert!(collector.told().iter().all(|told| told.path == "/v1/traces"));
    // A hit has nothing to tell that its caller does not see.
    assert_eq!(ask(&stack, Hall::Hoch, stack.weekday(), &headers).await.status, 200);
    assert_eq!(stack.get("/api/v2/halls").await.status, 200);
    eventually("the list's span", Duration::from_secs(10), async || {
        let path = "/api/v2/halls";
        collector
            .spans()
            .iter()
            .any(|span| span.attributes.get("http.path").is_some_and(|found| found == path))
            .then_some(())
    })
    .await;
    assert_eq!(collector.trace(TRACE, 3).await.len(), 3);
}

#[tokio::test]
async fn what_is_no_traceparent_is_not_continued() {
    let collector = Collector::start().await;
    let stack = traced(&collector.url()).start().await;
    let good = parent(TRACE, "01");
    let bad = [
        String::new(),
        good.to_uppercase(),
        good.replacen("00", "ff", 1),
        format!("{good}-more"),
        parent(&"0".repeat(32), "01"),
        parent("../../etc/passwd", "01"),
        "x".repeat(4000),
    ];
    let days = bad.iter().zip(1..);
    for (bad, ahead) in days {
        let answer = ask(&stack, Hall::Malott, stack.in_days(ahead), &[("traceparent", bad)]).await;
        assert!([200, 404].contains(&answer.status), "{answer:?}");
    }
    let twice = [("traceparent", good.as_str()), ("traceparent", good.as_str())];
    ask(&stack, Hall::Malott, stack.in_days(8), &twice).await;
    let requests = eventually("a trace for each", Duration::from_secs(20), async || {
        let spans = collector.spans().into_iter();
        let requests: Vec<_> = spans.filter(|span| span.name == "http.request").collect();
        (requests.len() == 8).then_some(requests)
    })
    .await;
    for request in requests {
        assert_eq!(request.parent, None, "{request:?}");
        assert_ne!(request.trace, TRACE);
        let trace = collector.trace(&request.trace, 3).await;
        assert_eq!(names(&trace), ["http.request", "job", "vendor.fetch"]);
    }
}

#[tokio::test]
async fn whose_traces_are_told_is_the_callers_word_and_then_the_samplers() {
    let collector = Collector::start().await;
    let stack = traced(&collector.url())
        .with("OTEL_TRACES_SAMPLER", "parentbased_always_off")
        .with("OTEL_SERVICE_NAME", "menus-test")
        .start()
        .await;
    ask(&stack, Hall::Malott, stack.in_days(1), &[]).await;
    let unsampled = parent(&TRACE.replace("4b", "5b"), "00");
    ask(&stack, Hall::Malott, stack.in_days(2), &[("traceparent", &unsampled)]).await;
    let sampled = parent(TRACE, "01");
    ask(&stack, Hall::Malott, stack.in_days(3), &[("traceparent", &sampled)]).await;
    let spans = collector.trace(TRACE, 3).await;
    assert!(spans.iter().all(|span| span.service == "menus-test"), "{spans:#?}");
    assert_eq!(collector.spans().len(), 3, "and no others");
    // The word goes with the job, so that its worker need not decide again.
    assert!(jobs(&stack).await.iter().any(|job| job.contains("-00\"")));
}

#[tokio::test]
async fn without_a_collector_nothing_is_carried_and_one_program_may_have_one() {
    let collector = Collector::start().await;
    let stack = Stack::wanted()
        .for_workers("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .for_workers("OTEL_BSP_SCHEDULE_DELAY", 20)
        .start()
        .await;
    let given = parent(TRACE, "01");
    let answer = ask(&stack, Hall::Hoch, stack.weekday(), &[("traceparent", &given)]).await;
    assert_eq!(answer.status, 200);
    let carried = jobs(&stack).await;
    assert!(!carried.is_empty() && !carried.iter().any(|job| job.contains("traceparent")));
    let job = eventually("the job's span", Duration::from_secs(20), async || {
        collector.spans().into_iter().find(|span| span.name == "job")
    })
    .await;
    assert_eq!((job.parent, job.trace == TRACE), (None, false));
}

#[tokio::test]
async fn a_vendor_that_fails_is_seen_in_the_trace() {
    let collector = Collector::start().await;
    let stack = traced(&collector.url()).start().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let given = parent(TRACE, "01");
    let answer = ask(&stack, Hall::Malott, stack.weekday(), &[("traceparent", &given)]).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    // Each try is one.
    let spans = collector.trace(TRACE, 2 + stack.vendor.total_reads()).await;
    assert_eq!(names(&spans)[..3], ["http.request", "job", "vendor.fetch"]);
    assert!(spans[0].is_error, "{:?}", spans[0]);
    assert_eq!(spans[1].attributes["outcome"], "Unavailable");
    for fetch in &spans[2..] {
        assert!(fetch.is_error);
        let told = ["error.class", "http.status"].map(|name| fetch.attributes[name].as_str());
        assert_eq!(told, ["status_5xx", "500"]);
    }
}

/// How long the slowest of some cold menus took.
async fn cold(stack: &Stack, days: std::ops::Range<u64>) -> Duration {
    let mut slowest = Duration::ZERO;
    for ahead in days {
        let (asked, path) =
            (Instant::now(), menu_path(Hall::Malott, stack.in_days(ahead), "lunch"));
        let answer = stack.get(&path).await;
        slowest = slowest.max(asked.elapsed());
        assert!([200, 404].contains(&answer.status), "{answer:?}");
    }
    slowest
}

async fn stop(stack: &mut Stack) {
    for (program, within) in [(stack.apis.pop(), 3), (stack.workers.pop(), 5)] {
        let mut program = program.unwrap();
        let ended = program.terminate(Duration::from_secs(within)).await;
        assert!(ended.is_some_and(|status| status.success()), "{ended:?}: {}", program.log());
    }
}

#[tokio::test]
async fn a_silent_collector_slows_no_answer_and_no_end() {
    let collector = Collector::start().await;
    // It would be waited for as long as may be.
    let mut stack =
        traced(&collector.url()).with("OTEL_EXPORTER_OTLP_TIMEOUT", 60_000).start().await;
    let calm = cold(&stack, 1..5).await;
    collector.is_silent();
    let silent = cold(&stack, 5..13).await;
    // Who waited for it would wait for a minute.
    let bound = (calm * 3).max(Duration::from_secs(2));
    assert!(silent < bound, "{silent:?} is over {bound:?}");
    stack.is_idle().await;
    stop(&mut stack).await;
}

#[tokio::test]
async fn a_collector_that_is_away_or_ill_is_told_of_once_and_so_is_its_return() {
    let collector = Collector::start().await;
    let line = Proxy::to(collector.url().trim_start_matches("http://").parse().unwrap()).await;
    let endpoint = line.url(&collector.url());
    let mut stack = traced(&endpoint).with("METRICS_ADDR", "127.0.0.1:0").workers(1).start().await;
    let failed = async |stack: &Stack, least: f64| {
        eventually("spans were lost", Duration::from_secs(10), async || {
            assert_eq!(stack.get("/api/v2/halls").await.status, 200);
            let metrics = Metrics::of(&stack.apis[0]).await;
            let lost = metrics.value("menus5c_spans_total{result=\"failed\"}");
            (lost >= least).then_some(())
        })
        .await;
    };
    let lines = |stack: &Stack, what: &str| {
        let log = stack.apis[0].log();
        log.lines().filter(|line| line.contains(what)).count()
    };
    line.set(Trouble::Refuse);
    cold(&stack, 1..3).await;
    failed(&stack, 3.0).await;
    collector.answers(500);
    line.set(Trouble::None);
    failed(&stack, 12.0).await;
    assert_eq!(lines(&stack, "the collector does not take spans"), 1);
    assert_eq!(lines(&stack, "the collector takes spans again"), 0);
    collector.answers(200);
    eventually("it is told of again", Duration::from_secs(10), async || {
        stack.get("/api/v2/halls").await;
        (lines(&stack, "the collector takes spans again") == 1).then_some(())
    })
    .await;
    assert_eq!(lines(&stack, "the collector does not take spans"), 1);
    line.set(Trouble::Refuse);
    stack.is_idle().await;
    stop(&mut stack).await;
}

#[tokio::test]
async fn what_waits_is_sent_at_the_end() {
    let collector = Collector::start().await;
    let mut stack = traced(&collector.url()).with("OTEL_BSP_SCHEDULE_DELAY", 60_000).start().await;
    let given = parent(TRACE, "01");
    ask(&stack, Hall::Hoch, stack.weekday(), &[("traceparent", &given)]).await;
    assert!(collector.spans().is_empty());
    stop(&mut stack).await;
    let spans = collector.trace(TRACE, 3).await;
    assert_eq!(names(&spans), ["http.request", "job", "vendor.fetch"]);
}

#[tokio::test]
async fn what_the_collector_is_shown_is_in_no_log() {
    let collector = Collector::start().await;
    let endpoint = format!("{}/{SECRET}", collector.url());
    let stack = traced(&endpoint)
        .with("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization=Bearer%20{SECRET}"))
        .with("LOG", "trace")
        .start()
        .await;
    let given = parent(TRACE, "01");
    ask(&stack, Hall::Hoch, stack.weekday(), &[("traceparent", &given)]).await;
    collector.trace(TRACE, 3).await;
    for told in collector.told() {
        assert_eq!(told.path, format!("/{SECRET}/v1/traces"));
        assert_eq!(told.authorization, Some(format!("Bearer {SECRET}")));
    }
    collector.answers(500);
    ask(&stack, Hall::Malott, stack.weekday(), &[]).await;
    eventually("both say that it is ill", Duration::from_secs(10), async || {
        let all = [&stack.apis[0], &stack.workers[0]];
        all.iter().all(|program| program.log().contains("does not take spans")).then_some(())
    })
    .await;
    for program in [&stack.apis[0], &stack.workers[0]] {
        let log = program.log();
        assert_eq!(log.lines().find(|line| line.contains(SECRET)), None);
    }
}
