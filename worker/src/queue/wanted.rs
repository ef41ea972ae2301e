//! Whether somebody waits by now for a job that began when nobody did.

use common::cache::Names;
use redis::aio::ConnectionManager;

/// Looks at what a push leaves with a job that runs.
#[derive(Clone)]
pub(crate) struct Wanted {
    redis: ConnectionManager,
    names: Names,
}

impl Wanted {
    pub(crate) const fn new(redis: ConnectionManager, names: Names) -> Self {
        Self { redis, names }
    }

    /// Also where nobody can say: then a job has no reason to hold back.
    pub(crate) async fn is_wanted(&self, id: &str) -> bool {
        let mut ask = redis::cmd("HEXISTS");
        ask.arg(format!("{}:meta:{id}", self.names.queue())).arg("wanted");
        ask.query_async(&mut self.redis.clone()).await.unwrap_or(true)
    }
}
