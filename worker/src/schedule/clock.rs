//! When menus are looked after. Pure: `now` is told.

use chrono::{DateTime, FixedOffset, Offset, TimeDelta, Utc};
use chrono_tz::Tz;
use cron::Schedule;

/// The coming days are looked after at this hour, local time.
const MORNING: &str = "0 0 4 * * *";
const SECOND: TimeDelta = TimeDelta::seconds(1);
/// Between two ticks the clock is set so often at most, or there is no next.
const SETTINGS: usize = 8;

/// The times of a cron expression and of every morning, on the halls' wall clock.
#[derive(Debug, Clone)]
pub(crate) struct Ticks {
    cron: Schedule,
    morning: Option<Schedule>,
    zone: Tz,
}

impl Ticks {
    pub(crate) fn new(cron: Schedule, zone: Tz) -> Self {
        Self { cron, morning: MORNING.parse().ok(), zone }
    }

    /// The expression.
    pub(crate) fn expression(&self) -> &str {
        self.cron.source()
    }

    /// The last tick up to now.
    pub(crate) fn latest(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.last_of(&self.cron, now)
    }

    /// The first one after now.
    pub(crate) fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.first_of(&self.cron, now)
    }

    /// The last morning up to now.
    pub(crate) fn latest_morning(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.last_of(self.morning.as_ref()?, now)
    }

    /// The first one after now.
    pub(crate) fn next_morning(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.first_of(self.morning.as_ref()?, now)
    }

    /// On a clock with the offset of now; where the halls' clock is set before the tick comes, on
    /// from there with the new offset. (The library takes an hour that comes twice for one.)
    fn first_of(&self, times: &Schedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (mut since, mut after) = (now, now);
        for _ in 0..SETTINGS {
            let offset = self.offset(since);
            let tick = times.after(&after.with_timezone(&offset)).next()?.to_utc();
            if self.offset(tick) == offset {
                return Some(tick);
            }
            since = self.set_between(since, tick);
            after = since - SECOND;
        }
        None
    }

    fn last_of(&self, times: &Schedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // The library looks before what it is told, and now may be a tick.
        let (mut until, mut before) = (now, now + SECOND);
        for _ in 0..SETTINGS {
            let offset = self.offset(until);
            let mut past = times.after(&before.with_timezone(&offset)).rev().map(|at| at.to_utc());
            let tick = past.find(|tick| *tick <= until)?;
            if self.offset(tick) == offset {
                return Some(tick);
            }
            before = self.set_between(tick, until);
            until = before - SECOND;
        }
        None
    }

    fn offset(&self, at: DateTime<Utc>) -> FixedOffset {
        at.with_timezone(&self.zone).offset().fix()
    }

    /// The first moment of the offset that the halls' clock has at `to`, and has not at `from`.
    fn set_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> DateTime<Utc> {
        let (first, mut before, mut after) = (self.offset(from), from, to);
        while after - before > SECOND {
            let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
            let is_before = self.offset(middle) == first;
            if is_before { before = middle } else { after = middle }
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACIFIC: Tz = Tz::America__Los_Angeles;

    fn ticks(cron: &str) -> Ticks {
        Ticks::new(cron.parse().unwrap(), PACIFIC)
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The local times of all ticks from one to the next.
    fn walk(ticks: &Ticks, from: &str, to: &str) -> Vec<DateTime<Utc>> {
        let next = |now: &DateTime<Utc>| ticks.next(*now);
        let until = at(to);
        std::iter::successors(Some(at(from)), next).skip(1).take_while(|at| *at <= until).collect()
    }

    #[test]
    fn a_tick_is_the_last_one_until_the_next() {
        let ticks = ticks("0 */5 * * * *");
        let noon = at("2026-02-09T12:05:00Z");
        for (now, last, next) in [
            ("2026-02-09T12:05:00Z", 0, 5),
            ("2026-02-09T12:05:00.5Z", 0, 5),
            ("2026-02-09T12:09:59.999Z", 0, 5),
            ("2026-02-09T12:10:00Z", 5, 10),
            ("2026-02-09T12:04:59Z", -5, 0),
        ] {
            let minutes = |minutes| Some(noon + TimeDelta::minutes(minutes));
            assert_eq!(ticks.latest(at(now)), minutes(last), "{now}");
            assert_eq!(ticks.next(at(now)), minutes(next), "{now}");
        }
    }

    #[test]
    fn no_five_minutes_are_left_out_or_doubled_when_the_clock_is_set() {
        let ticks = ticks("0 */5 * * * *");
        for night in ["2026-03-08", "2026-11-01"] {
            let (from, to) = (format!("{night}T06:00:00Z"), format!("{night}T14:00:00Z"));
            let times = walk(&ticks, &from, &to);
            assert_eq!(times.len(), 8 * 12, "{night}");
            for pair in times.windows(2) {
                assert_eq!(pair[1] - pair[0], TimeDelta::minutes(5), "{night}");
                let shortly_before = pair[1] - TimeDelta::milliseconds(1);
                assert_eq!(ticks.latest(shortly_before), Some(pair[0]), "{night}");
                assert_eq!(ticks.latest(pair[1]), Some(pair[1]), "{night}");
            }
        }
    }

    #[test]
    fn the_morning_comes_once_a_day_at_four_by_the_halls_clock() {
        let ticks = ticks("0 */5 * * * *");
        for (now, morning) in [
            ("2026-03-07T20:00:00Z", "2026-03-08T11:00:00Z"), // the clock is put forward that night
            ("2026-03-08T11:00:00Z", "2026-03-09T11:00:00Z"),
            ("2026-10-31T20:00:00Z", "2026-11-01T12:00:00Z"), // and back that night
            ("2026-11-01T12:00:00Z", "2026-11-02T12:00:00Z"),
        ] {
            assert_eq!(ticks.next_morning(at(now)), Some(at(morning)), "{now}");
            assert_eq!(ticks.latest_morning(at(morning)), Some(at(morning)), "{now}");
            let later = at(morning) + TimeDelta::hours(20);
            assert_eq!(ticks.latest_morning(later), Some(at(morning)), "{now}");
        }
    }

    #[test]
    fn a_tick_far_in_the_past_is_found_at_once_and_one_that_never_comes_is_none() {
        let now = at("2026-02-09T12:00:00Z");
        let yearly = ticks("0 0 0 1 1 *");
        assert_eq!(yearly.latest(now), Some(at("2026-01-01T08:00:00Z")));
        let past = ticks("0 0 0 1 1 * 2020");
        assert_eq!((past.next(now), past.latest(now)), (None, Some(at("2020-01-01T08:00:00Z"))));
    }
}
