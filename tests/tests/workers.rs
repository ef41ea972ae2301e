//! Workers come and go, die and freeze; no job is lost, no id stays claimed, no visitor waits on one.

#![expect(clippy::print_stdout, reason = "figures that are worth reading")]

use std::time::{Duration, Instant};

use tests::{
    Jobs, Stack, eventually, menu_path,
    stub::{Fault, Hall, Scope},
};

const SECOND: Duration = Duration::from_secs(1);

/// Asks until the menu is there and fresh.
async fn fresh_within(stack: &Stack, path: &str, within: Duration) -> Duration {
    let asked = Instant::now();
    eventually("a fresh 200", within, async || {
        let answer = stack.get(path).await;
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 200 && answer.json().get("is_stale") == Some(&false.into())).then_some(())
    })
    .await;
    asked.elapsed()
}

async fn read_has_begun(stack: &Stack) {
    eventually("the vendor is asked", SECOND * 5, async || {
        (stack.vendor.journal().len() + stack.vendor.max_concurrent() > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_killed_in_mid_read_leaves_its_job_to_the_next() {
    let mut stack = Stack::wanted().workers(1).with("MISS_WAIT_MS", 1000).start().await;
    stack.vendor.delay(Scope::All, SECOND * 3);
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    let _ = stack.get(&path).await.problem(503);
    stack.add_worker();
    stack.workers[0].kill();
    let killed = Instant::now();
    fresh_within(&stack, &path, SECOND * 10).await;
    println!("fresh {:?} after the kill", killed.elapsed());
    assert!(stack.vendor.journal().len() <= 2);
}

#[tokio::test]
async fn a_worker_that_is_started_again_at_once_takes_jobs_within_three_seconds() {
    let mut stack = Stack::wanted().with("MISS_WAIT_MS", 1000).start().await;
    stack.vendor.delay(Scope::Hall(Hall::Hoch), SECOND * 2);
    let day = stack.weekday();
    let orphan = menu_path(Hall::Hoch, day, "lunch");
    let _ = stack.get(&orphan).await.problem(503);
    stack.workers[0].kill();
    stack.add_worker();
    let other = fresh_within(&stack, &menu_path(Hall::Collins, day, "lunch"), SECOND * 3).await;
    println!("another job after {other:?}");
    fresh_within(&stack, &orphan, SECOND * 10).await;
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_ends_its_job_first() {
    let mut stack = Stack::start().await;
    stack.vendor.delay(Scope::All, SECOND * 2);
    let day = stack.weekday();
    let path = menu_path(Hall::Hoch, day, "lunch");
    let asked = async {
        let answer = stack.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    let stopped = async {
        read_has_begun(&stack).await;
        stack.workers[0].signal("TERM");
    };
    tokio::join!(asked, stopped);
    let told = Instant::now();
    let status = stack.workers[0].terminate(SECOND * 10).await.expect("it stops");
    println!("ended {:?} after its job", told.elapsed());
    assert!(status.success(), "{status}");
    assert_eq!(stack.jobs().await, Jobs::NONE);
    let mut redis = stack.redis().await;
    let listed: u64 =
        redis::cmd("ZCARD").arg(stack.key("fetch:workers")).query_async(&mut redis).await.unwrap();
    assert_eq!(listed, 0, "and it is off the list");
}

#[tokio::test]
async fn what_a_stopping_worker_cannot_end_in_time_goes_to_the_next() {
    let mut stack =
        Stack::wanted().with("FETCH_TIMEOUT_MS", 120_000).with("MISS_WAIT_MS", 500).start().await;
    stack.vendor.fault(Scope::All, Fault::Hang);
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    let _ = stack.get(&path).await.problem(503);
    let status = stack.workers[0].terminate(SECOND * 30).await.expect("within 30 s");
    assert!(status.success(), "{status}");
    assert_eq!(stack.jobs().await, Jobs { queued: 1, ..Jobs::NONE }, "handed back");
    stack.vendor.heal();
    stack.add_worker();
    fresh_within(&stack, &path, SECOND * 10).await;
}

#[tokio::test]
async fn an_api_that_is_told_to_stop_answers_who_waits() {
    let mut stack = Stack::start().await;
    stack.vendor.delay(Scope::All, SECOND);
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    let (answers, ()) = tokio::join!(stack.get_many(100, &path), async {
        read_has_begun(&stack).await;
        stack.apis[0].signal("TERM");
    });
    assert!(answers.iter().all(|answer| answer.status == 200));
    println!("the slowest of 100 {:?}", answers.iter().map(|answer| answer.took).max());
    let status = stack.apis[0].terminate(SECOND * 5).await.expect("it stops");
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_frozen_worker_that_comes_back_does_no_harm() {
    let mut stack = Stack::wanted().with("MISS_WAIT_MS", 1000).start().await;
    let day = stack.weekday();
    let path = menu_path(Hall::Collins, day, "lunch");
    stack.vendor.delay(Scope::All, SECOND);
    let asked = stack.get(&path);
    let frozen = async {
        read_has_begun(&stack).await;
        stack.workers[0].signal("STOP");
    };
    let (_, ()) = tokio::join!(asked, frozen);
    stack.vendor.heal();
    stack.vendor.post(Hall::Collins, day, tests::stub::Kind::Weekday, 7);
    stack.add_worker();
    fresh_within(&stack, &path, SECOND * 10).await;
    let newest = stack.get(&path).await.text;
    stack.workers[0].signal("CONT");
    fresh_within(&stack, &menu_path(Hall::Malott, day, "lunch"), SECOND * 5).await;
    eventually("the thawed worker works again", SECOND * 10, async || {
        stack.workers[0].log().contains("given to another worker").then_some(())
    })
    .await;
    assert_eq!(stack.get(&path).await.text, newest, "the newer menu stays in the cache");
    stack.is_idle().await;
    let row = stack.database.text(&format!("select stations::text from menus where hall_id = 'collins' and date = '{day}' and meal = 'lunch'")).await;
    let served: serde_json::Value = serde_json::from_str(&newest).unwrap();
    let row: serde_json::Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row, served["stations"], "and in Postgres");
}

#[tokio::test]
async fn foreign_jobs_go_to_the_dead_letters_and_the_next_good_one_is_done() {
    let mut stack = Stack::start().await;
    stack.leftovers_are_fine();
    let mut redis = stack.redis().await;
    let (data, active) = (stack.key("fetch:data"), stack.key("fetch:active"));
    let good = r#"{"key":"menu:hoch:2026-02-09:lunch","reason":"miss","request_id":null}"#;
    let long = "x".repeat(1024);
    let foreign: [(&[u8], Option<&str>, Option<&str>); 7] = [
        (b"menu:hoch:2026-02-09:lunch", Some("{not json"), Some("0")),
        (b"menu:hoch:2026-02-09:dinner", Some(good), Some("0")),
        (b"with:\xc3\xa9:unicode", Some(r#"{"url":"http://127.0.0.1:1/"}"#), Some("0")),
        (b"\xff\xfe", Some(good), Some("0")),
        (long.as_bytes(), Some(good), Some("0")),
        (b"without data", None, Some("0")),
        (b"menu:frary:2026-02-09:lunch", Some(good), Some("x")),
    ];
    for (id, arguments, attempts) in &foreign {
        let meta = [stack.key("fetch:meta:").as_bytes(), id].concat();
        let mut pipe = redis::pipe();
        if let Some(arguments) = arguments {
            pipe.cmd("HSET").arg(&data).arg(id).arg(arguments).ignore();
        }
        if let Some(attempts) = attempts {
            pipe.cmd("HSET")
                .arg(meta)
                .arg("attempts")
                .arg(attempts)
                .arg("max_attempts")
                .arg(3)
                .ignore();
        }
        pipe.cmd("RPUSH").arg(&active).arg(id).ignore();
        pipe.query_async::<()>(&mut redis).await.unwrap();
    }
    fresh_within(&stack, &menu_path(Hall::Hoch, stack.weekday(), "lunch"), SECOND * 5).await;
    let jobs = stack.jobs().await;
    assert_eq!((jobs.queued, jobs.dead), (0, foreign.len() as u64), "{jobs:?}");
    assert_eq!(stack.vendor.total_reads(), 1, "nothing was read for them");
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_finds_the_worker_at_work_and_postgres_fresh() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let day = stack.weekday();
    let warm: Vec<String> = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell, Hall::Frary]
        .iter()
        .flat_map(|hall| ["breakfast", "lunch", "dinner"].map(|meal| menu_path(*hall, day, meal)))
        .collect();
    for path in &warm {
        assert_eq!(stack.get(path).await.status, 200, "{path}");
    }
    stack.is_idle().await;
    let reads = stack.vendor.total_reads();
    stack.own_redis.as_mut().unwrap().kill();
    // What is kept near is an answer until the api has noticed.
    eventually("nothing is kept near any more", SECOND * 5, async || {
        (!stack.get(&warm[0]).await.header("cache-status").contains("hit")).then_some(())
    })
    .await;
    for path in &warm {
        let answer = stack.get(path).await;
        assert_eq!((answer.status, &answer.json()["is_stale"]), (200, &false.into()), "{answer:?}");
        assert_eq!(answer.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
    }
    stack.own_redis.as_mut().unwrap().restart().await;
    let back = Instant::now();
    for path in warm.iter().cycle().take(300) {
        assert_eq!(stack.get(path).await.status, 200, "{path}");
    }
    assert_eq!(stack.vendor.total_reads(), reads, "no vendor was asked for what was fresh");
    eventually("hits come from Redis again", SECOND * 5, async || {
        stack.get(&warm[0]).await.header("cache-status").contains("hit").then_some(())
    })
    .await;
    // Until the worker has said so in the new Redis, nobody works, and the api would read by itself.
    stack.somebody_works().await;
    let answer = stack.menu(Hall::Hoch, stack.in_days(9), "dinner").await;
    assert_eq!(answer.header("cache-status"), "menus5c; fwd=miss; stored", "{answer:?}");
    println!("back at work after {:?}", back.elapsed());
    assert!(back.elapsed() < SECOND * 5, "{:?}", back.elapsed());
}

/// The lease of a process that hangs outlives the patience of who wants to read. The copy is there.
#[tokio::test]
async fn a_document_that_another_process_holds_for_ever_is_answered_from_its_copy() {
    let mut stack = Stack::wanted().workers(0).with("FETCH_TIMEOUT_MS", 100).start().await;
    stack.leftovers_are_fine();
    let day = stack.weekday();
    let read = "now() - interval '1 hour'";
    stack.database.run(&format!(
        "with read as (select {read} as at), day as (
             insert into menu_days select 'hoch', '{day}', 'posted', at, at + interval '30 minutes', 1, at from read)
         insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
         select 'hoch', '{day}', 'lunch',
                '[{{\"name\":\"Grill\",\"items\":[{{\"name\":\"Soup\",\"description\":null,\"tags\":[]}}]}}]', 1, 1, at
         from read"
    )).await;
    let lease = stack.key(&format!("lease:sodexo:hoch:{day}"));
    stack.write(redis::cmd("SET").arg(lease).arg("somebody").arg("EX").arg(60)).await;
    let answer = stack.menu(Hall::Hoch, day, "lunch").await;
    assert_eq!(
        (answer.status, answer.header("cache-status")),
        (200, "menus5c; fwd=stale"),
        "{answer:?}"
    );
    assert_eq!(answer.json().get("is_stale"), Some(&true.into()));
    assert_eq!(stack.vendor.total_reads(), 0);
}
