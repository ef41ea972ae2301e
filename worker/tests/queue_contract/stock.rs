//! What a push does as apalis-redis comes. Each of these is a reason for `push.lua`.

use std::{str::FromStr, time::Duration};

use apalis::prelude::{TaskBuilder, TaskId, TaskSink};
use apalis_redis::{Config, RedisStorage};

use crate::test_queue::{TestQueue, id};

pub(crate) fn storage(queue: &TestQueue) -> RedisStorage<u32> {
    storage_with(queue, queue.config.clone())
}

pub(crate) fn storage_with(queue: &TestQueue, config: Config) -> RedisStorage<u32> {
    // An idle worker looks at its heartbeats only.
    let config = config.heartbeat_interval(Duration::from_millis(50)).missed_heartbeats(100);
    RedisStorage::new(queue.redis.clone()).with_config(config)
}

pub(crate) async fn push(storage: &mut RedisStorage<u32>, id: &str) {
    push_with(storage, id, 0).await;
}

pub(crate) async fn push_with(storage: &mut RedisStorage<u32>, id: &str, arguments: u32) {
    let task =
        TaskBuilder::new(arguments).task_id(TaskId::from_str(id).unwrap()).max_attempts(1).build();
    storage.push_task(task).await.unwrap();
}

/// Nothing is published and no signal is set, so nobody is woken. We push straight into the list
/// of active jobs and publish the wake-up in the same script.
#[tokio::test]
async fn a_stock_push_goes_through_the_scheduled_set_and_wakes_nobody() {
    let queue = TestQueue::new().await;
    push(&mut storage(&queue), &id(0)).await;

    assert_eq!(queue.scheduled().await, [id(0)]);
    assert_eq!(queue.active().await, [""; 0]);
    assert!(!queue.ask::<bool>("EXISTS", queue.config.signal_list()).await);
}

/// The caller cannot tell a new job from a dropped one. Our push says what became of it.
#[tokio::test]
async fn a_stock_push_of_a_claimed_id_is_dropped_and_answers_ok() {
    let queue = TestQueue::new().await;
    let mut storage = storage(&queue);
    push(&mut storage, &id(0)).await;
    queue.ask::<()>("DEL", queue.key("scheduled")).await;

    push(&mut storage, &id(0)).await;

    assert_eq!(queue.scheduled().await, [""; 0]);
}

/// The key expires at once. We need no key beside the id: the id itself is claimed.
#[tokio::test]
async fn stock_idempotency_keys_deduplicate_nothing_unless_they_live_for_a_second() {
    for (life, jobs) in
        [(None, 2), (Some(Duration::from_millis(900)), 2), (Some(Duration::from_secs(60)), 1)]
    {
        let queue = TestQueue::new().await;
        let mut storage = storage_with(&queue, queue.config.clone().idempotency_ttl(life));
        for day in 0..2 {
            let id = TaskId::from_str(&id(day)).unwrap();
            let task = TaskBuilder::new(1).task_id(id).idempotency_key("same").build();
            storage.push_task(task).await.unwrap();
        }
        assert_eq!(queue.scheduled().await.len(), jobs, "{life:?}");
    }
}
