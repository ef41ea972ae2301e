//! Answers that are not what was asked for.

use std::time::Duration;

use tests::{
    Metrics, Stack, eventually, measured, menu_path,
    stub::{Fault, Hall, Scope, Vendor},
};

use crate::{BUDGET, forget_peak, hurried, is_stale, last_run, memory, with_a_copy};

/// Everything saved, as text.
async fn rows(stack: &Stack) -> String {
    let rows = "select coalesce(json_agg(m order by hall_id, date, meal)::text, '') from menus m";
    stack.database.text(rows).await
}

/// With a copy: the copy, and not a byte of it changes. Without: 503, and nothing is saved.
async fn is_never_taken_for_a_menu(faults: &[(Fault, &[&str])]) {
    let stack = hurried().start().await;
    for (fault, classes) in faults {
        stack.vendor.heal();
        with_a_copy(&stack, fault.clone()).await;
        let before = rows(&stack).await;
        is_stale(&stack.menu(Hall::Collins, stack.weekday(), "dinner").await);
        let (class, _) = last_run(&stack).await;
        assert!(classes.contains(&class.as_str()), "{fault:?}: {class}");
        assert_eq!(rows(&stack).await, before, "{fault:?}");
        let cold = stack.menu(Hall::Malott, stack.weekday(), "dinner").await;
        assert_eq!(cold.problem(503).1, "vendor_error", "{fault:?}");
        stack.is_idle().await;
        assert_eq!(rows(&stack).await, before, "{fault:?}: nothing was saved");
        stack.expire("menu:").await;
    }
}

#[tokio::test]
async fn v7_half_an_answer_is_none() {
    is_never_taken_for_a_menu(&[
        (Fault::Reset, &["connect", "broken"]),
        (Fault::CutBody, &["broken"]),
        (Fault::BadLength, &["connect", "broken"]),
    ])
    .await;
}

#[tokio::test]
async fn v8_an_answer_that_cannot_be_read_is_no_empty_menu() {
    is_never_taken_for_a_menu(&[
        (Fault::Empty, &["parse"]),
        (Fault::BadLayout, &["parse"]),
        (Fault::Garbage, &["parse"]),
        (Fault::BadType, &["parse"]),
    ])
    .await;
}

#[tokio::test]
async fn v9_a_page_of_another_day_is_not_stored_under_this_one() {
    is_never_taken_for_a_menu(&[(Fault::WrongDay, &["wrong_day"])]).await;
}

/// The API names no day; what gives the next day's menu away is that the next day has it already.
async fn another_day_is_not_believed(stack: &Stack) {
    // Not tomorrow, which is today already by UTC when it is evening at the halls: today may take a menu back.
    let (day, later) = (stack.in_days(2), stack.in_days(5));
    for known in [day, stack.in_days(3), stack.in_days(6)] {
        assert_eq!(stack.menu(Hall::Hoch, known, "dinner").await.status, 200);
    }
    stack.grow_old().await;
    let before = rows(stack).await;
    stack.vendor.fault(Scope::All, Fault::WrongDay);
    is_stale(&stack.menu(Hall::Hoch, day, "dinner").await);
    assert_eq!(last_run(stack).await.0, "wrong_day");
    assert_eq!(stack.menu(Hall::Hoch, later, "dinner").await.problem(503).1, "vendor_error");
    stack.is_idle().await;
    assert_eq!(rows(stack).await, before, "nothing was saved");
    stack.vendor.heal();
    stack.grow_old().await;
    for right in [day, later] {
        eventually("a fresh menu", Duration::from_secs(5), async || {
            let answer = stack.menu(Hall::Hoch, right, "dinner").await;
            (answer.status == 200 && answer.json()["is_stale"] == false).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn v9_a_menu_that_another_day_has_is_not_stored_under_this_one() {
    another_day_is_not_believed(&hurried().start().await).await;
    let alone = hurried().with("FAILURE_TTL_SECS", 1).no_redis().workers(0);
    another_day_is_not_believed(&alone.start().await).await;
}

#[tokio::test]
async fn v6_a_document_that_is_not_there_is_asked_for_once_and_is_no_menu_of_another_day() {
    let stack = Stack::start().await;
    with_a_copy(&stack, Fault::Status(404, None)).await;
    is_stale(&stack.menu(Hall::Collins, stack.weekday(), "dinner").await);
    let path = menu_path(Hall::Collins, stack.in_days(9), "dinner");
    for answer in stack.get_many(50, &path).await {
        assert_eq!(answer.problem(503).1, "vendor_error");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((240..=350).contains(&wait), "about 300 s: {wait}");
    }
    assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, 2, "one for each of two documents");
}

#[tokio::test]
async fn v5_a_vendor_that_refuses_us_is_asked_once_a_minute_and_it_is_counted() {
    for status in [401, 403] {
        let stack = Stack::wanted().start().await;
        with_a_copy(&stack, Fault::Status(status, None)).await;
        let day = stack.weekday();
        is_stale(&stack.menu(Hall::Collins, day, "dinner").await);
        let held = stack.key(&format!("menu:collins:{day}:dinner"));
        let mut left = redis::cmd("PTTL");
        let left: u64 = left.arg(&held).query_async(&mut stack.redis().await).await.unwrap();
        assert!(left >= 60_000, "the copy holds for {left} ms");
        let cold = menu_path(Hall::Malott, day, "dinner");
        for answer in stack.get_many(50, &cold).await {
            assert_eq!(answer.problem(503).1, "vendor_error");
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((59..=75).contains(&wait), "{wait}");
        }
        assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, 2, "once each");
        let refused = "select count(*) from fetch_runs where error_class = 'refused'";
        stack.is_idle().await;
        assert_eq!(stack.database.number(refused).await, 2);
        let series = "menus5c_vendor_reads_total{vendor=\"bon_appetit\",outcome=\"refused\"}";
        let counted = Metrics::at(&format!("{}/metrics", stack.workers[0].url())).await;
        assert_eq!(counted.known(series), Some(2.0));
    }
}

/// The worker's memory grows by no more than this while it reads such an answer.
async fn takes_no_more_than(mebibytes: u64, faults: &[Fault]) {
    let stack = hurried().start().await;
    for hall in [Hall::Collins, Hall::Hoch] {
        // What reading takes at all, it has taken by now.
        assert_eq!(stack.menu(hall, stack.in_days(1), "dinner").await.status, 200);
    }
    for (fault, ahead) in faults.iter().zip(2..) {
        stack.is_idle().await;
        stack.vendor.fault(Scope::All, fault.clone());
        let before = forget_peak(&stack.workers[0]);
        let answer = stack.menu(Hall::Collins, stack.in_days(ahead), "dinner").await;
        let _ = answer.problem(503);
        let (_, took) = last_run(&stack).await;
        let bound = BUDGET + Duration::from_millis(200);
        assert!(Duration::from_millis(took.unsigned_abs()) <= bound, "{fault:?}: {took} ms");
        let grown = memory(&stack.workers[0], "VmHWM").saturating_sub(before);
        measured("V12, V13, V15", format!("{fault:?}: {grown} KiB more, ended after {took} ms"));
        assert!(grown <= mebibytes * 1024, "{fault:?}: {grown} KiB more than {before}");
    }
}

#[tokio::test]
async fn v12_a_gzip_bomb_costs_the_worker_no_more_than_16_mib() {
    takes_no_more_than(16, &[Fault::GzipBomb(200)]).await;
}

#[tokio::test]
async fn v13_a_huge_or_endless_body_costs_the_worker_no_more_than_16_mib() {
    takes_no_more_than(16, &[Fault::Huge(200), Fault::Endless]).await;
}

#[tokio::test]
async fn v15_a_huge_or_slow_head_costs_the_worker_no_more_than_4_mib() {
    takes_no_more_than(4, &[Fault::HugeHeader(1024), Fault::SlowHead(Duration::from_secs(1))])
        .await;
}

#[tokio::test]
async fn v9_a_day_to_come_does_not_keep_todays_menu_from_today() {
    let stack = Stack::start().await;
    let (today, far) = (stack.today(), stack.in_days(10));
    let dinner = async |date| stack.menu(Hall::Hoch, date, "dinner").await;
    // The API shows today's menu, whatever the day; and the far day is asked for first.
    stack.vendor.fault(Scope::Hall(Hall::Hoch), Fault::Today);
    let mistaken = dinner(far).await;
    assert_eq!(mistaken.status, 200, "nobody can know better yet: {mistaken:?}");
    let fresh = dinner(today).await;
    assert_eq!((fresh.status, &fresh.json()["is_stale"]), (200, &false.into()), "{fresh:?}");
    assert_eq!(fresh.json()["stations"], mistaken.json()["stations"]);
    stack.heard().await;
    let withdrawn = dinner(far).await;
    assert_eq!(withdrawn.problem(503).1, "vendor_error", "{withdrawn:?}");
    let class = "select count(*) from fetch_runs where error_class = 'wrong_day'";
    assert_eq!(stack.database.number(class).await, 1);
    stack.vendor.heal();
    stack.expire("menu:hoch").await;
    let own = dinner(far).await;
    assert_eq!(own.status, 200, "{own:?}");
    assert_ne!(own.json()["stations"], mistaken.json()["stations"]);
}
