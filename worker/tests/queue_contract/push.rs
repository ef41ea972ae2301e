//! `push.lua`: at most one job of an id, and the caller learns what became of it.

use std::time::Duration;

use common::queue::Pushed;
use futures::{StreamExt, future::join_all};

use crate::test_queue::{TestQueue, id, in_time, job};

/// As in `common::queue`.
const MAX_PENDING: usize = 2_000;
const HEAL_AFTER: f64 = 5.0;

#[tokio::test]
async fn a_new_job_waits_and_whoever_listens_is_told() {
    let queue = TestQueue::new().await;
    let mut line = queue.hear(&queue.key("wake")).await;

    assert_eq!(queue.push(&id(0)).await, Pushed::Enqueued);

    let said = in_time(line.on_message().next()).await.unwrap();
    assert_eq!(said.get_payload::<String>().unwrap(), id(0));
    assert_eq!(queue.active().await, [id(0)]);
    let meta = queue.meta(&id(0)).await;
    assert_eq!([&meta["attempts"], &meta["max_attempts"], &meta["status"]], ["0", "3", "Pending"]);
    assert!(queue.now().await - meta["pushed_at"].parse::<f64>().unwrap() < 3.0);
}

#[tokio::test]
async fn a_job_is_coalesced_while_it_waits_runs_or_waits_again() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    assert_eq!(queue.push(&id(0)).await, Pushed::Coalesced, "waits");
    queue.fetch("w").await.unwrap();
    assert_eq!(queue.push(&id(0)).await, Pushed::Coalesced, "runs");
    queue.ack("w", &id(0), "Failed", 1).await;
    assert_eq!(queue.push(&id(0)).await, Pushed::Coalesced, "waits again");
    assert_eq!(queue.active().await, [""; 0]);
}

#[tokio::test]
async fn of_fifty_pushes_at_once_one_makes_the_job() {
    let queue = TestQueue::new().await;

    let pushes = join_all((0..50).map(async |_| queue.push(&id(0)).await)).await;

    assert_eq!(pushes.iter().filter(|&&pushed| pushed == Pushed::Enqueued).count(), 1);
    assert_eq!(pushes.iter().filter(|&&pushed| pushed == Pushed::Coalesced).count(), 49);
    assert_eq!(queue.active().await, [id(0)]);
}

#[tokio::test]
async fn an_entry_makes_the_job_needless_unless_it_is_to_be_replaced() {
    let queue = TestQueue::new().await;
    queue.ask::<()>("SET", (queue.entry(&id(0)), "entry")).await;

    assert_eq!(queue.push(&id(0)).await, Pushed::Cached);
    assert!(queue.is_free(&id(0)).await);

    let answer = in_time(queue.pushes.push(&job(&id(0)), true)).await.unwrap();
    assert_eq!(answer.pushed, Pushed::Enqueued);
}

#[tokio::test]
async fn a_full_queue_takes_no_new_job_and_claims_nothing_for_it() {
    let queue = TestQueue::new().await;
    let mut fill = redis::cmd("RPUSH");
    fill.arg(queue.key("active"));
    (1..MAX_PENDING).for_each(|at| _ = fill.arg(format!("menu:{at}")));
    queue.do_all(redis::pipe().add_command(fill)).await;

    assert_eq!(queue.push(&id(0)).await, Pushed::Enqueued, "the last place");
    assert_eq!(queue.push(&id(1)).await, Pushed::Full);
    assert_eq!(queue.push(&id(0)).await, Pushed::Coalesced, "not a new job");
    assert!(queue.is_free(&id(1)).await);
    assert_eq!(queue.active().await.len(), MAX_PENDING);

    queue.ask::<()>("LPOP", queue.key("active")).await;
    assert_eq!(queue.push(&id(1)).await, Pushed::Enqueued, "a place again");
}

#[tokio::test]
async fn a_claim_that_is_nowhere_is_healed_after_seconds() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    queue.ask::<()>("DEL", queue.key("active")).await;
    queue.age(&id(0), HEAL_AFTER - 3.0).await;
    assert_eq!(queue.push(&id(0)).await, Pushed::Coalesced, "its time is not over");

    queue.age(&id(0), HEAL_AFTER + 5.0).await;
    assert_eq!(queue.push(&id(0)).await, Pushed::Healed);
    assert_eq!(queue.push(&id(0)).await, Pushed::Coalesced, "it waits again");
    assert_eq!(queue.fetch_id("w").await, Some(id(0)));
    assert_eq!(queue.fetch_id("w").await, None);
}

#[tokio::test]
async fn an_old_claim_is_not_healed_while_the_job_is_anywhere() {
    let queue = TestQueue::new().await;
    let [waits, runs, again] = [2, 0, 1].map(id);
    for id in [&runs, &again, &waits] {
        queue.push(id).await;
    }
    queue.fetch("w").await.unwrap();
    queue.fetch("w").await.unwrap();
    queue.ack("w", &again, "Failed", 1).await;

    for id in [&waits, &runs, &again] {
        queue.age(id, 10.0 * HEAL_AFTER).await;
        assert_eq!(queue.push(id).await, Pushed::Coalesced, "{id}");
    }
    assert_eq!(queue.active().await, [waits]);
}

/// What stands beside a claim may be lost, or be anything: the id must not stay blocked.
#[tokio::test]
async fn a_claim_heals_whatever_became_of_its_meta() {
    let queue = TestQueue::new().await;
    let meta = queue.key(&format!("meta:{}", id(0)));
    for (what, command, args) in
        [("lost", "DEL", vec![&*meta]), ("foreign", "SET", vec![&*meta, "text"])]
    {
        queue.ask::<()>("HSET", (queue.key("data"), id(0), "{}")).await;
        queue.ask::<()>(command, args).await;

        assert_eq!(queue.push(&id(0)).await, Pushed::Healed, "{what}");
        assert_eq!(queue.fetch_id("w").await, Some(id(0)), "{what}");
        assert_eq!(queue.ack("w", &id(0), "Done", 1).await, "ended", "{what}");
    }
}

#[tokio::test]
async fn a_push_tells_how_long_the_workers_have_been_silent() {
    let queue = TestQueue::new().await;
    let silence = async || in_time(queue.pushes.push(&job(&id(0)), false)).await.unwrap();

    assert_eq!(silence().await.worker_silence, None, "there never was one");
    queue.silence("gone", 30.0).await;
    let told = silence().await.worker_silence.unwrap();
    assert!((28..=33).contains(&told.as_secs()), "{told:?}");
    queue.beat("w").await;
    assert!(silence().await.worker_silence.unwrap() <= Duration::from_secs(3));
}
