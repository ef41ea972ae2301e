//! What a menu is: meals of a day, their stations and items, and what a vendor can say of a day.
//! Knows nothing of Redis, SQL or HTTP.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{meal::Meal, tags::Tags};

/// One dish as it is served to callers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    /// The vendor's name for it, cleaned; never empty.
    pub name: String,
    /// What the vendor adds to the name.
    pub description: Option<String>,
    /// What the vendor states of it.
    pub tags: Tags,
}

/// A counter within a hall and what it serves; never empty once it is in a menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// The vendor's name for it, cleaned.
    pub name: String,
    /// In the vendor's order, each name once.
    pub items: Vec<MenuItem>,
}

/// One meal of one day as a document gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MealMenu {
    /// Which meal.
    pub meal: Meal,
    /// First serving, local time, where the document says it.
    pub start: Option<NaiveTime>,
    /// Last serving, local time, where the document says it.
    pub end: Option<NaiveTime>,
    /// In the vendor's order, each name once, none empty.
    pub stations: Vec<Station>,
}

impl MealMenu {
    /// How many dishes.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.stations.iter().map(|station| station.items.len()).sum()
    }
}

/// What a vendor says of one day of one hall. "Broken" is no day: it is an error of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Day {
    /// There are menus, each meal once.
    Posted(Vec<Arc<MealMenu>>),
    /// The vendor says that the hall is shut.
    Closed,
    /// The vendor says nothing of this day (yet).
    NotPosted,
}

/// What one document says, by day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Every day that the document speaks of.
    pub days: BTreeMap<NaiveDate, Day>,
    /// Dishes that had to be left out (no such reference, wrong type); filler is not counted.
    pub skipped: usize,
    /// The vendor's number of this posting, where it has one: no two days share it.
    pub number: Option<u64>,
}

/// What a vendor last said of a day, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayState {
    /// There are menus.
    Posted,
    /// The hall is shut.
    Closed,
    /// Nothing was said (yet).
    NotPosted,
}

impl DayState {
    /// The word in columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Closed => "closed",
            Self::NotPosted => "not_posted",
        }
    }
}

/// A day with the menus that count for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDay {
    /// The hall's own day.
    pub date: NaiveDate,
    /// The vendor's last word.
    pub state: DayState,
    /// When that word was read.
    pub fetched_at: DateTime<Utc>,
    /// Until when it need not be asked for again.
    pub fresh_until: DateTime<Utc>,
    /// `Posted`: the menus of that reading. `NotPosted`: menus of earlier readings, kept.
    pub menus: Vec<KnownMenu>,
}

/// A menu and the reading that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMenu {
    /// The menu; shared, as it is saved, served and remembered by others.
    pub menu: Arc<MealMenu>,
    /// When it was read.
    pub fetched_at: DateTime<Utc>,
}

impl KnownDay {
    /// The day as one reading gives it.
    #[must_use]
    pub fn read(
        date: NaiveDate,
        day: Day,
        fetched_at: DateTime<Utc>,
        fresh_until: DateTime<Utc>,
    ) -> Self {
        let (state, meals) = match day {
            Day::Posted(meals) => (DayState::Posted, meals),
            Day::Closed => (DayState::Closed, Vec::new()),
            Day::NotPosted => (DayState::NotPosted, Vec::new()),
        };
        let menus = meals.into_iter().map(|menu| KnownMenu { menu, fetched_at }).collect();
        Self { date, state, fetched_at, fresh_until, menus }
    }
}

/// More dishes than any document names (a large one: 700). It bounds the work for a hostile one:
/// whoever builds a day looks through all that it has for each.
pub const MAX_DISHES: usize = 10_000;

/// Builds a day's meals by the rules that hold for every vendor: the same meal, station or item
/// twice is one, in the order first seen; what stays empty is left out.
#[derive(Debug, Default)]
pub struct DayBuilder {
    meals: Vec<MealMenu>,
    open: usize,
}

impl DayBuilder {
    /// Opens a meal, or goes on with it: hours then span both.
    pub fn meal(&mut self, meal: Meal, start: Option<NaiveTime>, end: Option<NaiveTime>) {
        let at = self.meals.iter().position(|known| known.meal == meal);
        self.open = at.unwrap_or(self.meals.len());
        match self.meals.get_mut(self.open) {
            Some(known) => {
                known.start = [known.start, start].into_iter().flatten().min();
                known.end = [known.end, end].into_iter().flatten().max();
            }
            None => self.meals.push(MealMenu { meal, start, end, stations: Vec::new() }),
        }
    }

    /// Adds an item to a station of the meal opened last.
    pub fn item(&mut self, station: &str, item: MenuItem) {
        let Some(meal) = self.meals.get_mut(self.open) else { return };
        let at = meal.stations.iter().position(|known| known.name == station);
        let station = match at {
            Some(at) => meal.stations.get_mut(at),
            None => {
                meal.stations.push(Station { name: station.to_owned(), items: Vec::new() });
                meal.stations.last_mut()
            }
        };
        let Some(station) = station else { return };
        match station.items.iter_mut().find(|known| known.name == item.name) {
            Some(known) => {
                known.tags.join(item.tags);
                known.description = known.description.take().or(item.description);
            }
            None => station.items.push(item),
        }
    }

    /// The meals that hold anything.
    #[must_use]
    pub fn finish(self) -> Vec<Arc<MealMenu>> {
        let meals = self.meals.into_iter().filter(|meal| !meal.stations.is_empty());
        meals.map(Arc::new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_meal_station_or_item_twice_is_one() {
        let item = |name: &str, label: &str| {
            let mut tags = Tags::new();
            tags.add_label(label);
            MenuItem { name: name.to_owned(), description: None, tags }
        };
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0);
        let mut day = DayBuilder::default();
        day.meal(Meal::Breakfast, at(7), at(9));
        day.item("Grill", item("Eggs", "Vegetarian"));
        day.meal(Meal::Lunch, None, None);
        day.meal(Meal::Breakfast, at(9), at(10));
        day.item("Grill", item("Eggs", "Organic"));
        day.item("Bar", item("Fruit", "Vegan"));
        let meals = day.finish();
        assert_eq!(meals.len(), 1, "a meal without items is left out");
        assert_eq!((meals[0].start, meals[0].end), (at(7), at(10)));
        assert_eq!(meals[0].item_count(), 2);
        assert_eq!(
            meals[0].stations[0].items[0].tags.iter().collect::<Vec<_>>(),
            ["organic", "vegetarian"]
        );
    }
}
