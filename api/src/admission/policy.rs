//! What one client may ask for: `RATE_LIMIT`, read and written.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use super::bucket::Rate;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Every request.
    Requests,
    /// Those that make a job or a read of a vendor.
    Misses,
    /// Those that Postgres alone can answer.
    Queries,
}

impl Policy {
    pub(super) const ALL: [Self; 3] = [Self::Requests, Self::Misses, Self::Queries];

    /// Its name in `RATE_LIMIT`, in headers and in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Misses => "misses",
            Self::Queries => "queries",
        }
    }
}

/// How much of each; `None`: as much as anybody likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RateLimit(pub(super) Option<Arc<Rates>>);

/// The rate of each policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rates([Written; 3]);

/// A rate as it is written: `10/s:100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    tokens: u32,
    unit: char,
    burst: u32,
}

/// Generous to many students behind one address: what they all ask for is soon a hit, and no more
/// than some 700 menus can be asked for at all.
impl Default for RateLimit {
    fn default() -> Self {
        Self(Some(Arc::new(USUAL)))
    }
}

const USUAL: Rates = Rates([
    Written::per_second(500, 5_000),
    Written::per_second(10, 100),
    Written::per_second(50, 500),
]);

impl Rates {
    pub(super) fn of(&self, policy: Policy) -> Rate {
        let [requests, misses, queries] = self.0;
        match policy {
            Policy::Requests => requests,
            Policy::Misses => misses,
            Policy::Queries => queries,
        }
        .rate()
    }
}

impl Written {
    const fn per_second(tokens: u32, burst: u32) -> Self {
        Self { tokens, unit: 's', burst }
    }

    fn rate(self) -> Rate {
        let unit = match self.unit {
            'h' => 3600,
            'm' => 60,
            _ => 1,
        };
        Rate::new(self.tokens, Duration::from_secs(unit), self.burst)
    }

    /// `10/s:100`; also per `m` and per `h`.
    fn read(text: &str) -> Option<Self> {
        let (rate, burst) = text.split_once(':')?;
        let (tokens, unit) = rate.split_once('/')?;
        let unit = ["s", "m", "h"].contains(&unit).then(|| unit.chars().next())??;
        let number =
            |text: &str| text.parse().ok().filter(|number| (1..=1_000_000).contains(number));
        Some(Self { tokens: number(tokens)?, unit, burst: number(burst)? })
    }
}

/// Why it cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be off, or NAME=RATE/UNIT:BURST of requests, misses, queries, as in {}",
    RateLimit::default()
)]
pub(crate) struct NotARateLimit;

impl FromStr for RateLimit {
    type Err = NotARateLimit;

    /// What is not named stays as it is by default.
    fn from_str(text: &str) -> Result<Self, NotARateLimit> {
        if text == "off" {
            return Ok(Self(None));
        }
        let Rates([mut requests, mut misses, mut queries]) = USUAL;
        let mut named = Vec::new();
        for part in text.split(',') {
            let (name, rate) = part.trim().split_once('=').ok_or(NotARateLimit)?;
            let rate = Written::read(rate).ok_or(NotARateLimit)?;
            match name {
                _ if named.contains(&name) => return Err(NotARateLimit),
                "requests" => requests = rate,
                "misses" => misses = rate,
                "queries" => queries = rate,
                _ => return Err(NotARateLimit),
            }
            named.push(name);
        }
        Ok(Self(Some(Arc::new(Rates([requests, misses, queries])))))
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(rates) = &self.0 else { return to.write_str("off") };
        for (at, (policy, rate)) in Policy::ALL.iter().zip(rates.0).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let Written { tokens, unit, burst } = rate;
            write!(to, "{comma}{}={tokens}/{unit}:{burst}", policy.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_written_again() {
        let usual = "requests=500/s:5000,misses=10/s:100,queries=50/s:500";
        assert_eq!(RateLimit::default().to_string(), usual);
        for (text, all) in [
            ("off", "off"),
            ("misses=1/m:3", "requests=500/s:5000,misses=1/m:3,queries=50/s:500"),
            ("queries=2/h:1, requests=1/s:1", "requests=1/s:1,misses=10/s:100,queries=2/h:1"),
        ] {
            let read: RateLimit = text.parse().expect(text);
            assert_eq!(read.to_string(), all);
            assert_eq!(all.parse(), Ok(read));
        }
        let Ok(RateLimit(Some(rates))) = "misses=6/m:3".parse() else { panic!("a limit") };
        assert_eq!(rates.of(Policy::Misses), Rate::new(1, Duration::from_secs(10), 3));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "",
            "on",
            "requests",
            "requests=5",
            "requests=5/s",
            "requests=5/d:1",
            "requests=5/:1",
            "requests=0/s:1",
            "requests=1/s:0",
            "requests=1/s:1000001",
            "requests=-1/s:1",
            "hits=1/s:1",
            "misses=1/s:1,misses=1/s:1",
            "misses=1/s:1,",
        ] {
            assert_eq!(text.parse::<RateLimit>(), Err(NotARateLimit), "{text}");
        }
    }
}
