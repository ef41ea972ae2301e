//! `fetch.lua` and `bury.lua`: one readable job at a time, and nothing that is none.

use std::collections::HashSet;

use common::queue::Pushed;
use futures::future::join_all;

use crate::test_queue::{TestQueue, id};

#[tokio::test]
async fn jobs_come_in_the_order_of_their_pushes_and_each_once() {
    let queue = TestQueue::new().await;
    for day in 0..5 {
        queue.push(&id(day)).await;
    }
    for day in 0..5 {
        assert_eq!(queue.fetch_id("w").await, Some(id(day)));
    }
    assert_eq!(queue.fetch_id("w").await, None);
}

#[tokio::test]
async fn a_fetch_tells_how_many_wait_besides() {
    let queue = TestQueue::new().await;
    queue.push_later(&id(0)).await;
    for day in 1..3 {
        queue.push(&id(day)).await;
    }
    for besides in [2, 1, 0] {
        let (_, job, told) = queue.fetch_counting("w").await;
        assert!(job.is_some());
        assert_eq!(told, besides);
    }
    assert_eq!(queue.fetch_counting("w").await, (0, None, 0));
}

#[tokio::test]
async fn workers_who_fetch_at_once_never_get_the_same_job() {
    let queue = TestQueue::new().await;
    for day in 0..100 {
        queue.push(&id(day)).await;
    }

    let names: Vec<String> = (0..8).map(|at| format!("w{at}")).collect();
    let fetched = join_all(names.iter().map(async |name| {
        let mut got = Vec::new();
        while let Some(id) = queue.fetch_id(name).await {
            got.push(id);
        }
        got
    }))
    .await
    .concat();

    assert_eq!(fetched.len(), 100);
    assert_eq!(fetched.iter().collect::<HashSet<_>>().len(), 100);
}

#[tokio::test]
async fn a_fetched_job_is_in_its_workers_hands() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    queue.fetch("w").await.unwrap();

    assert_eq!(queue.held("w").await, [id(0)]);
    let meta = queue.meta(&id(0)).await;
    assert_eq!([&meta["status"], &meta["locked_by"]], ["Running", "w"]);
}

/// Redis may come back without its data while the workers go on.
#[tokio::test]
async fn a_fetch_puts_a_lost_worker_on_the_list_and_is_no_heartbeat() {
    let queue = TestQueue::new().await;
    assert_eq!(queue.fetch_id("w").await, None);
    assert_eq!(queue.workers().await, ["w"]);

    queue.silence("w", 3.0).await;
    queue.fetch_id("w").await;
    let last_heard: f64 = queue.ask("ZSCORE", (queue.key("workers"), "w")).await;
    assert!(queue.now().await - last_heard >= 3.0);
}

#[tokio::test]
async fn due_jobs_follow_those_that_wait_and_the_others_stay() {
    let queue = TestQueue::new().await;
    let now = queue.now().await;
    for (day, due) in [(0, now + 60.0), (1, now - 1.0), (2, now - 2.0)] {
        queue.push(&id(day)).await;
        queue.ask::<()>("LPOP", queue.key("active")).await;
        queue.ask::<()>("ZADD", (queue.key("scheduled"), due, id(day))).await;
    }
    queue.push(&id(3)).await;

    for day in [3, 2, 1] {
        assert_eq!(queue.fetch_id("w").await, Some(id(day)));
    }
    assert_eq!(queue.fetch_id("w").await, None);
    assert_eq!(queue.scheduled().await, [id(0)]);
}

#[tokio::test]
async fn nine_thousand_due_jobs_become_active_a_hundred_at_a_time() {
    let queue = TestQueue::new().await;
    let mut all = redis::pipe();
    for at in 0..9_000 {
        let id = format!("menu:{at}");
        let meta = queue.key(&format!("meta:{id}"));
        all.hset(queue.key("data"), &id, "{}").ignore();
        all.hset_multiple(meta, &[("attempts", 1), ("max_attempts", 3)]).ignore();
        all.zadd(queue.key("scheduled"), &id, at).ignore();
    }
    queue.do_all(&all).await;

    for fetched in 1..=90 {
        let expected = format!("menu:{}", fetched - 1);
        assert_eq!(queue.fetch_id("w").await, Some(expected));
        assert_eq!(queue.scheduled().await.len(), 9_000 - 100 * fetched);
    }
    assert_eq!(queue.active().await.len(), 9_000 - 90);
}

/// Whatever else is in the list, the fetch passes it over and gives the job behind it.
#[tokio::test]
async fn what_is_no_job_of_ours_goes_to_the_dead_letters() {
    let bytes: Vec<u8> = (0..1024_u16).map(|at| at.to_le_bytes()[0]).collect();
    let odd_ids: [&[u8]; 4] = [b"menu:odd", b"", b"007", &bytes];
    type Damage = &'static [&'static [&'static str]];
    // `@` stands for the meta of the id, `#` for the arguments.
    let damages: [(&str, Damage); 9] = [
        ("only an id", &[]),
        ("no arguments", &[&["HSET", "@", "attempts", "0", "max_attempts", "3"]]),
        ("no meta", &[&["HSET", "#", "{}"]]),
        (
            "odd attempts",
            &[&["HSET", "#", "{}"], &["HSET", "@", "attempts", "x", "max_attempts", "3"]],
        ),
        (
            "endless",
            &[&["HSET", "#", "{}"], &["HSET", "@", "attempts", "inf", "max_attempts", "3"]],
        ),
        (
            "negative",
            &[&["HSET", "#", "{}"], &["HSET", "@", "attempts", "-1", "max_attempts", "3"]],
        ),
        ("no limit", &[&["HSET", "#", "{}"], &["HSET", "@", "attempts", "0"]]),
        ("meta is text", &[&["HSET", "#", "{}"], &["SET", "@", "text"]]),
        ("meta is a list", &[&["HSET", "#", "{}"], &["RPUSH", "@", "text"]]),
    ];
    let queue = TestQueue::new().await;
    for (seq, (odd, (what, damage))) in
        odd_ids.iter().flat_map(|odd| damages.iter().map(move |one| (odd, one))).enumerate()
    {
        let of = |part: &str, end: &[u8]| [queue.key(part).as_bytes(), end].concat();
        let meta = of("meta:", odd);
        for words in *damage {
            let mut command = redis::cmd(words[0]);
            match words[1] {
                "@" => command.arg(&meta),
                _ => command.arg(queue.key("data")).arg(odd),
            };
            command.arg(&words[2..]);
            queue.do_all(redis::pipe().add_command(command)).await;
        }
        queue.ask::<()>("RPUSH", (queue.key("active"), odd)).await;
        queue.push(&id(seq)).await;

        assert_eq!(queue.fetch_id("w").await, Some(id(seq)), "{what} of {odd:?}");

        let past = [odd, format!("~{}", seq + 1).as_bytes()].concat();
        let fields = (of("meta:", &past), "result", "status", "attempts", "max_attempts");
        let (why, status, _, _): (String, String, u32, u32) = queue.ask("HMGET", fields).await;
        assert!(why.contains("not a job of ours"), "{what} of {odd:?}: {why}");
        assert_eq!(status, "Failed");
        assert!(queue.ask("HEXISTS", (queue.key("data"), &past)).await, "{what} of {odd:?}");
        assert!(!queue.ask::<bool>("HEXISTS", (queue.key("data"), odd)).await);
        assert!(!queue.ask::<bool>("EXISTS", meta).await, "{what} of {odd:?}");
    }
    let dead: usize = queue.ask("ZCARD", queue.key("dead")).await;
    assert_eq!(dead, odd_ids.len() * damages.len());
}

#[tokio::test]
async fn nobody_elses_job_is_tried_more_often_than_ours() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    let meta = queue.key(&format!("meta:{}", id(0)));
    queue.ask::<()>("HSET", (meta, "max_attempts", u32::MAX)).await;

    queue.fetch("w").await.unwrap();

    assert_eq!(queue.meta(&id(0)).await["max_attempts"], "3");
    assert_eq!(queue.ack("w", &id(0), "Failed", 3).await, "ended");
}

#[tokio::test]
async fn arguments_that_no_job_of_ours_has_are_neither_read_nor_kept() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    queue.ask::<()>("HSET", (queue.key("data"), id(0), "x".repeat(4097))).await;
    queue.push(&id(1)).await;

    assert_eq!(queue.fetch_id("w").await, Some(id(1)));

    let past = format!("{}~1", id(0));
    assert_eq!(queue.arguments(&past).await.as_deref(), Some("null"));
    assert!(queue.meta(&past).await["result"].contains("not a job of ours"));
}

/// Redis does nothing else while a script runs.
#[tokio::test]
async fn a_look_buries_a_hundred_at_most() {
    let queue = TestQueue::new().await;
    let junk: Vec<String> = (0..250).map(|at| format!("junk-{at}")).collect();
    queue.ask::<()>("RPUSH", (queue.key("active"), junk)).await;
    queue.push(&id(0)).await;

    for left in [151, 51] {
        let (buried, job, _) = queue.fetch_counting("w").await;
        assert_eq!((buried, job), (100, Some(Vec::new())), "cut short");
        assert_eq!(queue.active().await.len(), left);
    }
    assert_eq!(queue.fetch_id("w").await, Some(id(0)));
}

/// Else those that the script buries would be in no figure.
#[tokio::test]
async fn a_fetch_tells_how_many_it_buried_on_its_way() {
    let queue = TestQueue::new().await;
    queue.ask::<()>("RPUSH", (queue.key("active"), "odd", "odder")).await;
    queue.push(&id(0)).await;
    let (buried, job, _) = queue.fetch_counting("w").await;
    assert_eq!((buried, job.is_some()), (2, true));

    queue.ask::<()>("RPUSH", (queue.key("active"), "odd")).await;
    assert_eq!(queue.fetch_counting("w").await, (1, None, 0));
    assert_eq!(queue.fetch_counting("w").await, (0, None, 0));
}

/// More fields than Lua takes at once.
#[tokio::test]
async fn a_meta_of_nine_thousand_fields_does_not_strand_its_job() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    let fields: Vec<(String, u8)> = (0..9_000).map(|at| (format!("f{at}"), 0)).collect();
    let meta = queue.key(&format!("meta:{}", id(0)));
    queue.do_all(redis::pipe().hset_multiple(meta, &fields)).await;

    assert_eq!(queue.fetch_id("w").await, Some(id(0)));
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_buried_and_its_id_is_free() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    queue.fetch("w").await.unwrap();

    queue.bury("w", id(0).as_bytes()).await;

    assert_eq!(queue.held("w").await, [""; 0]);
    assert_eq!(queue.dead().await, [format!("{}~1", id(0))]);
    assert_eq!(queue.meta(&format!("{}~1", id(0))).await["result"], r#"{"Err":"why"}"#);
    assert_eq!(queue.push(&id(0)).await, Pushed::Enqueued);
}

/// The worker was silent for so long that others have dealt with the job, and a new one waits.
#[tokio::test]
async fn a_late_burial_leaves_the_next_job_of_that_id_alone() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;
    queue.fetch("late").await.unwrap();
    queue.release("late", &[]).await;
    queue.fetch("w").await.unwrap();
    queue.bury("w", id(0).as_bytes()).await;
    assert_eq!(queue.push(&id(0)).await, Pushed::Enqueued);

    queue.bury("late", id(0).as_bytes()).await;

    assert_eq!(queue.fetch_id("w").await, Some(id(0)));
}
