//! Redis away: Postgres while it is fresh, else one read for all processes.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Executor as _;
use tests::{
    Stack, eventually, measured, menu_path,
    stub::{Hall, Scope, Vendor},
};

use crate::{are_fresh, ask_all, dinners, is_put_off, p99, paced};

#[tokio::test]
async fn r1_a_redis_that_is_killed_under_load_costs_warm_menus_nothing() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let warm = dinners(&stack, 1, 20);
    crate::warm(&stack, &warm).await;
    let reads = stack.vendor.total_reads();
    let before = paced(&stack, &warm, 200, Duration::from_secs(2)).await;
    stack.own_redis.as_mut().unwrap().kill();
    let after = paced(&stack, &warm, 200, Duration::from_secs(4)).await;
    are_fresh(&before);
    are_fresh(&after);
    let (bound, took) = (Duration::from_millis(150).max(p99(&before) * 3), p99(&after));
    measured("R1", format!("p99 {took:?}, with Redis {:?}", p99(&before)));
    assert!(took <= bound, "p99 {took:?}, {:?} before", p99(&before));
    assert_eq!(stack.vendor.total_reads(), reads);
}

#[tokio::test]
async fn r2_without_redis_a_cold_menu_is_read_once_for_all_processes() {
    // On a busy machine a read takes longer than the soft wait, and what it saved is then the answer.
    let wanted = Stack::wanted().own_redis().apis(3).with("SOFT_WAIT_MS", 5000);
    let mut stack = wanted.start().await;
    stack.own_redis.as_mut().unwrap().kill();
    stack.vendor.delay(Scope::All, Duration::from_millis(300));
    for round in 1..=5 {
        let path = menu_path(Hall::Collins, stack.in_days(round), "dinner");
        let answers = stack.get_many(100, &path).await;
        are_fresh(&answers);
        assert!(answers.iter().all(|answer| answer.text == answers[0].text));
        assert!(p99(&answers) <= Duration::from_secs(5), "{:?}", p99(&answers));
        measured("R2", format!("p99 {:?}, of which the vendor took 300 ms", p99(&answers)));
        let from = |word: &str| answers.iter().any(|a| a.header("cache-status").ends_with(word));
        assert!(from("detail=live"), "the one that read it says so");
        let all = stack.vendor.total_reads();
        assert_eq!(all, usize::try_from(round).unwrap(), "one read in all, by whichever process");
    }
}

#[tokio::test]
async fn r2_a_process_that_dies_or_freezes_over_a_read_holds_up_the_others_for_seconds_only() {
    for signal in ["KILL", "STOP"] {
        let stack = Stack::wanted().no_redis().workers(0).apis(2).start().await;
        stack.vendor.delay(Scope::All, Duration::from_secs(60));
        let path = menu_path(Hall::Malott, stack.in_days(1), "dinner");
        let asked = stack.ask(0, reqwest::Method::GET, &path, &[]);
        tokio::select! {
            answer = asked => panic!("before the vendor answers: {answer:?}"),
            () = eventually("it reads", Duration::from_secs(5), async || {
                (stack.vendor.total_reads() == 1).then_some(())
            }) => stack.apis[0].signal(signal),
        }
        stack.vendor.heal();
        let served = async || {
            let answer = stack.ask(1, reqwest::Method::GET, &path, &[]).await;
            (answer.status == 200).then_some(answer)
        };
        let within = Duration::from_secs(12);
        are_fresh(&[eventually("the other process serves it", within, served).await]);
        assert_eq!(stack.vendor.total_reads(), 2, "{signal}");
        stack.apis[0].signal("CONT");
    }
}

#[tokio::test]
async fn r2_reads_that_take_long_keep_no_connection_to_postgres() {
    let stack = Stack::wanted().no_redis().workers(0).with("VENDOR_CONCURRENCY", 40).start().await;
    let (known, cold) = (dinners(&stack, 1, 3), dinners(&stack, 2, 30));
    crate::warm(&stack, &known).await;
    stack.vendor.fault(Scope::All, tests::stub::Fault::Hang);
    let asked = ask_all(&stack, &cold);
    let meanwhile = async {
        eventually("all of them are being read", Duration::from_secs(20), async || {
            (stack.vendor.vendor(Vendor::BonAppetit).max_concurrent == 30).then_some(())
        })
        .await;
        let locks = "select count(*) from pg_locks where locktype = 'advisory' and granted
                     and database = (select oid from pg_database where datname = current_database())";
        assert!(stack.database.number(locks).await >= 60, "a lease and a slot for each");
        let holders = "select count(distinct pid) from pg_locks where locktype = 'advisory'
                       and database = (select oid from pg_database where datname = current_database())";
        assert_eq!(stack.database.number(holders).await, 1, "all in one session");
        let busy = "select count(*) from pg_stat_activity where datname = current_database()
                    and state <> 'idle' and pid <> pg_backend_pid()";
        eventually("the pool is at rest", Duration::from_secs(5), async || {
            (stack.database.number(busy).await == 0).then_some(())
        })
        .await;
        are_fresh(&paced(&stack, &known, 50, Duration::from_secs(1)).await);
    };
    let (answers, ()) = futures::future::join(asked, meanwhile).await;
    answers.iter().for_each(is_put_off);
}

#[tokio::test]
async fn r2_who_queued_for_a_vendor_looks_again_where_no_store_could_say() {
    let wanted = Stack::wanted().no_redis().workers(0).with("VENDOR_CONCURRENCY", 1);
    let stack = wanted.start().await;
    let menus = dinners(&stack, 1, 3);
    crate::warm(&stack, &menus[..1]).await;
    stack.database.run("update menu_days set fresh_until = now() - interval '1 minute'").await;
    stack.vendor.delay(Scope::All, Duration::from_secs(4));
    let queueing = async {
        eventually("the vendor is busy", Duration::from_secs(5), async || {
            (stack.vendor.total_reads() == 2).then_some(())
        })
        .await;
        stack.vendor.heal();
        let mut other = stack.database.connect().await;
        other.execute("begin; lock table menu_days in access exclusive mode").await.unwrap();
        let told = eventually("it could not be told", Duration::from_secs(5), async || {
            (stack.apis[0].log().matches("no copies at hand").count() == 1).then_some(())
        });
        let asked = stack.get(&menus[0]);
        futures::future::join(asked, async {
            told.await;
            // As if another process had read it by then.
            let fresh = "update menu_days set fresh_until = now() + interval '1 hour'; commit";
            other.execute(fresh).await.unwrap();
        })
        .await
    };
    futures::future::join(stack.get(&menus[1]), queueing).await;
    // Turns are taken in order: who asks now comes after both.
    eventually("the next is served", Duration::from_secs(10), async || {
        (stack.get(&menus[2]).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(stack.vendor.total_reads(), 3, "each once");
}

#[tokio::test]
async fn r3_s11_without_redis_all_processes_together_ask_two_at_once_and_four_a_second() {
    let mut stack =
        Stack::wanted().own_redis().apis(3).with("VENDOR_SPACING_MS", 250).start().await;
    stack.own_redis.as_mut().unwrap().kill();
    stack.vendor.delay(Scope::All, Duration::from_millis(400));
    let mut cold = dinners(&stack, 1, 42);
    cold.extend((1..=8).map(|ahead| menu_path(Hall::Hoch, stack.in_days(ahead), "dinner")));
    eventually("all are served in turn", Duration::from_secs(60), async || {
        let answers = ask_all(&stack, &cold).await;
        answers.iter().filter(|answer| answer.status != 200).for_each(is_put_off);
        answers.iter().all(|answer| answer.status == 200).then_some(())
    })
    .await;
    let cafes = stack.vendor.vendor(Vendor::BonAppetit);
    assert_eq!((cafes.reads, cafes.max_concurrent), (42, 2));
    let is_one = |read: &tests::stub::Read| read.vendor == Some(Vendor::BonAppetit.as_str());
    let journal = stack.vendor.journal();
    let at: Vec<DateTime<Utc>> = journal.iter().filter(|r| is_one(r)).map(|r| r.at).collect();
    // Four a second, but for the few milliseconds by which requests differ on their way.
    let apart = |five: &[DateTime<Utc>]| five[4] - five[0] >= TimeDelta::milliseconds(950);
    assert!(at.windows(5).all(apart), "{at:?}");
    assert_eq!(stack.vendor.vendor(Vendor::Sodexo).reads, 8);
    assert_eq!(stack.vendor.vendor(Vendor::Sodexo).max_concurrent, 2);
}

#[tokio::test]
async fn r4_a_redis_that_comes_back_empty_is_filled_from_postgres() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let warm = dinners(&stack, 1, 20);
    crate::warm(&stack, &warm).await;
    let reads = stack.vendor.total_reads();
    stack.own_redis.as_mut().unwrap().restart().await;
    are_fresh(&paced(&stack, &warm, 20, Duration::from_secs(6)).await);
    for path in &warm {
        eventually("the cache has it again", Duration::from_secs(5), async || {
            let answer = stack.get(path).await;
            are_fresh(std::slice::from_ref(&answer));
            answer.header("cache-status").starts_with("menus5c; hit").then_some(())
        })
        .await;
    }
    assert_eq!(stack.vendor.total_reads(), reads, "not one read");
    let cold = stack.menu(Hall::Hoch, stack.in_days(2), "dinner").await;
    measured("R4", format!("no read, and a new job is done after {:?}", cold.took));
    assert_eq!(cold.status, 200, "{cold:?}");
    assert_eq!(cold.header("cache-status"), "menus5c; fwd=miss; stored", "by a worker");
    assert!(cold.took <= Duration::from_secs(5), "{:?}", cold.took);
}
