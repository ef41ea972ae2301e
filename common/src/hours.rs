//! Opening hours and overrides of a hall, and what follows from them at an instant: who serves
//! what, and when that changes. Pure: no clock, no SQL.
//!
//! What holds on a date, first rule that fits:
//! 1. An override that closes the whole day: nothing, whatever else is stated. In doubt a hall is
//!    shut: one row is enough to shut it.
//! 2. Closed until further notice (`closed_since`): only what overrides state with times.
//! 3. An override for the whole day with times is a special opening: it takes the place of all usual
//!    hours; overrides of single meals come on top.
//! 4. The usual hours of that weekday; a meal that an override names has that override's times
//!    instead, or none if the override closes it.
//!
//! Intervals are `[opens, closes)`. An end before the start is on the next day; an end that equals
//! the start is never open.
//!
//! Hours are read as on a wall clock that is never put back: a time that a date has twice (autumn)
//! is its first occurrence, a time that it does not have (spring) is the end of the gap. So no
//! meal opens twice in a night, none closes before it opens, and 01:30 is when staff first see 01:30.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike,
    Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{hall::HallId, meal::Meal};

/// How far ahead the next opening is looked for.
pub const HORIZON: TimeDelta = TimeDelta::days(14);

/// What a hall of which no hours are known is taken to serve.
pub const USUAL: [Meal; 3] = [Meal::Breakfast, Meal::Lunch, Meal::Dinner];

/// From when to when, local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The first minute.
    pub start: NaiveTime,
    /// No longer open then. Before `start`: the next day.
    pub end: NaiveTime,
}

/// The usual hours of a meal on one weekday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeeklyHours {
    /// 0 = Sunday. The day that they start on.
    pub day_of_week: u8,
    /// What is served.
    pub meal: Meal,
    /// When.
    pub times: Times,
}

/// Hours that replace the usual ones on a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The day that they start on.
    pub date: NaiveDate,
    /// The meal whose hours they are; `None`: the whole day.
    pub meal: Option<Meal>,
    /// When; `None`: closed.
    pub times: Option<Times>,
    /// Why, for whoever reads the table.
    pub reason: String,
}

/// A hall with all that its opening depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HallHours {
    /// Which.
    pub id: HallId,
    /// The name that people use.
    pub name: String,
    /// Whose it is.
    pub college: String,
    /// `#rrggbb`.
    pub color: String,
    /// Closed until further notice, from this date on.
    pub closed_since: Option<NaiveDate>,
    /// The usual hours.
    pub weekly: Vec<WeeklyHours>,
    /// What replaces them.
    pub overrides: Vec<Override>,
}

/// All halls by name, with the overrides of a range of dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The first date whose overrides are in it.
    pub from: NaiveDate,
    /// The last one.
    pub to: NaiveDate,
    /// The halls.
    pub halls: Vec<HallHours>,
}

/// A meal that is served from an instant to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// What; `None`: a special opening, of which no meal is stated.
    pub meal: Option<Meal>,
    /// The first instant.
    pub opens: DateTime<Tz>,
    /// No longer served then; always after `opens`.
    pub closes: DateTime<Tz>,
}

impl Schedule {
    /// The dates whose overrides matter to what is open at `now` and to what opens next.
    #[must_use]
    pub fn dates_for(zone: Tz, now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
        let date = |at: Option<DateTime<Utc>>| at.unwrap_or(now).with_timezone(&zone).date_naive();
        let from = date(now.checked_sub_signed(TimeDelta::days(1)));
        (from, date(now.checked_add_signed(HORIZON)).max(later(date(Some(now)), 1)))
    }

    /// Whether it knows enough to answer for `now`.
    #[must_use]
    pub fn covers(&self, zone: Tz, now: DateTime<Utc>) -> bool {
        let (from, to) = Self::dates_for(zone, now);
        self.from <= from && to <= self.to
    }

    /// When the next meal of any hall begins or ends; see [`HallHours::next_change`].
    #[must_use]
    pub fn next_change(&self, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Tz>> {
        self.halls.iter().filter_map(|hall| hall.next_change(zone, now)).min()
    }
}

impl HallHours {
    /// What the hall serves on a date, by the rules at the top of this file, in local time.
    pub fn on(&self, date: NaiveDate) -> impl Iterator<Item = (Option<&Meal>, Times)> {
        let stated = move || self.overrides.iter().filter(move |one| one.date == date);
        let closes = move |meal: Option<&Meal>| {
            stated().any(|one| one.meal.as_ref() == meal && one.times.is_none())
        };
        let day_closed = closes(None);
        let no_usual = self.closed_since.is_some_and(|since| since <= date)
            || stated().any(|one| one.meal.is_none());
        let weekday = date.weekday().num_days_from_sunday();
        let usual = self
            .weekly
            .iter()
            .filter(move |row| !no_usual && u32::from(row.day_of_week) == weekday)
            .filter(move |row| !stated().any(|one| one.meal.as_ref() == Some(&row.meal)))
            .map(|row| (Some(&row.meal), row.times));
        let replaced = stated()
            .filter(move |one| !day_closed && !closes(one.meal.as_ref()))
            .filter_map(|one| Some((one.meal.as_ref(), one.times?)));
        usual.chain(replaced)
    }

    /// The meals that the hall usually serves on a date, in the order of a day, whatever overrides
    /// say: by the hours of that weekday; where it has none, by those of the whole week; where there
    /// are none at all, [`USUAL`].
    #[must_use]
    pub fn usual_meals(&self, date: NaiveDate) -> Vec<Meal> {
        let served = |weekday: Option<u32>| -> Vec<Meal> {
            let is_on =
                |row: &WeeklyHours| weekday.is_none_or(|day| day == u32::from(row.day_of_week));
            let serves =
                |meal: &Meal| self.weekly.iter().any(|row| is_on(row) && row.meal == *meal);
            Meal::OF_A_DAY.into_iter().filter(serves).collect()
        };
        let by_hours = [Some(date.weekday().num_days_from_sunday()), None].map(served);
        by_hours.into_iter().find(|meals| !meals.is_empty()).unwrap_or_else(|| USUAL.to_vec())
    }

    /// [`HallHours::on`] as instants.
    pub fn servings(&self, zone: Tz, date: NaiveDate) -> impl Iterator<Item = Serving> {
        self.on(date).filter_map(move |(meal, times)| {
            let overnight = times.end < times.start;
            let last = if overnight { later(date, 1) } else { date };
            let opens = instant(zone, date.and_time(times.start))?;
            let closes = instant(zone, last.and_time(times.end))?;
            (opens < closes).then(|| Serving { meal: meal.cloned(), opens, closes })
        })
    }

    /// What is served at `now`: of two meals at once the one that started last; of two that started
    /// together the one that goes on longer.
    #[must_use]
    pub fn open_at(&self, zone: Tz, now: DateTime<Utc>) -> Option<Serving> {
        self.around(zone, now)
            .filter(|serving| serving.opens <= now && now < serving.closes)
            .max_by(|one, other| {
                let order = |of: &Serving| (of.opens, of.closes);
                order(one).cmp(&order(other)).then_with(|| other.meal.cmp(&one.meal))
            })
    }

    /// The next meal to begin after `now`, within [`HORIZON`]; of several the one that
    /// [`HallHours::open_at`] will name when it begins.
    #[must_use]
    pub fn next_opening(&self, zone: Tz, now: DateTime<Utc>) -> Option<Serving> {
        let (_, last) = Schedule::dates_for(zone, now);
        let mut days = local_date(zone, now).iter_days().take_while(|date| *date <= last);
        let opens = days.find_map(|date| {
            self.servings(zone, date).map(|serving| serving.opens).filter(|at| *at > now).min()
        })?;
        if opens.signed_duration_since(now) > HORIZON {
            return None;
        }
        self.open_at(zone, opens.with_timezone(&Utc))
    }

    /// When the next meal begins or ends, if that is before tomorrow is over.
    #[must_use]
    pub fn next_change(&self, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Tz>> {
        let tomorrow = later(local_date(zone, now), 1);
        self.around(zone, now)
            .flat_map(|serving| [serving.opens, serving.closes])
            .filter(|at| *at > now && at.date_naive() <= tomorrow)
            .min()
    }

    /// Everything that may begin, go on or end on the local day of `now`, and tomorrow's meals.
    fn around(&self, zone: Tz, now: DateTime<Utc>) -> impl Iterator<Item = Serving> {
        let today = local_date(zone, now);
        let yesterday = today.pred_opt().unwrap_or(today);
        let days = yesterday.iter_days().take_while(move |date| *date <= later(today, 1));
        days.flat_map(move |date| self.servings(zone, date))
    }
}

/// The instant at which a clock that is never put back first shows this local time or a later one.
fn instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Tz>> {
    let found = zone.from_local_datetime(&local).earliest();
    // Gaps end on a full minute, and none is longer than a day.
    found.or_else(|| {
        let minute = local.with_second(0)?.with_nanosecond(0)?;
        (1..=1_440).find_map(|minutes| {
            let after = minute.checked_add_signed(TimeDelta::minutes(minutes))?;
            zone.from_local_datetime(&after).earliest()
        })
    })
}

fn local_date(zone: Tz, now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

fn later(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}
