//! What must hold of every document that a parser takes, however it came about.

use chrono::NaiveDate;
use common::{
    entry::{Entry, MenuKey},
    hall::HallId,
    menu::{Day, MealMenu, Reading},
    vendors::text::MAX_CHARS,
};

/// The day that documents are asked for.
#[must_use]
pub fn asked() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 2, 9).unwrap_or_default()
}

/// What is read can be shown and stored: nothing empty, nothing too long, nothing that forges what
/// is read; and the entry that is made of it is one of ours.
///
/// # Panics
/// When it cannot.
pub fn check(reading: &Reading) {
    for (date, day) in &reading.days {
        let Day::Posted(meals) = day else { continue };
        assert!(!meals.is_empty(), "posted without a meal");
        for meal in meals {
            check_meal(*date, meal);
        }
    }
}

fn check_meal(date: NaiveDate, menu: &MealMenu) {
    assert!(!menu.stations.is_empty(), "a meal without a station");
    for station in &menu.stations {
        assert!(!station.items.is_empty(), "a station without an item");
        check_text(&station.name);
        for item in &station.items {
            check_text(&item.name);
            item.description.iter().for_each(|text| check_text(text));
            assert!(item.tags.iter().all(|tag| !tag.is_empty() && tag.len() <= 80));
        }
    }
    // Days that no date can name may be read, and are never asked for.
    if common::entry::parse_date(&date.to_string()).is_none() {
        return;
    }
    let key = MenuKey { hall: HallId::Hoch, date, meal: menu.meal.clone() };
    assert_eq!(key.to_string().parse(), Ok(key.clone()));
    let at = chrono::DateTime::UNIX_EPOCH;
    let entry = Entry::menu(&key, &menu.stations, false, at).expect("JSON");
    let bytes = entry.to_bytes(&key).expect("JSON");
    assert_eq!(Entry::from_bytes(&key, bytes), Some(entry));
}

/// One line that shows what it says.
///
/// # Panics
/// When it is not.
pub fn check_text(text: &str) {
    assert!(!text.is_empty() && text.trim() == text, "{text:?}");
    // Title case may make three characters of one (`ﬃ`).
    assert!(text.chars().count() <= 3 * MAX_CHARS, "{} characters", text.chars().count());
    let forges = |c: char| {
        c.is_control()
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    assert!(!text.chars().any(forges), "{text:?}");
}
