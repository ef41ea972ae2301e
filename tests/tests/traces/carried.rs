//! What is carried from a caller to the vendor, and what is told of it.

use std::time::Duration;

use tests::{
    Collector, Span, Stack, eventually,
    stub::{Fault, Hall, Scope},
};

use super::{CALLER, TRACE, ask, jobs, names, parent, traced};

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
