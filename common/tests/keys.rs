//! Keys, whatever text they are made of: one spelling each, and no more of them than there are menus
//! that a vendor may be asked for.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use common::{
    entry::{MenuKey, parse_date},
    hall::HallId,
    meal::Meal,
    vendors,
};
use proptest::prelude::*;

/// Texts that are a hall, a day, a meal, or nearly one.
fn nearly(words: Vec<String>) -> impl Strategy<Value = String> {
    let one = prop::sample::select(words);
    prop_oneof![
        4 => one.clone(),
        1 => one.clone().prop_map(|word| word.to_uppercase()),
        1 => (one.clone(), "[ :_/%a-z0-9-]{0,3}").prop_map(|(word, more)| word + &more),
        1 => (one, "[ :_/%a-z0-9-]{0,3}").prop_map(|(word, more)| more + &word),
        1 => "\\PC{0,12}",
    ]
}

fn words<T: ToString>(of: impl IntoIterator<Item = T>) -> Vec<String> {
    of.into_iter().map(|one| one.to_string()).collect()
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 2, 9).unwrap_or_default()
}

fn days() -> impl Iterator<Item = NaiveDate> {
    let first = today() - chrono::Days::new(20);
    first.iter_days().take(45)
}

/// What a caller says, as a key for which a vendor may be asked.
fn accepted(hall: &str, date: &str, meal: &str) -> Option<MenuKey> {
    let (first, last) = vendors::window(today());
    let key = MenuKey {
        hall: HallId::parse(hall)?,
        date: parse_date(date)?,
        meal: Meal::parse(meal).filter(|meal| Meal::SIX.contains(meal))?,
    };
    (first..=last).contains(&key.date).then_some(key)
}

#[test]
fn there_are_as_many_keys_as_halls_days_and_meals() {
    let mut keys = BTreeSet::new();
    for hall in HallId::ALL {
        for date in days() {
            for meal in Meal::SIX {
                keys.extend(accepted(hall.as_str(), &date.to_string(), meal.as_str()));
            }
        }
    }
    assert_eq!(keys.len(), 7 * 16 * 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_accepted_is_one_of_them_however_it_is_spelt(
        hall in nearly(words(HallId::ALL)),
        date in nearly(words(days())),
        meal in nearly(words(Meal::SIX)),
    ) {
        let Some(key) = accepted(&hall, &date, &meal) else { return Ok(()) };
        prop_assert_eq!(key.hall.as_str(), hall.as_str());
        prop_assert_eq!(key.date.to_string(), date);
        let text = key.to_string();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", text);
        prop_assert_eq!(text.parse(), Ok(key));
    }

    #[test]
    fn a_text_that_is_a_key_is_the_only_one(text in "menu:[a-z]{4,10}:[0-9-]{9,11}:\\PC{0,70}") {
        if let Ok(key) = text.parse::<MenuKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn a_vendors_own_meal_makes_a_key_that_is_read_back(label in "\\PC{0,90}", day in 1..3_000_000) {
        let date = NaiveDate::from_num_days_from_ce_opt(day).expect("a day before the year 9999");
        let Some(meal) = Meal::from_label(&label) else { return Ok(()) };
        let key = MenuKey { hall: HallId::Hoch, date, meal };
        let text = key.to_string();
        prop_assert!(text.len() <= "menu:hoch:2026-02-09:".len() + 64, "{}", text);
        prop_assert_eq!(text.parse(), Ok(key));
    }
}
