//! Everything starts at once, everything is replaced, and everything goes wrong at random: rows C5 to
//! C7 of the faults that are survived (`docs/operations.md`, "Faults").

#![expect(clippy::print_stdout, reason = "figures that are worth reading")]

use std::time::Duration;

use tests::{Load, Stack, chaos, dinners};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c5_faults_at_random_break_no_law() {
    let figures = chaos::run(5, SECOND * 30).await;
    println!("{figures}");
    figures.hold();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_a_cold_start_of_everything_reads_each_document_once() {
    let mut stack = Stack::wanted().apis(2).workers(0).start().await;
    stack.vendor.delay(tests::stub::Scope::All, Duration::from_millis(100));
    let load = Load::of(&stack, &dinners(&stack, 1..6));
    // The workers come up in the midst of the first requests.
    let asking = tokio::spawn({
        let load = load.clone();
        async move { load.at_once(15).await }
    });
    stack.add_worker();
    stack.add_worker();
    let seen = asking.await.expect("no panic");
    seen.lawful();
    println!("{:?}, slowest {:?}", seen.places(), seen.slowest());
    assert_eq!(seen.0.len(), 300);
    load.at_once(1).await.all_ok();
    stack.is_idle().await;
    let counts = stack.vendor.counts();
    assert_eq!((counts.len(), stack.vendor.total_reads()), (20, 20), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c7_a_rolling_restart_of_everything_fails_nobody() {
    // Misses all the time, so that jobs and waits are under way whenever something is stopped.
    let mut stack = Stack::wanted()
        .apis(2)
        .workers(2)
        .with("CACHE_TTL_SECS", 1)
        .with("CACHE_TTL_JITTER_SECS", 0)
        .start()
        .await;
    stack.vendor.delay(tests::stub::Scope::All, Duration::from_millis(100));
    let load = Load::of(&stack, &dinners(&stack, 1..6)).rate(100).life(SECOND).asks_another();
    load.at_once(1).await.all_ok();
    let (seen, ()) = load
        .during(async {
            for turn in 0..2 {
                stack.add_api();
                load.now_at(&stack);
                let ended = stack.apis[0].terminate(SECOND * 10).await.expect("it ends");
                assert!(ended.success(), "api {turn}: {ended}");
                stack.apis.remove(0);
                load.now_at(&stack);
            }
            for turn in 0..2 {
                stack.add_worker();
                let ended = stack.workers[0].terminate(SECOND * 10).await.expect("it ends");
                assert!(ended.success(), "worker {turn}: {ended}");
                stack.workers.remove(0);
            }
        })
        .await;
    println!("{:?}, slowest {:?}", seen.places(), seen.slowest());
    seen.all_ok();
}
