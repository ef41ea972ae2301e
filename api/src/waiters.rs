//! Who waits for which entry. One line to Redis wakes any number of them.
//!
//! Everything of a key is behind one lock, and nobody is woken under it. `interleavings` runs this
//! file in every order.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    task::{Context, Poll, Waker},
};

use common::{entry::MenuKey, line::LineEvent};

use super::sync::{Arc, AtomicBool, Mutex, MutexGuard, Ordering, PoisonError};

/// The waiting requests of one process, by key.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Inner>);

#[derive(Default)]
struct Inner {
    keys: Mutex<BTreeMap<String, Awaited>>,
    hears: AtomicBool,
}

/// A key that somebody is interested in; it is there as long as one of them is.
#[derive(Default)]
pub(crate) struct Awaited {
    /// How often it was called.
    calls: u64,
    /// How many were ever interested: the number of the last one.
    last: u64,
    /// Those who are now, by number, and whom to wake if they wait.
    interests: BTreeMap<u64, Option<Waker>>,
}

impl Awaited {
    /// Whom to wake, once the lock is given back.
    fn call(&mut self) -> impl Iterator<Item = Waker> {
        self.calls += 1;
        self.interests.values_mut().filter_map(Option::take)
    }
}

/// One waiter's interest in a key. A call that comes after it was registered is not missed,
/// whenever it is waited for.
pub(crate) struct Interest {
    waiters: Waiters,
    key: String,
    number: u64,
    /// The calls that it knows of.
    heard: u64,
}

impl Waiters {
    /// Registers; to be done before the look that decides to wait.
    pub(crate) fn register(&self, key: &MenuKey) -> Interest {
        let key = key.to_string();
        let (number, heard) = {
            let mut keys = self.keys();
            let awaited = keys.entry(key.clone()).or_default();
            awaited.last += 1;
            awaited.interests.insert(awaited.last, None);
            (awaited.last, awaited.calls)
        };
        Interest { waiters: self.clone(), key, number, heard }
    }

    /// Whether the line is up. While it is not, a waiter must look for itself.
    pub(crate) fn hears(&self) -> bool {
        self.0.hears.load(Ordering::Acquire)
    }

    /// Passes on what the line says: keys, one a line. A line that is back wakes everybody, since
    /// what was said in between is unknown.
    pub(crate) fn hear(&self, event: &LineEvent) {
        match event {
            LineEvent::Up { .. } => {
                self.0.hears.store(true, Ordering::Release);
                self.call_all();
            }
            LineEvent::Down => {
                self.0.hears.store(false, Ordering::Release);
                self.call_all();
            }
            LineEvent::Said(keys) => self.call(keys.lines()),
            LineEvent::Written(_) | LineEvent::Flushed => {}
        }
    }

    fn call<'a>(&self, said: impl Iterator<Item = &'a str>) {
        let mut woken = Vec::new();
        {
            let mut keys = self.keys();
            for key in said {
                woken.extend(keys.get_mut(key).into_iter().flat_map(Awaited::call));
            }
        }
        woken.into_iter().for_each(Waker::wake);
    }

    fn call_all(&self) {
        let woken: Vec<Waker> = self.keys().values_mut().flat_map(Awaited::call).collect();
        woken.into_iter().for_each(Waker::wake);
    }

    /// What somebody is interested in.
    pub(crate) fn keys(&self) -> MutexGuard<'_, BTreeMap<String, Awaited>> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Interest {
    /// Until the next call that was not waited for yet.
    pub(crate) async fn called(&mut self) {
        poll_fn(|cx| self.poll_called(cx)).await;
    }

    fn poll_called(&mut self, cx: &Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let before = {
            let mut keys = self.waiters.keys();
            // Never so while we are registered.
            let Some(awaited) = keys.get_mut(&self.key) else { return Poll::Pending };
            if awaited.calls != self.heard {
                self.heard = awaited.calls;
                return Poll::Ready(());
            }
            awaited.interests.insert(self.number, Some(waker))
        };
        drop(before);
        Poll::Pending
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let gone = {
            let mut keys = self.waiters.keys();
            let Some(awaited) = keys.get_mut(&self.key) else { return };
            let gone = awaited.interests.remove(&self.number);
            if awaited.interests.is_empty() {
                keys.remove(&self.key);
            }
            gone
        };
        drop(gone);
    }
}
