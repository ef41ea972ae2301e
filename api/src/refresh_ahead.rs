//! Entries that are asked for are refreshed before they expire, so that no visitor waits for one
//! that is popular: over the last tenth of its life each hit asks for a new one by chance, which
//! grows from none to certainty (after `XFetch`: Vattani, Chierichetti and Lowenstein, "Optimal
//! probabilistic cache stampede prevention", VLDB 2015).

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::Utc;
use common::{
    cache::Held,
    entry::{Entry, MenuKey},
    meal::Meal,
    queue::{Pushed, Reason, RefreshMenu},
    traces,
};
use tokio::time::Instant;
use tracing::Instrument;

use crate::{app::App, ready::Ready};

/// The share of its life in which an entry is refreshed.
const LAST: u32 = 10;

/// When an entry is due, and whether somebody has seen to it.
pub(crate) struct Due {
    /// `None`: never. What could not be read is asked for again by who misses it.
    from: Option<Instant>,
    until: Instant,
    seen_to: AtomicBool,
}

impl Due {
    /// Of an entry that Redis holds as long as it says from now on.
    pub(crate) fn of(Held { entry, left }: &Held) -> Self {
        let (now, age) = (Instant::now(), (Utc::now() - entry.fetched_at()).to_std());
        let life = match entry {
            Entry::Failed { .. } => None,
            // Its life began when it was made of a copy, which may be days old.
            Entry::Menu { is_stale: true, .. } => Some(*left),
            Entry::Menu { .. } | Entry::NoMenu { .. } => Some(*left + age.unwrap_or_default()),
        };
        let until = now + *left;
        let from = life.map(|life| until.checked_sub(life / LAST).unwrap_or(now));
        Self { from, until, seen_to: AtomicBool::new(false) }
    }

    /// Whether this hit is the one to ask for a new entry. Cheap, and never true again once it was.
    fn falls_to_me(&self, chance: impl FnOnce() -> f64) -> bool {
        let now = Instant::now();
        let Some(from) = self.from.filter(|from| now >= *from) else { return false };
        let passed = (now - from).as_secs_f64();
        let share = passed / (self.until - from).max(Duration::from_millis(1)).as_secs_f64();
        !self.seen_to.load(Ordering::Relaxed)
            && chance() < share
            && !self.seen_to.swap(true, Ordering::Relaxed)
    }

    /// It came to nothing: the next one may try.
    fn give_back(&self) {
        self.seen_to.store(false, Ordering::Relaxed);
    }
}

/// Asks for a new entry by the same job as a miss, if it is time; waits for nothing.
pub(crate) fn if_due(app: &App, key: &MenuKey, ready: &std::sync::Arc<Ready>, request_id: &str) {
    if !ready.due.falls_to_me(fastrand::f64) {
        return;
    }
    let (app, ready, request_id) = (app.clone(), ready.clone(), Some(request_id.to_owned()));
    let (reason, traceparent) = (Reason::Refresh, traces::current());
    let job = RefreshMenu { key: asked_for(key), reason, request_id, traceparent };
    let push = async move {
        let Some(redis) = &app.redis else { return };
        let pushed = redis.queue.push(&job, true).await;
        tracing::debug!(job.id = %job.key, ?pushed, "refreshed ahead of its end");
        if !pushed.is_ok_and(|answer| answer.pushed != Pushed::Full) {
            ready.due.give_back();
        }
    };
    tokio::spawn(push.in_current_span());
}

/// The key that a job is made of. No job asks for a vendor's own meal; a read for any other meal of its
/// day brings it as well.
fn asked_for(key: &MenuKey) -> MenuKey {
    let meal = match &key.meal {
        Meal::Other(_) => Meal::Dinner,
        meal => meal.clone(),
    };
    MenuKey { meal, ..key.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::entry::NoMenu;

    fn held(entry: Entry, left: u64) -> Held {
        Held { entry, left: Duration::from_secs(left) }
    }

    fn no_menu(age: i64) -> Entry {
        let fetched_at = Utc::now() - chrono::Duration::seconds(age);
        Entry::NoMenu { reason: NoMenu::Closed, fetched_at }
    }

    #[tokio::test(start_paused = true)]
    async fn the_chance_grows_over_the_last_tenth_to_certainty() {
        // 1000 s in all, of which 400 are over when this process hears of it.
        let due = || Due::of(&held(no_menu(400), 600));
        for (at, share) in [(0, 0.0), (499, 0.0), (550, 0.5), (575, 0.75), (599, 0.99)] {
            let due = due();
            tokio::time::advance(Duration::from_secs(at)).await;
            assert!(!due.falls_to_me(|| share + 0.005), "{at}");
            assert_eq!(due.falls_to_me(|| share - 0.005), share > 0.0, "{at}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_hit_sees_to_it_unless_it_fails() {
        let due = Due::of(&held(no_menu(0), 100));
        tokio::time::advance(Duration::from_secs(99)).await;
        assert!(due.falls_to_me(|| 0.0));
        assert!(!due.falls_to_me(|| 0.0));
        due.give_back();
        assert!(due.falls_to_me(|| 0.0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_read_is_not_asked_for_ahead() {
        let failed = Entry::Failed { fetched_at: Utc::now() };
        let due = Due::of(&held(failed, 10));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!due.falls_to_me(|| 0.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_copy_lives_from_when_it_was_made_an_entry() {
        let fetched_at = Utc::now() - chrono::Duration::days(2);
        let body = bytes::Bytes::from_static(b"{}");
        let due = Due::of(&held(Entry::Menu { body, is_stale: true, fetched_at }, 100));
        tokio::time::advance(Duration::from_secs(89)).await;
        assert!(!due.falls_to_me(|| 0.0));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(due.falls_to_me(|| 0.5));
    }
}
