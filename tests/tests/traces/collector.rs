//! A collector that is slow, away or ill; the end; and what it must be shown and nobody else.

use std::time::{Duration, Instant};

use tests::{Collector, Metrics, Proxy, Stack, Trouble, eventually, menu_path, stub::Hall};

use super::{SECRET, TRACE, ask, names, parent, traced};

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
