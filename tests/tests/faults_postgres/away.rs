//! A Postgres that is gone or frozen.

use std::time::Instant;

use tests::{Load, Stack, dinners, eventually};

use super::{MS, SECOND, cold, own, postgres, rows_of, warm};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_p2_without_postgres_hits_are_hits_and_misses_are_jobs() {
    let mut stack = own(Stack::wanted()).await;
    let load = Load::of(&stack, &dinners(&stack, 1..6)).rate(200);
    let calm = warm(&stack, &load).await;
    let (seen, ()) = load
        .during(async {
            postgres(&mut stack).stop();
            tokio::time::sleep(SECOND * 2).await;
        })
        .await;
    seen.all_ok();
    assert!(seen.0.iter().all(|sample| sample.from.starts_with("menus5c; hit")));
    println!("hits p99 {:?}, with Postgres {:?}", seen.p99(), calm.p99());
    calm.bounds("p99 of hits", seen.p99(), calm.p99() + 5 * MS);
    stack.vendor.delay(tests::stub::Scope::All, 100 * MS);
    // The first few find out that it is gone.
    let (first, then) = (dinners(&stack, 7..8), dinners(&stack, 8..9));
    for key in first.iter().chain(&then) {
        let bound = if then.contains(key) { 100 * MS + 300 * MS } else { 1600 * MS };
        cold(&stack, "stopped", *key, &calm, bound).await;
    }
    postgres(&mut stack).restart().await;
    rows_of(&stack, &[first, then].concat(), SECOND * 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_a_frozen_postgres_is_waited_for_by_a_few_and_then_by_nobody() {
    let mut stack = own(Stack::wanted()).await;
    let load = Load::of(&stack, &dinners(&stack, 1..6));
    let calm = warm(&stack, &load).await;
    let keys = dinners(&stack, 7..9);
    // Answered from Postgres alone: a date for which no vendor is asked.
    let past = "/api/v2/menus?hall_id=hoch&date=2020-02-03&meal=lunch";
    assert_eq!(stack.get(past).await.problem(404).1, "out_of_range");
    postgres(&mut stack).freeze();
    let frozen = Instant::now();
    let asking = async {
        let mut slow = 0;
        let mut asked = 0;
        while frozen.elapsed() < SECOND * 4 {
            let answer = stack.get(past).await;
            let _ = answer.problem(503);
            calm.bounds("an affected request", answer.took, 1600 * MS);
            slow += usize::from(answer.took > (50 * MS).max(calm.p99() * 3));
            asked += 1;
            tokio::time::sleep(20 * MS).await;
        }
        println!("{slow} of {asked} waited");
        // Three, then one probe a second.
        assert!(slow <= 3 + 4 && asked >= 20, "{slow} of {asked}");
    };
    let cold_ones = async {
        for key in &keys {
            cold(&stack, "frozen", *key, &calm, 1600 * MS).await;
        }
    };
    let (hits, ..) = tokio::join!(load.lasting(SECOND * 4), asking, cold_ones);
    hits.all_ok();
    assert!(hits.0.iter().all(|sample| sample.from.starts_with("menus5c; hit")));
    postgres(&mut stack).thaw();
    let thawed = Instant::now();
    eventually("the pool is used again", SECOND * 5, async || {
        (stack.get(past).await.status == 404).then_some(())
    })
    .await;
    println!("back after {:?}", thawed.elapsed());
    calm.bounds("back", thawed.elapsed(), SECOND * 2);
    rows_of(&stack, &keys, SECOND * 30).await;
}
