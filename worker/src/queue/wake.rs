//! What wakes an idle worker: a message that a job was pushed, and every gap in which such a
//! message may have been lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
};

use common::{
    config::SecretUrl,
    line::{self, Interests, LineEvent},
};
use futures::task::AtomicWaker;

/// Counts the reasons to look at the queue. A worker that notes the count before it looks, and
/// sleeps only if the count is still the same afterwards, misses none.
#[derive(Default)]
pub(crate) struct Wake {
    count: AtomicU64,
    sleeper: AtomicWaker,
}

impl Wake {
    /// The reasons so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// One more.
    pub(crate) fn call(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.sleeper.wake();
    }

    /// Whom to wake at the next; to be said before the count is compared.
    pub(crate) fn register(&self, waker: &Waker) {
        self.sleeper.register(waker);
    }
}

/// Follows the queue's channel for ever.
pub(crate) async fn follow(url: SecretUrl, channel: String, wake: Arc<Wake>) {
    let interests = Interests { channel, prefixes: Vec::new() };
    line::follow(url, interests, move |event| {
        if matches!(event, LineEvent::Up { .. } | LineEvent::Said(_)) {
            wake.call();
        }
    })
    .await;
}
