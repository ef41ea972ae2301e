//! An entry of the cache, ready to be sent: what can be made once for all who are sent it is made.

use std::time::Duration;

use axum::http::HeaderValue;
use common::{cache::Held, entry::Entry};
use tokio::time::Instant;

use crate::{
    answer::http_date,
    coded::Coded,
    near_cache::{After, Weighs},
    refresh_ahead::Due,
};

/// See the top of the file.
pub(crate) struct Ready {
    pub(crate) entry: Entry,
    /// The end of its lifetime.
    pub(crate) until: Instant,
    /// When a new one is asked for before that.
    pub(crate) due: Due,
    pub(crate) last_modified: Option<HeaderValue>,
    pub(crate) body: Coded,
}

impl Ready {
    pub(crate) fn new(held: Held) -> Self {
        let due = Due::of(&held);
        let Held { entry, left } = held;
        let until = Instant::now() + left;
        let (body, last_modified) = match &entry {
            Entry::Menu { body, fetched_at, .. } => (body.clone(), http_date(*fetched_at)),
            Entry::NoMenu { .. } | Entry::Failed { .. } => (bytes::Bytes::new(), None),
        };
        Self { entry, until, due, last_modified, body: Coded::new(body) }
    }

    /// The rest of its lifetime.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

impl Weighs for std::sync::Arc<Ready> {
    fn bytes(&self) -> usize {
        self.body.bytes()
    }

    fn after(&self) -> After {
        match self.entry {
            Entry::Menu { .. } => After::StandsIn,
            Entry::NoMenu { .. } => After::TakesBack,
            Entry::Failed { .. } => After::Nothing,
        }
    }
}
