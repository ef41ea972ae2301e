//! What differs between two readings of the same day, dish by dish: "Frary lunch: +3 −1". Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{meal::Meal, menu::KnownDay};

/// So many names of each sort are told of.
const NAMES: usize = 20;

/// How a menu changed from one reading to the next. A dish that moves to another station stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which day.
    pub date: NaiveDate,
    /// Which meal.
    pub meal: Meal,
    /// When the reading was made that brought it.
    pub changed_at: DateTime<Utc>,
    /// How many dishes came.
    pub added: usize,
    /// How many went.
    pub removed: usize,
    /// What came, in alphabetical order; the first twenty.
    pub added_names: Vec<String>,
    /// What went, likewise.
    pub removed_names: Vec<String>,
}

/// Every meal of which a dish came or went.
#[must_use]
pub fn between(before: &KnownDay, after: &KnownDay) -> Vec<Change> {
    let all = before.menus.iter().chain(&after.menus);
    let meals: BTreeSet<&Meal> = all.map(|known| &known.menu.meal).collect();
    let changes = meals.into_iter().map(|meal| {
        let (old, new) = (dishes(before, meal), dishes(after, meal));
        let names = |from: &BTreeSet<&str>, without: &BTreeSet<&str>| {
            let names = from.difference(without).take(NAMES);
            names.map(|&name| name.to_owned()).collect::<Vec<_>>()
        };
        Change {
            date: after.date,
            meal: meal.clone(),
            changed_at: after.fetched_at,
            added: new.difference(&old).count(),
            removed: old.difference(&new).count(),
            added_names: names(&new, &old),
            removed_names: names(&old, &new),
        }
    });
    changes.filter(|change| change.added + change.removed > 0).collect()
}

fn dishes<'a>(day: &'a KnownDay, meal: &Meal) -> BTreeSet<&'a str> {
    let menus = day.menus.iter().filter(|known| known.menu.meal == *meal);
    let stations = menus.flat_map(|known| &known.menu.stations);
    stations.flat_map(|station| &station.items).map(|item| item.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        menu::{Day, DayBuilder, MenuItem},
        tags::Tags,
    };

    fn day(lunch: &[(&str, &str)], dinner: &[(&str, &str)]) -> KnownDay {
        let mut day = DayBuilder::default();
        for (meal, dishes) in [(Meal::Lunch, lunch), (Meal::Dinner, dinner)] {
            day.meal(meal, None, None);
            for (station, name) in dishes {
                let item =
                    MenuItem { name: (*name).to_owned(), description: None, tags: Tags::new() };
                day.item(station, item);
            }
        }
        let at = "2026-11-23T18:42:00Z".parse().unwrap();
        KnownDay::read("2026-11-23".parse().unwrap(), Day::Posted(day.finish()), at, at)
    }

    #[test]
    fn what_came_and_went_is_told_by_name() {
        let before = day(&[("Grill", "Burger"), ("Grill", "Fries"), ("Bar", "Fruit")], &[]);
        let after = day(
            &[("Grill", "Burger"), ("Home", "Fruit"), ("Bar", "Tofu"), ("Bar", "Rice")],
            &[("Grill", "Steak")],
        );
        let told: Vec<_> = between(&before, &after)
            .into_iter()
            .map(|one| (one.meal, one.added, one.removed, one.added_names, one.removed_names))
            .collect();
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            told,
            [
                (Meal::Lunch, 2, 1, names(&["Rice", "Tofu"]), names(&["Fries"])),
                (Meal::Dinner, 1, 0, names(&["Steak"]), names(&[])),
            ]
        );
        assert_eq!(between(&after, &after), []);
    }

    #[test]
    fn names_are_few_and_counts_are_whole() {
        let many: Vec<String> = (0..50).map(|dish| format!("Dish {dish:02}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| ("Grill", name.as_str())).collect();
        let change = between(&day(&[], &[]), &day(&many, &[])).remove(0);
        assert_eq!((change.added, change.added_names.len()), (50, NAMES));
    }
}
