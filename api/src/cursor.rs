//! Where a page ends, as text that a caller gives back. It names the last item, not its number, so
//! that nothing is shown twice or left out when items are added; and the question that it belongs to.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{Datelike, NaiveDate};
use common::{meal::Meal, store::Place};
use xxhash_rust::xxh3::Xxh3;

/// A digest of what was asked, without the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question(u64);

impl Question {
    /// Of these parts, in this order.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut hash = Xxh3::new();
        for part in parts {
            // What is absent differs from what is empty, and "a" "bc" from "ab" "c".
            let length = part.map_or(0, |part| part.len() + 1);
            hash.update(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part.unwrap_or_default().as_bytes());
        }
        Self(hash.digest())
    }

    /// The cursor behind this item.
    pub(crate) fn cursor(self, place: &Place) -> String {
        let Place { rank, date, hall_id, meal_order, meal, position } = place;
        let fields = (self.0, rank, date, hall_id, meal_order, meal, position);
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&fields).unwrap_or_default())
    }

    /// The item that a cursor of this question stands behind. `None`: it is not one.
    pub(crate) fn place(self, cursor: &str) -> Option<Place> {
        let json = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (_, rank, date, hall_id, meal_order, meal, position): (
            u64,
            i16,
            NaiveDate,
            String,
            i16,
            String,
            i32,
        ) = serde_json::from_slice(&json).ok()?;
        let is_hall = hall_id.bytes().all(|byte| byte.is_ascii_graphic());
        let is_meal = Meal::parse(&meal).is_some_and(|known| known.as_str() == meal);
        let place = Place { rank, date, hall_id, meal_order, meal, position };
        // One text for one place: this also compares the question.
        let ours = is_hall && is_meal && (1..=9999).contains(&date.year());
        (ours && self.cursor(&place) == cursor).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            rank: 9,
            date: "2026-02-09".parse().unwrap(),
            hall_id: "mcconnell".to_owned(),
            meal_order: 6,
            meal: "x".repeat(64),
            position: i32::MAX,
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_item_and_fits_its_parameter() {
        let question = Question::of([Some("pizza"), None]);
        let cursor = question.cursor(&place());
        assert!(cursor.len() <= 256, "{}", cursor.len());
        assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        assert_eq!(question.place(&cursor), Some(place()));
    }

    #[test]
    fn what_is_none_of_ours_or_of_another_question_is_no_cursor() {
        let question = Question::of([Some("pizza"), None]);
        let cursor = question.cursor(&place());
        for other in [[Some("pizz"), Some("a")], [None, Some("pizza")], [Some("pizza"), Some("")]] {
            assert_eq!(Question::of(other).place(&cursor), None, "{other:?}");
        }
        for at in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = question.place(&String::from_utf8(bytes).unwrap());
            // A letter changed may be another place of the same question, never none at all.
            assert!(changed.is_none_or(|changed| changed != place()), "{at}");
        }
        for text in [
            "",
            "AAAA",
            "e30",
            "%",
            cursor.get(1..).unwrap(),
            &format!("{cursor}="),
            &cursor.repeat(2),
        ] {
            assert_eq!(question.place(text), None, "{text}");
        }
        let foreign = |hall: &str, meal: &str| {
            let (hall_id, meal) = (hall.to_owned(), meal.to_owned());
            question.place(&question.cursor(&Place { hall_id, meal, ..place() }))
        };
        assert_eq!(foreign("a\0", "lunch"), None);
        assert_eq!(foreign("hoch", "lu\0nch"), None);
        assert_eq!(foreign("hoch", "Lunch"), None);
        assert!(foreign("hoch", "lunch").is_some());
    }
}
