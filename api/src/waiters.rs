//! Who waits for which entry. One line to Redis wakes any number of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use common::{entry::MenuKey, line::LineEvent};
use tokio::sync::watch;

/// The waiting requests of one process, by key.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Inner>);

#[derive(Default)]
struct Inner {
    keys: Mutex<HashMap<String, watch::Sender<u64>>>,
    hears: AtomicBool,
}

/// One waiter's interest in a key. A call that comes after it was registered is not missed,
/// whenever it is waited for.
pub(crate) struct Interest {
    calls: watch::Receiver<u64>,
    key: String,
    waiters: Waiters,
}

impl Waiters {
    /// Registers; to be done before the look that decides to wait.
    pub(crate) fn register(&self, key: &MenuKey) -> Interest {
        let key = key.to_string();
        let calls =
            self.keys().entry(key.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe();
        Interest { calls, key, waiters: self.clone() }
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
                self.keys().values().for_each(call);
            }
            LineEvent::Down => {
                self.0.hears.store(false, Ordering::Release);
                self.keys().values().for_each(call);
            }
            LineEvent::Said(keys) => {
                let waiting = self.keys();
                keys.lines().filter_map(|key| waiting.get(key)).for_each(call);
            }
            LineEvent::Written(_) | LineEvent::Flushed => {}
        }
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn call(calls: &watch::Sender<u64>) {
    calls.send_modify(|count| *count += 1);
}

impl Interest {
    /// Until the next call that was not waited for yet.
    pub(crate) async fn called(&mut self) {
        if self.calls.changed().await.is_err() {
            // Nobody can call any more; never so while we are registered.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut keys = self.waiters.keys();
        // The last one out: ours is the only receiver left.
        if keys.get(&self.key).is_some_and(|calls| calls.receiver_count() <= 1) {
            keys.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(1);

    fn key() -> MenuKey {
        "menu:hoch:2026-02-09:lunch".parse().unwrap()
    }

    fn said(key: &str) -> LineEvent {
        LineEvent::Said(key.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_between_registering_and_waiting_is_not_lost() {
        let waiters = Waiters::default();
        let mut interest = waiters.register(&key());
        waiters.hear(&said("menu:hoch:2026-02-09:dinner\nmenu:hoch:2026-02-09:lunch"));
        timeout(SOON, interest.called()).await.expect("woken by the call before");
        assert!(timeout(SOON, interest.called()).await.is_err(), "and once only");
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_is_lost_or_back_wakes_everybody() {
        let waiters = Waiters::default();
        let mut interest = waiters.register(&key());
        let up = LineEvent::Up { tracking: true };
        for event in [up.clone(), LineEvent::Down, up.clone()] {
            waiters.hear(&event);
            timeout(SOON, interest.called()).await.expect("woken");
            assert_eq!(waiters.hears(), event == up);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn other_keys_wake_nobody_and_nothing_stays_behind() {
        let waiters = Waiters::default();
        let mut first = waiters.register(&key());
        let second = waiters.register(&key());
        waiters.hear(&said("menu:hoch:2026-02-09:dinner"));
        assert!(timeout(SOON, first.called()).await.is_err());
        drop(second);
        assert_eq!(waiters.keys().len(), 1);
        drop(first);
        assert_eq!(waiters.keys().len(), 0);
    }
}
