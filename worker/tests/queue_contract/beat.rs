//! `beat.lua`, `register.lua` and `release.lua`: workers come, live, die and leave, and no job stays
//! in dead hands.

use common::entry::Entry;
use futures::StreamExt;

use crate::test_queue::{DEATH, TestQueue, id, in_time};

/// A queue in which `w` holds jobs 0 and 1, while job 2 waits.
async fn held() -> TestQueue {
    let queue = TestQueue::new().await;
    queue.register("w").await;
    for day in 0..3 {
        queue.push(&id(day)).await;
    }
    for _ in 0..2 {
        queue.fetch("w").await.unwrap();
    }
    queue
}

#[tokio::test]
async fn the_jobs_of_a_silent_worker_go_back_to_the_front_and_the_crash_counts() {
    let queue = held().await;
    let mut line = queue.hear(&queue.key("wake")).await;
    queue.silence("w", DEATH + 1.0).await;

    assert_eq!(queue.beat("other").await, 2);

    let said = in_time(line.on_message().next()).await.unwrap();
    assert!([id(0), id(1)].contains(&said.get_payload().unwrap()));
    assert_eq!(queue.active().await.last(), Some(&id(2)));
    for _ in 0..2 {
        let job = queue.fetch("other").await.unwrap();
        assert_ne!(job.task_id.to_string(), id(2));
        assert_eq!((job.attempts, job.lock_by.as_deref()), (1, Some("other")));
    }
    assert_eq!(queue.workers().await, ["other"]);
    let of_the_dead = queue.keys().await.into_iter().filter(|key| key.ends_with(":w"));
    assert_eq!(of_the_dead.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(queue.ack("w", &id(0), "Done", 1).await, "fenced");
}

#[tokio::test]
async fn a_worker_is_alive_until_its_time_is_over() {
    let queue = held().await;
    queue.silence("w", DEATH - 2.0).await;
    assert_eq!(queue.beat("other").await, 0);
    assert_eq!(queue.held("w").await.len(), 2);

    queue.silence("w", DEATH + 1.0).await;
    assert_eq!(queue.beat("w").await, 0, "its own heartbeat comes first");
    assert_eq!(queue.held("w").await.len(), 2);
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_dead_after_its_last_attempt() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    for (back, dead) in [(1, 0), (1, 0), (0, 1)] {
        queue.fetch("w").await.unwrap();
        queue.silence("w", DEATH + 1.0).await;
        assert_eq!(queue.beat_counting("other").await, (back, dead));
    }
    assert_eq!(queue.beat_counting("other").await, (0, 0), "counted once");

    assert_eq!(queue.active().await, [""; 0]);
    let past = format!("{}~1", id(0));
    assert_eq!(queue.dead().await, [past.as_str()]);
    let meta = queue.meta(&past).await;
    assert_eq!([&meta["status"], &meta["attempts"]], ["Failed", "3"]);
    assert!(queue.is_free(&id(0)).await);
}

/// As `ack.lua` does with the last failure: else they would wait for their whole budget.
#[tokio::test]
async fn whoever_waits_for_a_job_whose_workers_all_died_is_told_at_once() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    let mut line = queue.hear(&queue.names.ready()).await;
    let value = async || queue.ask::<Option<Vec<u8>>>("GET", queue.entry(&id(0))).await;
    for _ in 0..3 {
        assert_eq!(value().await, None, "not before it is given up");
        queue.fetch("w").await.unwrap();
        queue.silence("w", DEATH + 1.0).await;
        queue.beat("other").await;
    }

    let said = in_time(line.on_message().next()).await.unwrap();
    assert_eq!(said.get_payload::<String>().unwrap(), id(0));
    let entry = Entry::from_bytes(&id(0).parse().unwrap(), value().await.unwrap().into());
    assert!(matches!(entry, Some(Entry::Failed { .. })), "as the programs read it: {entry:?}");
    let life: u64 = queue.ask("PTTL", queue.entry(&id(0))).await;
    assert!((5_000..=10_000).contains(&life), "{life} ms");
}

#[tokio::test]
async fn a_job_whose_workers_all_died_takes_no_entry_away() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    for _ in 0..3 {
        queue.fetch("w").await.unwrap();
        queue.silence("w", DEATH + 1.0).await;
        queue.ask::<()>("SET", (queue.entry(&id(0)), "menu")).await;
        queue.beat("other").await;
    }

    assert_eq!(queue.ask::<String>("GET", queue.entry(&id(0))).await, "menu");
}

/// Else no dead worker would ever be found again, and none of their jobs.
#[tokio::test]
async fn a_job_with_an_odd_meta_does_not_keep_the_others_in_dead_hands() {
    for odd in ["inf", "x", "1e300", "-5", "2.5", "", "lost", "foreign"] {
        let queue = held().await;
        let meta = queue.key(&format!("meta:{}", id(0)));
        match odd {
            "lost" => queue.ask::<()>("DEL", meta).await,
            "foreign" => queue.ask::<()>("SET", (meta, "text")).await,
            _ => queue.ask::<()>("HSET", (meta, "attempts", odd)).await,
        }
        queue.silence("w", DEATH + 1.0).await;

        assert!(queue.beat("other").await >= 1, "{odd}");

        assert!(queue.active().await.contains(&id(1)), "{odd}");
        assert_eq!(queue.held("w").await, [""; 0], "{odd}");
        assert_eq!(queue.workers().await, ["other"], "{odd}");
        let gone = queue.active().await.contains(&id(0)) || queue.is_free(&id(0)).await;
        assert!(gone, "{odd}: neither waiting nor ended");
    }
}

/// The answer that gives a job to a worker can be lost on its way: Redis then thinks it in the hands
/// of a worker that lives and has never heard of it, and nobody else would ever put it back.
#[tokio::test]
async fn a_job_whose_giving_away_was_never_heard_of_goes_back_after_seconds() {
    let queue = TestQueue::new().await;
    queue.register("w").await;
    queue.push(&id(0)).await;
    queue.push(&id(1)).await;
    queue.fetch("w").await;
    queue.fetch("w").await;
    let heard = [id(1)];

    assert_eq!(queue.beat_with("w", &heard).await, 0, "its answer may still be on the way");
    for lost in [id(0), id(1)] {
        let meta = queue.key(&format!("meta:{lost}"));
        queue.ask::<()>("HINCRBY", (&meta, "locked_at", -6)).await;
    }
    assert_eq!(queue.beat_with("w", &heard).await, 1);

    assert_eq!(queue.active().await, [id(0)]);
    assert_eq!(queue.held("w").await, heard);
}

#[tokio::test]
async fn a_job_whose_giving_away_was_never_heard_of_goes_back_at_once_where_no_answer_is_on_its_way()
 {
    let queue = held().await;
    let mut line = queue.hear(&queue.key("wake")).await;

    assert_eq!(queue.beat_after_a_failed_look("w", &[id(0)]).await, 1);

    in_time(line.on_message().next()).await.unwrap();
    assert_eq!(queue.active().await, [id(1), id(2)]);
    assert_eq!(queue.held("w").await, [id(0)]);
}

/// A killed process says nothing; what it leaves must go by itself.
#[tokio::test]
async fn what_is_known_of_a_worker_lives_as_long_as_its_heartbeats() {
    let queue = TestQueue::new().await;
    queue.register("w").await;
    let meta = queue.key("workers:metadata:w");
    let life: u64 = queue.ask("TTL", &meta).await;
    assert!((50..=60).contains(&life), "{life} s at its start");
    queue.ask::<()>("PEXPIRE", (&meta, 5_000)).await;

    queue.beat("w").await;

    let life: u64 = queue.ask("TTL", &meta).await;
    assert!((50..=60).contains(&life), "{life} s after a heartbeat");
}

#[tokio::test]
async fn a_worker_that_leaves_hands_back_all_it_holds() {
    let queue = held().await;
    let mut line = queue.hear(&queue.key("wake")).await;

    assert_eq!(queue.release("w", &[]).await, 2);

    in_time(line.on_message().next()).await.unwrap();
    assert_eq!(queue.workers().await, [""; 0]);
    assert_eq!(queue.held("w").await, [""; 0]);
    assert!(!queue.ask::<bool>("EXISTS", queue.key("workers:metadata:w")).await);
    assert_eq!(queue.active().await.last(), Some(&id(2)), "those handed back come first");
    let job = queue.fetch("other").await.unwrap();
    assert_eq!(job.attempts, 0, "to be handed back is no failure");
    assert_eq!(job.lock_by.as_deref(), Some("other"));
}

#[tokio::test]
async fn a_worker_may_hand_back_some_of_its_jobs_and_stay() {
    let queue = held().await;

    assert_eq!(queue.release("w", &[&id(1), &id(2), "menu:unknown"]).await, 1);

    assert_eq!(queue.active().await, [id(1), id(2)]);
    let meta = queue.meta(&id(1)).await;
    assert_eq!((&*meta["status"], meta.get("locked_by")), ("Pending", None));
    assert_eq!(queue.held("w").await, [id(0)]);
    assert_eq!(queue.workers().await, ["w"]);
}

#[tokio::test]
async fn a_job_with_an_odd_meta_does_not_keep_a_worker_from_leaving() {
    let queue = held().await;
    queue.ask::<()>("SET", (queue.key(&format!("meta:{}", id(0))), "text")).await;

    assert_eq!(queue.release("w", &[]).await, 2);

    assert_eq!(queue.workers().await, [""; 0]);
    for _ in 0..2 {
        assert!(queue.fetch_id("other").await != Some(id(0)), "it is no job any more");
    }
    assert!(queue.is_free(&id(0)).await);
}
