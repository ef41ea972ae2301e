//! What opening hours promise: a table for each rule, both nights on which the clock is put, and a
//! year against a clock that is read minute by minute.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail in any way")]

#[path = "hours/rules.rs"]
mod rules;
#[path = "hours/wall_clock.rs"]
mod wall_clock;
#[path = "hours/year.rs"]
mod year;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::{America::Los_Angeles as PACIFIC, Tz};
use common::{
    hall::HallId,
    hours::{HallHours, Override, Times, WeeklyHours},
    meal::Meal,
};

/// A hall that is never open.
fn hall() -> HallHours {
    HallHours {
        id: HallId::Hoch,
        name: "Hoch-Shanahan".to_owned(),
        college: "Harvey Mudd".to_owned(),
        color: "#eaaa00".to_owned(),
        closed_since: None,
        weekly: Vec::new(),
        overrides: Vec::new(),
    }
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `11:15-13:00`
fn times(text: &str) -> Times {
    let (start, end) = text.split_once('-').unwrap();
    Times { start: time(start), end: time(end) }
}

fn meal(word: &str) -> Meal {
    Meal::parse(word).unwrap()
}

/// Usual hours; days as digits, 0 = Sunday.
fn weekly(hall: &mut HallHours, days: &str, word: &str, hours: &str) {
    hall.weekly.extend(days.bytes().map(|day| WeeklyHours {
        day_of_week: day - b'0',
        meal: meal(word),
        times: times(hours),
    }));
}

/// An override: no word for the whole day, no hours for closed.
fn instead(hall: &mut HallHours, day: &str, word: &str, hours: &str) {
    hall.overrides.push(Override {
        date: date(day),
        meal: (!word.is_empty()).then(|| meal(word)),
        times: (!hours.is_empty()).then(|| times(hours)),
        reason: "test".to_owned(),
    });
}

/// An instant from local time with its offset.
fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect(text).with_timezone(&Utc)
}

/// `lunch 2026-02-09T11:15:00-08:00 2026-02-09T13:00:00-08:00`, or `closed`.
fn shown(serving: Option<common::hours::Serving>) -> String {
    serving.map_or_else(
        || "closed".to_owned(),
        |serving| {
            let meal = serving.meal.as_ref().map_or("special", Meal::as_str).to_owned();
            let iso = |at: DateTime<Tz>| at.to_rfc3339();
            format!("{meal} {} {}", iso(serving.opens), iso(serving.closes))
        },
    )
}

fn open(hall: &HallHours, now: &str) -> String {
    shown(hall.open_at(PACIFIC, at(now)))
}

fn next(hall: &HallHours, now: &str) -> String {
    shown(hall.next_opening(PACIFIC, at(now)))
}

fn change(hall: &HallHours, now: &str) -> Option<String> {
    hall.next_change(PACIFIC, at(now)).map(|at| at.to_rfc3339())
}
