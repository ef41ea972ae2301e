//! The dashboard's data of one worker, and Redis beside it.

use std::time::Duration;

use redis::{FromRedisValue, cmd, pipe};
use serde_json::{Value, json};
use tests::{
    Answer, Stack, eventually, menu_path,
    stub::{Fault, Hall, Scope},
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) struct Board {
    pub(crate) stack: Stack,
    pub(crate) http: reqwest::Client,
}

impl Board {
    /// A worker that runs one job at a time.
    pub(crate) async fn start() -> Self {
        let wanted = Stack::wanted().with("WORKER_CONCURRENCY", 1).with("MISS_WAIT_MS", 3_000);
        let mut stack = wanted.with("FETCH_TIMEOUT_MS", 120_000).start().await;
        stack.leftovers_are_fine();
        Self { stack, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) async fn ask(&self, path: &str) -> Answer {
        let url = format!("{}/api/v1{path}", self.stack.workers[0].url());
        let answer = self.http.get(url).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, text: answer.text().await.unwrap(), took: Duration::ZERO }
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.ask(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    pub(crate) async fn jobs(&self, query: &str) -> Vec<Value> {
        self.json(&format!("/queues/fetch/tasks{query}")).await.as_array().unwrap().clone()
    }

    pub(crate) async fn ids(&self, query: &str) -> Vec<String> {
        self.jobs(query).await.iter().map(id).collect()
    }

    /// What Redis itself says.
    pub(crate) async fn redis<T: FromRedisValue>(
        &self,
        command: &str,
        key: &str,
        more: &[&str],
    ) -> T {
        let mut asked = cmd(command);
        asked.arg(self.stack.key(key)).arg(more);
        asked.query_async(&mut self.stack.redis().await).await.unwrap()
    }

    pub(crate) async fn running(&self) -> Vec<String> {
        let workers: Vec<String> = self.redis("ZRANGE", "fetch:workers", &["0", "-1"]).await;
        let held = format!("fetch:inflight:{}", workers.first().expect("a worker"));
        self.redis("SMEMBERS", &held, &[]).await
    }

    pub(crate) async fn all(&self, list: &str, command: &str) -> Vec<String> {
        self.redis(command, &format!("fetch:{list}"), &["0", "-1"]).await
    }

    /// A job as an operator could write it: with no vendor for its day it is refused at once.
    pub(crate) async fn push_refused(&self) {
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
    pub(crate) async fn fill(&self) {
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

pub(crate) fn id(job: &Value) -> String {
    job.pointer("/ctx/task_id").and_then(Value::as_str).unwrap().to_owned()
}

pub(crate) fn figure(stats: &Value, title: &str) -> usize {
    let mut stats = stats.as_array().unwrap().iter();
    let found = stats.find(|one| one["title"] == title).unwrap_or_else(|| panic!("no {title}"));
    found["value"].as_str().unwrap().parse().unwrap()
}

pub(crate) fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}
