//! What a café page says in its HTML: the day that it shows, and that the café is shut.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use memchr::memmem;
use scraper::ElementRef;

use crate::meal::Meal;
use crate::vendors::{
    ParseError,
    html::{elements, tags_with, tags_within},
    text,
};

/// More entries than any special hours have. It bounds the work that a hostile page can ask for.
const MAX_ENTRIES: usize = 1_000;

/// How many sections these parts of the page have for meals, each of the day that was asked for. One that says no
/// day passes: the edition of 2019 never did.
///
/// # Errors
/// [`ParseError::WrongDay`] when a section is for another day: the site falls back to one that it
/// has. Not "not posted", for the page in hand says nothing of the day that was asked for.
pub(super) fn sections_of(
    page: &str,
    parts: &[Range<usize>],
    asked: NaiveDate,
) -> Result<usize, ParseError> {
    // By the end of its name: with the start of it a page has thousands of other classes.
    let tags = tags_within(page, parts, "daypart-container");
    let mut sections = 0;
    for section in elements(&tags, "site-panel__daypart-container") {
        sections += 1;
        let shown = section.attr("data-end-date").unwrap_or_default().trim();
        if shown.is_empty() {
            continue;
        }
        let shown = shown.parse().map_err(|_| ParseError::Shape("a section's date"))?;
        if shown != asked {
            return Err(ParseError::WrongDay { asked, shown });
        }
    }
    Ok(sections)
}

/// Whether the page says in words that the café is shut on that day: in a section's title, or in
/// the special hours. "Currently closed" is about the hour at which the page was made.
pub(super) fn says_closed(page: &str, asked: NaiveDate) -> bool {
    let (section, heading) = ("site-panel--daypart", "site-panel__daypart-panel-title");
    let title = |tag: ElementRef<'_>| closes(tag.attr("data-jump-nav-title").unwrap_or_default());
    elements(&tags_with(page, section), section).any(title)
        || elements(&tags_with(page, heading), heading).any(|tag| closes(&words(tag)))
        || special_hours(page).any(|entry| closes(&entry) && names(&entry, asked))
}

/// Whether a title or an entry shuts the café. One that has hours opens it, and one that names a
/// meal is about that meal only.
pub(super) fn closes(entry: &str) -> bool {
    let has_hours = entry.as_bytes().windows(2).any(|pair| matches!(pair, [b'0'..=b'9', b':']));
    let names_meal = Meal::from_label(entry).is_some_and(|meal| Meal::SIX.contains(&meal));
    let says_so = parts(entry).any(|word| word.eq_ignore_ascii_case("closed"));
    says_so && !has_hours && !names_meal
}

fn words(element: ElementRef<'_>) -> String {
    element.text().collect::<Vec<_>>().join(" ")
}

/// The entries of the special hours: who or what, and when. The messages between them are prose
/// ("closed for breakfast from 11/29, open for dinner") and decide nothing. The weekly schedule
/// stands in the same section; it names no dates.
fn special_hours(page: &str) -> impl Iterator<Item = String> {
    let from = memmem::find(page.as_bytes(), b"cafe-hours-special").unwrap_or(page.len());
    let hours = page.get(from..).and_then(|rest| rest.split("</section").next());
    let entries = hours.unwrap_or_default().split("<li").skip(1).take(MAX_ENTRIES);
    entries.filter_map(|entry| {
        let (attributes, entry) = entry.split_once('>')?;
        let is_entry = attributes.contains("dotted-leader-container");
        text::clean(entry.split("</li").next().filter(|_| is_entry)?)
    })
}

/// Whether an entry names that day: "November 28", "November 23-27", "Dec 23 - January 4". The
/// vendor gives no year; where one stands, it must be the day's.
fn names(entry: &str, asked: NaiveDate) -> bool {
    let day = (asked.month(), asked.day());
    let (mut month, mut last, mut to, mut named) = (None, None, false, false);
    for part in parts(entry) {
        if let Some(number) = month_of(part) {
            month = Some(number);
        } else if ["-", "–", "to", "through"].contains(&part) {
            to = true;
        } else if let (Some(month), Ok(number @ 1..=31)) = (month, part.parse()) {
            let this = (month, number);
            named |= this == day || to && last.is_some_and(|first| spans(first, this, day));
            (last, to) = (Some(this), false);
        } else if part.parse().is_ok_and(|year: i32| year > 31 && year != asked.year()) {
            return false;
        }
    }
    named
}

/// Whether `day` lies from `first` to `last`, months and days that may go over a new year.
fn spans(first: (u32, u32), last: (u32, u32), day: (u32, u32)) -> bool {
    if first <= last { first <= day && day <= last } else { first <= day || day <= last }
}

/// The month of that name, or of its first three letters.
fn month_of(word: &str) -> Option<u32> {
    let month: chrono::Month = word.parse().ok()?;
    Some(month.number_from_month())
}

/// The words, the numbers and the dashes of a text, one by one: "23-27th" is four of them.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| match c {
        '-' | '–' => 'd',
        _ if c.is_ascii_digit() => 'n',
        _ if c.is_alphabetic() => 'w',
        _ => ' ',
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| kind(c) == ' ');
        let first = kind(rest.chars().next()?);
        let end = rest.find(|c| kind(c) != first).unwrap_or(rest.len());
        let (part, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_shut_the_whole_cafe_close_it() {
        for entry in ["Closed", "Closed for Labor Day", "CLOSED: winter", "Café Closed November 28"]
        {
            assert!(closes(entry), "{entry}");
        }
        for entry in [
            "",
            "Dinner November 29, 12:00 am - 12:00 am",
            "Brunch closed November 28",
            "Disclosed",
            "We are closing on November 28",
            "Closed until 5:00 pm November 28",
        ] {
            assert!(!closes(entry), "{entry}");
        }
    }

    #[test]
    fn an_entry_names_the_days_that_it_lists_and_those_between() {
        let names = |entry, day: &str| names(entry, day.parse().unwrap());
        for (entry, first, last, outside) in [
            ("November 28", "2019-11-28", "2026-11-28", "2019-11-27"),
            ("November 23-27 Closed", "2019-11-23", "2019-11-27", "2019-11-28"),
            ("Nov 29th – December 2nd", "2019-11-29", "2019-12-02", "2019-12-03"),
            ("December 23 through January 4", "2025-12-23", "2026-01-04", "2026-01-05"),
            ("November 3, 5", "2025-11-03", "2025-11-05", "2025-11-04"),
            ("Thursday, November 28, 2019", "2019-11-28", "2019-11-28", "2026-11-28"),
        ] {
            assert!(names(entry, first) && names(entry, last), "{entry}");
            assert!(!names(entry, outside), "{entry}");
        }
        assert!(!names("until 28", "2019-11-28"), "a number without a month is no day");
    }
}
