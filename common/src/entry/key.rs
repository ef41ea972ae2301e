//! The key of a menu, and days as text.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{hall::HallId, meal::Meal};

/// Which menu: `menu:{hall}:{date}:{meal}` as cache key and as job id. Made of parsed parts only,
/// so no text of a caller ever becomes a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MenuKey {
    /// Where.
    pub hall: HallId,
    /// The hall's own day.
    pub date: NaiveDate,
    /// What.
    pub meal: Meal,
}

impl fmt::Display for MenuKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "menu:{}:{}:{}", self.hall, self.date, self.meal)
    }
}

/// The text is no menu key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a menu key")]
pub struct NotAKey;

impl FromStr for MenuKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut parts = text.split(':');
        let mut next = || parts.next().ok_or(NotAKey);
        if next()? != "menu" {
            return Err(NotAKey);
        }
        let hall = HallId::parse(next()?).ok_or(NotAKey)?;
        let date = parse_date(next()?).ok_or(NotAKey)?;
        let word = next()?;
        let meal = Meal::parse(word).filter(|meal| meal.as_str() == word).ok_or(NotAKey)?;
        if parts.next().is_some() { Err(NotAKey) } else { Ok(Self { hall, date, meal }) }
    }
}

impl Serialize for MenuKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MenuKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A day written as exactly `YYYY-MM-DD` in ten ASCII characters (RFC 3339 `full-date`). There is no
/// year 0, and days before it could not be written so.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number: u32, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    if year == 0 {
        return None;
    }
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_of_parsed_parts_only() {
        let key: MenuKey = "menu:hoch:2026-02-09:lunch".parse().unwrap();
        assert_eq!(key.to_string(), "menu:hoch:2026-02-09:lunch");
        for bad in [
            "",
            "menu",
            "menu:hoch",
            "menu:hoch:2026-02-09",
            "menu:hoch:2026-02-30:lunch",
            "menu:hoch:2026-2-09:lunch",
            "menu:nowhere:2026-02-09:lunch",
            "menu:hoch:2026-02-09:LUNCH",
            "menu:hoch:2026-02-09:lunch:x",
            "other:hoch:2026-02-09:lunch",
            "menu:hoch:+026-02-09:lunch",
        ] {
            assert_eq!(bad.parse::<MenuKey>(), Err(NotAKey), "{bad}");
        }
    }
}
