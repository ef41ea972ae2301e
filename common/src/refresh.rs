//! The one way to make a menu: look again, lease, read, save, entries; or the last good copy.
//! What is read is a *document*, and one read settles every key that the document can answer.

mod entries;
mod failing;
mod gate;
mod judging;
mod memory;
mod reading;
mod saves;
mod unsaved;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::Instant;

use crate::{
    cache::{Cache, Held, Look, Settled},
    config::Lifetimes,
    entry::{Entry, MenuKey},
    hall::HallId,
    lease::{Asked, Lease, Leases},
    meal::Meal,
    menu::{DayState, KnownDay},
    queue::Reason,
    store::{Store, StoreError},
    vendors::{self, Document, Vendors},
    zone::Zone,
};
pub use failing::Failing;
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
    /// The vendor failed: the last good copy serves.
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

/// Less time than this is no life worth putting back.
const WORTH_RESTORING: Duration = Duration::from_secs(1);
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
    pub zone: Zone,
    /// How long one read may take.
    pub budget: Duration,
    /// Documents that failed while no cache could remember it.
    pub failing: Failing,
    /// Documents that were read while no store could keep them.
    pub memory: Memory,
    /// When what was read is saved.
    pub saves: Saves,
    /// Readings that Postgres did not take.
    pub unsaved: Unsaved,
}

impl Refresher {
    /// Settles a key: afterwards it holds an entry, and whoever waited for it was woken. Stores
    /// that are away are worked round.
    ///
    /// # Errors
    /// When another process never ends its read.
    pub async fn settle(&self, key: &MenuKey, reason: Reason) -> Result<Done, Busy> {
        let document = Document::of(key.hall, key.date);
        let _turn = self.leases.turn(document).await;
        let lease = match self.lease_or_done(document, key, reason).await? {
            Ok(lease) => lease,
            Err(done) => return Ok(done),
        };
        let done = match self.failing.left(document) {
            Some(left) if reason == Reason::Miss => self.without_reading(document, key, left).await,
            _ => self.read_and_settle(document, key, reason).await,
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

    /// Waits until the document is ours to read, or until another's read has settled the key.
    async fn lease_or_done(
        &self,
        document: Document,
        key: &MenuKey,
        reason: Reason,
    ) -> Result<Result<Option<Lease>, Done>, Busy> {
        let patience = Instant::now() + self.budget * 2;
        loop {
            let asked = self.leases.ask(document).await;
            // Looked at after asking: what was written before we held the lease is seen now.
            if let Some(done) = self.look_again(key, reason).await {
                if let Asked::Taken(lease) = asked {
                    lease.release().await;
                }
                return Ok(Err(done));
            }
            match asked {
                Asked::Taken(lease) => return Ok(Ok(Some(lease))),
                Asked::Away => return Ok(Ok(None)),
                Asked::Busy if Instant::now() > patience => return Err(Busy),
                Asked::Busy => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Whether the key is settled already, or can be from a copy that is still fresh.
    async fn look_again(&self, key: &MenuKey, reason: Reason) -> Option<Done> {
        let now = Utc::now();
        let will_do = |at| reason == Reason::Miss || self.just_read_at(now, at).is_some();
        // Who asks by hand knows of the failure, and why it may be over.
        let counts =
            |held: &Held| reason != Reason::Manual || !matches!(held.entry, Entry::Failed { .. });
        let (mut has_cache, mut missing, mut without) = (false, false, None);
        if let Some(cache) = &self.cache {
            match cache.get(key).await {
                Ok(Look::Held(held)) if counts(&held) && will_do(held.entry.fetched_at()) => {
                    let cached = cache.announce(key).await.is_ok();
                    return Some(Done { outcome: Outcome::Known, held, cached });
                }
                Ok(look) => {
                    (has_cache, missing) = (true, matches!(look, Look::Nothing));
                    without = no_menu_for(&look);
                }
                Err(error) if error.is_away() => {}
                Err(error) => tracing::warn!(cache.key = %key, %error, "no look into the cache"),
            }
        }
        // Who pre-warms wants an entry where there is none, and a new one where there is one.
        let restores = missing && reason == Reason::Prewarm;
        // "No menu" lives shorter than the day that says so: its end is no reason to ask the vendor.
        let outlives = |left| {
            reason == Reason::Refresh && without.is_some_and(|life| left > life + WORTH_RESTORING)
        };
        let will_do_of_day = |at, left| restores || outlives(left) || will_do(at);
        match self.restored(key, now, will_do_of_day).await {
            Some(done) => Some(done),
            None => self.remembered(key, has_cache, will_do).await,
        }
    }

    /// From a copy in Postgres that is still fresh.
    async fn restored(
        &self,
        key: &MenuKey,
        now: DateTime<Utc>,
        will_do: impl Fn(DateTime<Utc>, Duration) -> bool,
    ) -> Option<Done> {
        let day = self.known_days(key.hall, &[key.date]).await?.pop()?;
        let longest = self.lifetimes.fresh + self.lifetimes.fresh_jitter;
        let left = (day.fresh_until - now).to_std().unwrap_or_default().min(longest);
        if left < WORTH_RESTORING || !will_do(day.fetched_at, left) {
            return None;
        }
        let shut = self.is_shut(key.hall, &day).await;
        let settled = self.entries(key.hall, &day, left, shut);
        let held = held_by(&settled, key)?;
        let cached = self.put(&settled).await;
        Some(Done { outcome: Outcome::Restored, held, cached })
    }

    /// From what this process has read while both stores were away. A cache that is back gets it.
    async fn remembered(
        &self,
        key: &MenuKey,
        has_cache: bool,
        will_do: impl Fn(DateTime<Utc>) -> bool,
    ) -> Option<Done> {
        let document = Document::of(key.hall, key.date);
        let settled = self.memory.of(document);
        let held = held_by(&settled, key).filter(|held| will_do(held.entry.fetched_at()))?;
        let cached = has_cache && self.put(&settled).await;
        if cached {
            self.memory.forget(document);
        }
        Some(Done { outcome: Outcome::Known, held, cached })
    }

    /// How old the copy is that makes it needless to read this menu, whoever asks; `None` where there
    /// is none.
    pub async fn just_read(&self, key: &MenuKey) -> Option<Duration> {
        let now = Utc::now();
        if let Some(cache) = &self.cache
            && let Ok(Look::Held(held)) = cache.get(key).await
            && !matches!(held.entry, Entry::Failed { .. })
            && let Some(age) = self.just_read_at(now, held.entry.fetched_at())
        {
            return Some(age);
        }
        let day = self.known_days(key.hall, &[key.date]).await?.pop()?;
        let left = (day.fresh_until - now).to_std().unwrap_or_default();
        self.just_read_at(now, day.fetched_at).filter(|_| left >= WORTH_RESTORING)
    }

    /// How long ago it was, if nobody is to read again so soon.
    fn just_read_at(&self, now: DateTime<Utc>, at: DateTime<Utc>) -> Option<Duration> {
        let young = JUST_READ.min(self.lifetimes.fresh / 4);
        (now - at).to_std().ok().filter(|age| *age < young)
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
    async fn known_days(&self, hall: HallId, dates: &[NaiveDate]) -> Option<Vec<KnownDay>> {
        match self.store.days(hall, dates).await {
            // Once it is known to be away, each visitor's word of it would only fill the log.
            Err(StoreError::Away) => None,
            Err(error) => {
                tracing::warn!(hall.id = %hall, %error, "no copies at hand");
                None
            }
            Ok(days) => Some(days),
        }
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

/// What is left of an entry that says "no menu".
fn no_menu_for(look: &Look) -> Option<Duration> {
    match look {
        Look::Held(Held { entry: Entry::NoMenu { .. }, left }) => Some(*left),
        _ => None,
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
    let served = matches!(held.entry, Entry::Menu { .. });
    let unavailable = outcome == Outcome::Snapshot && !served;
    let outcome = if unavailable { Outcome::Unavailable } else { outcome };
    Done { outcome, held, cached }
}
