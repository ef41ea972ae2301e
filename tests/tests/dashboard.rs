//! The dashboard shows what is in the queue, however it got there, and no more of it than a page.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "that is what a test does"
)]

use std::{collections::BTreeSet, time::Duration};

use redis::{FromRedisValue, cmd, pipe};
use serde_json::{Value, json};
use tests::{
    Answer, Stack, eventually, menu_path,
    stub::{Fault, Hall, Scope},
};

const SECOND: Duration = Duration::from_secs(1);

struct Board {
    stack: Stack,
    http: reqwest::Client,
}

impl Board {
    /// A worker that runs one job at a time.
    async fn start() -> Self {
        let wanted = Stack::wanted().with("WORKER_CONCURRENCY", 1).with("MISS_WAIT_MS", 3_000);
        let mut stack = wanted.with("FETCH_TIMEOUT_MS", 120_000).start().await;
        stack.leftovers_are_fine();
        Self { stack, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn ask(&self, path: &str) -> Answer {
        let url = format!("{}/api/v1{path}", self.stack.workers[0].url());
        let answer = self.http.get(url).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, text: answer.text().await.unwrap(), took: Duration::ZERO }
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.ask(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    async fn jobs(&self, query: &str) -> Vec<Value> {
        self.json(&format!("/queues/fetch/tasks{query}")).await.as_array().unwrap().clone()
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        self.jobs(query).await.iter().map(id).collect()
    }

    /// What Redis itself says.
    async fn redis<T: FromRedisValue>(&self, command: &str, key: &str, more: &[&str]) -> T {
        let mut asked = cmd(command);
        asked.arg(self.stack.key(key)).arg(more);
        asked.query_async(&mut self.stack.redis().await).await.unwrap()
    }

    async fn running(&self) -> Vec<String> {
        let workers: Vec<String> = self.redis("ZRANGE", "fetch:workers", &["0", "-1"]).await;
        let held = format!("fetch:inflight:{}", workers.first().expect("a worker"));
        self.redis("SMEMBERS", &held, &[]).await
    }

    async fn all(&self, list: &str, command: &str) -> Vec<String> {
        self.redis(command, &format!("fetch:{list}"), &["0", "-1"]).await
    }

    /// A job as an operator could write it: with no vendor for its day it is refused at once.
    async fn push_refused(&self) {
        let id = "menu:hoch:2026-01-01:lunch";
        let job = json!({"key": id, "reason": "manual", "request_id": "by-hand"}).to_string();
        let key = |part: &str| self.stack.key(&format!("fetch:{part}"));
        pipe()
            .hset(key("data"), id, job)
            .hset_multiple(
                key(&format!("meta:{id}")),
                &[("attempts", "0"), ("max_attempts", "3"), ("status", "Pending")],
            )
            .rpush(key("active"), id)
            .publish(key("wake"), id)
            .query_async::<()>(&mut self.stack.redis().await)
            .await
            .unwrap();
        eventually("it is dead", SECOND * 10, async || {
            (self.stack.jobs().await.dead == 1).then_some(())
        })
        .await;
    }

    /// Done, dead, running and waiting jobs, each by way of the programs.
    async fn fill(&self) {
        let stack = &self.stack;
        let halls = [Hall::Hoch, Hall::Collins, Hall::Mcconnell];
        for hall in halls {
            let path = menu_path(hall, stack.weekday(), "lunch");
            let headers = [("x-request-id", "from-a-test")];
            let answer = stack.ask(0, reqwest::Method::GET, &path, &headers).await;
            assert!([200, 404].contains(&answer.status), "{answer:?}");
        }
        stack.is_idle().await;
        self.push_refused().await;
        stack.vendor.fault(Scope::All, Fault::Hang);
        let next = stack.weekday().succ_opt().unwrap();
        let paths = halls.map(|hall| menu_path(hall, next, "dinner"));
        let waiting = paths.iter().map(|path| stack.get(path));
        for answer in futures::future::join_all(waiting).await {
            assert_eq!(answer.status, 503, "{answer:?}");
        }
    }
}

fn id(job: &Value) -> String {
    job.pointer("/ctx/task_id").and_then(Value::as_str).unwrap().to_owned()
}

fn figure(stats: &Value, title: &str) -> usize {
    let mut stats = stats.as_array().unwrap().iter();
    let found = stats.find(|one| one["title"] == title).unwrap_or_else(|| panic!("no {title}"));
    found["value"].as_str().unwrap().parse().unwrap()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[tokio::test]
async fn figures_lists_and_pages_are_what_redis_has() {
    let board = Board::start().await;
    board.fill().await;
    let running = sorted(board.running().await);
    let pending = board.all("active", "LRANGE").await;
    let (dead, done) = (board.all("dead", "ZREVRANGE").await, board.all("done", "ZREVRANGE").await);
    assert_eq!((done.len(), dead.len(), running.len() + pending.len()), (3, 1, 3));
    assert!(!running.is_empty() && !pending.is_empty(), "{running:?} {pending:?}");

    for path in ["/overview", "/queues/fetch/stats"] {
        let stats = board.json(path).await;
        for (title, expected) in [
            ("RUNNING_JOBS", running.len()),
            ("PENDING_JOBS", pending.len()),
            ("FAILED_JOBS", 1),
            ("DONE_JOBS", 3),
            ("TOTAL_JOBS", 7),
        ] {
            assert_eq!(figure(&stats, title), expected, "{path} {title}");
        }
    }
    for (status, expected) in
        [("Running", &running), ("Pending", &pending), ("Failed", &dead), ("Done", &done)]
    {
        let jobs = board.jobs(&format!("?status={status}")).await;
        assert_eq!(&jobs.iter().map(id).collect::<Vec<_>>(), expected, "{status}");
        assert!(jobs.iter().all(|job| job["ctx"]["status"] == status), "{jobs:?}");
        assert_eq!(board.json(&format!("/tasks?status={status}")).await, Value::Array(jobs));
    }
    for status in ["Queued", "Killed"] {
        assert_eq!(board.ids(&format!("?status={status}")).await, Vec::<String>::new());
    }
    let all = [running, pending, dead, done].concat();
    assert_eq!(board.ids("?page_size=100").await, all);
    let mut paged = Vec::new();
    for page in 1..=5 {
        let ids = board.ids(&format!("?page={page}&page_size=2")).await;
        assert!(ids.len() <= 2);
        paged.extend(ids);
    }
    assert_eq!(paged, all, "page by page it is the same, each once");
}

#[tokio::test]
async fn a_job_says_what_was_asked_for_and_how_it_ended() {
    let board = Board::start().await;
    board.fill().await;
    let worker: Vec<String> = board.all("workers", "ZRANGE").await;
    let day = board.stack.weekday().to_string();
    let done = board.all("done", "ZREVRANGE").await;
    let hoch = done.iter().find(|id| id.contains("hoch")).unwrap();
    let job = board.json(&format!("/queues/fetch/tasks/{hoch}")).await;
    let (args, ctx) = (&job["args"], &job["ctx"]);
    for (name, expected) in [
        ("hall", "hoch"),
        ("date", day.as_str()),
        ("meal", "lunch"),
        ("reason", "miss"),
        ("request_id", "from-a-test"),
    ] {
        assert_eq!(args[name], expected, "{job}");
        assert_eq!(ctx["metadata"][name], expected, "{job}");
    }
    assert_eq!(args["result"]["outcome"], "live", "{job}");
    assert!(args["result"]["duration_ms"].is_u64(), "{job}");
    assert_eq!((&ctx["status"], &ctx["attempt"]), (&json!("Done"), &json!(1)), "{job}");
    assert_eq!((&ctx["lock_by"], &ctx["queue"]), (&json!(worker[0]), &json!("fetch")), "{job}");
    assert!(ctx["done_at"].as_u64() >= ctx["run_at"].as_u64() && ctx["run_at"].is_u64(), "{job}");

    let dead = board.all("dead", "ZREVRANGE").await;
    let job = board.json(&format!("/queues/fetch/tasks/{}", dead[0])).await;
    assert_eq!(job["args"]["reason"], "manual");
    assert!(job["args"]["result"]["duration_ms"].is_u64(), "{job}");
    let why = job["args"]["result"]["Err"].as_str().unwrap();
    assert!(why.contains("no vendor is asked"), "{job}");

    let running = board.running().await;
    let job = board.json(&format!("/queues/fetch/tasks/{}", running[0])).await;
    assert_eq!(job["ctx"]["status"], "Running", "{job}");
    assert_eq!(job["args"].get("result"), None, "{job}");

    for unknown in ["menu:hoch:2026-02-09:lunch", "007", "x%2Fy", "%00", "%F0%9F%A6%80"] {
        let answer = board.ask(&format!("/queues/fetch/tasks/{unknown}")).await;
        assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{unknown}");
    }
}

#[tokio::test]
async fn workers_are_those_on_the_list() {
    let mut stack = Stack::wanted().apis(0).workers(2).start().await;
    stack.leftovers_are_fine();
    let board = Board { stack, http: reqwest::Client::builder().no_proxy().build().unwrap() };
    let listed = eventually("both are on the list", SECOND * 10, async || {
        let listed: Vec<String> = board.all("workers", "ZRANGE").await;
        (listed.len() == 2).then_some(listed)
    })
    .await;
    for path in ["/workers", "/queues/fetch/workers"] {
        let workers = board.json(path).await;
        let workers = workers.as_array().unwrap();
        let names = workers.iter().map(|worker| worker["id"].as_str().unwrap().to_owned());
        assert_eq!(sorted(names.collect()), sorted(listed.clone()), "{path}");
        for worker in workers {
            let (heard, since) = (&worker["last_heartbeat"], &worker["started_at"]);
            assert!(heard.as_u64() >= since.as_u64() && since.as_u64() > Some(0), "{worker}");
        }
    }
    let queues = board.json("/queues").await;
    assert_eq!(queues[0]["name"], "fetch");
    assert_eq!(queues[0]["workers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_long_queue_and_foreign_jobs_in_it_are_shown_a_page_at_a_time() {
    let board = Board::start().await;
    board.stack.vendor.fault(Scope::All, Fault::Hang);
    let path = menu_path(Hall::Hoch, board.stack.weekday(), "lunch");
    assert_eq!(board.stack.get(&path).await.status, 503, "the worker's only place is taken");
    let key = |part: &str| board.stack.key(&format!("fetch:{part}"));
    let mut fill = pipe();
    for number in 0..250 {
        let id = format!("foreign:{number:03}<b>/?#");
        fill.hset(key("data"), &id, "no \u{7} JSON").rpush(key("active"), &id);
    }
    // A list where a hash should be, and bytes that are no text.
    fill.rpush(key("meta:foreign:007<b>/?#"), "x");
    fill.hset(key("meta:foreign:008<b>/?#"), "status", b"\xff\xfe");
    fill.hset(key("data"), "huge", "x".repeat(3 << 20)).rpush(key("active"), "huge");
    // One that waits for its next attempt.
    let again = "menu:frank:2026-02-09:lunch".to_owned();
    fill.hset(key("data"), &again, "{}").zadd(key("scheduled"), &again, 99_999_999_999_u64);
    fill.query_async::<()>(&mut board.stack.redis().await).await.unwrap();

    let mut waiting = board.all("active", "LRANGE").await;
    waiting.push(again);
    assert!(waiting.len() >= 251, "{}", waiting.len());
    assert_eq!(figure(&board.json("/overview").await, "PENDING_JOBS"), waiting.len());
    for (query, expected) in [
        ("?status=Pending", 10),
        ("?status=Pending&page=0", 10),
        ("?status=Pending&page_size=0", 1),
        ("?status=Pending&page_size=4294967295", 100),
        ("?page=4294967295&page_size=4294967295", 0),
        ("?status=Pending&page=3&page_size=100", waiting.len() - 200),
    ] {
        assert_eq!(board.ids(query).await.len(), expected, "{query}");
    }
    let mut seen = BTreeSet::new();
    for page in 1..=3 {
        let answer = board.ask(&format!("/tasks?status=Pending&page={page}&page_size=100")).await;
        assert!(answer.text.len() < 200_000, "{}", answer.text.len());
        seen.extend(answer.json().as_array().unwrap().iter().map(id));
    }
    assert_eq!(seen, waiting.into_iter().collect());
    let wrong = board.ask("/tasks?status=Nonsense").await;
    assert_eq!(wrong.status, 400, "{wrong:?}");
}

#[tokio::test]
async fn without_redis_the_dashboard_says_so_and_nothing_of_redis() {
    let mut stack = Stack::wanted().apis(0).own_redis().start().await;
    stack.leftovers_are_fine();
    stack.own_redis.as_mut().unwrap().kill();
    let board = Board { stack, http: reqwest::Client::builder().no_proxy().build().unwrap() };
    for path in ["/overview", "/queues", "/workers", "/tasks", "/queues/fetch/tasks/x"] {
        let answer = tokio::time::timeout(SECOND * 10, board.ask(path)).await.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
        let said = answer.text.to_lowercase();
        assert!(!said.contains("redis") && !said.contains("127.0.0.1"), "{said}");
    }
    let page = board.http.get(board.stack.workers[0].url()).send().await.unwrap();
    assert_eq!(page.status(), 200, "the pages themselves need no store");
}
