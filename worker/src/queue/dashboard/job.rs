//! One job as Redis holds it, and as the dashboard shows it. Whoever can write to Redis can leave
//! anything there, so nothing is taken for granted but the id.

use std::{collections::HashMap, str::FromStr};

use apalis::prelude::{Task, TaskId};
use apalis_core::{
    backend::queue::Queue,
    task::{builder::TaskBuilder, metadata::MetadataStore, status::Status},
};
use common::queue::RefreshMenu;
use redis::{FromRedisValue, ParsingError, Value as Reply};
use serde_json::{Map, Value, json};

use super::QUEUE;

/// In the order of `jobs.lua`.
#[derive(Debug, Default)]
pub(super) struct Job {
    id: String,
    arguments: Vec<u8>,
    status: String,
    attempts: usize,
    max_attempts: usize,
    pushed_at: Option<u64>,
    locked_by: Option<String>,
    locked_at: Option<u64>,
    done_at: Option<u64>,
    result: Option<String>,
    last_error: Option<String>,
}

impl FromRedisValue for Job {
    fn from_redis_value(reply: Reply) -> Result<Self, ParsingError> {
        let mut parts = Vec::<Option<Vec<u8>>>::from_redis_value(reply)?.into_iter();
        let mut bytes = || parts.next().flatten();
        let (id, arguments) = (bytes().unwrap_or_default(), bytes().unwrap_or_default());
        let mut text = || bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let id = String::from_utf8_lossy(&id).into_owned();
        let status = text().unwrap_or_default();
        let mut number = || text().and_then(|text| text.parse::<u64>().ok());
        let (attempts, max_attempts) = (number(), number());
        let pushed_at = number();
        let locked_by = text();
        let mut number = || text().and_then(|text| text.parse::<u64>().ok());
        let (locked_at, done_at) = (number(), number());
        let (result, last_error) = (text(), text());
        let small = |number: Option<u64>| number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let (attempts, max_attempts) = (small(attempts), small(max_attempts));
        Ok(Self {
            id,
            arguments,
            status,
            attempts,
            max_attempts,
            pushed_at,
            locked_by,
            locked_at,
            done_at,
            result,
            last_error,
        })
    }
}

impl Job {
    pub(super) fn into_task(self) -> Task<Value> {
        let shown = self.shown();
        let of = MetadataStore::from_map(self.metadata(&shown));
        TaskBuilder::new(shown)
            .task_id(TaskId::String(self.id))
            .status(Status::from_str(&self.status).unwrap_or_default())
            .attempt(self.attempts)
            .max_attempts(self.max_attempts)
            .queue(Queue::from(QUEUE))
            // The pages want one; a job that was never pushed has none.
            .run_at_timestamp(self.pushed_at.or(self.done_at).unwrap_or_default())
            .lock_by(self.locked_by)
            .lock_at(self.locked_at)
            .done_at(self.done_at)
            .with_metadata(of)
            .build()
    }

    /// What the page of a job shows in full: what was asked for, and how it ended.
    fn shown(&self) -> Value {
        let mut shown = Map::new();
        match serde_json::from_slice::<RefreshMenu>(&self.arguments) {
            Ok(job) => {
                shown.insert("hall".to_owned(), job.key.hall.as_str().into());
                shown.insert("date".to_owned(), job.key.date.to_string().into());
                shown.insert("meal".to_owned(), job.key.meal.as_str().into());
                shown.insert("reason".to_owned(), job.reason.as_str().into());
                shown.insert("request_id".to_owned(), json!(job.request_id));
            }
            Err(_) => {
                let text = || String::from_utf8_lossy(&self.arguments).into_owned();
                let foreign =
                    serde_json::from_slice(&self.arguments).unwrap_or_else(|_| text().into());
                shown.insert("not_a_job_of_ours".to_owned(), foreign);
            }
        }
        if let Some(result) = self.result.as_deref().or(self.last_error.as_deref()) {
            let result = serde_json::from_str::<Value>(result).unwrap_or_else(|_| result.into());
            let result = result.get("Ok").cloned().unwrap_or(result);
            let name = if self.result.is_some() { "result" } else { "last_attempt" };
            shown.insert(name.to_owned(), result);
        }
        Value::Object(shown)
    }

    /// The same in words, for who reads the board's JSON.
    fn metadata(&self, shown: &Value) -> HashMap<String, String> {
        let names = ["hall", "date", "meal", "reason", "request_id"];
        let texts = names
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), shown.get(name)?.as_str()?.to_owned())));
        texts.collect()
    }
}
