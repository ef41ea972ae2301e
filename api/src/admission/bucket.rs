//! A token bucket as one number: the instant at which it will be full again (the generic cell rate
//! algorithm). Taking a token moves that instant away, time passing brings it near. No lock, and
//! nothing to do while nobody asks.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How large a bucket is and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// From one token to the next, in ns.
    interval: u64,
    /// Tokens in a full bucket.
    burst: u32,
}

impl Rate {
    /// `tokens` in each `unit`, at most `burst` at once. Not more than one a nanosecond.
    pub(super) fn new(tokens: u32, unit: Duration, burst: u32) -> Self {
        let unit = u64::try_from(unit.as_nanos()).unwrap_or(u64::MAX);
        Self { interval: (unit / u64::from(tokens.max(1))).max(1), burst: burst.max(1) }
    }

    /// Tokens in a full bucket.
    pub(super) const fn burst(self) -> u32 {
        self.burst
    }

    /// From an empty bucket to a full one, in ns.
    pub(super) const fn depth(self) -> u64 {
        self.interval.saturating_mul(self.burst as u64)
    }
}

/// The instant as buckets count it: ns since the first that was asked for.
pub(super) fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// See the top of the file. Begins full.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    /// How long until there is one.
    pub(super) fn take(&self, rate: Rate, now: u64) -> Result<(), Duration> {
        let taken = |full_at: u64| {
            let next = full_at.max(now).saturating_add(rate.interval);
            (next - now <= rate.depth()).then_some(next)
        };
        let (set, read) = (Ordering::Relaxed, Ordering::Relaxed);
        self.full_at.fetch_update(set, read, taken).map(|_| ()).map_err(|full_at| {
            let next = full_at.saturating_add(rate.interval);
            Duration::from_nanos(next.saturating_sub(now).saturating_sub(rate.depth()))
        })
    }

    /// Puts back a token that was taken and not needed.
    pub(super) fn put_back(&self, rate: Rate) {
        let back = |full_at: u64| Some(full_at.saturating_sub(rate.interval));
        let _ = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, back);
    }

    /// Tokens in it, and how long until there is one more.
    pub(super) fn left(&self, rate: Rate, now: u64) -> (u64, Duration) {
        let missing = self.full_at.load(Ordering::Relaxed).saturating_sub(now);
        let left = rate.depth().saturating_sub(missing) / rate.interval;
        (left, Duration::from_nanos(missing % rate.interval))
    }

    /// Whether less than half is left.
    pub(super) fn is_low(&self, rate: Rate, now: u64) -> bool {
        self.full_at.load(Ordering::Relaxed).saturating_sub(now) > rate.depth() / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn rate() -> Rate {
        Rate::new(2, Duration::from_secs(1), 6)
    }

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_what_comes_in() {
        let bucket = Bucket::default();
        let take = |at: u64| bucket.take(rate(), at);
        assert!((0..6).all(|_| take(SECOND).is_ok()));
        assert_eq!(take(SECOND), Err(Duration::from_millis(500)));
        assert_eq!(take(SECOND + SECOND / 4), Err(Duration::from_millis(250)), "no token is lost");
        assert!(take(SECOND + SECOND / 2).is_ok());
        assert!(take(SECOND + SECOND / 2).is_err());
        let taken = (0..100).filter(|_| take(1000 * SECOND).is_ok()).count();
        assert_eq!(taken, 6, "it does not fill beyond its burst");
    }

    #[test]
    fn what_is_put_back_can_be_taken_again_and_no_more_than_that() {
        let bucket = Bucket::default();
        for _ in 0..100 {
            assert!(bucket.take(rate(), SECOND).is_ok());
            bucket.put_back(rate());
        }
        let taken = (0..100).filter(|_| bucket.take(rate(), SECOND).is_ok()).count();
        assert_eq!(taken, 6);
    }

    #[test]
    fn it_says_what_is_left_and_when_there_is_more() {
        let bucket = Bucket::default();
        assert_eq!(bucket.left(rate(), SECOND), (6, Duration::ZERO));
        for left in (0..6).rev() {
            assert!(bucket.take(rate(), SECOND).is_ok());
            assert_eq!(bucket.left(rate(), SECOND).0, left);
            assert_eq!(bucket.is_low(rate(), SECOND), left < 3, "{left}");
        }
        let quarter = SECOND + SECOND / 4;
        assert_eq!(bucket.left(rate(), quarter), (0, Duration::from_millis(250)));
        assert_eq!(bucket.left(rate(), 3 * SECOND), (4, Duration::ZERO));
    }

    #[test]
    fn many_at_once_take_no_more_than_there_is() {
        let bucket = Bucket::default();
        let rate = Rate::new(1, Duration::from_secs(3600), 1000);
        let taken: usize = std::thread::scope(|scope| {
            let take = || (0..500).filter(|_| bucket.take(rate, SECOND).is_ok()).count();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 1000);
    }
}
