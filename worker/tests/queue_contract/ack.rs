//! `ack.lua`: a job ends once, its id is free in that instant, and a failure is an answer.

use common::queue::Pushed;
use futures::StreamExt;

use crate::test_queue::{PAUSE, TestQueue, id, in_time};

/// A queue in which `w` has just begun this job.
async fn running() -> (TestQueue, String) {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    queue.fetch("w").await.unwrap();
    (queue, id(0))
}

#[tokio::test]
async fn a_job_that_is_done_frees_its_id_at_once_and_stays_on_record() {
    let (queue, id) = running().await;
    let arguments = queue.arguments(&id).await.unwrap();

    assert_eq!(queue.ack("w", &id, "Done", 1).await, "ended");

    assert!(queue.is_free(&id).await);
    assert_eq!(queue.held("w").await, [""; 0]);
    let past = format!("{id}~1");
    assert_eq!(queue.done().await, [past.as_str()]);
    assert_eq!(queue.arguments(&past).await, Some(arguments));
    let meta = queue.meta(&past).await;
    assert_eq!([&meta["status"], &meta["attempts"]], ["Done", "1"]);
    assert_eq!(meta["result"], r#"{"Done":1}"#);
    assert!(queue.now().await - meta["done_at"].parse::<f64>().unwrap() < 3.0);

    assert_eq!(queue.push(&id).await, Pushed::Enqueued);
    queue.fetch("w").await.unwrap();
    queue.ack("w", &id, "Done", 1).await;
    assert_eq!(queue.done().await, [format!("{id}~1"), format!("{id}~2")]);
}

/// Their push was coalesced with a job that had made its entry already, and that entry is gone.
#[tokio::test]
async fn a_job_that_was_asked_for_during_its_run_runs_again_if_its_entry_is_gone() {
    let (queue, id) = running().await;
    queue.push(&self::id(1)).await;
    assert_eq!(queue.push(&id).await, Pushed::Coalesced);
    let mut line = queue.hear(&queue.key("wake")).await;

    assert_eq!(queue.ack("w", &id, "Done", 1).await, "again");

    let said = in_time(line.on_message().next()).await.unwrap();
    assert_eq!(said.get_payload::<String>().unwrap(), id);
    assert_eq!(queue.done().await, [""; 0]);
    assert_eq!(queue.fetch_id("w").await.as_ref(), Some(&id), "before the others");
    assert_eq!(queue.ack("w", &id, "Done", 2).await, "ended", "nobody asked again");
}

#[tokio::test]
async fn a_job_that_was_asked_for_before_its_run_or_has_its_entry_runs_once() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    queue.push(&id(0)).await;
    queue.fetch("w").await.unwrap();
    assert_eq!(queue.ack("w", &id(0), "Done", 1).await, "ended");

    let (queue, id) = running().await;
    queue.push(&id).await;
    queue.ask::<()>("SET", (queue.entry(&id), "entry")).await;
    assert_eq!(queue.ack("w", &id, "Done", 1).await, "ended");
}

/// The entry and its notify were written by the job itself.
#[tokio::test]
async fn a_job_that_is_done_touches_no_entry() {
    let (queue, id) = running().await;
    queue.ack("w", &id, "Done", 1).await;
    assert!(!queue.ask::<bool>("EXISTS", queue.entry(&id)).await);
}

#[tokio::test]
async fn an_ack_from_hands_that_do_not_hold_the_job_changes_nothing() {
    let (queue, id) = running().await;
    assert_eq!(queue.ack("other", &id, "Done", 1).await, "fenced");
    assert_eq!(queue.meta(&id).await["status"], "Running");

    queue.ack("w", &id, "Done", 1).await;
    queue.push(&id).await;
    for status in ["Done", "Failed", "Killed"] {
        assert_eq!(queue.ack("w", &id, status, 3).await, "fenced", "{status}, for the second time");
    }
    assert_eq!(queue.fetch("w").await.unwrap().attempts, 0, "the next job of that id");
    assert_eq!(queue.done().await.len(), 1);
    assert_eq!(queue.dead().await, [""; 0]);
    assert!(!queue.ask::<bool>("EXISTS", queue.entry(&id)).await);
}

#[tokio::test]
async fn a_failed_job_keeps_its_id_and_is_tried_again_after_the_pause() {
    let (queue, id) = running().await;
    let before = queue.now().await;

    assert_eq!(queue.ack("w", &id, "Failed", 1).await, "again");

    let due: f64 = queue.ask("ZSCORE", (queue.key("scheduled"), &id)).await;
    let pause = due - before - PAUSE.as_secs_f64();
    assert!((0.0..3.0).contains(&pause), "{pause} s off");
    let meta = queue.meta(&id).await;
    assert_eq!([&meta["status"], &meta["attempts"]], ["Pending", "1"]);
    assert_eq!(meta["last_error"], r#"{"Failed":1}"#);
    assert!(!meta.contains_key("locked_by"));
    assert_eq!(queue.fetch_id("w").await, None, "the pause is not over");

    queue.ask::<()>("ZADD", (queue.key("scheduled"), before, &id)).await;
    assert_eq!(queue.fetch("w").await.unwrap().attempts, 1);
}

#[tokio::test]
async fn the_last_failure_ends_the_job_and_is_told_to_those_who_wait() {
    let (queue, id) = running().await;
    let mut line = queue.hear(&queue.names.ready()).await;
    for attempt in 1..3 {
        assert_eq!(queue.ack("w", &id, "Failed", attempt).await, "again");
        assert!(!queue.ask::<bool>("EXISTS", queue.entry(&id)).await);
        queue.ask::<()>("ZADD", (queue.key("scheduled"), 1, &id)).await;
        queue.fetch("w").await.unwrap();
    }

    assert_eq!(queue.ack("w", &id, "Failed", 3).await, "ended");

    let said = in_time(line.on_message().next()).await.unwrap();
    assert_eq!(said.get_payload::<String>().unwrap(), id);
    assert_eq!(queue.ask::<String>("GET", queue.entry(&id)).await, "failure entry");
    let life: u64 = queue.ask("PTTL", queue.entry(&id)).await;
    assert!((1..=10_000).contains(&life), "{life} ms");
    let past = format!("{id}~1");
    assert_eq!(queue.dead().await, [past.as_str()]);
    let meta = queue.meta(&past).await;
    assert_eq!([&meta["status"], &meta["attempts"]], ["Failed", "3"]);
    assert!(queue.is_free(&id).await);
}

#[tokio::test]
async fn a_failure_never_replaces_an_entry_and_is_told_all_the_same() {
    let (queue, id) = running().await;
    let mut line = queue.hear(&queue.names.ready()).await;
    queue.ask::<()>("SET", (queue.entry(&id), "menu")).await;

    assert_eq!(queue.ack("w", &id, "Failed", 3).await, "ended");

    assert_eq!(queue.ask::<String>("GET", queue.entry(&id)).await, "menu");
    let said = in_time(line.on_message().next()).await.unwrap();
    assert_eq!(said.get_payload::<String>().unwrap(), id);
}

#[tokio::test]
async fn a_job_that_gives_up_is_dead_at_its_first_attempt() {
    let (queue, id) = running().await;
    assert_eq!(queue.ack("w", &id, "Killed", 1).await, "ended");
    assert_eq!(queue.dead().await, [format!("{id}~1")]);
    assert_eq!(queue.ask::<String>("GET", queue.entry(&id)).await, "failure entry");
}

/// A script that fails half-way would have taken the job out of all hands and left it claimed.
#[tokio::test]
async fn a_job_ends_whatever_became_of_its_meta() {
    for status in ["Done", "Failed"] {
        let (queue, id) = running().await;
        let meta = queue.key(&format!("meta:{id}"));
        queue.ask::<()>("DEL", &meta).await;
        assert_eq!(queue.ack("w", &id, status, 1).await, "ended", "{status}, lost");
        assert!(queue.is_free(&id).await);

        queue.ask::<()>("DEL", queue.entry(&id)).await;
        queue.push(&id).await;
        queue.fetch("w").await.unwrap();
        queue.ask::<()>("SET", (&meta, "text")).await;
        assert_eq!(queue.ack("w", &id, status, 1).await, "ended", "{status}, foreign");
        assert!(queue.is_free(&id).await);
    }
}

#[tokio::test]
async fn only_the_newest_ends_are_kept_and_nothing_of_the_others() {
    let queue = TestQueue::keeping(3).await;
    for status in ["Done", "Killed"] {
        let set = queue.key(if status == "Done" { "done" } else { "dead" });
        for day in 0..10 {
            queue.ask::<()>("DEL", queue.entry(&id(day))).await;
            queue.push(&id(day)).await;
            queue.fetch("w").await.unwrap();
            queue.ack("w", &id(day), status, 1).await;
        }
        let kept: Vec<String> = queue.ask("ZRANGE", (set, 0, -1)).await;
        let days: Vec<String> =
            kept.iter().map(|past| past.split_once('~').unwrap().0.to_owned()).collect();
        assert_eq!(days, [id(7), id(8), id(9)], "{status}");
    }
    let mut arguments: Vec<String> = queue.ask("HKEYS", queue.key("data")).await;
    let mut kept = [queue.done().await, queue.dead().await].concat();
    arguments.sort();
    kept.sort();
    assert_eq!(arguments, kept);
    let metas = queue.keys().await.iter().filter(|key| key.contains(":meta:")).count();
    assert_eq!(metas, kept.len());
}
