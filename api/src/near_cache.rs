//! What this process keeps of the cache: ready to be sent, and dropped as soon as Redis says that its
//! key was written (client-side caching). While Redis does not say so, nothing here is older than
//! [`UNTRACKED`]; while the line to it is down, nothing is kept at all.

use std::{hash::Hash, time::Duration};

use common::metrics::NEAR_CACHE;
use quick_cache::{
    DefaultHashBuilder, Weighter,
    sync::{Cache, DefaultLifecycle, GuardResult, PlaceholderGuard},
};
use tokio::time::Instant;

use super::sync::{AtomicU64, Ordering};

/// The most that one near cache keeps, in bytes.
pub(crate) const CAPACITY: u64 = 16 * 1024 * 1024;
/// So many keys are expected; only a hint.
const KEYS: usize = 1024;
/// The oldest that is kept unasked while Redis does not tell of writes.
pub(crate) const UNTRACKED: Duration = Duration::from_secs(30);

/// Something that can be kept.
pub(crate) trait Weighs {
    /// What it takes, in bytes, give or take.
    fn bytes(&self) -> usize;
}

/// See the top of the file.
pub(crate) struct NearCache<K, V> {
    pub(crate) slots: Cache<K, Slot<V>, ByBytes>,
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
        Self { slots: Cache::with_weighter(KEYS, CAPACITY, ByBytes), longest: AtomicU64::new(0) }
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
                self.slots.remove(key);
                match self.slots.get_value_or_guard(key, Some(Duration::ZERO)) {
                    GuardResult::Guard(place) => Some(place),
                    _ => None,
                }
            }
        }
    }

    /// The key was written.
    pub(crate) fn drop_key(&self, key: &K) {
        self.slots.remove(key);
    }

    /// Any key may have been written.
    pub(crate) fn drop_all(&self) {
        self.slots.clear();
    }

    /// From now on it is known what is written, or, without `tracking`, it is not.
    pub(crate) fn open(&self, tracking: bool) {
        self.close();
        let longest = if tracking { Duration::from_secs(86_400) } else { UNTRACKED };
        self.longest
            .store(u64::try_from(longest.as_millis()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// From now on nothing is known.
    pub(crate) fn close(&self) {
        self.longest.store(0, Ordering::Release);
        self.drop_all();
    }
}

/// Counts a look that was one.
pub(crate) fn count(hit: bool) {
    NEAR_CACHE.one(&[if hit { "hit" } else { "miss" }]);
}
