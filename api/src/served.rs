//! What is served, and where it came from.

use std::{sync::Arc, time::Duration};

use common::{cache::Held, entry::Entry};

use crate::{flights::Answered, ready::Ready};

/// Stale copies that were never put into the cache hold this long in a caller's.
const STALE_LEFT: Duration = Duration::from_secs(30);

/// What is served, and where it came from.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) ready: Arc<Ready>,
    pub(crate) from: From,
}

impl Answered for Served {
    fn from(&self) -> From {
        self.from
    }
}

impl Served {
    pub(crate) fn new(held: Held, from: From) -> Self {
        Self { ready: Arc::new(Ready::new(held)), from }
    }

    /// The saved menu: an answer in its own right while it is fresh, a stand-in after.
    pub(crate) fn from_postgres(held: Held) -> Self {
        let fresh = matches!(held.entry, Entry::Menu { is_stale: false, .. });
        Self::new(held, if fresh { From::Postgres } else { From::Copy })
    }
}

/// Where an answer came from, in the terms of RFC 9211.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The cache.
    Hit,
    /// The cache, after a job.
    Stored,
    /// The last good copy, because the job was not done in time.
    Copy,
    /// Postgres, past the cache.
    Postgres,
    /// The vendor, past the queue.
    Live,
}

/// What a copy that is not in the cache has left, in a caller's cache.
pub(crate) const fn stale_left() -> Duration {
    STALE_LEFT
}
