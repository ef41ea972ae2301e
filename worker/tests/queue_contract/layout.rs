//! Where our scripts meet the library: names of keys, ids, and the form in which a task is read.

use std::str::FromStr;

use apalis::prelude::{TaskId, WorkerContext};
use apalis_redis::queries::deserialize_with_meta;
use common::{entry::MenuKey, hall::HallId, meal::Meal};
use redis::Value;

use crate::test_queue::{TestQueue, id};

/// Our scripts write these names themselves, while the dashboard and everybody who knows
/// apalis-redis looks for the library's.
#[tokio::test]
async fn everything_is_kept_where_the_librarys_config_says() {
    let queue = TestQueue::new().await;
    let (config, worker) = (&queue.config, WorkerContext::new("w"));
    let [pending, running, again, done, dead] = [4, 0, 1, 2, 3].map(id);
    queue.register("w").await;
    for id in [&running, &again, &done, &dead, &pending] {
        queue.push(id).await;
    }
    for _ in 0..4 {
        queue.fetch("w").await.unwrap();
    }
    assert_eq!(queue.ack("w", &again, "Failed", 1).await, "again");
    assert_eq!(queue.ack("w", &done, "Done", 1).await, "ended");
    assert_eq!(queue.ack("w", &dead, "Killed", 1).await, "ended");

    let active: Vec<String> = queue.ask("LRANGE", (config.active_jobs_list(), 0, -1)).await;
    assert_eq!(active, [pending.as_str()]);
    let held: Vec<String> = queue.ask("SMEMBERS", config.inflight_set_for(&worker)).await;
    assert_eq!(held, [running.as_str()]);
    let of_worker = config.inflight_set_for(&worker);
    assert_eq!(of_worker, format!("{}:w", config.inflight_jobs_set()));
    for (set, member) in [
        (config.scheduled_jobs_set(), again),
        (config.done_jobs_set(), format!("{done}~1")),
        (config.dead_jobs_set(), format!("{dead}~2")),
        (config.workers_set(), "w".to_owned()),
    ] {
        let members: Vec<String> = queue.ask("ZRANGE", (&set, 0, -1)).await;
        assert_eq!(members, [member], "{set}");
    }
    assert!(queue.ask("HEXISTS", (config.job_data_hash(), &pending)).await);
    let status = (format!("{}:{pending}", config.job_meta_hash()), "status");
    assert_eq!(queue.ask::<String>("HGET", status).await, "Pending");
    let service = (config.worker_metadata_key(&worker), "service");
    assert_eq!(queue.ask::<String>("HGET", service).await, "layers");
}

/// An id goes through the library and comes back in the ack: were it another one then, the ack
/// would be taken for a late one and the job would stay claimed for ever.
#[test]
fn our_ids_come_back_from_the_library_as_they_were() {
    let other = Meal::parse("taco_tuesday").unwrap();
    for hall in HallId::ALL {
        for meal in Meal::SIX.into_iter().chain([other.clone()]) {
            let date = chrono::NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
            let id = MenuKey { hall, date, meal }.to_string();
            let known = TaskId::from_str(&id).unwrap();
            assert_eq!(known, TaskId::String(id.clone()));
            assert_eq!(known.to_string(), id);
        }
    }
}

/// So ids must never be bare numbers or look like a ULID; ours hold a `:`, which rules it out.
#[test]
fn ids_that_look_like_a_number_or_a_ulid_come_back_as_others() {
    for (pushed, told) in
        [("007", "7"), ("+7", "7"), ("01arz3ndektsv4rrffq69g5fav", "01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    {
        let known = TaskId::from_str(pushed).unwrap();
        assert_eq!(known.to_string(), told, "{pushed}");
    }
    assert!(TaskId::from_str("").is_err());
}

/// `fetch.lua` answers in the library's form, so its own reader makes the task.
#[tokio::test]
async fn the_library_reads_what_our_fetch_answers() {
    let queue = TestQueue::new().await;
    queue.push(&id(0)).await;

    let raw = queue.fetch_raw("w").await.unwrap();
    let [task] = deserialize_with_meta(raw).unwrap().try_into().unwrap();

    assert_eq!(task.task_id.to_string(), id(0));
    assert_eq!((task.attempts, task.max_attempts), (0, 3));
    assert_eq!(task.status.to_string(), "Running");
    assert_eq!(task.lock_by.as_deref(), Some("w"));
    assert!(task.lock_at.unwrap() > 1_700_000_000);
    let arguments = r#"{"key":"menu:hoch:2026-02-09:lunch","reason":"miss","request_id":null}"#;
    assert_eq!(task.data, arguments.as_bytes());
}

/// One unreadable job fails the whole answer. So our fetch gives one job at a time, keeps back those
/// without a number of attempts, and the worker buries what cannot be read.
#[test]
fn the_library_refuses_an_answer_with_missing_or_odd_attempts() {
    let good = ["menu:a", "attempts", "0", "max_attempts", "3", "status", "Running"];
    assert_eq!(deserialize_with_meta(answer(Some("{}"), &good)).unwrap().len(), 1);

    for refused in [
        &["menu:a", "max_attempts", "3", "status", "Running"][..],
        &["menu:a", "attempts", "0", "status", "Running"],
        &["menu:a", "attempts", "0", "max_attempts", "3"],
        &["menu:a", "attempts", "x", "max_attempts", "3", "status", "Running"],
        &["menu:a", "attempts", "-1", "max_attempts", "3", "status", "Running"],
        &["menu:a", "attempts", "inf", "max_attempts", "3", "status", "Running"],
        &["menu:a", "attempts", "0", "max_attempts", "3", "status", "Whatever"],
        &["", "attempts", "0", "max_attempts", "3", "status", "Running"],
        &["menu:a", "attempts"],
        &[],
    ] {
        assert!(deserialize_with_meta(answer(Some("{}"), refused)).is_err(), "{refused:?}");
    }
    assert!(deserialize_with_meta(answer(None, &good)).is_err(), "no arguments");
}

fn answer(arguments: Option<&str>, fields: &[&str]) -> Vec<Value> {
    let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
    let fields = fields.iter().map(|field| text(field)).collect();
    let arguments = arguments.map_or(Value::Nil, text);
    vec![Value::Array(vec![arguments]), Value::Array(vec![Value::Array(fields)])]
}
