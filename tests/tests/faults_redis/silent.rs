//! A Redis that is there and says nothing, or says half of it.

use std::time::Instant;

use tests::{
    Load, Seen, Stack, Trouble, dinners, eventually, lives, menu_path,
    stub::{Hall, Scope},
};

use super::{Lines, MS, SECOND, behind_a_line, hits_come_back, redis, warm};

/// What visitors see of a Redis that does not answer: everything, in hardly more time. One of them
/// a second finds out whether it is back.
fn hardly_notice(calm: &Seen, seen: &Seen, seconds: u32) {
    seen.all_ok();
    assert!(seen.0.iter().all(|sample| !sample.stale), "fresh in Postgres");
    calm.bounds("the slowest", seen.slowest(), 250 * MS);
    let quick = (50 * MS).max(calm.p99() * 3);
    let waited = seen.0.iter().filter(|sample| sample.took > quick).count();
    println!("{waited} of {} waited, slowest {:?}", seen.0.len(), seen.slowest());
    // All that come while the first three wait, then one probe a second.
    assert!(waited <= 20 + seconds as usize, "{waited} of {}", seen.0.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_a_frozen_redis_costs_a_few_visitors_a_quarter_of_a_second() {
    let stack = Stack::wanted().own_redis().start().await;
    let load = Load::of(&stack, &dinners(&stack, 1..6));
    let calm = warm(&stack, &load).await;
    let (seen, ()) = load
        .during(async {
            redis(&stack).signal("STOP");
            tokio::time::sleep(SECOND * 5).await;
            redis(&stack).signal("CONT");
        })
        .await;
    let back = hits_come_back(&load).await;
    hardly_notice(&calm, &seen, 5);
    calm.bounds("back on Redis", back, SECOND * 2);
    println!("back on Redis after {back:?}");
    lives(&stack, dinners(&stack, 7..8)[0]).await;
    assert_eq!(stack.vendor.total_reads(), 20 + 1, "what is fresh in Postgres is not read again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_a_paused_redis_is_worked_round_and_one_that_takes_no_writes_still_serves_hits() {
    for what in ["ALL", "WRITE"] {
        let stack = Stack::wanted().own_redis().start().await;
        let load = Load::of(&stack, &dinners(&stack, 1..4));
        let calm = warm(&stack, &load).await;
        let (seen, ()) = load
            .during(async {
                redis(&stack).says(&["CLIENT", "PAUSE", "3000", what]).await;
                tokio::time::sleep(SECOND * 3).await;
            })
            .await;
        hardly_notice(&calm, &seen, 3);
        if what == "WRITE" {
            let hits = seen.0.iter().all(|sample| sample.from.starts_with("menus5c; hit"));
            assert!(hits, "{:?}", seen.places());
        }
        calm.bounds("back on Redis", hits_come_back(&load).await, SECOND * 2);
        lives(&stack, dinners(&stack, 5..6)[0]).await;
    }
}

#[tokio::test]
async fn r7_what_a_redis_has_that_takes_no_writes_is_found_by_who_has_no_copy_of_his_own() {
    let stack = Stack::wanted().own_redis().apis(2).start().await;
    let (hall, date, meal) = dinners(&stack, 1..2)[0];
    let path = menu_path(hall, date, meal);
    assert_eq!(stack.get(&path).await.status, 200);
    redis(&stack).says(&["CLIENT", "PAUSE", "30000", "WRITE"]).await;
    let found = stack.ask(1, reqwest::Method::GET, &path, &[]).await;
    assert!(found.header("cache-status").starts_with("menus5c; hit"), "{found:?}");
    redis(&stack).says(&["CLIENT", "UNPAUSE"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_a_peer_that_is_half_dead_is_left_and_no_connection_leaks() {
    let Lines { stack, api } = behind_a_line(Stack::wanted()).await;
    let load = Load::of(&stack, &dinners(&stack, 1..6));
    let calm = warm(&stack, &load).await;
    let files = stack.apis[0].files();
    let (seen, ()) = load
        .during(async {
            api.set(Trouble::Blackhole);
            tokio::time::sleep(SECOND * 4).await;
        })
        .await;
    api.set(Trouble::None);
    let back = hits_come_back(&load).await;
    hardly_notice(&calm, &seen, 4);
    calm.bounds("back on Redis", back, SECOND * 2);
    println!("back on Redis after {back:?}, {} connections in all", api.connections());
    // The pool of Postgres may have grown meanwhile, to its ten; what leaks grows with each request.
    eventually("files are closed", SECOND * 5, async || {
        (stack.apis[0].files() <= files + 5 + 10).then_some(())
    })
    .await;
    assert!(api.open() <= 3, "{} connections", api.open());
}

#[tokio::test]
async fn r8_an_api_whose_redis_is_silent_does_not_read_what_a_worker_is_reading() {
    // Longer than the vendor takes: what the worker reads is then the answer.
    let Lines { stack, api } =
        behind_a_line(Stack::wanted().apis(2).with("SOFT_WAIT_MS", 5000)).await;
    stack.somebody_works().await;
    stack.vendor.delay(Scope::All, SECOND * 2);
    let path = menu_path(Hall::Malott, stack.in_days(1), "dinner");
    let get = reqwest::Method::GET;
    let silent = async {
        eventually("the worker reads", SECOND * 5, async || {
            (stack.vendor.total_reads() == 1).then_some(())
        })
        .await;
        api.set(Trouble::Hold);
        // One that has not heard of it yet.
        stack.ask(1, get.clone(), &path, &[]).await
    };
    let (first, second) = tokio::join!(stack.ask(0, get.clone(), &path, &[]), silent);
    api.set(Trouble::None);
    for answer in [first, second] {
        assert_eq!((answer.status, &answer.json()["is_stale"]), (200, &false.into()), "{answer:?}");
    }
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 1, "by the worker");
}

#[tokio::test]
async fn r9_a_push_whose_answer_is_lost_claims_no_key() {
    let Lines { stack, api } = behind_a_line(Stack::wanted()).await;
    stack.vendor.delay(Scope::All, 300 * MS);
    let keys = dinners(&stack, 1..4);
    warm(&stack, &Load::of(&stack, &dinners(&stack, 8..9))).await;
    stack.vendor.forget_reads();
    for key in &keys {
        api.set(Trouble::LoseAnswersTo("EVALSHA"));
        let sample = Load::of(&stack, &[*key]).one(0).await;
        assert_eq!(sample.wrong, None, "{sample:?}");
        api.set(Trouble::None);
        lives(&stack, *key).await;
    }
    stack.is_idle().await;
    let counts = stack.vendor.counts();
    let most = counts.values().map(|count| count.reads).max();
    assert_eq!((counts.len(), most), (keys.len(), Some(1)), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_answers_that_are_cut_or_drip_are_never_served_as_menus() {
    let Lines { stack, api } = behind_a_line(Stack::wanted()).await;
    let load = Load::of(&stack, &dinners(&stack, 1..6));
    let calm = warm(&stack, &load).await;
    for trouble in [
        Trouble::Reset,
        Trouble::CutAfter(1),
        // In the midst of what a new connection begins with.
        Trouble::CutAfter(100),
        Trouble::Drip(1, 20 * MS),
    ] {
        // Half of what is asked for is not there, so that looks and pushes are cut as well.
        let begun = Instant::now();
        let (seen, ()) = load
            .during(async {
                api.set(trouble);
                while begun.elapsed() < SECOND * 2 {
                    let hoch = format!("menu:hoch:{}:dinner", stack.in_days(1));
                    redis(&stack).says(&["DEL", &stack.key(&hoch)]).await;
                    tokio::time::sleep(100 * MS).await;
                }
                api.set(Trouble::None);
            })
            .await;
        seen.lawful();
        println!("{trouble:?}: {:?}, slowest {:?}", seen.places(), seen.slowest());
        calm.bounds("back on Redis", hits_come_back(&load).await, SECOND * 2);
        lives(&stack, dinners(&stack, 1..2)[0]).await;
    }
    assert_eq!(stack.vendor.total_reads(), 20, "all of it was fresh in Postgres");
}
