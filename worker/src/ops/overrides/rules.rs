//! What an override must be, and how it goes with those that are there. Pure. What overrides mean is at
//! the top of `common/src/hours.rs`.

use chrono::{Days, NaiveDate, NaiveTime};
use common::{
    hall::HallId,
    hours::{Override, Times},
    meal::Meal,
    store::OverrideRow,
};
use serde_json::{Value, json};

use crate::ops::actions::{Fields, Refusal, hall};

/// How far ahead an override may be.
const AHEAD: Days = Days::new(730);
/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

/// An override to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewOverride {
    pub(crate) hall: HallId,
    pub(crate) hours: Override,
}

/// How it goes with what is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The override of this number says the same.
    There(i64),
    /// It is new; and what else should be known.
    New(Vec<String>),
}

/// An override from its fields: `hall`, `date`, `meal` (empty: the whole day), either `closed=yes` or
/// `start` and `end`, and `reason`.
pub(crate) fn parse(fields: &mut Fields, today: NaiveDate) -> Result<NewOverride, Refusal> {
    let hall = hall(fields)?;
    let date = date(fields, today)?;
    let meal = match fields.maybe("meal").as_deref() {
        None => None,
        Some(text) => Some(six(text)?),
    };
    let times = times(fields)?;
    let reason = fields.maybe("reason").unwrap_or_default();
    if reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
        let most = format!("must be one line of {LONGEST_REASON} characters at most");
        return Err(Refusal::value("reason", &most));
    }
    Ok(NewOverride { hall, hours: Override { date, meal, times, reason } })
}

fn date(fields: &mut Fields, today: NaiveDate) -> Result<NaiveDate, Refusal> {
    let day = common::entry::parse_date;
    let date = fields.parsed("date", "a day, written YYYY-MM-DD", day)?;
    // Yesterday's hours may go on past midnight.
    let first = today.pred_opt().unwrap_or(today);
    let last = today.checked_add_days(AHEAD).unwrap_or(today);
    if (first..=last).contains(&date) {
        return Ok(date);
    }
    Err(Refusal::value("date", &format!("must be from {first} to {last}")))
}

fn six(text: &str) -> Result<Meal, Refusal> {
    let known = Meal::parse(text).filter(|meal| !matches!(meal, Meal::Other(_)));
    let words = Meal::OF_A_DAY.map(|meal| meal.to_string()).join(", ");
    let wrong = format!("must be one of {words}, or empty for the whole day");
    known.ok_or_else(|| Refusal::value("meal", &wrong))
}

/// Closed must be said: two times that were forgotten must not shut a hall.
fn times(fields: &mut Fields) -> Result<Option<Times>, Refusal> {
    let closed = match fields.maybe("closed").as_deref() {
        None | Some("no" | "false") => false,
        Some("yes" | "true") => true,
        Some(_) => return Err(Refusal::value("closed", "must be yes or no")),
    };
    match (closed, time(fields, "start")?, time(fields, "end")?) {
        (true, None, None) => Ok(None),
        (true, ..) => Err(Refusal::value("closed", "and times contradict each other")),
        (false, None, None) => {
            Err(Refusal::value("closed", "or both times must be given: start and end"))
        }
        (false, Some(_), None) => Err(Refusal::value("end", "is missing beside start")),
        (false, None, Some(_)) => Err(Refusal::value("start", "is missing beside end")),
        (false, Some(start), Some(end)) if start == end => {
            Err(Refusal::value("end", "must differ from start: such hours are never open"))
        }
        (false, Some(start), Some(end)) => Ok(Some(Times { start, end })),
    }
}

/// Exactly `HH:MM`.
fn time(fields: &mut Fields, name: &str) -> Result<Option<NaiveTime>, Refusal> {
    let Some(text) = fields.maybe(name) else { return Ok(None) };
    let parsed = NaiveTime::parse_from_str(&text, "%H:%M").ok();
    let exact = parsed.filter(|time| time.format("%H:%M").to_string() == text);
    let wrong = || Refusal::value(name, "must be a time of day, written HH:MM (midnight is 00:00)");
    exact.map(Some).ok_or_else(wrong)
}

/// How the new one goes with the others of that hall and day.
pub(crate) fn judge(new: &NewOverride, there: &[OverrideRow]) -> Result<Verdict, Refusal> {
    let (meal, times) = (new.hours.meal.as_ref().map(Meal::as_str), new.hours.times);
    if let Some(same) = there.iter().find(|row| row.meal.as_deref() == meal && row.times == times) {
        return Ok(Verdict::There(same.id));
    }
    if let Some(shut) = there.iter().find(|row| row.meal.is_none() && row.times.is_none()) {
        let why = format!("Override {} closes the whole day; delete that first", shut.id);
        return Err(Refusal::conflict(why));
    }
    let of_the_meal = || there.iter().filter(|row| row.meal.as_deref() == meal);
    let Some(times) = times else {
        // It closes: whatever states times for the same has no effect any more.
        let idle = there.iter().filter(|row| meal.is_none() || row.meal.as_deref() == meal);
        let note = |row: &OverrideRow| format!("Override {} has no effect beside it", row.id);
        return Ok(Verdict::New(idle.map(note).collect()));
    };
    if let Some(shut) = of_the_meal().find(|row| row.times.is_none()) {
        return Err(Refusal::conflict(format!(
            "Override {} closes that meal; delete that first",
            shut.id
        )));
    }
    let overlaps = |row: &&OverrideRow| row.times.is_some_and(|other| overlap(times, other));
    if let Some(other) = of_the_meal().find(overlaps) {
        return Err(Refusal::conflict(format!(
            "It overlaps with override {} of the same",
            other.id
        )));
    }
    Ok(Verdict::New(if times.end < times.start {
        vec![overnight(new.hours.date, times)]
    } else {
        Vec::new()
    }))
}

fn overnight(date: NaiveDate, times: Times) -> String {
    let next = date.succ_opt().unwrap_or(date);
    format!("It goes on past midnight, until {} on {next}", times.end.format("%H:%M"))
}

/// Of hours that start on the same day.
fn overlap(one: Times, other: Times) -> bool {
    let minute = |time: NaiveTime| (time - NaiveTime::MIN).num_minutes();
    let end = |times: Times| minute(times.end) + if times.end < times.start { 1440 } else { 0 };
    minute(one.start) < end(other) && minute(other.start) < end(one)
}

impl NewOverride {
    /// What goes on record.
    pub(crate) fn arguments(&self) -> Value {
        let time = |time: Option<NaiveTime>| time.map(|time| time.format("%H:%M").to_string());
        let (start, end) = (self.hours.times.map(|t| t.start), self.hours.times.map(|t| t.end));
        json!({
            "hall": self.hall, "date": self.hours.date, "meal": self.hours.meal,
            "closed": self.hours.times.is_none(), "start": time(start), "end": time(end),
            "reason": self.hours.reason,
        })
    }

    /// In words.
    pub(crate) fn sentence(&self) -> String {
        let meal = self.hours.meal.as_ref().map(Meal::as_str);
        sentence(self.hall.as_str(), self.hours.date, meal, self.hours.times)
    }
}

/// What an override says, in words.
pub(super) fn sentence(
    hall: &str,
    date: NaiveDate,
    meal: Option<&str>,
    times: Option<Times>,
) -> String {
    let meal = meal.map(|meal| meal.replace('_', " "));
    let day = format!("at {hall} on {}", date.format("%a %Y-%m-%d"));
    match (meal, times) {
        (None, None) => format!("Closed all day {day}"),
        (Some(meal), None) => format!("No {meal} {day}"),
        (None, Some(times)) => format!("Special opening {day}, {}", span(times)),
        (Some(meal), Some(times)) => format!("{} {day}, {}", capital(&meal), span(times)),
    }
}

/// `22:30 to 01:30 (next day)`.
pub(super) fn span(times: Times) -> String {
    let next = if times.end < times.start { " (next day)" } else { "" };
    format!("{} to {}{next}", times.start.format("%H:%M"), times.end.format("%H:%M"))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests;
