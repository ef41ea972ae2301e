//! What a worker does as apalis-redis comes. Each of these is a reason for our own backend.

use apalis::{
    layers::catch_panic::CatchPanicLayer,
    prelude::{BoxDynError, WorkerBuilder, WorkerContext, WorkerError},
};
use apalis_core::backend::Vacuum;
use apalis_redis::RedisStorage;

use crate::{
    stock::{push, push_with, storage},
    test_queue::{TestQueue, id, in_time},
};

/// Arguments of a job that fails, and of one that panics.
const FAIL: u32 = 1;
const PANIC: u32 = 2;

/// Runs a worker of this name until it ends; its first job stops it.
async fn run(name: &str, storage: RedisStorage<u32>) -> Result<(), WorkerError> {
    async fn job(arguments: u32, worker: WorkerContext) -> Result<u32, BoxDynError> {
        worker.stop()?;
        match arguments {
            FAIL => Err("failed".into()),
            PANIC => panic!("panicked"),
            _ => Ok(arguments),
        }
    }
    let worker = WorkerBuilder::new(name).backend(storage).layer(CatchPanicLayer::new()).build(job);
    in_time(worker.run()).await
}

/// How a worker ends that should have gone on.
async fn ends_with(storage: RedisStorage<u32>) -> String {
    run("stock", storage).await.expect_err("the worker was stopped by a job").to_string()
}

/// A menu would be fetched once and never again. Our ack frees the id in the instant in which the
/// job ends.
#[tokio::test]
async fn a_stock_id_stays_blocked_after_its_job_is_done() {
    let queue = TestQueue::new().await;
    let mut storage = storage(&queue);
    push(&mut storage, &id(0)).await;
    run("stock", storage.clone()).await.unwrap();
    let done: Vec<String> = queue.ask("SMEMBERS", queue.config.done_jobs_set()).await;
    assert_eq!(done, [id(0)]);

    push(&mut storage, &id(0)).await;

    assert_eq!(queue.scheduled().await, [""; 0]);
    assert_eq!(queue.active().await, [""; 0]);
}

/// The number is fixed at 25 in the script. Ours counts for itself.
#[tokio::test]
async fn a_stock_job_that_may_be_tried_once_is_tried_again() {
    let queue = TestQueue::new().await;
    let mut storage = storage(&queue);
    push_with(&mut storage, &id(0), FAIL).await;

    run("stock", storage).await.unwrap();

    assert_eq!(queue.meta(&id(0)).await["max_attempts"], "1");
    assert_eq!(queue.scheduled().await, [id(0)]);
}

/// What it deletes is still in the scheduled set, and ends the worker that fetches it. We trim
/// history in the ack and never call this.
#[tokio::test]
async fn a_stock_vacuum_deletes_jobs_that_wait_for_their_next_attempt() {
    let queue = TestQueue::new().await;
    let mut storage = storage(&queue);
    push_with(&mut storage, &id(0), FAIL).await;
    run("stock", storage.clone()).await.unwrap();

    storage.vacuum().await.unwrap();

    assert_eq!(queue.scheduled().await, [id(0)]);
    assert_eq!(queue.arguments(&id(0)).await, None);
}

/// It is neither tried again nor ever cleared away. Our ack counts a panic as any other failure.
#[tokio::test]
async fn a_stock_job_that_panics_is_dead_at_once_and_seems_to_run_for_ever() {
    let queue = TestQueue::new().await;
    let mut storage = storage(&queue);
    push_with(&mut storage, &id(0), PANIC).await;

    run("stock", storage.clone()).await.unwrap();
    storage.vacuum().await.unwrap();

    let dead: Vec<String> = queue.ask("SMEMBERS", queue.config.dead_jobs_set()).await;
    assert_eq!(dead, [id(0)]);
    assert_eq!(queue.meta(&id(0)).await["status"], "Running");
}

/// One bad id ends every worker in turn. Our fetch puts it among the dead letters.
#[tokio::test]
async fn a_stock_worker_ends_when_it_fetches_an_id_without_arguments() {
    let queue = TestQueue::new().await;
    queue.ask::<()>("RPUSH", (queue.key("active"), id(0))).await;

    let end = ends_with(storage(&queue)).await;

    assert!(end.contains("Invalid job data format"), "{end}");
}

/// So our backend decodes before apalis does, and buries what it cannot read.
#[tokio::test]
async fn a_stock_worker_ends_when_it_fetches_arguments_that_do_not_decode() {
    let queue = TestQueue::new().await;
    let mut storage = storage(&queue);
    push(&mut storage, &id(0)).await;
    queue.ask::<()>("HSET", (queue.key("data"), id(0), "{")).await;

    let end = ends_with(storage).await;

    assert!(end.contains("Task decoding error"), "{end}");
}

/// The queue is then wedged for good. Our fetch makes at most a hundred due jobs active at a time.
#[tokio::test]
async fn a_stock_worker_ends_when_nine_thousand_jobs_are_due() {
    let queue = TestQueue::new().await;
    let mut due = redis::cmd("ZADD");
    due.arg(queue.key("scheduled"));
    (0..9_000).for_each(|at| _ = due.arg(1).arg(format!("menu:{at}")));
    queue.do_all(redis::pipe().add_command(due)).await;

    let end = ends_with(storage(&queue)).await;

    assert!(end.contains("too many results to unpack"), "{end}");
}

/// Any blip ends it, and what it was doing with it. Our backend never gives apalis an error.
#[tokio::test]
async fn a_stock_worker_ends_when_its_connection_is_lost_once() {
    let queue = TestQueue::new().await;
    let client = redis::Client::open(crate::test_queue::redis_url()).unwrap();
    let mut line = client.get_connection_manager().await.unwrap();
    let line_id: i64 = redis::cmd("CLIENT").arg("ID").query_async(&mut line).await.unwrap();
    let storage = RedisStorage::new(line).with_config(storage(&queue).get_config().clone());

    let (end, ()) = tokio::join!(ends_with(storage), async {
        in_time(async {
            while queue.workers().await.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        queue.ask::<()>("CLIENT", ("KILL", "ID", line_id)).await;
    });

    assert!(end.starts_with("Failed to poll backend"), "{end}");
}

/// Also after a clean stop: it does not leave the list. Our workers take a new name at each start,
/// and leave when they stop.
#[tokio::test]
async fn a_stock_worker_is_refused_under_the_name_that_it_just_had() {
    let queue = TestQueue::new().await;
    let mut storage = RedisStorage::new(queue.redis.clone()).with_config(queue.config.clone());
    push(&mut storage, &id(0)).await;
    run("same", storage.clone()).await.unwrap();
    assert_eq!(queue.workers().await, ["same"]);

    let end = run("same", storage).await.unwrap_err().to_string();

    assert!(end.contains("worker is still active within threshold"), "{end}");
}
