//! The one way to make a menu: look again, lease, read, save, entries; or the last good copy.
//! What is read is a *document*, and one read settles every key that the document can answer.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use chrono_tz::Tz;
use tokio::time::Instant;

use crate::{
    cache::{Cache, Held, Look, Overwrite, Settled},
    config::Lifetimes,
    entry::{Entry, MenuKey, NoMenu},
    hall::HallId,
    lease::{Asked, Lease, Leases},
    menu::{Day, DayState, KnownDay, Meal},
    queue::Reason,
    store::{FetchRun, Store},
    vendors::{Document, Read, VendorError, Vendors},
};

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
/// A copy this young is not read again, whoever asks.
const JUST_READ: Duration = Duration::from_secs(60);
/// How often a process that waits for another's read looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Failure entries live at most this long.
const LONGEST_FAILURE: Duration = Duration::from_secs(60);

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
}

impl Refresher {
    /// Settles a key: afterwards it holds an entry, and whoever waited for it was woken. Stores
    /// that are away are worked round.
    ///
    /// # Errors
    /// When another process never ends its read.
    pub async fn settle(&self, key: &MenuKey, reason: Reason) -> Result<Done, Busy> {
        if let Some(done) = self.look_again(key, reason).await {
            return Ok(done);
        }
        let document = Document::of(key.hall, key.date);
        let _turn = self.leases.turn(document).await;
        let lease = match self.lease_or_done(document, key, reason).await? {
            Ok(lease) => lease,
            Err(done) => return Ok(done),
        };
        let done = self.read_and_settle(document, key, reason).await;
        if let Some(lease) = lease {
            lease.release().await;
        }
        Ok(done)
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
        let just_read = |at: DateTime<Utc>| (now - at).to_std().is_ok_and(|age| age < JUST_READ);
        let will_do = |at| reason == Reason::Miss || just_read(at);
        if let Some(cache) = &self.cache {
            match cache.get(key).await {
                Ok(Look::Held(held)) if will_do(held.entry.fetched_at()) => {
                    let cached = cache.announce(key).await.is_ok();
                    return Some(Done { outcome: Outcome::Known, held, cached });
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(cache.key = %key, %error, "no look into the cache"),
            }
        }
        let day = self.known_days(key.hall, &[key.date]).await.pop()?;
        let left = (day.fresh_until - now).to_std().unwrap_or_default();
        if left < WORTH_RESTORING || !will_do(day.fetched_at) {
            return None;
        }
        let settled = self.entries(key.hall, &day, left, false);
        let held = held_by(&settled, key)?;
        let cached = self.put(&settled, Overwrite::Older).await;
        Some(Done { outcome: Outcome::Restored, held, cached })
    }

    async fn read_and_settle(&self, document: Document, key: &MenuKey, reason: Reason) -> Done {
        // The moment of asking, not of answering: a reader that was paused in between must not
        // pass for the later one.
        let started_at = Utc::now();
        let read = self.vendors.read(document, started_at).await;
        let mut run = FetchRun::new(document, reason, started_at);
        let (outcome, settled, over) = match read {
            Ok(read) => {
                (Outcome::Live, self.settle_read(document, read, &mut run).await, Overwrite::Older)
            }
            Err(error) => {
                let settled = self.settle_failure(document, &error, &mut run).await;
                (Outcome::Snapshot, settled, Overwrite::Nothing)
            }
        };
        let cached = self.put(&settled, over).await;
        run.finished_at = Utc::now();
        if let Err(error) = self.store.record_run(&run).await {
            tracing::warn!(document = %document, %error, "the read is not on record");
        }
        // A document settles every key that leads to it; should it not, that is a failure.
        let failed = || Held { entry: Entry::Failed { fetched_at: started_at }, left: LOOK_EVERY };
        let held = held_by(&settled, key).unwrap_or_else(failed);
        let served = matches!(held.entry, Entry::Menu { .. });
        let unavailable = outcome == Outcome::Snapshot && !served;
        let outcome = if unavailable { Outcome::Unavailable } else { outcome };
        Done { outcome, held, cached }
    }

    async fn settle_read(
        &self,
        document: Document,
        mut read: Read,
        run: &mut FetchRun,
    ) -> Vec<Settled> {
        let now = Utc::now();
        let fetched_at = run.started_at.trunc_subsecs(0);
        let fresh = jitter(self.lifetimes.fresh, self.lifetimes.fresh_jitter);
        let days: Vec<(KnownDay, Duration)> = document
            .dates(self.today(now))
            .into_iter()
            .map(|date| {
                let day = read.reading.days.remove(&date).unwrap_or(Day::NotPosted);
                let life = if matches!(day, Day::Posted(_)) { fresh } else { self.negative() };
                (KnownDay::read(date, day, fetched_at, now + life), life)
            })
            .collect();
        run.count(&read, days.iter().map(|(day, _)| day));
        match self.store.save(document.hall(), days.iter().map(|(day, _)| day)).await {
            Ok(changed) => run.note_change(changed),
            Err(error) => tracing::warn!(document = %document, %error, "not saved"),
        }
        tracing::info!(document = %document, size_bytes = run.bytes, meals = run.meals, items = run.items, "vendor read");
        self.with_kept_copies(document.hall(), days).await
    }

    /// The entries of a reading; days that the vendor does not post (any more) get back the menus
    /// that were saved of them, and "closed" where the hall's own hours say so.
    async fn with_kept_copies(
        &self,
        hall: HallId,
        mut days: Vec<(KnownDay, Duration)>,
    ) -> Vec<Settled> {
        let silent: Vec<NaiveDate> = days
            .iter()
            .filter(|(day, _)| day.state == DayState::NotPosted)
            .map(|(day, _)| day.date)
            .collect();
        let (kept, shut) = if silent.is_empty() {
            (Vec::new(), Vec::new())
        } else {
            let shut = self.store.shut_days(hall, &silent).await.unwrap_or_default();
            (self.known_days(hall, &silent).await, shut)
        };
        for (day, _) in &mut days {
            if let Some(kept) = kept.iter().find(|kept| kept.date == day.date)
                && day.state == DayState::NotPosted
            {
                day.menus.clone_from(&kept.menus);
            }
        }
        days.iter()
            .flat_map(|(day, life)| self.entries(hall, day, *life, shut.contains(&day.date)))
            .collect()
    }

    /// The vendor failed: every key of the document that holds nothing gets the last good copy,
    /// or a failure entry, so that the vendor is asked again seconds later and not by every visitor.
    async fn settle_failure(
        &self,
        document: Document,
        error: &VendorError,
        run: &mut FetchRun,
    ) -> Vec<Settled> {
        run.note_failure(error);
        tracing::warn!(document = %document, error.class = error.class(), %error, "vendor failed");
        let hall = document.hall();
        let dates = document.dates(self.today(run.started_at));
        let copies = self.known_days(hall, &dates).await;
        let failure_life = self.failure(document).await;
        let fetched_at = run.started_at.trunc_subsecs(0);
        let mut settled: Vec<Settled> =
            copies.iter().flat_map(|day| self.stale_entries(hall, day)).collect();
        for date in dates {
            for meal in Meal::SIX {
                let key = MenuKey { hall, date, meal };
                if !settled.iter().any(|one| one.key == key) {
                    let entry = Entry::Failed { fetched_at };
                    settled.push(Settled { key, entry, lifetime: failure_life });
                }
            }
        }
        settled
    }

    /// Every entry that a day's last word makes. `life`: what is left of that word.
    fn entries(&self, hall: HallId, day: &KnownDay, life: Duration, shut: bool) -> Vec<Settled> {
        let mut settled = if day.state == DayState::NotPosted {
            self.stale_entries(hall, day)
        } else {
            menu_entries(hall, day, false, life)
        };
        let reason = match day.state {
            DayState::Posted => NoMenu::MealNotServed,
            DayState::NotPosted if !shut => NoMenu::NotPosted,
            DayState::Closed | DayState::NotPosted => NoMenu::Closed,
        };
        let lifetime = self.negative().min(life);
        for meal in Meal::SIX {
            let key = MenuKey { hall, date: day.date, meal };
            if !settled.iter().any(|one| one.key == key) {
                let entry = Entry::NoMenu { reason, fetched_at: day.fetched_at };
                settled.push(Settled { key, entry, lifetime });
            }
        }
        settled
    }

    fn stale_entries(&self, hall: HallId, day: &KnownDay) -> Vec<Settled> {
        let mut young = day.clone();
        let oldest = Utc::now() - self.lifetimes.stale_max;
        young.menus.retain(|known| known.fetched_at >= oldest);
        menu_entries(hall, &young, true, jitter(self.lifetimes.stale, self.lifetimes.stale / 6))
    }

    /// Whether they are in the cache now.
    async fn put(&self, settled: &[Settled], over: Overwrite) -> bool {
        let Some(cache) = &self.cache else { return false };
        let put = cache.put(settled, over).await;
        if let Err(error) = &put {
            tracing::warn!(%error, "entries not written");
        }
        put.is_ok()
    }

    async fn known_days(&self, hall: HallId, dates: &[NaiveDate]) -> Vec<KnownDay> {
        self.store.days(hall, dates).await.unwrap_or_else(|error| {
            tracing::warn!(hall.id = %hall, %error, "no copies at hand");
            Vec::new()
        })
    }

    fn negative(&self) -> Duration {
        jitter(self.lifetimes.negative, self.lifetimes.negative / 6)
    }

    /// Doubles with every failed read in a row.
    async fn failure(&self, document: Document) -> Duration {
        let failures = match &self.cache {
            Some(cache) => cache.count_failure(&document).await.unwrap_or(1),
            None => 1,
        };
        let doubled = self.lifetimes.failure * 2_u32.saturating_pow(failures.clamp(1, 8) - 1);
        let life = doubled.min(LONGEST_FAILURE);
        jitter(life, life / 5)
    }

    fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }
}

fn held_by(settled: &[Settled], key: &MenuKey) -> Option<Held> {
    let one = settled.iter().find(|one| one.key == *key)?;
    Some(Held { entry: one.entry.clone(), left: one.lifetime })
}

fn menu_entries(hall: HallId, day: &KnownDay, is_stale: bool, lifetime: Duration) -> Vec<Settled> {
    day.menus
        .iter()
        .filter_map(|known| {
            let key = MenuKey { hall, date: day.date, meal: known.menu.meal.clone() };
            let entry = Entry::menu(&key, &known.menu.stations, is_stale, known.fetched_at).ok()?;
            Some(Settled { key, entry, lifetime })
        })
        .collect()
}

/// Uniform in `base ± spread`, in whole seconds where both are.
fn jitter(base: Duration, spread: Duration) -> Duration {
    let unit = if base.subsec_nanos() == 0 && spread.subsec_nanos() == 0 { 1_000 } else { 1 };
    let count = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) / unit;
    let (base, spread) = (count(base), count(spread));
    Duration::from_millis(fastrand::u64(base.saturating_sub(spread)..=base + spread) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_spread_over_their_whole_range_and_never_leave_it() {
        let seconds = Duration::from_secs;
        let drawn: Vec<u64> =
            (0..20_000).map(|_| jitter(seconds(1800), seconds(300)).as_secs()).collect();
        assert!(drawn.iter().all(|life| (1500..=2100).contains(life)));
        assert!(drawn.contains(&1500) && drawn.contains(&2100), "both ends are drawn");
        let mean = drawn.iter().sum::<u64>() / 20_000;
        assert!((1790..=1810).contains(&mean), "uniform: mean {mean}");
        assert_eq!(jitter(seconds(5), Duration::ZERO), seconds(5));
    }
}
