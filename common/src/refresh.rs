//! The one way to make a menu: look again, lease, read, save, entries; or the last good copy.
//! What is read is a *document*, and one read settles every key that the document can answer.

mod beside;
mod entries;
mod failing;
mod gate;
mod judging;
mod looking;
mod memory;
mod mistaken;
mod reading;
mod saves;
mod unsaved;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use futures::future::BoxFuture;

use crate::{
    cache::{Cache, Held, Settled},
    config::Lifetimes,
    entry::{Entry, MenuKey},
    hall::HallId,
    lease::Leases,
    meal::Meal,
    menu::{DayState, KnownDay},
    queue::Reason,
    store::{Store, StoreError},
    vendors::{self, Document, Vendors},
};
pub use failing::Failing;
pub use gate::Gate;
use looking::Leave;
pub use memory::Memory;
pub use saves::Saves;
pub use unsaved::Unsaved;

/// How a refresh ended. Each of them settles the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody else's read had settled it.
    Known,
    /// A copy in Postgres was still fresh: put back without asking the vendor.
    Restored,
    /// The vendor was read.
    Live,
    /// The vendor failed: the last good copy serves, or what it says of there being no menu.
    Snapshot,
    /// The vendor failed and there is no copy to serve.
    Unavailable,
}

/// A refresh that ended.
#[derive(Debug)]
pub struct Done {
    /// How.
    pub outcome: Outcome,
    /// What the key holds now, or would hold if the cache could be written.
    pub held: Held,
    /// Whether the cache has it. Without, nobody who waits elsewhere was woken.
    pub cached: bool,
}

/// Another process held the document for longer than a read may take.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the document was being read by another process all the time")]
pub struct Busy;

/// A copy this young is not read again, whoever asks; where entries live for seconds only, a quarter
/// of their life.
pub const JUST_READ: Duration = Duration::from_secs(60);
/// How often a process that waits for another's read looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Makes menus. One of them a process.
pub struct Refresher {
    /// Where entries go; `None` = nowhere.
    pub cache: Option<Cache>,
    /// Where what is read is kept.
    pub store: Store,
    /// Who is read.
    pub vendors: Vendors,
    /// Who may read.
    pub leases: Leases,
    /// How long things are good for.
    pub lifetimes: Lifetimes,
    /// The halls' wall clock.
    pub zone: Tz,
    /// How long one read may take.
    pub budget: Duration,
    /// Documents that failed while no cache could remember it.
    pub failing: Failing,
    /// Documents that were read while no store could keep them.
    pub memory: Memory,
    /// When what was read is saved.
    pub saves: Saves,
    /// What of a reading is believed.
    pub gate: Gate,
    /// Readings that Postgres did not take.
    pub unsaved: Unsaved,
}

impl Refresher {
    /// Settles a key: afterwards it holds an entry, and whoever waited for it was woken. Stores
    /// that are away are worked round.
    ///
    /// # Errors
    /// When another process never ends its read.
    pub fn settle<'a>(
        &'a self,
        key: &'a MenuKey,
        reason: Reason,
    ) -> BoxFuture<'a, Result<Done, Busy>> {
        // Of a type that is known here: else each program and each test would compile all of it anew.
        Box::pin(self.settle_by_turns(key, reason))
    }

    async fn settle_by_turns(&self, key: &MenuKey, reason: Reason) -> Result<Done, Busy> {
        let document = Document::of(key.hall, key.date);
        let turn = self.leases.turn(document).await;
        let Leave { lease, is_sure, ahead } =
            match self.lease_or_done(document, key, reason, &turn).await? {
                Ok(leave) => leave,
                Err(done) => return Ok(done),
            };
        let done = match self.failing.left(document) {
            Some(left) if reason == Reason::Miss => {
                drop(ahead);
                self.without_reading(document, key, left).await
            }
            _ => self.read_and_settle(document, key, reason, is_sure, ahead).await,
        };
        if let Some(lease) = lease {
            lease.release().await;
        }
        Ok(done)
    }

    /// Whether nobody asks the document's vendor at the moment, or waits to do so.
    pub async fn is_idle(&self, key: &MenuKey) -> bool {
        self.vendors.is_idle(Document::of(key.hall, key.date)).await
    }

    /// Whether a vendor is asked for this menu at all. Who pushes a job has checked it; who takes one
    /// does not rely on that.
    #[must_use]
    pub fn may_read(&self, key: &MenuKey) -> bool {
        let (first, last) = vendors::window(self.today(Utc::now()));
        // A day of grace for a job that waited over midnight.
        let grace = first.pred_opt().unwrap_or(first);
        !matches!(key.meal, Meal::Other(_)) && (grace..=last).contains(&key.date)
    }

    /// Whether they are in the cache now.
    async fn put(&self, settled: &[Settled]) -> bool {
        let Some(cache) = &self.cache else { return false };
        let put = cache.put(settled).await;
        if let Err(error) = &put
            && !error.is_away()
        {
            tracing::warn!(%error, "entries not written");
        }
        put.is_ok()
    }

    /// Whether our own hours say so of a day that its vendor says nothing of.
    async fn is_shut(&self, hall: HallId, day: &KnownDay) -> bool {
        day.state == DayState::NotPosted
            && self.store.shut_days(hall, &[day.date]).await.is_ok_and(|days| !days.is_empty())
    }

    /// What is saved of these days; `None` where nobody can say.
    async fn saved_days(&self, hall: HallId, dates: &[NaiveDate]) -> Option<Vec<KnownDay>> {
        told(hall, self.store.days(hall, dates).await)
    }

    /// Those of them that are fresh, and so known without asking the vendor.
    async fn fresh_days(&self, hall: HallId, dates: &[NaiveDate]) -> Option<Vec<KnownDay>> {
        told(hall, self.store.fresh_days(hall, dates, Utc::now()).await)
    }

    /// The days that a read settles; with the one that was asked for, which midnight may have just
    /// moved out of the window.
    fn dates(&self, document: Document, key: &MenuKey, now: DateTime<Utc>) -> Vec<NaiveDate> {
        let mut dates = document.dates(self.today(now));
        if !dates.contains(&key.date) {
            dates.push(key.date);
        }
        dates
    }

    fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }
}

fn told(hall: HallId, days: Result<Vec<KnownDay>, StoreError>) -> Option<Vec<KnownDay>> {
    match days {
        // Once it is known to be away, each visitor's word of it would only fill the log.
        Err(StoreError::Away) => None,
        Err(error) => {
            tracing::warn!(hall.id = %hall, %error, "no copies at hand");
            None
        }
        Ok(days) => Some(days),
    }
}

fn held_by(settled: &[Settled], key: &MenuKey) -> Option<Held> {
    let one = settled.iter().find(|one| one.key == *key)?;
    Some(Held { entry: one.entry.clone(), left: one.lifetime })
}

/// How it ended for one of the keys that were settled.
fn done(key: &MenuKey, outcome: Outcome, settled: &[Settled], cached: bool) -> Done {
    // A document settles every key that leads to it; should it not, that is a failure.
    let failed = || Held { entry: Entry::Failed { fetched_at: Utc::now() }, left: LOOK_EVERY };
    let held = held_by(settled, key).unwrap_or_else(failed);
    let is_known = !matches!(held.entry, Entry::Failed { .. });
    let unavailable = outcome == Outcome::Snapshot && !is_known;
    let outcome = if unavailable { Outcome::Unavailable } else { outcome };
    Done { outcome, held, cached }
}
