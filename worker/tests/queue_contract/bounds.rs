//! Nothing of the queue grows without end: only ids and history, and both have a limit.

use crate::test_queue::{DEATH, TestQueue, id};

/// Every way through the queue, for five ids; all are free again at the end.
async fn round(queue: &TestQueue) {
    queue.register("w").await;
    let ways = [("Done", 1), ("Failed", 3), ("Killed", 1), ("Failed", 1), ("crash", 0)];
    for (day, (way, attempts)) in ways.into_iter().enumerate() {
        let id = id(day);
        queue.ask::<()>("DEL", queue.entry(&id)).await;
        queue.ask::<()>("RPUSH", (queue.key("active"), format!("junk-{day}"))).await;
        queue.push(&id).await;
        queue.push(&id).await;
        queue.fetch("w").await.unwrap();
        if way == "crash" {
            queue.silence("w", DEATH + 1.0).await;
            queue.beat("other").await;
        } else if queue.ack("w", &id, way, attempts).await == "again" {
            queue.ask::<()>("ZADD", (queue.key("scheduled"), 1, &id)).await;
        } else {
            assert!(queue.is_free(&id).await);
            continue;
        }
        queue.fetch("w").await.unwrap();
        queue.release("w", &[]).await;
        queue.fetch("w").await.unwrap();
        queue.ack("w", &id, "Done", 2).await;
    }
    queue.bury("w", b"menu:never").await;
    queue.release("w", &[]).await;
}

/// How many keys there are, and how much is in those that hold more than one thing.
async fn size(queue: &TestQueue) -> [usize; 5] {
    let mut size = [queue.keys().await.len(), 0, 0, 0, 0];
    size[1] = queue.ask("HLEN", queue.key("data")).await;
    for (at, set) in [(2, "done"), (3, "dead"), (4, "workers")] {
        size[at] = queue.ask("ZCARD", queue.key(set)).await;
    }
    size
}

#[tokio::test]
async fn a_queue_that_has_seen_thirty_rounds_is_no_larger_than_after_three() {
    let queue = TestQueue::keeping(4).await;
    for _ in 0..3 {
        round(&queue).await;
    }
    let soon = size(&queue).await;
    for _ in 0..27 {
        round(&queue).await;
    }
    assert_eq!(size(&queue).await, soon);
    let [_, arguments, done, dead, workers] = soon;
    assert_eq!([arguments, done, dead, workers], [8, 4, 4, 1]);
}
