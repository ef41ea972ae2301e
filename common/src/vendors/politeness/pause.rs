//! Vendors that nobody asks for a while, because somebody at the ops side said so. A pause is one key
//! with a lifetime, so it always ends, and every process that shares the Redis keeps it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    cache::Names,
    hall::Vendor,
    link::{Link, LinkError},
};

/// No pause is longer.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);

/// Who pauses vendors, and who wants to know.
#[derive(Clone)]
pub struct Pauses {
    link: Link,
    names: Names,
}

impl Pauses {
    /// The pauses behind this link.
    #[must_use]
    pub const fn new(link: Link, names: Names) -> Self {
        Self { link, names }
    }

    /// From now on nobody asks the vendor, for so long and [`LONGEST_PAUSE`] at most. Takes the
    /// place of the pause that there may be.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn pause(&self, vendor: Vendor, length: Duration) -> Result<(), LinkError> {
        let length = millis(length.min(LONGEST_PAUSE)).max(1);
        let mut set = redis::cmd("SET");
        set.arg(self.names.pause(vendor)).arg("1").arg("PX").arg(length);
        self.link.ask(async |redis| set.query_async(redis).await).await
    }

    /// Ends the pause; tells whether there was one.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn resume(&self, vendor: Vendor) -> Result<bool, LinkError> {
        let mut unlink = redis::cmd("UNLINK");
        unlink.arg(self.names.pause(vendor));
        self.link.ask(async |redis| unlink.query_async(redis).await).await
    }

    /// What is left of each vendor's pause, in the order of [`Vendor::ALL`].
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn left(&self) -> Result<[Option<Duration>; Vendor::ALL.len()], LinkError> {
        let mut ask = redis::pipe();
        for vendor in Vendor::ALL {
            ask.pttl(self.names.pause(vendor));
        }
        let asked = self.link.ask(async |redis| ask.query_async::<[i64; 3]>(redis).await).await?;
        Ok(asked.map(left))
    }
}

/// What `PTTL` says, as a pause: a key without a lifetime is none.
pub(super) fn left(pttl: i64) -> Option<Duration> {
    u64::try_from(pttl).ok().filter(|left| *left > 0).map(Duration::from_millis)
}

/// What one process knows: a pause that it has heard of holds for it even where Redis cannot be
/// asked any more.
#[derive(Debug, Default)]
pub(super) struct Known([Mutex<Option<Instant>>; Vendor::ALL.len()]);

impl Known {
    /// What is left, by what Redis said just now; `None`: it could not say. Logs what is new.
    pub(super) fn note(&self, vendor: Vendor, said: Option<Option<Duration>>) -> Option<Duration> {
        let now = Instant::now();
        let mut until = self.0.get(vendor as usize)?.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(left) = said else { return (*until)?.checked_duration_since(now) };
        match (until.is_some(), left) {
            (false, Some(left)) => {
                tracing::info!(vendor.name = %vendor, left_secs = left.as_secs(), "vendor is paused: not asked");
            }
            (true, None) => tracing::info!(vendor.name = %vendor, "the vendor's pause is over"),
            _ => {}
        }
        *until = left.map(|left| now + left);
        left
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_was_heard_of_outlasts_redis_and_ends_by_itself() {
        let (known, hour) = (Known::default(), Duration::from_secs(3600));
        let vendor = Vendor::Pomona;
        assert_eq!(known.note(vendor, None), None, "never heard of one");
        assert_eq!(known.note(vendor, Some(Some(hour))), Some(hour));
        assert_eq!(known.note(Vendor::Sodexo, None), None, "each vendor by itself");
        tokio::time::advance(hour / 2).await;
        assert_eq!(known.note(vendor, None), Some(hour / 2), "Redis cannot say");
        tokio::time::advance(hour / 2 + Duration::from_secs(1)).await;
        assert_eq!(known.note(vendor, None), None, "over, whether Redis says so or not");
        assert_eq!(known.note(vendor, Some(Some(hour))), Some(hour));
        assert_eq!(known.note(vendor, Some(None)), None, "resumed");
        assert_eq!(known.note(vendor, None), None);
    }

    #[test]
    fn a_key_without_a_lifetime_pauses_nobody() {
        assert_eq!([left(-2), left(-1), left(0)], [None; 3]);
        assert_eq!(left(1500), Some(Duration::from_millis(1500)));
    }
}
