//! One job that is ill, or whose stores are.

use std::{cell::Cell, time::Instant};

use tests::{
    Load, OwnPostgres, Stack, dinners, eventually, lives, menu_path,
    stub::{Fault, Hall, Scope},
};

use super::{MS, SECOND};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q7_a_document_that_cannot_be_read_harms_no_other() {
    let mut stack = Stack::start().await;
    let poison = stack.in_days(1);
    let document = format!("bon_appetit:malott:{poison}");
    stack.vendor.fault(Scope::parse(&document).expect("a scope"), Fault::Garbage);
    let others: Vec<_> = dinners(&stack, 1..7)
        .into_iter()
        .filter(|(hall, date, _)| (*hall, *date) != (Hall::Malott, poison))
        .collect();
    let load = Load::of(&stack, &others);
    let poisoned = menu_path(Hall::Malott, poison, "dinner");
    let asked = Instant::now();
    let asking = async {
        while asked.elapsed() < SECOND * 3 {
            assert_eq!(stack.get(&poisoned).await.problem(503).1, "vendor_error");
        }
    };
    let (seen, (), ()) = tokio::join!(load.at_once(3), asking, tokio::time::sleep(SECOND));
    seen.all_ok();
    stack.is_idle().await;
    let counts = stack.vendor.counts();
    assert!(counts.len() == others.len() + 1, "{counts:?}");
    assert!(counts.values().all(|count| count.reads == 1), "{counts:?}");
    assert!(stack.workers[0].ended().is_none());
}

/// Twenty other menus and one whose job panics there, each time that it runs.
async fn a_panic_harms_no_other(place: &str) {
    let mut stack = Stack::wanted().workers(0).with("MISS_WAIT_MS", 2000).start().await;
    // A job that ends so is tried again after seconds, and the test after less.
    stack.leftovers_are_fine();
    let (poison, date, meal) = dinners(&stack, 6..7)[0];
    let id = format!("menu:{}:{date}:{meal}", poison.as_str());
    stack.for_workers("FAILPOINT", &format!("{place} {id}"));
    stack.add_worker();
    stack.somebody_works().await;
    let others = dinners(&stack, 1..6);
    assert_eq!(others.len(), 20);
    let (load, poisoned) = (Load::of(&stack, &others), menu_path(poison, date, meal));
    let (pid, asked) = (stack.workers[0].pid(), Instant::now());
    let asking = async {
        while asked.elapsed() < SECOND * 6 {
            let answer = stack.get(&poisoned).await;
            let (_, reason) = answer.problem(503);
            assert!(["pending", "vendor_error"].contains(&reason.as_str()), "{reason}");
            assert!(answer.took <= SECOND * 3, "{:?}", answer.took);
        }
    };
    let (seen, ()) = tokio::join!(load.at_once(3), asking);
    seen.all_ok();
    let counts = stack.vendor.counts();
    assert_eq!(counts.len(), others.len(), "{counts:?}");
    assert!(counts.values().all(|count| count.reads == 1), "{counts:?}");
    let panics = stack.workers[0].log().matches("a test wants it").count();
    println!("{place}: {panics} panics, slowest of the others {:?}", seen.slowest());
    assert!((1..=12).contains(&panics), "{panics}");
    assert!(stack.workers[0].ended().is_none());
    assert_eq!(stack.workers[0].pid(), pid);
    let last = lives(&stack, dinners(&stack, 7..8)[0]).await;
    assert!(last < SECOND * 2, "the next job: {last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q7_a_job_that_panics_harms_no_other() {
    for place in ["handler", "task"] {
        a_panic_harms_no_other(place).await;
    }
}

#[tokio::test]
async fn q8_thousands_of_foreign_jobs_keep_no_worker_from_its_heartbeat() {
    const FOREIGN: usize = 4000;
    let mut stack = Stack::start().await;
    stack.leftovers_are_fine();
    let mut redis = stack.redis().await;
    let mut all = redis::pipe();
    for at in 0..FOREIGN {
        let id = format!("foreign-{at}");
        all.hset(stack.key("fetch:data"), &id, "{}").ignore();
        let meta = stack.key(&format!("fetch:meta:{id}"));
        all.hset_multiple(meta, &[("attempts", 0), ("max_attempts", 3)]).ignore();
        all.rpush(stack.key("fetch:active"), &id).ignore();
    }
    all.query_async::<()>(&mut redis).await.unwrap();
    let longest = Cell::new(0.0_f64);
    eventually("all are buried", SECOND * 60, async || {
        let (now, workers, left): ((i64, i64), Vec<(String, f64)>, usize) = redis::pipe()
            .cmd("TIME")
            .zrange_withscores(stack.key("fetch:workers"), 0, -1)
            .llen(stack.key("fetch:active"))
            .query_async(&mut stack.redis().await)
            .await
            .unwrap();
        #[expect(clippy::cast_precision_loss, reason = "a time of day")]
        let now = now.0 as f64;
        let silences = workers.iter().map(|(_, heard)| now - heard);
        longest.set(silences.fold(longest.get(), f64::max));
        (left == 0).then_some(())
    })
    .await;
    let silence = longest.get();
    println!("{FOREIGN} buried, longest silence {silence:.1} s");
    assert!(silence < 3.0, "{silence}");
    let took = lives(&stack, dinners(&stack, 1..2)[0]).await;
    assert!(took < SECOND * 5, "{took:?}");
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test]
async fn q14_a_job_whose_data_was_deleted_while_it_waits_holds_up_nobody() {
    let mut stack = Stack::start().await;
    stack.leftovers_are_fine();
    let (scheduled, data) = (stack.key("fetch:scheduled"), stack.key("fetch:data"));
    let id = format!("menu:hoch:{}:dinner", stack.in_days(1));
    let job = format!(r#"{{"key":"{id}","reason":"miss","request_id":null}}"#);
    let mut redis = stack.redis().await;
    let due = chrono::Utc::now().timestamp() + 1;
    for gone in [data.as_str(), &stack.key(&format!("fetch:meta:{id}"))] {
        redis::pipe()
            .cmd("HSET")
            .arg(&data)
            .arg(&id)
            .arg(&job)
            .cmd("HSET")
            .arg(stack.key(&format!("fetch:meta:{id}")))
            .arg(&["attempts", "1", "max_attempts", "3", "status", "Pending"])
            .cmd("ZADD")
            .arg(&scheduled)
            .arg(due)
            .arg(&id)
            .cmd("DEL")
            .arg(gone)
            .query_async::<()>(&mut redis)
            .await
            .unwrap();
        eventually("it is dealt with", SECOND * 5, async || {
            let jobs = stack.jobs().await;
            (jobs.scheduled + jobs.queued + jobs.running == 0).then_some(())
        })
        .await;
    }
    // The id is free, and so is the queue.
    for key in dinners(&stack, 1..2) {
        let took = lives(&stack, key).await;
        assert!(took < SECOND * 5, "{took:?}");
    }
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q16_a_job_that_loses_postgres_on_its_way_still_answers_who_waits() {
    let mut stack = Stack::wanted().postgres(OwnPostgres::start().await).start().await;
    lives(&stack, dinners(&stack, 8..9)[0]).await;
    stack.is_idle().await;
    stack.vendor.forget_reads();
    stack.vendor.delay(Scope::All, 500 * MS);
    let key = dinners(&stack, 1..2)[0];
    let load = Load::of(&stack, &[key]);
    let ((), sample) = tokio::join!(
        async {
            eventually("the vendor is asked", SECOND * 5, async || {
                (!stack.vendor.journal().is_empty()).then_some(())
            })
            .await;
            stack.own_postgres.as_mut().expect("a Postgres of its own").stop();
        },
        load.one(0)
    );
    assert_eq!((sample.status, &sample.wrong, sample.stale), (200, &None, false), "{sample:?}");
    println!("answered after {:?}, of which the vendor took 500 ms", sample.took);
    assert!(sample.took < 500 * MS + 300 * MS, "{:?}", sample.took);
    assert_eq!(load.one(0).await.status, 200);
    let own = stack.own_postgres.as_mut().expect("a Postgres of its own");
    own.restart().await;
    eventually("the row is written", SECOND * 30, async || {
        (stack.database.number("select count(*) from menu_days").await == 2).then_some(())
    })
    .await;
    assert_eq!(stack.vendor.total_reads(), 1);
}
