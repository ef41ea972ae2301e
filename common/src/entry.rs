//! What is known of one menu: its key, and the entry that a key holds in the cache.
//! Entries are the JSON itself, so that what is stored is what is served.

mod key;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{hall::HallId, meal::Meal, menu::Station};
pub use key::{MenuKey, NotAKey, parse_date};

/// Why there is no menu. A vendor that could not be read is never one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoMenu {
    /// The hall is shut that day.
    Closed,
    /// The vendor has not said anything of that day (yet).
    NotPosted,
    /// The day is posted, without this meal.
    MealNotServed,
    /// The day is outside of what is fetched, and nothing was saved.
    OutOfRange,
}

impl NoMenu {
    /// The word in answers and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::NotPosted => "not_posted",
            Self::MealNotServed => "meal_not_served",
            Self::OutOfRange => "out_of_range",
        }
    }
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A menu, ready to be served.
    Menu {
        /// The JSON body, byte for byte as served.
        body: Bytes,
        /// An older copy, because the vendor could not be read.
        is_stale: bool,
        /// When the vendor was read; whole seconds.
        fetched_at: DateTime<Utc>,
    },
    /// Negative entry: there is no such menu.
    NoMenu {
        /// Why.
        reason: NoMenu,
        /// When the vendor was read.
        fetched_at: DateTime<Utc>,
    },
    /// Failure entry: the vendor failed and nothing was ever saved.
    Failed {
        /// When the vendor was asked.
        fetched_at: DateTime<Utc>,
    },
}

#[derive(Serialize)]
struct Body<'a, S> {
    hall_id: HallId,
    date: NaiveDate,
    meal: &'a Meal,
    stations: S,
    is_stale: bool,
    fetched_at: String,
}

#[derive(Serialize)]
struct Mark<'a> {
    hall_id: HallId,
    date: NaiveDate,
    meal: &'a Meal,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_menu: Option<NoMenu>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<bool>,
    fetched_at: String,
}

/// Either form as it is read back. Unknown fields, a missing field or another menu's key make it
/// no entry: that is how an older or foreign shape is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    hall_id: HallId,
    date: NaiveDate,
    meal: Meal,
    #[serde(borrow)]
    stations: Option<&'a RawValue>,
    is_stale: Option<bool>,
    no_menu: Option<NoMenu>,
    failed: Option<bool>,
    fetched_at: DateTime<Utc>,
}

impl Entry {
    /// A menu's entry.
    ///
    /// # Errors
    /// Never for menus that the parsers make; `serde_json`'s own error otherwise.
    pub fn menu(
        key: &MenuKey,
        stations: &[Station],
        is_stale: bool,
        fetched_at: DateTime<Utc>,
    ) -> Result<Self, serde_json::Error> {
        let (hall_id, date, meal) = (key.hall, key.date, &key.meal);
        let at = instant(fetched_at);
        let body = Body { hall_id, date, meal, stations, is_stale, fetched_at: at };
        Ok(Self::Menu { body: serde_json::to_vec(&body)?.into(), is_stale, fetched_at })
    }

    /// The same menu as a stale one; `None` where this is no menu.
    #[must_use]
    pub fn to_stale(&self, key: &MenuKey) -> Option<Self> {
        let Self::Menu { body, is_stale: false, fetched_at } = self else {
            return matches!(self, Self::Menu { .. }).then(|| self.clone());
        };
        let stored: Stored<'_> = serde_json::from_slice(body).ok()?;
        let (hall_id, date, meal, stations) = (key.hall, key.date, &key.meal, stored.stations?);
        let at = instant(*fetched_at);
        let body = Body { hall_id, date, meal, stations, is_stale: true, fetched_at: at };
        let body = serde_json::to_vec(&body).ok()?.into();
        Some(Self::Menu { body, is_stale: true, fetched_at: *fetched_at })
    }

    /// The bytes that the key holds.
    ///
    /// # Errors
    /// As [`Entry::menu`].
    pub fn to_bytes(&self, key: &MenuKey) -> Result<Bytes, serde_json::Error> {
        let (no_menu, failed, fetched_at) = match self {
            Self::Menu { body, .. } => return Ok(body.clone()),
            Self::NoMenu { reason, fetched_at } => (Some(*reason), None, fetched_at),
            Self::Failed { fetched_at } => (None, Some(true), fetched_at),
        };
        let (hall_id, date, meal) = (key.hall, key.date, &key.meal);
        let fetched_at = instant(*fetched_at);
        serde_json::to_vec(&Mark { hall_id, date, meal, no_menu, failed, fetched_at })
            .map(Bytes::from)
    }

    /// Reads back what the key holds; `None` where it is nothing that we would have written there.
    #[must_use]
    pub fn from_bytes(key: &MenuKey, bytes: Bytes) -> Option<Self> {
        let stored: Stored<'_> = serde_json::from_slice(&bytes).ok()?;
        if (stored.hall_id, stored.date, &stored.meal) != (key.hall, key.date, &key.meal) {
            return None;
        }
        let fetched_at = stored.fetched_at;
        match (stored.stations, stored.is_stale, stored.no_menu, stored.failed) {
            (Some(list), Some(is_stale), None, None) if list.get().starts_with("[{") => {
                Some(Self::Menu { body: bytes, is_stale, fetched_at })
            }
            (None, None, Some(reason), None) => Some(Self::NoMenu { reason, fetched_at }),
            (None, None, None, Some(true)) => Some(Self::Failed { fetched_at }),
            _ => None,
        }
    }

    /// When the vendor was read or asked.
    #[must_use]
    pub const fn fetched_at(&self) -> DateTime<Utc> {
        match self {
            Self::Menu { fetched_at, .. }
            | Self::NoMenu { fetched_at, .. }
            | Self::Failed { fetched_at } => *fetched_at,
        }
    }
}

/// An instant as every answer writes it: RFC 3339, UTC, `Z`, whole seconds. Of one length, so it
/// also compares as text.
#[must_use]
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{menu::MenuItem, tags::Tags};
    use chrono::TimeZone;

    fn key() -> MenuKey {
        "menu:hoch:2026-02-09:lunch".parse().unwrap()
    }

    fn at() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 2, 9, 19, 2, 11).unwrap()
    }

    fn menu() -> Entry {
        let mut tags = Tags::new();
        tags.add_label("Vegetarian");
        let item = MenuItem { name: "Veggie Burger".to_owned(), description: None, tags };
        let stations = [Station { name: "Grill".to_owned(), items: vec![item] }];
        Entry::menu(&key(), &stations, false, at()).unwrap()
    }

    #[test]
    fn a_menu_is_stored_as_it_is_served() {
        let bytes = menu().to_bytes(&key()).unwrap();
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            r#"{"hall_id":"hoch","date":"2026-02-09","meal":"lunch","stations":[{"name":"Grill","items":[{"name":"Veggie Burger","description":null,"tags":["vegetarian"]}]}],"is_stale":false,"fetched_at":"2026-02-09T19:02:11Z"}"#
        );
    }

    #[test]
    fn a_stale_menu_is_the_same_menu_and_says_so() {
        let stale = menu().to_stale(&key()).unwrap();
        let said = String::from_utf8(menu().to_bytes(&key()).unwrap().to_vec()).unwrap();
        let said = said.replace("\"is_stale\":false", "\"is_stale\":true");
        assert_eq!(stale.to_bytes(&key()).unwrap(), said);
        assert_eq!(stale.fetched_at(), at());
        assert_eq!(stale.to_stale(&key()), Some(stale));
        assert_eq!(Entry::Failed { fetched_at: at() }.to_stale(&key()), None);
    }

    #[test]
    fn every_entry_reads_back_as_itself() {
        let negative = Entry::NoMenu { reason: NoMenu::Closed, fetched_at: at() };
        for entry in [menu(), negative, Entry::Failed { fetched_at: at() }] {
            let bytes = entry.to_bytes(&key()).unwrap();
            assert_eq!(Entry::from_bytes(&key(), bytes), Some(entry));
        }
    }

    #[test]
    fn what_we_would_not_have_written_is_no_entry() {
        let good = String::from_utf8(menu().to_bytes(&key()).unwrap().to_vec()).unwrap();
        for bad in [
            "\u{ff}{".to_owned(),
            String::new(),
            "[]".to_owned(),
            good.replace("lunch", "dinner"),
            good.replace("\"is_stale\":false,", ""),
            good.replace("\"is_stale\"", "\"old\":1,\"is_stale\""),
            good.replace("[{\"name\":\"Grill\"", "[1,{\"name\":\"Grill\""),
            good.replace("19:02:11Z", "soon"),
            good.get(..40).unwrap().to_owned(),
        ] {
            assert_eq!(Entry::from_bytes(&key(), Bytes::from(bad.clone())), None, "{bad}");
        }
    }
}
