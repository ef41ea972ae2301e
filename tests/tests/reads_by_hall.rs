//! What alarms need to know of reads: how those of each hall ended, and what of a document is missing.

use tests::{
    Metrics, Stack, Wanted,
    stub::{Fault, Hall, Scope},
};

fn measured() -> Wanted {
    Stack::wanted().with("METRICS_ADDR", "127.0.0.1:0")
}

fn reads(hall: &str, result: &str) -> String {
    format!("menus5c_hall_reads_total{{hall=\"{hall}\",result=\"{result}\"}}")
}

#[tokio::test]
async fn one_hall_that_fails_is_told_from_its_vendors_others() {
    let stack = measured().start().await;
    let day = stack.weekday();
    stack.vendor.fault(Scope::parse("bon_appetit:collins").unwrap(), Fault::Status(404, None));
    assert_eq!(stack.menu(Hall::Malott, day, "dinner").await.status, 200);
    assert_eq!(stack.menu(Hall::Collins, day, "dinner").await.status, 503);
    stack.is_idle().await;
    let worker = Metrics::of(&stack.workers[0]).await;
    for (hall, [ok, failed]) in
        [("malott", [1.0, 0.0]), ("collins", [0.0, 1.0]), ("mcconnell", [0.0, 0.0])]
    {
        assert_eq!(
            [worker.value(&reads(hall, "ok")), worker.value(&reads(hall, "failed"))],
            [ok, failed],
            "{hall}"
        );
    }
}

/// It is not the hall's fault, and no alarm shall say so.
#[tokio::test]
async fn a_vendor_that_is_paused_is_no_failed_read_of_its_halls() {
    let stack = measured().start().await;
    let paused = stack.key("paused:bon_appetit");
    let ends = chrono::Utc::now().timestamp_millis() + 60_000;
    stack.write(redis::cmd("SET").arg(paused).arg(ends).arg("EX").arg(60)).await;
    assert_eq!(stack.menu(Hall::Collins, stack.weekday(), "lunch").await.status, 503);
    stack.is_idle().await;
    let worker = Metrics::of(&stack.workers[0]).await;
    assert_eq!(
        worker.value("menus5c_vendor_reads_total{vendor=\"bon_appetit\",outcome=\"paused\"}"),
        1.0
    );
    assert_eq!(worker.value(&reads("collins", "failed")), 0.0);
}

#[tokio::test]
async fn dishes_that_cannot_be_read_are_counted_and_told() {
    let stack = measured().start().await;
    let (well, ill) = (stack.weekday(), stack.weekday().succ_opt().unwrap());
    assert_eq!(stack.menu(Hall::Hoch, well, "lunch").await.status, 200);
    stack.is_idle().await;
    assert!(!stack.workers[0].log().contains("dishes could not be read"));
    stack.vendor.fault(Scope::All, Fault::Nameless);
    assert_eq!(stack.menu(Hall::Hoch, ill, "lunch").await.status, 200);
    stack.is_idle().await;
    let skipped = "menus5c_vendor_items_skipped_total{vendor=\"sodexo\"}";
    let skipped = Metrics::of(&stack.workers[0]).await.value(skipped);
    assert!(skipped >= 5.0, "{skipped}");
    let log = stack.workers[0].log();
    let told: Vec<_> =
        log.lines().filter(|line| line.contains("dishes could not be read")).collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(
        told[0].contains("WARN") && told[0].contains(&format!("skipped={skipped}")),
        "{told:?}"
    );
    let read = log.lines().filter(|line| line.contains("vendor read"));
    assert_eq!(read.filter(|line| line.contains("skipped=0")).count(), 1, "{log}");
}
