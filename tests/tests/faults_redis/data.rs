//! A Redis that lost its data, or some of it.

use tests::{Load, OwnRedis, Stack, dinners, lives, stub::Scope};

use super::{MS, SECOND, redis};

#[tokio::test]
async fn r5_a_redis_that_is_emptied_under_running_and_waiting_jobs_wedges_none() {
    let mut stack = Stack::wanted().own_redis().with("WORKER_CONCURRENCY", 1).start().await;
    stack.vendor.delay(Scope::All, 500 * MS);
    let keys = dinners(&stack, 1..2);
    let load = Load::of(&stack, &keys);
    let (seen, ()) = tokio::join!(load.at_once(1), async {
        tests::eventually("one runs, the others wait", SECOND * 5, async || {
            let jobs = stack.jobs().await;
            (jobs.running >= 1 && jobs.queued >= 2).then_some(())
        })
        .await;
        redis(&stack).says(&["FLUSHALL"]).await;
    });
    seen.lawful();
    println!("{:?}", seen.places());
    assert!(seen.statuses().get(&200).is_some_and(|count| *count >= 1), "what ran is served");
    for key in keys {
        lives(&stack, key).await;
    }
    lives(&stack, dinners(&stack, 3..4)[0]).await;
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test]
async fn r21_a_job_outlives_a_redis_that_writes_to_disk_and_is_killed() {
    const TO_DISK: [&str; 2] = ["--appendonly", "yes"];
    let redis = OwnRedis::start_with(&TO_DISK).await;
    let mut stack = Stack::wanted().redis(redis).with("MISS_WAIT_MS", 1000).start().await;
    for key in dinners(&stack, 1..3) {
        stack.workers[0].signal("STOP");
        let load = Load::of(&stack, &[key]);
        let (sample, ()) = tokio::join!(load.one(0), async {
            tests::eventually("it is pushed", SECOND * 2, async || {
                (stack.jobs().await.queued == 1).then_some(())
            })
            .await;
        });
        assert_eq!(sample.wrong, None);
        let own = stack.own_redis.as_mut().expect("a Redis of its own");
        own.kill();
        own.restart_with(&TO_DISK).await;
        assert_eq!(stack.jobs().await.queued, 1, "the job is there");
        stack.workers[0].signal("CONT");
        lives(&stack, key).await;
    }
}
