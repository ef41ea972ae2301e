//! Any hours and overrides against a clock that is read minute by minute through 2026.

use std::{cmp::Reverse, collections::BTreeSet, ops::Range, sync::LazyLock};

use chrono::{Datelike, Days, NaiveDateTime, TimeDelta};
use common::hours::{HORIZON, Serving};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

const DAY: usize = 24 * 60;
/// Minutes of 2026 within [`CLOCK`].
const YEAR: Range<usize> = 7 * DAY..(7 + 365) * DAY;

/// At every minute from a week before 2026 to three weeks after it: the highest time that the wall
/// clock has shown yet.
static CLOCK: LazyLock<Vec<NaiveDateTime>> = LazyLock::new(|| {
    let mut highest = NaiveDateTime::MIN;
    let minutes = (0..YEAR.end + 21 * DAY).map(|minute| {
        highest = highest.max(instant(minute).with_timezone(&PACIFIC).naive_local());
        highest
    });
    minutes.collect()
});

fn instant(minute: usize) -> DateTime<Utc> {
    at("2025-12-25T00:00:00-08:00") + TimeDelta::minutes(i64::try_from(minute).unwrap())
}

/// The first minute at which the clock has shown this time.
fn reached(time: NaiveDateTime) -> usize {
    CLOCK.partition_point(|highest| *highest < time)
}

/// A meal of a day, in minutes.
#[derive(Debug, Clone)]
struct Row {
    opens: usize,
    closes: usize,
    meal: Option<Meal>,
}

impl Row {
    fn serving(&self) -> Serving {
        let at = |minute| instant(minute).with_timezone(&PACIFIC);
        Serving { meal: self.meal.clone(), opens: at(self.opens), closes: at(self.closes) }
    }
}

/// The rules, said once more.
fn rows(hall: &HallHours, date: NaiveDate) -> Vec<Row> {
    let (mut all, mut closed, mut replaced) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for one in hall.overrides.iter().filter(|one| one.date == date) {
        replaced.insert(one.meal.clone());
        match one.times {
            Some(times) => all.push((one.meal.clone(), times)),
            None => _ = closed.insert(one.meal.clone()),
        }
    }
    if closed.contains(&None) {
        return Vec::new();
    }
    all.retain(|(meal, _)| !closed.contains(meal));
    let shut = hall.closed_since.is_some_and(|since| date >= since);
    if !shut && !replaced.contains(&None) {
        let weekday = date.weekday().num_days_from_sunday();
        for row in hall.weekly.iter().filter(|row| u32::from(row.day_of_week) == weekday) {
            let meal = Some(row.meal.clone());
            if !replaced.contains(&meal) {
                all.push((meal, row.times));
            }
        }
    }
    all.into_iter()
        .map(|(meal, times)| {
            let overnight = u64::from(times.end < times.start);
            let last = date + Days::new(overnight);
            let (opens, closes) = (date.and_time(times.start), last.and_time(times.end));
            Row { opens: reached(opens), closes: reached(closes), meal }
        })
        .filter(|row| row.opens < row.closes)
        .collect()
}

/// All meals of the year.
fn all_rows(hall: &HallHours) -> Vec<Row> {
    let days = date("2025-12-27").iter_days().take_while(|day| *day <= date("2027-01-18"));
    days.flat_map(|day| rows(hall, day)).collect()
}

fn best(rows: &[Row], minute: usize) -> Option<&Row> {
    let open = rows.iter().filter(|row| row.opens <= minute && minute < row.closes);
    open.max_by_key(|row| (row.opens, row.closes, Reverse(row.meal.clone())))
}

/// Everything that is said of one minute.
fn check(hall: &HallHours, rows: &[Row], minute: usize) -> Result<(), TestCaseError> {
    let now = instant(minute);
    prop_assert_eq!(hall.open_at(PACIFIC, now), best(rows, minute).map(Row::serving), "{}", now);

    let tomorrow = now.with_timezone(&PACIFIC).date_naive() + Days::new(1);
    let ends = rows.iter().flat_map(|row| [row.opens, row.closes]);
    let change = ends.filter(|at| *at > minute).min().map(|at| instant(at).with_timezone(&PACIFIC));
    let change = change.filter(|at| at.date_naive() <= tomorrow);
    prop_assert_eq!(hall.next_change(PACIFIC, now), change, "{}", now);

    let opens = rows.iter().map(|row| row.opens).filter(|at| *at > minute).min();
    let opens = opens.filter(|at| instant(*at) - now <= HORIZON);
    let next = opens.and_then(|at| best(rows, at)).map(Row::serving);
    prop_assert_eq!(hall.next_opening(PACIFIC, now), next, "{}", now);
    Ok(())
}

/// Minutes of a day, every other time in the hours in which the clock is put.
fn any_time() -> impl Strategy<Value = NaiveTime> {
    let minute = prop_oneof![0..DAY, 0..DAY / 6];
    minute.prop_map(|minute| NaiveTime::MIN + TimeDelta::minutes(i64::try_from(minute).unwrap()))
}

fn any_times() -> impl Strategy<Value = Times> {
    (any_time(), any_time()).prop_map(|(start, end)| Times { start, end })
}

fn any_meal() -> impl Strategy<Value = Meal> {
    select(vec![Meal::Brunch, Meal::Dinner, Meal::LateNight])
}

/// A date of the year, every other time one near the days on which the clock is put.
fn any_date() -> impl Strategy<Value = NaiveDate> {
    let days = |first: &str, count: u64| {
        let first = date(first);
        (0..count).prop_map(move |more| first + Days::new(more))
    };
    prop_oneof![2 => days("2026-01-01", 365), 1 => days("2026-03-07", 3), 1 => days("2026-10-31", 3)]
}

fn any_hall() -> impl Strategy<Value = HallHours> {
    let weekly = (0..7_u8, any_meal(), any_times())
        .prop_map(|(day_of_week, meal, times)| WeeklyHours { day_of_week, meal, times });
    let overrides = (any_date(), option::of(any_meal()), option::of(any_times()))
        .prop_map(|(date, meal, times)| Override { date, meal, times, reason: String::new() });
    let closed_since = option::weighted(0.2, any_date());
    (vec(weekly, 0..12), vec(overrides, 0..8), closed_since).prop_map(
        |(weekly, overrides, closed_since)| HallHours { weekly, overrides, closed_since, ..hall() },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_hours_agree_with_a_clock_read_minute_by_minute(hall in any_hall(), day in 0..365_usize) {
        let rows = all_rows(&hall);
        // Around every begin and end of the year …
        for edge in rows.iter().flat_map(|row| [row.opens, row.closes]) {
            for minute in edge - 1..=edge + 1 {
                if YEAR.contains(&minute) {
                    check(&hall, &rows, minute)?;
                }
            }
        }
        // … and every minute of some day and of the two on which the clock is put.
        let spring = reached(date("2026-03-08").and_time(NaiveTime::MIN));
        let autumn = reached(date("2026-11-01").and_time(NaiveTime::MIN));
        for start in [YEAR.start + day * DAY, spring, autumn] {
            for minute in start..start + DAY + 60 {
                check(&hall, &rows, minute)?;
            }
        }
    }
}
