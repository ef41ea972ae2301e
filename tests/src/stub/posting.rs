//! What the vendors have posted: overrides by hall and day, the day it is, and when a document
//! last changed.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::hall::Hall;

/// How many days ahead the vendors post.
pub const POSTED_AHEAD: u64 = 14;

/// How many days a Pomona feed holds.
pub(crate) const FEED_DAYS: u64 = 7;

/// What a hall's day is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// As the calendar has it.
    #[default]
    Regular,
    /// Like a Wednesday, whatever day it is.
    Weekday,
    /// Like a Saturday (at Frank, which is shut then, like a Sunday).
    Weekend,
    /// The vendor says that the hall is shut.
    Closed,
    /// The vendor has nothing for the day.
    NotPosted,
    /// Brunch and dinner, as on a holiday.
    HolidayBrunch,
    /// Like a Wednesday with 300 dishes and more.
    Large,
    /// As the calendar has it, and hardly a dish is left of it.
    Scarce,
}

impl Kind {
    const WORDS: [(&'static str, Self); 8] = [
        ("regular", Self::Regular),
        ("weekday", Self::Weekday),
        ("weekend", Self::Weekend),
        ("closed", Self::Closed),
        ("not_posted", Self::NotPosted),
        ("holiday_brunch", Self::HolidayBrunch),
        ("large", Self::Large),
        ("scarce", Self::Scarce),
    ];

    /// The kind of this word.
    ///
    /// # Errors
    /// Lists the words when the text is none of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::WORDS.into_iter().find(|(word, _)| *word == text).map(|(_, kind)| kind).ok_or_else(
            || {
                let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
                format!("unknown kind {text:?}: use {}", words.join(", "))
            },
        )
    }
}

/// What a hall's day serves. Another edition is another menu of the same kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Posting {
    pub(crate) kind: Kind,
    pub(crate) edition: u32,
}

/// Everything that decides what documents say.
#[derive(Debug)]
pub(crate) struct Postings {
    overrides: HashMap<(Hall, NaiveDate), Posting>,
    today: Option<NaiveDate>,
    started: i64,
    changed: HashMap<Hall, i64>,
}

impl Postings {
    pub(crate) fn new() -> Self {
        let started = unix_now();
        Self { overrides: HashMap::new(), today: None, started, changed: HashMap::new() }
    }

    pub(crate) fn post(&mut self, hall: Hall, date: NaiveDate, posting: Posting) {
        self.overrides.insert((hall, date), posting);
        self.touch(hall);
    }

    /// Fixes the day that the vendors believe it is; `None` goes back to the clock.
    pub(crate) fn set_today(&mut self, today: Option<NaiveDate>) {
        self.today = today;
        for hall in Hall::ALL {
            self.touch(hall);
        }
    }

    /// Two changes within one second must still differ in `Last-Modified`.
    fn touch(&mut self, hall: Hall) {
        let last = self.changed.get(&hall).copied().unwrap_or(self.started);
        self.changed.insert(hall, unix_now().max(last + 1));
    }

    /// When the hall's documents last changed, at the latest.
    pub(crate) fn changed(&self, hall: Hall) -> i64 {
        self.changed.get(&hall).copied().unwrap_or(self.started)
    }

    pub(crate) fn today_pacific(&self) -> NaiveDate {
        self.today
            .unwrap_or_else(|| now().with_timezone(&chrono_tz::America::Los_Angeles).date_naive())
    }

    /// The location page turns to the next day when it is afternoon in California.
    pub(crate) fn today_utc(&self) -> NaiveDate {
        self.today.unwrap_or_else(|| now().date_naive())
    }

    /// What is posted for that day; days far ahead are not, unless a test says so.
    pub(crate) fn of(&self, hall: Hall, date: NaiveDate) -> Posting {
        if let Some(posting) = self.overrides.get(&(hall, date)) {
            return *posting;
        }
        let last = self.today_pacific().checked_add_days(Days::new(POSTED_AHEAD));
        let kind = match last {
            Some(last) if date > last => Kind::NotPosted,
            _ => Kind::Regular,
        };
        Posting { kind, edition: 0 }
    }

    /// Whether the Pomona feed of now speaks of that day.
    pub(crate) fn in_feed(&self, date: NaiveDate) -> bool {
        let first = self.today_pacific();
        first.iter_days().zip(0..FEED_DAYS).any(|(day, _)| day == date)
    }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
