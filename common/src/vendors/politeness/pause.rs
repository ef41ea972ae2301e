//! Vendors that nobody asks for a while, because somebody at the ops side said so. What was said is
//! one key that tells when the pause ends, so it always does, and every process that shares the Redis
//! keeps it. The record of what was said is in Postgres: a Redis that lost the key gets it back.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use redis::Script;
use tokio::time::Instant;

use crate::{
    cache::Names,
    hall::Vendor,
    link::{Link, LinkError},
};

/// No pause is longer.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);

/// What is left of each pause.
static LEFT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("pause.lua"),
        "local left = {}
         for at, key in ipairs(KEYS) do left[at] = left_of_pause(key) end
         return left",
    ))
});
/// Notes what was said. ARGV: ms until the pause ends (0: there is none), how long that is kept (ms),
/// whether it takes the place of what was said before.
static SAY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("pause.lua"),
        "if ARGV[3] ~= 'over' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
         local ends = tonumber(ARGV[1]) > 0 and string.format('%.0f', now + ARGV[1]) or '0'
         redis.call('SET', KEYS[1], ends, 'PX', ARGV[2])
         return 1",
    ))
});

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
        self.say(vendor, length, "over").await.map(|_| ())
    }

    /// Ends the pause, if there is one.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn resume(&self, vendor: Vendor) -> Result<(), LinkError> {
        self.say(vendor, Duration::ZERO, "over").await.map(|_| ())
    }

    /// Says again what was said last, and what is left of it, where Redis knows nothing; tells whether
    /// that was so.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn restore(&self, vendor: Vendor, left: Duration) -> Result<bool, LinkError> {
        self.say(vendor, left, "absent").await
    }

    async fn say(&self, vendor: Vendor, left: Duration, over: &str) -> Result<bool, LinkError> {
        let mut call = SAY.key(self.names.pause(vendor));
        call.arg(millis(left.min(LONGEST_PAUSE))).arg(millis(LONGEST_PAUSE)).arg(over);
        self.link.ask(async |redis| call.invoke_async(redis).await).await
    }

    /// What is left of each vendor's pause, in the order of [`Vendor::ALL`].
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn left(&self) -> Result<[Option<Duration>; Vendor::ALL.len()], LinkError> {
        Ok(ask(&self.link, &self.names, Vendor::ALL).await?.map(Option::flatten))
    }
}

/// What is left of each vendor's pause; `None` where Redis knows nothing of one.
pub(super) async fn ask<const N: usize>(
    link: &Link,
    names: &Names,
    vendors: [Vendor; N],
) -> Result<[Option<Option<Duration>>; N], LinkError> {
    let mut call = LEFT.prepare_invoke();
    for vendor in vendors {
        call.key(names.pause(vendor));
    }
    let left = link.ask(async |redis| call.invoke_async::<[i64; N]>(redis).await).await?;
    Ok(left.map(|left| {
        let left = u64::try_from(left).ok()?;
        Some(Some(Duration::from_millis(left)).filter(|left| !left.is_zero()))
    }))
}

/// What one process knows: a pause that it has heard of holds for it even where Redis cannot be
/// asked any more, or has forgotten it.
#[derive(Debug, Default)]
pub(super) struct Known([Mutex<Option<Instant>>; Vendor::ALL.len()]);

impl Known {
    /// What is left, by what Redis said just now; `None`: it could not say, or knows nothing. Logs what
    /// is new.
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
}
