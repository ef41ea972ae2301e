//! What visitors saw, and what is asked of it.

use std::{collections::BTreeMap, time::Duration};

/// One answer, or what came instead.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Since the load began.
    pub at: Duration,
    /// Which of the keys.
    pub key: usize,
    /// 0 where no answer came.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
    /// Whether it says that it is stale.
    pub stale: bool,
    /// Its `cache-status`.
    pub from: String,
    /// How it breaks law G.
    pub wrong: Option<String>,
}

/// What a load saw.
#[derive(Debug, Clone, Default)]
pub struct Seen(pub Vec<Sample>);

impl Seen {
    /// Asserts law G of every answer, and that there were some.
    ///
    /// # Panics
    /// When it was broken.
    pub fn lawful(&self) -> &Self {
        assert!(!self.0.is_empty(), "nobody asked");
        let wrong: Vec<&Sample> = self.0.iter().filter(|sample| sample.wrong.is_some()).collect();
        assert!(
            wrong.is_empty(),
            "{} of {} break law G: {:#?}",
            wrong.len(),
            self.0.len(),
            wrong.first()
        );
        self
    }

    /// Asserts that all are 200, and law G.
    ///
    /// # Panics
    /// When one is not.
    pub fn all_ok(&self) -> &Self {
        let other = self.0.iter().find(|sample| sample.status != 200);
        assert!(other.is_none(), "{:?}: {other:?}", self.statuses());
        self.lawful()
    }

    /// Those from that moment on.
    #[must_use]
    pub fn since(&self, at: Duration) -> Self {
        // A sample knows when it ended.
        let begun = |sample: &Sample| sample.at.saturating_sub(sample.took);
        Self(self.0.iter().filter(|sample| begun(sample) >= at).cloned().collect())
    }

    /// How many there were of each status.
    #[must_use]
    pub fn statuses(&self) -> BTreeMap<u16, usize> {
        let mut counts = BTreeMap::new();
        self.0.iter().for_each(|sample| *counts.entry(sample.status).or_default() += 1);
        counts
    }

    /// How many there were from each place (`cache-status`).
    #[must_use]
    pub fn places(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let place = |sample: &Sample| {
            let from = sample.from.trim_start_matches("menus5c; ");
            let ends = from.find("; ttl").unwrap_or(from.len());
            format!("{} {}", sample.status, from.get(..ends).unwrap_or_default())
        };
        self.0.iter().for_each(|sample| *counts.entry(place(sample)).or_default() += 1);
        counts
    }

    /// What 99 in 100 of them took at most.
    #[must_use]
    pub fn p99(&self) -> Duration {
        let mut times: Vec<Duration> = self.0.iter().map(|sample| sample.took).collect();
        times.sort_unstable();
        let at = (times.len() * 99).div_ceil(100).saturating_sub(1);
        times.get(at).copied().unwrap_or_default()
    }

    /// The longest.
    #[must_use]
    pub fn slowest(&self) -> Duration {
        self.0.iter().map(|sample| sample.took).max().unwrap_or_default()
    }

    /// Asserts that a time is within the bound, or within three times what 99 in 100 of these took
    /// while nothing was broken: machines differ, and so does what else they do.
    ///
    /// # Panics
    /// When it is not.
    pub fn bounds(&self, what: &str, took: Duration, bound: Duration) {
        let bound = bound.max(self.p99() * 3);
        assert!(took <= bound, "{what}: {took:?} is over {bound:?}");
    }
}
