//! How long things are good for.

use std::time::Duration;

use super::Vars;

/// How long things are good for.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// A fresh entry, before jitter.
    pub fresh: Duration,
    /// Fresh entries live up to this much longer or shorter.
    pub fresh_jitter: Duration,
    /// An entry made from the last good copy.
    pub stale: Duration,
    /// An entry that says "no menu".
    pub negative: Duration,
    /// The first failure entry of a document; doubles while it goes on failing.
    pub failure: Duration,
    /// The oldest copy that is still served in place of one that could not be read.
    pub stale_max: Duration,
}

impl Lifetimes {
    /// Reads the section.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        const DAY: Duration = Duration::from_secs(86_400);
        let mut seconds = |name, default, range, help: &'static str| {
            vars.duration_or(name, SECOND, default, range, help)
        };
        let jitter = "a fresh entry lives up to this much longer or shorter";
        let stale = "life of an entry made from the last good copy";
        let negative = "life of an entry that says \"no menu\"";
        let failure = "life of the first failure entry of a document; doubles up to 60 s";
        let stale_max = "the oldest copy served in place of one that could not be read";
        let lifetimes = Self {
            fresh: seconds("CACHE_TTL_SECS", 1800, 1..=86_400, "life of a fresh entry"),
            fresh_jitter: seconds("CACHE_TTL_JITTER_SECS", 300, 0..=86_400, jitter),
            stale: seconds("STALE_TTL_SECS", 120, 1..=86_400, stale),
            negative: seconds("NEGATIVE_TTL_SECS", 300, 1..=86_400, negative),
            failure: seconds("FAILURE_TTL_SECS", 10, 1..=60, failure),
            stale_max: vars.duration_or("STALE_MAX_DAYS", DAY, 7, 1..=365, stale_max),
        };
        if lifetimes.fresh_jitter >= lifetimes.fresh {
            vars.problem("CACHE_TTL_JITTER_SECS: must be less than CACHE_TTL_SECS".to_owned());
        }
        lifetimes
    }
}
