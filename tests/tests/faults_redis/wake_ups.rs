//! Words of Redis that get lost: wake-ups, acks, scripts.

use std::time::Instant;

use tests::{
    Load, OwnRedis, Proxy, Stack, Trouble, dinners, lives, menu_path,
    stub::{Hall, Scope},
};

use super::{Lines, MS, SECOND, behind_a_line, lines, redis};

/// Entries that live for a second: a load of hits and misses mixed.
fn short_lived() -> tests::Wanted {
    // Whoever finds a copy waits for the fresh one all the same.
    Stack::wanted()
        .own_redis()
        .with("CACHE_TTL_SECS", 1)
        .with("CACHE_TTL_JITTER_SECS", 0)
        .with("SOFT_WAIT_MS", 5000)
        .with("VENDOR_CONCURRENCY", 16)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r11_r18_lines_and_scripts_that_are_lost_cost_no_wake_up() {
    let stack = short_lived().apis(2).workers(2).start().await;
    stack.vendor.delay(Scope::All, 60 * MS);
    let load = Load::of(&stack, &dinners(&stack, 0..14)).life(SECOND);
    let calm = load.lasting(SECOND * 2).await;
    calm.all_ok();
    let (seen, ()) = load
        .during(async {
            for round in 0..50 {
                redis(&stack).says(&["CLIENT", "KILL", "TYPE", "PUBSUB"]).await;
                if round % 10 == 0 {
                    redis(&stack).says(&["SCRIPT", "FLUSH"]).await;
                }
                tokio::time::sleep(100 * MS).await;
            }
        })
        .await;
    seen.all_ok();
    println!("{:?}, p99 {:?}, slowest {:?}", seen.places(), seen.p99(), seen.slowest());
    assert!(seen.0.iter().all(|sample| !sample.stale), "nobody waited in vain");
    let waited = seen.0.iter().filter(|sample| sample.from.contains("fwd=miss")).count();
    assert!(waited >= 150, "most were misses: {waited}");
    calm.bounds("p99", seen.p99(), calm.p99() + 300 * MS);
    stack.is_idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r12_connections_that_are_killed_in_mid_job_lose_no_end_of_a_job() {
    let stack = Stack::wanted().own_redis().apis(2).workers(2).start().await;
    stack.vendor.delay(Scope::All, 60 * MS);
    let keys = dinners(&stack, 0..14);
    let load = Load::of(&stack, &keys).rate(14);
    let (seen, ()) = load
        .during(async {
            for _ in 0..20 {
                redis(&stack).says(&["CLIENT", "KILL", "TYPE", "NORMAL"]).await;
                tokio::time::sleep(200 * MS).await;
            }
        })
        .await;
    println!("{:?}, p99 {:?}, slowest {:?}", seen.places(), seen.p99(), seen.slowest());
    seen.all_ok();
    load.at_once(1).await.all_ok();
    stack.is_idle().await;
    let counts = stack.vendor.counts();
    let most = counts.values().map(|count| count.reads).max();
    assert!(most <= Some(2), "{counts:?}");
    for key in dinners(&stack, 13..14) {
        lives(&stack, key).await;
    }
    assert_eq!(lines(&stack, "the worker ended by itself"), 0);
}

#[tokio::test]
async fn r12_a_job_that_was_given_in_an_answer_nobody_heard_waits_again_at_once() {
    let redis = OwnRedis::start().await;
    let worker = Proxy::to(redis.address()).await;
    let url = worker.url(&redis.url());
    let stack = Stack::wanted().redis(redis).for_workers("REDIS_URL", url).start().await;
    stack.somebody_works().await;
    // A look whose answer is on its way just when the line is held would hear of no job: then once more.
    for days in 1..=5 {
        worker.set(Trouble::Hold);
        let path = menu_path(Hall::Hoch, stack.in_days(days), "dinner");
        let lost = async {
            tests::eventually("it is pushed", SECOND * 5, async || {
                (stack.jobs().await.queued == 1).then_some(())
            })
            .await;
            worker.set(Trouble::LoseAnswers);
            let given = tests::eventually("it is given to the worker", SECOND * 30, async || {
                (stack.jobs().await.running == 1).then_some(())
            });
            let is_given = tokio::time::timeout(SECOND * 2, given).await.is_ok();
            worker.set(Trouble::Refuse);
            tests::eventually("the connections end", SECOND * 5, async || {
                (worker.open() == 0).then_some(())
            })
            .await;
            worker.set(Trouble::None);
            (is_given, Instant::now())
        };
        let asked = async { (stack.get(&path).await, Instant::now()) };
        let ((answer, answered), (is_given, cut)) = tokio::join!(asked, lost);
        if is_given {
            let after = answered.saturating_duration_since(cut);
            println!("answered {after:?} after the connection was cut");
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(after <= SECOND * 2, "{after:?}");
        }
        stack.is_idle().await;
        assert_eq!(stack.vendor.total_reads() as u64, days);
        if is_given {
            return;
        }
    }
    panic!("five times just then");
}

#[tokio::test]
async fn r12_a_turn_with_a_vendor_is_given_back_though_redis_did_not_hear_of_it() {
    let redis = OwnRedis::start().await;
    let worker = Proxy::to(redis.address()).await;
    let url = worker.url(&redis.url());
    let wanted = Stack::wanted().with("VENDOR_CONCURRENCY", 1).redis(redis);
    let stack = wanted.for_workers("REDIS_URL", url).start().await;
    stack.somebody_works().await;
    stack.vendor.delay(Scope::All, 500 * MS);
    let (first, second) = (stack.in_days(1), stack.in_days(2));
    let path = |day| menu_path(Hall::Collins, day, "dinner");
    let cut = async {
        tests::eventually("the vendor is asked", SECOND * 5, async || {
            (!stack.vendor.journal().is_empty()).then_some(())
        })
        .await;
        worker.set(Trouble::Refuse);
        // The vendor answers meanwhile, and Redis is not told.
        tokio::time::sleep(SECOND).await;
        worker.set(Trouble::None);
    };
    let path_of_first = path(first);
    tokio::join!(stack.get(&path_of_first), cut);
    // From what Postgres has of it; now Redis says whose turn it is.
    stack.settled(Hall::Collins, first, "dinner").await;
    let answer = stack.get(&path(second)).await;
    println!("the next document after {:?}", answer.took);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("cache-status").contains("stored"), "{answer:?}");
    stack.is_idle().await;
}

#[tokio::test]
async fn r13_a_wake_up_that_was_lost_with_its_line_is_made_up_for_when_the_line_is_back() {
    // Without Postgres there is nothing else that could answer.
    let wanted = Stack::wanted().for_apis("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let Lines { stack, api } = behind_a_line(wanted).await;
    stack.vendor.delay(Scope::All, 300 * MS);
    let day = stack.weekday();
    let path = menu_path(Hall::Hoch, day, "lunch");
    let asked = async { (stack.get(&path).await, Instant::now()) };
    let broken = async {
        tests::eventually("the vendor is asked", SECOND * 5, async || {
            (!stack.vendor.journal().is_empty()).then_some(())
        })
        .await;
        api.set(Trouble::Refuse);
        // The worker, on a line of its own, writes the entry and says so: nobody hears it.
        stack.settled(Hall::Hoch, day, "lunch").await;
        tokio::time::sleep(SECOND).await;
        api.set(Trouble::None);
        Instant::now()
    };
    let ((answer, answered), back) = tokio::join!(asked, broken);
    assert_eq!(answer.status, 200, "{answer:?}");
    let after = answered.saturating_duration_since(back);
    println!("answered {after:?} after the line was back");
    assert!(after <= 500 * MS, "{after:?}");
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r20_a_thousand_who_wait_share_a_few_connections() {
    let Lines { stack, api } = behind_a_line(Stack::wanted().apis(2)).await;
    stack.somebody_works().await;
    stack.vendor.delay(Scope::All, SECOND);
    let load = Load::of(&stack, &dinners(&stack, 1..2)[..1]);
    let (seen, most) = tokio::join!(load.at_once(1000), async {
        let mut most = 0;
        for _ in 0..80 {
            most = api.open().max(most);
            tokio::time::sleep(10 * MS).await;
        }
        most
    });
    seen.all_ok();
    println!("{:?}, {most} connections", seen.places());
    assert!((2..=20).contains(&most), "{most} connections of two apis");
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn a_worker_whose_redis_refuses_looks_for_jobs_twenty_times_a_second_and_no_oftener() {
    let mut stack = Stack::wanted().own_redis().start().await;
    stack.is_idle().await;
    stack.own_redis.as_mut().expect("a Redis of its own").kill();
    let begun = Instant::now();
    let looks = tests::eventually("it has looked some times", SECOND * 10, async || {
        let looks = stack.workers[0].log().matches("cannot be looked at").count();
        Some(looks).filter(|looks| *looks >= 40)
    })
    .await;
    let took = begun.elapsed();
    assert!(looks < 80 && took >= SECOND, "{looks} looks within {took:?}");
}
