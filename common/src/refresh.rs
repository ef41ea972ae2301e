//! The one way to make a menu: look again, lease, read, save, entries; or the last good copy.
//! What is read is a *document*, and one read settles every key that the document can answer.

mod entries;
mod failing;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use chrono_tz::Tz;
use tokio::time::Instant;

use crate::{
    cache::{Cache, Held, Look, Overwrite, Settled},
    config::Lifetimes,
    entry::{Entry, MenuKey},
    hall::HallId,
    lease::{Asked, Lease, Leases},
    meal::Meal,
    menu::{Day, DayState, KnownDay},
    metrics,
    queue::Reason,
    store::{FetchRun, Store},
    vendors::{self, Document, Read, VendorError, Vendors},
};
use entries::jitter;
pub use failing::Failing;

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
/// Entries live this long that were made while the vendor was only probed.
const REFRAINED: Duration = Duration::from_secs(5);
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
        let day = self.known_days(key.hall, &[key.date]).await?.pop()?;
        let longest = self.lifetimes.fresh + self.lifetimes.fresh_jitter;
        let left = (day.fresh_until - now).to_std().unwrap_or_default().min(longest);
        if left < WORTH_RESTORING || !will_do(day.fetched_at) {
            return None;
        }
        let shut = self.is_shut(key.hall, &day).await;
        let settled = self.entries(key.hall, &day, left, shut);
        let held = held_by(&settled, key)?;
        let cached = self.put(&settled).await;
        Some(Done { outcome: Outcome::Restored, held, cached })
    }

    async fn read_and_settle(&self, document: Document, key: &MenuKey, reason: Reason) -> Done {
        let turn = self.vendors.turn(document).await;
        // The moment of asking, not of answering: a reader that was paused in between must not
        // pass for the later one.
        let (started_at, asked) = (Utc::now(), Instant::now());
        let read = match turn {
            Ok(_turn) => self.vendors.read(document, started_at).await,
            Err(error) => Err(error),
        };
        metrics::vendor_read(document.hall().vendor(), &read, asked.elapsed());
        let read = match read {
            Err(error) if error.is_unasked() => return self.refrain(document, key, &error).await,
            read => read,
        };
        let mut run = FetchRun::new(document, reason, started_at);
        let (outcome, settled, cached) = match read {
            Ok(read) => {
                let (settled, cached) = self.settle_read(document, key, read, &mut run).await;
                (Outcome::Live, settled, cached)
            }
            Err(error) => {
                run.note_failure(&error);
                let quiet = error.quiet().unwrap_or_default();
                let (class, error) = (error.class(), run.error.as_deref().unwrap_or_default());
                tracing::warn!(document = %document, error.class = class, error, "vendor failed");
                let life = self.failure(document).await.max(quiet);
                let settled = self.fallback(document, key, started_at, life).await;
                let cached = self.put(&settled).await;
                if !cached {
                    // Otherwise the cache remembers it, for every process.
                    self.failing.note(document, life);
                }
                (Outcome::Snapshot, settled, cached)
            }
        };
        run.finished_at = Utc::now();
        if let Err(error) = self.store.record_run(&run).await {
            tracing::warn!(document = %document, %error, "the read is not on record");
        }
        done(key, outcome, &settled, cached)
    }

    /// As after a failed read, though nothing was read: the vendor is left alone for now. That is
    /// cheap and may end any moment, so it is looked at again soon; no record is kept of it.
    async fn refrain(&self, document: Document, key: &MenuKey, error: &VendorError) -> Done {
        tracing::debug!(document = %document, error.class = error.class(), %error, "not asked");
        let life = error.quiet().unwrap_or_else(|| jitter(REFRAINED, REFRAINED / 5));
        let done = self.without_reading(document, key, life).await;
        if !done.cached {
            self.failing.note(document, life);
        }
        done
    }

    /// As after a failed read, because there was one a moment ago.
    async fn without_reading(&self, document: Document, key: &MenuKey, left: Duration) -> Done {
        let mut settled = self.fallback(document, key, Utc::now(), left).await;
        for one in &mut settled {
            one.lifetime = one.lifetime.min(left);
        }
        let cached = self.put(&settled).await;
        done(key, Outcome::Snapshot, &settled, cached)
    }

    async fn settle_read(
        &self,
        document: Document,
        key: &MenuKey,
        mut read: Read,
        run: &mut FetchRun,
    ) -> (Vec<Settled>, bool) {
        let now = Utc::now();
        let fetched_at = run.started_at.trunc_subsecs(0);
        let fresh = jitter(self.lifetimes.fresh, self.lifetimes.fresh_jitter);
        let days: Vec<(KnownDay, Duration)> = self
            .dates(document, key, now)
            .into_iter()
            .map(|date| {
                let day = read.reading.days.remove(&date).unwrap_or(Day::NotPosted);
                let life = if matches!(day, Day::Posted(_)) { fresh } else { self.negative() };
                (KnownDay::read(date, day, fetched_at, now + life), life)
            })
            .collect();
        run.count(&read, days.iter().map(|(day, _)| day));
        metrics::vendor_document(document.hall().vendor(), run);
        let serve = async {
            let settled = self.with_kept_copies(document.hall(), &days).await;
            let cached = self.put(&settled).await;
            (settled, cached)
        };
        // Side by side: who waits for a menu does not wait for the database to keep it, least of
        // all for one that is away. Either alone is whole: the entries in one script, the rows in
        // one statement.
        let save = self.store.save(document.hall(), days.iter().map(|(day, _)| day));
        let (served, saved) = tokio::join!(serve, save);
        match saved {
            Ok(changed) => run.note_change(changed),
            Err(error) => {
                metrics::SAVES_FAILED.one(&[]);
                tracing::warn!(document = %document, %error, "not saved");
            }
        }
        tracing::info!(document = %document, size_bytes = run.bytes, meals = run.meals, items = run.items, "vendor read");
        served
    }

    /// The entries of a reading; days that the vendor does not post (any more) get back the menus
    /// that were saved of them, and "closed" where the hall's own hours say so.
    async fn with_kept_copies(&self, hall: HallId, days: &[(KnownDay, Duration)]) -> Vec<Settled> {
        let is_silent = |day: &KnownDay| day.state == DayState::NotPosted;
        let silent: Vec<NaiveDate> =
            days.iter().filter(|(day, _)| is_silent(day)).map(|(day, _)| day.date).collect();
        let (kept, shut) = if silent.is_empty() {
            (Some(Vec::new()), Vec::new())
        } else {
            let shut = self.store.shut_days(hall, &silent).await.unwrap_or_default();
            (self.known_days(hall, &silent).await, shut)
        };
        let mut settled = Vec::new();
        for (day, life) in days {
            let copy = kept.iter().flatten().find(|kept| is_silent(day) && kept.date == day.date);
            let menus = copy.map(|copy| copy.menus.clone());
            let day = menus.map_or_else(|| day.clone(), |menus| KnownDay { menus, ..day.clone() });
            settled.extend(self.entries(hall, &day, *life, shut.contains(&day.date)));
        }
        if kept.is_none() {
            // Nobody knows what was saved of the silent days: "no menu" must not hide it.
            for one in settled.iter_mut().filter(|one| silent.contains(&one.key.date)) {
                one.over = Overwrite::Nothing;
            }
        }
        settled
    }

    /// Whether they are in the cache now.
    async fn put(&self, settled: &[Settled]) -> bool {
        let Some(cache) = &self.cache else { return false };
        let put = cache.put(settled).await;
        if let Err(error) = &put {
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
        let known = self.store.days(hall, dates).await;
        known.inspect_err(|error| tracing::warn!(hall.id = %hall, %error, "no copies at hand")).ok()
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
