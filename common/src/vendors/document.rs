//! From a menu to the vendor's document that holds it, and the days for which there is one.

use std::fmt;

use chrono::{Days, NaiveDate};

use crate::hall::{HallId, Vendor};

/// Days before today for which vendors are asked.
pub const WINDOW_BACK: u64 = 1;
/// Days after today for which vendors are asked.
pub const WINDOW_AHEAD: u64 = 14;

/// The days for which vendors are asked, first to last.
#[must_use]
pub fn window(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = today.checked_sub_days(Days::new(WINDOW_BACK)).unwrap_or(today);
    let last = today.checked_add_days(Days::new(WINDOW_AHEAD)).unwrap_or(today);
    (first, last)
}

/// One answer of a vendor: the unit that is read once, however many menus are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Document {
    /// One hall on one day, all meals.
    Day(HallId, NaiveDate),
    /// One hall, all days that its vendor has posted.
    Feed(HallId),
}

impl Document {
    /// The document that holds this hall's menus of that day.
    #[must_use]
    pub const fn of(hall: HallId, date: NaiveDate) -> Self {
        match hall.vendor() {
            Vendor::BonAppetit | Vendor::Sodexo => Self::Day(hall, date),
            Vendor::Pomona => Self::Feed(hall),
        }
    }

    /// Whose menus it holds.
    #[must_use]
    pub const fn hall(self) -> HallId {
        match self {
            Self::Day(hall, _) | Self::Feed(hall) => hall,
        }
    }

    /// The days on which one read of it is the last word.
    #[must_use]
    pub fn dates(self, today: NaiveDate) -> Vec<NaiveDate> {
        match self {
            Self::Day(_, date) => vec![date],
            Self::Feed(_) => {
                let (first, last) = window(today);
                first.iter_days().take_while(|date| *date <= last).collect()
            }
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hall = self.hall();
        write!(f, "{}:{hall}", hall.vendor())?;
        match self {
            Self::Day(_, date) => write!(f, ":{date}"),
            Self::Feed(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vendors_are_asked_for_sixteen_days_whatever_day_it_is(day in -700_000..900_000) {
            let today = NaiveDate::from_epoch_days(day).expect("a day");
            let (first, last) = window(today);
            prop_assert_eq!((last - first).num_days() + 1, 16);
            prop_assert!((first..=last).contains(&today));
        }
    }

    #[test]
    fn a_document_is_named_by_vendor_hall_and_day() {
        let date = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
        assert_eq!(Document::of(HallId::Hoch, date).to_string(), "sodexo:hoch:2026-02-09");
        assert_eq!(Document::of(HallId::Frary, date).to_string(), "pomona:frary");
        assert_eq!(
            Document::of(HallId::Malott, date),
            Document::Day(HallId::Malott, date),
            "every meal of a day is in one document"
        );
    }

    #[test]
    fn a_feed_is_the_last_word_on_the_whole_window() {
        let today = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
        let dates = Document::Feed(HallId::Frank).dates(today);
        assert_eq!(dates.len(), 16);
        assert_eq!(dates.first().copied(), today.pred_opt());
        assert_eq!(Document::Day(HallId::Hoch, today).dates(today), [today]);
    }
}
