//! Days, as the halls count them.

use chrono::{Datelike, Days, NaiveDate, Utc, Weekday};

use super::Stack;
use crate::stub::Hall;

impl Stack {
    /// The halls' own today.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.vendor.today()
    }

    /// The next day from tomorrow on that is one of these.
    #[must_use]
    pub fn next(&self, fits: impl Fn(Weekday) -> bool) -> NaiveDate {
        let mut days = self.today().iter_days().skip(1);
        days.find(|date| fits(date.weekday())).unwrap_or_else(|| self.today())
    }

    /// The first day from today on, within a week, on which the hall serves dinner.
    #[must_use]
    pub fn vendor_day(&self, hall: Hall) -> NaiveDate {
        let serves =
            |date: &NaiveDate| self.vendor.expected(hall, *date).stations("dinner").is_some();
        self.today().iter_days().take(7).find(serves).unwrap_or_else(|| self.today())
    }

    /// The next Monday to Thursday, from tomorrow on.
    #[must_use]
    pub fn weekday(&self) -> NaiveDate {
        self.next(|day| matches!(day, Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu))
    }

    /// So many days from today.
    #[must_use]
    pub fn in_days(&self, days: u64) -> NaiveDate {
        self.today().checked_add_days(Days::new(days)).unwrap_or_else(|| Utc::now().date_naive())
    }
}
