//! Both stores away, or a store and the vendor, or all three.

use std::time::Duration;

use tests::{
    Stack, Wanted, eventually, measured, menu_path,
    stub::{Fault, Hall, Scope, Vendor},
};

use crate::{are_fresh, ask_all, dinners, door::Door, is_put_off};

const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/nothing";

/// A breaker opens after three questions that were not answered; each took its time.
async fn breakers_open(stack: &Stack) {
    for path in dinners(stack, 9, 4) {
        stack.get(&path).await;
    }
}

/// Apis with a Redis that was killed and a Postgres that never was.
async fn without_stores(wanted: Wanted) -> Stack {
    let wanted = wanted.own_redis().workers(0).with("DATABASE_URL", NOWHERE);
    let mut stack = wanted.start().await;
    stack.own_redis.as_mut().unwrap().kill();
    stack
}

#[tokio::test]
async fn c1_without_both_stores_a_process_reads_a_menu_once_for_its_lifetime() {
    let mut stack = without_stores(Stack::wanted().apis(2)).await;
    stack.vendor.delay(Scope::All, Duration::from_millis(200));
    let day = stack.weekday();
    let path = menu_path(Hall::Collins, day, "dinner");
    for _ in 0..5 {
        let answers = stack.get_many(40, &path).await;
        are_fresh(&answers);
        assert_eq!(stack.vendor.total_reads(), 2, "once by each of two processes");
    }
    let kept = stack.get(&path).await;
    assert!(kept.header("cache-status").starts_with("menus5c; hit; ttl="), "{kept:?}");
    assert!((1..=2100).contains(&kept.max_age().unwrap()), "{kept:?}");
    assert_eq!(
        kept.json()["stations"],
        *stack.vendor.expected(Hall::Collins, day).stations("dinner").unwrap()
    );
    assert_eq!(stack.menu(Hall::Collins, day, "brunch").await.problem(404).1, "meal_not_served");
    assert_eq!(stack.vendor.total_reads(), 2, "the whole document was kept");

    stack.own_redis.as_mut().unwrap().restart().await;
    eventually("Redis has it", Duration::from_secs(5), async || {
        are_fresh(&[stack.get(&path).await]);
        stack.keys().await.iter().any(|key| key.starts_with("menu:collins")).then_some(())
    })
    .await;
    assert_eq!(stack.vendor.total_reads(), 2, "given to Redis, not read again");
}

#[tokio::test]
async fn c1_what_a_process_keeps_runs_out() {
    let wanted = Stack::wanted().with("CACHE_TTL_SECS", 2).with("CACHE_TTL_JITTER_SECS", 0);
    let stack = without_stores(wanted).await;
    let path = menu_path(Hall::Frary, stack.vendor_day(Hall::Frary), "dinner");
    are_fresh(&[stack.get(&path).await]);
    eventually("it is read again", Duration::from_secs(10), async || {
        are_fresh(&[stack.get(&path).await]);
        (stack.vendor.total_reads() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn c1_without_both_stores_a_process_is_polite_by_itself() {
    let stack = without_stores(Stack::wanted().with("VENDOR_SPACING_MS", 250)).await;
    stack.vendor.delay(Scope::All, Duration::from_millis(600));
    are_fresh(&ask_all(&stack, &dinners(&stack, 1, 8)).await);
    let cafes = stack.vendor.vendor(Vendor::BonAppetit);
    assert_eq!((cafes.reads, cafes.max_concurrent), (8, 2));
}

#[tokio::test]
async fn c2_without_redis_and_vendors_the_last_good_copy_is_served_in_time() {
    const SOFT_WAIT: Duration = Duration::from_millis(800);
    let mut stack = Stack::wanted().own_redis().start().await;
    let known = dinners(&stack, 1, 6);
    crate::warm(&stack, &known).await;
    stack.database.run("update menu_days set fresh_until = now() - interval '1 second'").await;
    stack.own_redis.as_mut().unwrap().kill();
    // Until then it does not know of it, and what it has ready is fresh.
    eventually("the line is lost", Duration::from_secs(5), async || {
        stack.apis[0].log().contains("heard event=Down").then_some(())
    })
    .await;
    let mut slowest = Duration::ZERO;
    for fault in [Fault::Hang, Fault::Status(500, None)] {
        stack.vendor.fault(Scope::All, fault.clone());
        for answer in ask_all(&stack, &known).await {
            assert_eq!(
                (answer.status, &answer.json()["is_stale"]),
                (200, &true.into()),
                "{answer:?}"
            );
            let bound = SOFT_WAIT + Duration::from_millis(100);
            slowest = slowest.max(answer.took);
            // Redis is found to be away by the first three questions.
            assert!(answer.took <= bound, "{fault:?}: {:?}", answer.took);
        }
    }
    measured("C2", format!("slowest {slowest:?}"));
}

#[tokio::test]
async fn c3_without_postgres_and_vendors_hits_are_served_and_misses_put_off_at_once() {
    let stack =
        Stack::wanted().with("DATABASE_URL", NOWHERE).with("VENDOR_PROBE_SECS", 30).start().await;
    let warm = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    are_fresh(&[stack.get(&warm).await]);
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    breakers_open(&stack).await;
    let mut slowest = Duration::ZERO;
    for path in dinners(&stack, 1, 20) {
        let cold = stack.get(&path).await;
        is_put_off(&cold);
        assert!(cold.took <= Duration::from_millis(200), "{:?}", cold.took);
        let hit = stack.get(&warm).await;
        are_fresh(std::slice::from_ref(&hit));
        assert!(hit.header("cache-status").starts_with("menus5c; hit"), "{hit:?}");
        assert!(hit.took <= Duration::from_millis(200), "{:?}", hit.took);
        slowest = slowest.max(cold.took).max(hit.took);
    }
    measured("C3", format!("slowest {slowest:?}"));
}

#[tokio::test]
async fn c4_without_anything_answers_are_prompt_and_all_is_well_again_by_itself() {
    let keeper = Stack::wanted().apis(0).workers(0).start().await;
    let mut door = Door::to(keeper.database.url());
    door.open().await;
    let wanted = Stack::wanted().own_redis().with("DATABASE_URL", door.url());
    let mut stack = wanted.with("VENDOR_PROBE_SECS", 4).start().await;
    let known = dinners(&stack, 1, 3);
    are_fresh(&ask_all(&stack, &known).await);
    stack.is_idle().await;
    stack.own_redis.as_mut().unwrap().kill();
    door.shut().await;
    stack.vendor.fault(Scope::All, Fault::Reset);
    breakers_open(&stack).await;
    let mut slowest = Duration::ZERO;
    for path in known.iter().cycle().take(30) {
        let answer = stack.get(path).await;
        is_put_off(&answer);
        assert!(answer.took <= Duration::from_millis(300), "{:?}", answer.took);
        slowest = slowest.max(answer.took);
    }
    assert_eq!(stack.get("/healthz").await.status, 200);
    assert_eq!(stack.get("/readyz").await.status, 503);

    stack.own_redis.as_mut().unwrap().restart().await;
    door.open().await;
    stack.vendor.heal();
    let back = std::time::Instant::now();
    eventually("every key lives", Duration::from_secs(10), async || {
        let answers = ask_all(&stack, &dinners(&stack, 1, 9)).await;
        let fresh =
            |answer: &tests::Answer| answer.status == 200 && answer.json()["is_stale"] == false;
        answers.iter().all(fresh).then_some(())
    })
    .await;
    let lives = back.elapsed();
    measured("C4", format!("slowest {slowest:?}; every key lives {lives:?} after all are back"));
    eventually("both stores are used", Duration::from_secs(5), async || {
        (stack.get("/readyz").await.json()["status"] == "ready").then_some(())
    })
    .await;
}
