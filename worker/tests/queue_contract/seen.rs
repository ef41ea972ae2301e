//! What the scripts leave behind.

use std::collections::HashMap;

use super::TestQueue;

impl TestQueue {
    /// The key of the entry that this id makes.
    pub(crate) fn entry(&self, id: &str) -> String {
        self.names.entry(&id.parse().unwrap())
    }

    pub(crate) async fn active(&self) -> Vec<String> {
        self.ask("LRANGE", (self.key("active"), 0, -1)).await
    }

    pub(crate) async fn later(&self) -> Vec<String> {
        self.ask("LRANGE", (self.key("later"), 0, -1)).await
    }

    pub(crate) async fn scheduled(&self) -> Vec<String> {
        self.ask("ZRANGE", (self.key("scheduled"), 0, -1)).await
    }

    pub(crate) async fn done(&self) -> Vec<String> {
        self.ask("ZRANGE", (self.key("done"), 0, -1)).await
    }

    pub(crate) async fn dead(&self) -> Vec<String> {
        self.ask("ZRANGE", (self.key("dead"), 0, -1)).await
    }

    pub(crate) async fn workers(&self) -> Vec<String> {
        self.ask("ZRANGE", (self.key("workers"), 0, -1)).await
    }

    /// What this worker has in its hands.
    pub(crate) async fn held(&self, worker: &str) -> Vec<String> {
        self.ask("SMEMBERS", self.key(&format!("inflight:{worker}"))).await
    }

    pub(crate) async fn meta(&self, id: &str) -> HashMap<String, String> {
        self.ask("HGETALL", self.key(&format!("meta:{id}"))).await
    }

    pub(crate) async fn arguments(&self, id: &str) -> Option<String> {
        self.ask("HGET", (self.key("data"), id)).await
    }

    /// Whether a push of this id would make a job.
    pub(crate) async fn is_free(&self, id: &str) -> bool {
        self.arguments(id).await.is_none() && self.meta(id).await.is_empty()
    }

    /// Every key of this queue, and every entry and channel beside it.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let (mut cursor, mut keys) = (0_u64, Vec::new());
        loop {
            let args = (cursor, "MATCH", format!("{}*", self.prefix), "COUNT", 1000);
            let (next, more): (u64, Vec<String>) = self.ask("SCAN", args).await;
            keys.extend(more);
            if next == 0 {
                keys.sort();
                keys.dedup();
                return keys;
            }
            cursor = next;
        }
    }

    /// As if this worker had been silent for so many seconds.
    pub(crate) async fn silence(&self, worker: &str, seconds: f64) {
        let last_heard = self.now().await - seconds;
        self.ask::<()>("ZADD", (self.key("workers"), last_heard, worker)).await;
    }

    /// As if this id had been pushed so many seconds ago.
    pub(crate) async fn age(&self, id: &str, seconds: f64) {
        let pushed = (self.now().await - seconds).floor();
        let meta = self.key(&format!("meta:{id}"));
        self.ask::<()>("HSET", (meta, "pushed_at", pushed)).await;
    }
}
