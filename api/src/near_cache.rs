//! What this process keeps of the cache: ready to be sent, and dropped as soon as Redis says that its
//! key was written (client-side caching). While Redis does not say so, nothing here is older than
//! [`UNTRACKED`]; while the line to it is down, nothing is kept at all. What was kept to its end is put
//! aside for a while, as the very last thing to serve: see [`NearCache::ended`].

use std::{hash::Hash, time::Duration};

use common::metrics::NEAR_CACHE;
use quick_cache::{
    DefaultHashBuilder, Weighter,
    sync::{Cache, DefaultLifecycle, GuardResult, PlaceholderGuard},
};
use tokio::time::Instant;

use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// The most that one near cache keeps, in bytes.
pub(crate) const CAPACITY: u64 = 16 * 1024 * 1024;
/// So many keys are expected; only a hint.
const KEYS: usize = 1024;
/// The most that is put aside, in bytes.
const ASIDE: u64 = 8 * 1024 * 1024;
/// The oldest that is kept unasked while Redis does not tell of writes.
pub(crate) const UNTRACKED: Duration = Duration::from_secs(30);
/// The same while it does: nothing lives as long.
const TRACKED: Duration = Duration::from_secs(86_400);

/// Something that can be kept.
pub(crate) trait Weighs {
    /// What it takes, in bytes, give or take.
    fn bytes(&self) -> usize;

    /// What it means for later.
    fn after(&self) -> After {
        After::Nothing
    }
}

/// What something that was kept means for the time after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It may be served where nobody can say what there is now.
    StandsIn,
    /// Nothing.
    Nothing,
    /// Whatever stood there before must not be served any more.
    TakesBack,
}

/// See the top of the file.
pub(crate) struct NearCache<K, V> {
    pub(crate) slots: Cache<K, Slot<V>, ByBytes>,
    /// What was put aside, each with the instant of its end.
    aside: Cache<K, Slot<V>, ByBytes>,
    /// Held while something is put aside or taken back: what is on its way there must not be missed.
    ending: Mutex<()>,
    /// For how long an entry may be kept, in ms; 0 = nothing is kept.
    longest: AtomicU64,
}

#[derive(Clone)]
pub(crate) struct Slot<V> {
    value: V,
    until: Instant,
}

/// A reserved place.
type Place<'a, K, V> =
    PlaceholderGuard<'a, K, Slot<V>, ByBytes, DefaultHashBuilder, DefaultLifecycle<K, Slot<V>>>;

#[derive(Clone)]
pub(crate) struct ByBytes;

impl<K, V: Weighs> Weighter<K, Slot<V>> for ByBytes {
    fn weight(&self, _: &K, slot: &Slot<V>) -> u64 {
        slot.value.bytes().max(1) as u64
    }
}

impl<K: Clone + Eq + Hash, V: Clone + Weighs> Default for NearCache<K, V> {
    fn default() -> Self {
        Self {
            slots: Cache::with_weighter(KEYS, CAPACITY, ByBytes),
            aside: Cache::with_weighter(KEYS, ASIDE, ByBytes),
            ending: Mutex::new(()),
            longest: AtomicU64::new(0),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone + Weighs> NearCache<K, V> {
    /// What is kept of this key, if it still holds.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let kept = self.kept(key);
        count(kept.is_some());
        kept
    }

    /// The same, not counted: for who may leave it.
    pub(crate) fn peek(&self, key: &K) -> Option<V> {
        self.kept(key)
    }

    /// What was kept of this key until its end, or until the key was written, no longer ago than `ago`.
    /// Who asks has just looked into Redis: whatever was said of the key meanwhile, and lives longer
    /// than `ago`, is found there and comes first.
    pub(crate) fn ended(&self, key: &K, ago: Duration) -> Option<V> {
        let slot = self.aside.get(key)?;
        (slot.until + ago > Instant::now()).then_some(slot.value)
    }

    fn kept(&self, key: &K) -> Option<V> {
        if self.longest.load(Ordering::Acquire) == 0 {
            return None;
        }
        let slot = self.slots.get(key)?;
        (slot.until > Instant::now()).then_some(slot.value)
    }

    /// Keeps what a look into Redis finds and until when it holds, unless the key is written
    /// while it looks: the place is reserved first, and a write takes the reservation away.
    pub(crate) async fn fill(
        &self,
        key: &K,
        look: impl Future<Output = Option<(V, Instant)>>,
    ) -> Option<V> {
        let reserved = self.reserve(key);
        // Asked after the place is reserved: who opens or closes says so first, and then takes all
        // reservations away.
        let longest = Duration::from_millis(self.longest.load(Ordering::Acquire));
        let reserved = reserved.filter(|_| !longest.is_zero());
        let asked = Instant::now();
        let (value, until) = look.await?;
        if value.after() == After::TakesBack {
            self.aside.remove(key);
        }
        if let Some(place) = reserved {
            let until = until.min(asked + longest);
            // Refused when the key was written meanwhile: then the value serves this once.
            let _ = place.insert(Slot { value: value.clone(), until });
        }
        Some(value)
    }

    fn reserve(&self, key: &K) -> Option<Place<'_, K, V>> {
        match self.slots.get_value_or_guard(key, Some(Duration::ZERO)) {
            GuardResult::Guard(place) => Some(place),
            // Another request has reserved it.
            GuardResult::Timeout => None,
            GuardResult::Value(_) => {
                // Its time is over.
                self.end(key);
                match self.slots.get_value_or_guard(key, Some(Duration::ZERO)) {
                    GuardResult::Guard(place) => Some(place),
                    _ => None,
                }
            }
        }
    }

    /// The key was written, or has expired.
    pub(crate) fn drop_key(&self, key: &K) {
        self.end(key);
    }

    /// What the key held was taken back.
    pub(crate) fn take_back(&self, key: &K) {
        let _ending = self.ending();
        self.slots.remove(key);
        self.aside.remove(key);
    }

    /// Any key may have been written.
    pub(crate) fn drop_all(&self) {
        let _ending = self.ending();
        self.slots.clear();
        self.aside.clear();
    }

    /// Puts aside what is kept of this key. Up to now it held, but only if writes were told of.
    fn end(&self, key: &K) {
        let _ending = self.ending();
        let Some((key, Slot { value, until })) = self.slots.remove(key) else { return };
        let told = self.longest.load(Ordering::Acquire) == millis(TRACKED);
        if told && value.after() == After::StandsIn {
            self.aside.insert(key, Slot { value, until: until.min(Instant::now()) });
        }
    }

    fn ending(&self) -> MutexGuard<'_, ()> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is known what is written, or, without `tracking`, it is not.
    pub(crate) fn open(&self, tracking: bool) {
        self.open_for(if tracking { TRACKED } else { UNTRACKED });
    }

    /// From now on nothing is kept for longer than `longest`.
    pub(crate) fn open_for(&self, longest: Duration) {
        self.close();
        self.longest.store(millis(longest), Ordering::Release);
    }

    /// From now on nothing is known.
    pub(crate) fn close(&self) {
        self.longest.store(0, Ordering::Release);
        self.drop_all();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Counts a look that was one.
pub(crate) fn count(hit: bool) {
    NEAR_CACHE.one(&[if hit { "hit" } else { "miss" }]);
}
