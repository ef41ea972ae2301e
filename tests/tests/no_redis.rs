//! Without Redis, or with nobody at work, the same answers come: from Postgres while it is fresh,
//! else from the vendor, else the last good copy.

use std::time::Duration;

use tests::{
    Stack, eventually, menu_path,
    stub::{Fault, Hall, Scope},
};

#[tokio::test]
async fn an_api_without_redis_reads_vendors_itself_once_and_then_postgres() {
    let mut stack = Stack::wanted().workers(0).no_redis().with("MISS_WAIT_MS", 2000).start().await;
    stack.leftovers_are_fine();
    let day = stack.weekday();
    stack.vendor.delay(Scope::All, Duration::from_millis(100));
    let answers = stack.get_many(100, &menu_path(Hall::Hoch, day, "lunch")).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (200, &answers[0].text), "{answer:?}");
        assert_eq!(answer.header("cache-status"), "menus5c; fwd=bypass; detail=live");
    }
    assert_eq!(stack.vendor.total_reads(), 1);
    let again = stack.menu(Hall::Hoch, day, "dinner").await;
    assert_eq!(again.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
    assert!((1400..=2100).contains(&again.max_age().unwrap()), "{again:?}");
    assert_eq!(stack.menu(Hall::Hoch, day, "brunch").await.problem(404).1, "meal_not_served");
    assert_eq!(stack.vendor.total_reads(), 1);

    stack.database.run("update menu_days set fresh_until = now()").await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let stale = stack.menu(Hall::Hoch, day, "lunch").await;
    assert_eq!((stale.status, &stale.json()["is_stale"]), (200, &true.into()), "{stale:?}");
    assert_eq!(stale.header("cache-status"), "menus5c; fwd=stale");
    assert_eq!(stack.menu(Hall::Collins, day, "lunch").await.problem(503).1, "vendor_error");
}

#[tokio::test]
async fn with_nobody_at_work_the_api_reads_and_fills_the_cache() {
    let mut stack = Stack::wanted().workers(0).start().await;
    stack.leftovers_are_fine();
    let path = menu_path(Hall::Malott, stack.weekday(), "lunch");
    let answers = stack.get_many(50, &path).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(answers[0].header("cache-status"), "menus5c; fwd=bypass; detail=live");
    assert_eq!(stack.vendor.total_reads(), 1);
    assert!(stack.get(&path).await.header("cache-status").starts_with("menus5c; hit"));

    // The job waited; whoever comes to work finds it done.
    stack.add_worker();
    eventually("the queue is empty", Duration::from_secs(5), async || {
        (stack.jobs().await == tests::Jobs::NONE).then_some(())
    })
    .await;
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn a_redis_that_dies_or_freezes_changes_nothing_but_the_time() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let day = stack.weekday();
    let warm = menu_path(Hall::Collins, day, "lunch");
    let body = stack.get(&warm).await.text;
    stack.is_idle().await;
    for how in ["STOP", "kill"] {
        match how {
            "STOP" => stack.own_redis.as_ref().unwrap().signal("STOP"),
            _ => stack.own_redis.as_mut().unwrap().kill(),
        }
        for _ in 0..5 {
            let answer = stack.get(&warm).await;
            assert_eq!((answer.status, &answer.text), (200, &body), "{how}");
            assert!(answer.took < Duration::from_millis(800), "{how}: {:?}", answer.took);
        }
        let cold = if how == "STOP" { stack.in_days(8) } else { stack.in_days(9) };
        let answer = stack.menu(Hall::Collins, cold, "dinner").await;
        assert_eq!(answer.status, 200, "{how}: {answer:?}");
        let ready = stack.get("/readyz").await;
        assert_eq!((ready.status, &ready.json()["status"]), (200, &"degraded".into()), "{ready:?}");
        match how {
            "STOP" => stack.own_redis.as_ref().unwrap().signal("CONT"),
            _ => stack.own_redis.as_mut().unwrap().restart().await,
        }
        eventually("Redis is used again", Duration::from_secs(5), async || {
            let answer = stack.get(&warm).await;
            assert_eq!((answer.status, &answer.text), (200, &body));
            answer.header("cache-status").starts_with("menus5c; hit").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn programs_start_with_both_stores_away_and_say_so() {
    let away = Stack::wanted()
        .workers(0)
        .with("REDIS_URL", "redis://127.0.0.1:1")
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .start()
        .await;
    assert_eq!(away.get("/healthz").await.status, 200);
    let ready = away.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (503, &"down".into()));
    let live = away.menu(Hall::Hoch, away.weekday(), "lunch").await;
    assert_eq!(live.status, 200, "a live read needs no store: {live:?}");
    away.vendor.delay(Scope::All, Duration::from_millis(300));
    let many = away.get_many(50, &menu_path(Hall::Collins, away.weekday(), "lunch")).await;
    assert!(many.iter().all(|answer| answer.status == 200));
    assert_eq!(
        away.vendor.reads(&format!("bon_appetit:collins:{}", away.weekday())),
        1,
        "coalesced in the process"
    );
    let _ = away.get("/api/v2/halls").await.problem(503);
    // What Postgres alone can answer is a menu all the same.
    for (date, meal) in [("2020-01-01".parse().unwrap(), "lunch"), (away.weekday(), "tea")] {
        let unknown = away.menu(Hall::Hoch, date, meal).await;
        let (detail, reason) = unknown.problem(503);
        assert_eq!(
            (&*detail, &*reason),
            ("Menu temporarily unavailable", "vendor_error"),
            "{meal}"
        );
        assert_eq!(unknown.header("retry-after"), "1");
    }
    let log = away.apis[0].log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn without_redis_a_failing_vendor_is_not_asked_by_every_visitor() {
    let mut stack = Stack::wanted().workers(0).no_redis().start().await;
    stack.leftovers_are_fine();
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let day = stack.weekday();
    let first = stack.menu(Hall::Collins, day, "lunch").await;
    assert_eq!(first.problem(503).1, "vendor_error");
    assert_eq!(first.header("cache-status"), "menus5c; fwd=bypass; detail=live");
    let reads = stack.vendor.total_reads();
    for meal in ["lunch", "dinner", "lunch"] {
        let answer = stack.menu(Hall::Collins, day, meal).await;
        assert_eq!(answer.problem(503).1, "vendor_error");
    }
    assert_eq!(stack.vendor.total_reads(), reads);
    assert_eq!(stack.menu(Hall::Collins, day, "tea").await.problem(404).1, "meal_not_served");
}
