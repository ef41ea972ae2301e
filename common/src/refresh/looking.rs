//! What comes before a vendor is asked: whether the key is settled already, or can be without a read,
//! and whose turn it is to read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{Busy, Done, JUST_READ, LOOK_EVERY, Outcome, Refresher, held_by};
use crate::{
    cache::{CacheError, Held, Look},
    entry::{Entry, MenuKey},
    lease::{Asked, FreshCopy, Lease, Turn},
    menu::KnownDay,
    queue::Reason,
    vendors::{Document, VendorTurn},
};

/// Less time than this is no life worth putting back.
const WORTH_RESTORING: Duration = Duration::from_secs(1);

/// What is found before a read.
struct Seen {
    /// In the cache; `None`: there is none.
    look: Option<Result<Look, CacheError>>,
    /// In Postgres; `None`: not asked yet.
    day: Option<Day>,
}

/// What is saved of a day and fresh, if anything; `None` where nobody can say.
type Day = Option<Option<KnownDay>>;

/// Leave to read a document.
pub(super) struct Leave {
    /// `None` where there is nothing to have it from.
    pub(super) lease: Option<Lease>,
    /// Whether any store could say that it has not been read yet.
    pub(super) is_sure: bool,
    /// A turn with the vendor, where it could be had meanwhile.
    pub(super) ahead: Option<VendorTurn>,
}

/// The key is not settled, as far as is known.
pub(super) struct Unsettled {
    is_sure: bool,
}

impl Refresher {
    /// Waits until the document is ours to read, or until another's read has settled the key.
    pub(super) async fn lease_or_done(
        &self,
        document: Document,
        key: &MenuKey,
        reason: Reason,
        turn: &Turn,
    ) -> Result<Result<Leave, Done>, Busy> {
        let patience = Instant::now() + self.budget * 2;
        // Who had to wait for its turn finds in the cache what the one before has read.
        let mut is_first = !turn.was_waited_for;
        loop {
            let (asked, seen, ahead) = self.ask_and_look(document, key, reason, is_first).await;
            let is_sure = match self.settled_by(seen, key, reason).await {
                Ok(done) => {
                    if let Asked::Taken(lease) = asked {
                        lease.release().await;
                    }
                    return Ok(Err(done));
                }
                Err(Unsettled { is_sure }) => is_sure,
            };
            match asked {
                Asked::Taken(lease) => return Ok(Ok(Leave { lease: Some(lease), is_sure, ahead })),
                Asked::Away => return Ok(Ok(Leave { lease: None, is_sure, ahead })),
                Asked::Busy if Instant::now() > patience => return Err(Busy),
                Asked::Busy => tokio::time::sleep(LOOK_EVERY).await,
            }
            is_first = false;
        }
    }

    /// All in one flight, as a visitor may be waiting. The cache is looked at behind the lease, on the
    /// same line: what was written before the lease was ours is seen. Postgres need not be: it is for
    /// what the cache has lost. And as a visitor's job mostly reads the vendor next, that is asked for leave
    /// meanwhile.
    async fn ask_and_look(
        &self,
        document: Document,
        key: &MenuKey,
        reason: Reason,
        is_first: bool,
    ) -> (Asked, Seen, Option<VendorTurn>) {
        let ask = async {
            if is_first {
                // Apart, as it is large.
                Box::pin(self.leases.ask_at_once(document, key)).await
            } else {
                (self.leases.ask(document).await, FreshCopy::Unknown)
            }
        };
        let ahead = async {
            if is_first && reason == Reason::Miss && self.failing.left(document).is_none() {
                Box::pin(self.vendors.turn_ahead(document)).await
            } else {
                None
            }
        };
        let ((asked, copy), look, ahead) = tokio::join!(biased; ask, self.look(key), ahead);
        let day = match copy {
            FreshCopy::NotThere => Some(Some(None)),
            FreshCopy::Away => Some(None),
            FreshCopy::There | FreshCopy::Unknown => None,
        };
        // Without that cache, Postgres must be looked at behind its own lease.
        let day = day.filter(|_| matches!(look, Some(Ok(_))));
        // Who will not read, or has to look once more before, keeps nobody else from the vendor.
        let reads = matches!(asked, Asked::Taken(_)) && day.is_some();
        (asked, Seen { look, day }, ahead.filter(|_| reads))
    }

    /// Whether another read has settled the key since the leave was had.
    pub(super) async fn settled_meanwhile(&self, key: &MenuKey, reason: Reason) -> Option<Done> {
        let seen = Seen { look: self.look(key).await, day: None };
        self.settled_by(seen, key, reason).await.ok()
    }

    async fn look(&self, key: &MenuKey) -> Option<Result<Look, CacheError>> {
        match &self.cache {
            Some(cache) => Some(cache.get(key).await),
            None => None,
        }
    }

    /// How the key is settled without a read: already, or from a copy that is still fresh.
    async fn settled_by(
        &self,
        seen: Seen,
        key: &MenuKey,
        reason: Reason,
    ) -> Result<Done, Unsettled> {
        let now = Utc::now();
        let will_do = |at| reason == Reason::Miss || self.just_read_at(now, at).is_some();
        // Who asks by hand knows of the failure, and why it may be over.
        let counts =
            |held: &Held| reason != Reason::Manual || !matches!(held.entry, Entry::Failed { .. });
        let (mut has_cache, mut missing, mut without) = (false, false, None);
        match (&self.cache, seen.look) {
            (Some(cache), Some(Ok(Look::Held(held))))
                if counts(&held) && will_do(held.entry.fetched_at()) =>
            {
                let cached = cache.announce(key).await.is_ok();
                return Ok(Done { outcome: Outcome::Known, held, cached });
            }
            (_, Some(Ok(look))) => {
                (has_cache, missing) = (true, matches!(look, Look::Nothing));
                without = no_menu_for(&look);
            }
            (_, Some(Err(error))) if !error.is_away() => {
                tracing::warn!(cache.key = %key, %error, "no look into the cache");
            }
            _ => {}
        }
        // Who pre-warms wants an entry where there is none, and a new one where there is one.
        let restores = missing && reason == Reason::Prewarm;
        // "No menu" lives shorter than the day that says so: its end is no reason to ask the vendor.
        let outlives = |left| {
            reason == Reason::Refresh && without.is_some_and(|life| left > life + WORTH_RESTORING)
        };
        let will_do_of_day = |at, left| restores || outlives(left) || will_do(at);
        let day = match seen.day {
            Some(day) => day,
            None => self.fresh_day(key).await,
        };
        let is_sure = has_cache || day.is_some();
        let done = match self.restored(key, day.flatten(), now, will_do_of_day).await {
            Some(done) => Some(done),
            None => self.remembered(key, has_cache, will_do).await,
        };
        done.ok_or(Unsettled { is_sure })
    }

    /// From a copy in Postgres that is still fresh.
    async fn restored(
        &self,
        key: &MenuKey,
        day: Option<KnownDay>,
        now: DateTime<Utc>,
        will_do: impl Fn(DateTime<Utc>, Duration) -> bool,
    ) -> Option<Done> {
        let day = day?;
        let left = self.left_of(&day, now).filter(|left| will_do(day.fetched_at, *left))?;
        let shut = self.is_shut(key.hall, &day).await;
        let settled = self.entries(key.hall, &day, left, shut);
        let held = held_by(&settled, key)?;
        let cached = self.put(&settled).await;
        Some(Done { outcome: Outcome::Restored, held, cached })
    }

    /// What a saved day has left, if that is worth putting into the cache.
    pub(super) fn left_of(&self, day: &KnownDay, now: DateTime<Utc>) -> Option<Duration> {
        let longest = self.lifetimes.fresh + self.lifetimes.fresh_jitter;
        let left = (day.fresh_until - now).to_std().ok()?.min(longest);
        (left >= WORTH_RESTORING).then_some(left)
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
        let day = self.fresh_day(key).await??;
        self.left_of(&day, now)?;
        self.just_read_at(now, day.fetched_at)
    }

    /// How long ago it was, if nobody is to read again so soon.
    fn just_read_at(&self, now: DateTime<Utc>, at: DateTime<Utc>) -> Option<Duration> {
        let young = JUST_READ.min(self.lifetimes.fresh / 4);
        (now - at).to_std().ok().filter(|age| *age < young)
    }

    /// What is saved of the key's day.
    async fn fresh_day(&self, key: &MenuKey) -> Day {
        Some(self.fresh_days(key.hall, &[key.date]).await?.pop())
    }
}

/// What is left of an entry that says "no menu".
fn no_menu_for(look: &Look) -> Option<Duration> {
    match look {
        Look::Held(Held { entry: Entry::NoMenu { .. }, left }) => Some(*left),
        _ => None,
    }
}
