//! A Redis that is full, evicts what it must not, takes no writes, or is still loading.

use tests::{Load, OwnRedis, Stack, dinners, lives, menu_path};

use super::{MS, SECOND, lines, redis, warm};

async fn takes_jobs_again(stack: &Stack, ahead: u64) {
    for key in dinners(stack, ahead..ahead + 1) {
        let took = lives(stack, key).await;
        assert!(took <= SECOND * 5, "{took:?}");
    }
    assert!(lines(stack, "the worker ended by itself") <= 1, "no crash loop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r14_a_full_redis_takes_no_writes_and_everything_is_served() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let load = Load::of(&stack, &dinners(&stack, 1..5));
    warm(&stack, &load).await;
    let cold = Load::of(&stack, &dinners(&stack, 6..9)).rate(10);
    redis(&stack)
        .says(&["CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction"])
        .await;
    let (hits, misses) = tokio::join!(load.lasting(SECOND * 3), cold.lasting(SECOND * 3));
    println!("{:?} {:?}", hits.places(), misses.places());
    hits.all_ok();
    misses.all_ok();
    redis(&stack).says(&["CONFIG", "SET", "maxmemory", "0"]).await;
    takes_jobs_again(&stack, 10).await;
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test]
async fn r14_what_a_full_redis_has_is_found_by_who_has_no_copy_of_his_own() {
    let stack = Stack::wanted().own_redis().apis(2).start().await;
    let (hall, date, meal) = dinners(&stack, 1..2)[0];
    let path = menu_path(hall, date, meal);
    assert_eq!(stack.get(&path).await.status, 200);
    redis(&stack)
        .says(&["CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction"])
        .await;
    let found = stack.ask(1, reqwest::Method::GET, &path, &[]).await;
    assert!(found.header("cache-status").starts_with("menus5c; hit"), "{found:?}");
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_queue_that_is_evicted_wedges_no_key() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let keys = dinners(&stack, 1..9);
    let load = Load::of(&stack, &keys).rate(25);
    let (seen, ()) = load
        .during(async {
            let set = ["CONFIG", "SET", "maxmemory", "3mb", "maxmemory-policy", "allkeys-lru"];
            redis(&stack).says(&set).await;
            let filler = "x".repeat(1000);
            let mut redis = stack.redis().await;
            for batch in 0..20 {
                let mut pipe = redis::pipe();
                for one in 0..500 {
                    let name = stack.key(&format!("filler:{batch}:{one}"));
                    pipe.cmd("SET").arg(name).arg(&filler).ignore();
                }
                pipe.query_async::<()>(&mut redis).await.unwrap();
                tokio::time::sleep(100 * MS).await;
            }
        })
        .await;
    seen.lawful();
    println!("{:?}, slowest {:?}", seen.places(), seen.slowest());
    redis(&stack).says(&["CONFIG", "SET", "maxmemory", "0"]).await;
    for key in keys {
        lives(&stack, key).await;
    }
    takes_jobs_again(&stack, 10).await;
    // A job whose record was evicted cannot be done any more: it is a dead letter, and all that is left.
    stack.leftovers_are_fine();
    tests::eventually("nothing else is left", SECOND * 10, async || {
        let jobs = stack.jobs().await;
        (jobs.queued + jobs.running + jobs.scheduled == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r16_a_redis_that_became_a_replica_serves_hits_and_the_rest_comes_from_elsewhere() {
    let mut stack = Stack::wanted().own_redis().start().await;
    let load = Load::of(&stack, &dinners(&stack, 1..5));
    warm(&stack, &load).await;
    let cold = Load::of(&stack, &dinners(&stack, 6..9)).rate(10);
    redis(&stack).says(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let (hits, misses) = tokio::join!(load.lasting(SECOND * 3), cold.lasting(SECOND * 3));
    println!("{:?} {:?}", hits.places(), misses.places());
    hits.all_ok();
    assert!(hits.0.iter().all(|sample| sample.from.starts_with("menus5c; hit")));
    misses.all_ok();
    redis(&stack).says(&["REPLICAOF", "NO", "ONE"]).await;
    takes_jobs_again(&stack, 10).await;
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_a_redis_that_is_loading_is_waited_for_by_nobody() {
    let mut stack = Stack::wanted().redis(OwnRedis::start().await).start().await;
    let load = Load::of(&stack, &dinners(&stack, 1..5));
    let calm = warm(&stack, &load).await;
    let fill = "for i = 1, 60000 do redis.call('SET', 'filler:' .. i, string.rep('x', 100)) end";
    redis(&stack).says(&["EVAL", fill, "0"]).await;
    redis(&stack).says(&["SAVE"]).await;
    let own = stack.own_redis.as_mut().expect("a Redis of its own");
    own.kill();
    own.spawn(&["--key-load-delay", "50", "--loading-process-events-interval-bytes", "4096"]);
    let seen = load.lasting(SECOND * 3).await;
    println!("{:?}, p99 {:?}, slowest {:?}", seen.places(), seen.p99(), seen.slowest());
    seen.all_ok();
    calm.bounds("p99", seen.p99(), 150 * MS);
    tests::eventually("it is loaded", SECOND * 20, async || {
        let mut redis = stack.redis().await;
        redis::cmd("PING").query_async::<String>(&mut redis).await.ok()
    })
    .await;
    takes_jobs_again(&stack, 10).await;
}
