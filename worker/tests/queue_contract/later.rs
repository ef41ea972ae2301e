//! Jobs that nobody waits for: behind all others, one at a time, and among the others as soon as
//! somebody does.

use common::queue::Pushed;
use futures::StreamExt;

use crate::test_queue::{DEATH, TestQueue, id, in_time};

#[tokio::test]
async fn they_come_after_all_others_and_one_at_a_time() {
    let queue = TestQueue::new().await;
    for day in 0..3 {
        assert_eq!(queue.push_later(&id(day)).await, Pushed::Enqueued);
    }
    queue.push(&id(8)).await;
    queue.push(&id(9)).await;

    for day in [8, 9, 0] {
        assert_eq!(queue.fetch_id("w").await, Some(id(day)));
    }
    assert_eq!(queue.fetch_counting("w").await, (0, None, 2), "one of them runs");
    assert_eq!(queue.fetch_id("other").await, None, "and it is one among all workers");
    queue.push(&id(7)).await;
    assert_eq!(queue.fetch_id("w").await, Some(id(7)), "which stops nobody else");

    queue.ack("w", &id(0), "Done", 1).await;
    assert_eq!(queue.fetch_id("other").await, Some(id(1)));
    assert_eq!(queue.fetch_id("w").await, None);
    assert_eq!(queue.depth().await, [1, 4, 0, 0, 1, 2]);
}

#[tokio::test]
async fn one_that_somebody_asks_for_waits_with_the_others_from_then_on() {
    let queue = TestQueue::new().await;
    for day in 0..2 {
        queue.push_later(&id(day)).await;
    }
    let mut line = queue.hear(&queue.key("wake")).await;

    assert_eq!(queue.push(&id(1)).await, Pushed::Coalesced);

    assert_eq!((queue.later().await, queue.active().await), (vec![id(0)], vec![id(1)]));
    let said = in_time(line.on_message().next()).await.unwrap();
    assert_eq!(said.get_payload::<String>().unwrap(), id(1));
    assert!(queue.arguments(&id(1)).await.unwrap().contains("\"miss\""), "it names who asked");
    assert_eq!(queue.push_later(&id(1)).await, Pushed::Coalesced, "and is not put back");
    for day in [1, 0] {
        assert_eq!(queue.fetch_id("w").await, Some(id(day)), "at once");
    }
}

#[tokio::test]
async fn one_that_runs_learns_that_somebody_waits_and_no_other_push_tells_it_so() {
    let queue = TestQueue::new().await;
    queue.push_later(&id(0)).await;
    queue.fetch("w").await.unwrap();
    queue.push_later(&id(0)).await;
    assert!(!queue.meta(&id(0)).await.contains_key("wanted"));

    assert_eq!(queue.push(&id(0)).await, Pushed::Coalesced);
    assert_eq!(queue.meta(&id(0)).await["wanted"], "if_gone");
    assert_eq!(queue.ack("w", &id(0), "Done", 1).await, "again", "its entry is not there");
    assert_eq!((queue.later().await.len(), queue.active().await), (0, vec![id(0)]));
}

#[tokio::test]
async fn one_that_failed_or_lost_its_worker_waits_among_its_like() {
    let queue = TestQueue::new().await;
    for day in 0..2 {
        queue.push_later(&id(day)).await;
    }
    queue.fetch("w").await.unwrap();
    queue.ack("w", &id(0), "Failed", 1).await;
    queue.ask::<()>("ZADD", (queue.key("scheduled"), 1, id(0))).await;
    assert_eq!(queue.fetch_id("w").await, Some(id(1)));
    assert_eq!((queue.later().await, queue.active().await.len()), (vec![id(0)], 0));

    queue.silence("w", DEATH + 1.0).await;
    assert_eq!(queue.beat("other").await, 1);
    assert_eq!(queue.later().await, [id(1), id(0)]);
    assert_eq!(queue.fetch_id("other").await, Some(id(1)), "the dead worker blocks nobody");
}

#[tokio::test]
async fn a_visitor_finds_a_place_where_they_find_none() {
    let queue = TestQueue::new().await;
    let mut fill = redis::cmd("RPUSH");
    fill.arg(queue.key("later"));
    (1..=2_000).for_each(|at| _ = fill.arg(format!("menu:{at}")));
    queue.do_all(redis::pipe().add_command(fill)).await;

    assert_eq!(queue.push_later(&id(0)).await, Pushed::Full);
    assert!(queue.is_free(&id(0)).await);
    assert_eq!(queue.push(&id(0)).await, Pushed::Enqueued);
}

#[tokio::test]
async fn one_that_is_nowhere_is_healed_and_one_that_waits_long_is_not() {
    let queue = TestQueue::new().await;
    queue.push_later(&id(0)).await;
    queue.age(&id(0), 60.0).await;
    assert_eq!(queue.push_later(&id(0)).await, Pushed::Coalesced, "it waits");
    queue.ask::<()>("DEL", queue.key("later")).await;
    assert_eq!(queue.push_later(&id(0)).await, Pushed::Healed);
    assert_eq!(queue.later().await, [id(0)]);
}
