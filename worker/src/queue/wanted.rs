//! Whether somebody waits by now for a job that began when nobody did.

use common::{cache::Names, link::Link};

/// Looks at what a push leaves with a job that runs.
#[derive(Clone)]
pub(crate) struct Wanted {
    link: Link,
    names: Names,
}

impl Wanted {
    pub(crate) const fn new(link: Link, names: Names) -> Self {
        Self { link, names }
    }

    /// Also where nobody can say: then a job has no reason to hold back.
    pub(crate) async fn is_wanted(&self, id: &str) -> bool {
        let mut ask = redis::cmd("HEXISTS");
        ask.arg(format!("{}:meta:{id}", self.names.queue())).arg("wanted");
        let asked = self.link.insist(async |redis| ask.query_async(redis).await);
        asked.await.unwrap_or(true)
    }
}
