//! The menu behind a document: what a hall really serves, before a vendor's format has twisted it
//! and as a right reader must serve it again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use super::dishes::{Dish, of_courses};
use super::hall::{Hall, Vendor};
use super::picker::Picker;
use super::plan::{self, MealPlan, StationPlan};
use super::posting::{Kind, Posting};
use super::{bon_appetit, pomona, sodexo};

/// Dishes of a large day. A few of them are merged or hidden, and 300 are promised.
const LARGE: usize = 360;

/// How many stations are left of a scarce day, of one dish each.
const SCARCE: usize = 2;

/// One dish at one station, as written by the vendor and as to be read.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) dish: &'static Dish,
    /// The name as the document spells it; `name` as it must be shown.
    pub(crate) written: String,
    pub(crate) name: String,
    /// The description as the document spells it; `about` as it must be shown.
    pub(crate) written_about: String,
    pub(crate) about: Option<String>,
    /// Choices within the dish (Bon Appétit's `options`).
    pub(crate) choices: &'static [&'static str],
    pub(crate) tags: BTreeSet<String>,
    /// In the document, but marked as not to be shown.
    pub(crate) hidden: bool,
    /// Decides everything of no consequence: ids, nutrition, ingredients.
    pub(crate) seed: u64,
}

/// A station as written and as to be read.
pub(crate) struct Station {
    pub(crate) written: &'static str,
    pub(crate) name: &'static str,
    pub(crate) items: Vec<Item>,
}

/// A meal of a day.
pub(crate) struct Meal {
    pub(crate) word: &'static str,
    pub(crate) label: &'static str,
    pub(crate) start: &'static str,
    pub(crate) end: &'static str,
    pub(crate) stations: Vec<Station>,
}

/// A hall's day.
pub(crate) enum Day {
    Menu(Vec<Meal>),
    Closed,
    NotPosted,
}

/// The day as posted. The same hall, date and posting always give the same menu.
pub(crate) fn day(hall: Hall, date: NaiveDate, posting: Posting) -> Day {
    match posting.kind {
        Kind::Closed => return Day::Closed,
        Kind::NotPosted => return Day::NotPosted,
        _ => {}
    }
    let plans = plan::meals(hall, posting.kind, date.weekday());
    if plans.is_empty() {
        return Day::Closed;
    }
    let times = if posting.kind == Kind::Large { times_larger(&plans) } else { 1 };
    Day::Menu(plans.into_iter().map(|plan| meal(hall, date, plan, posting, times)).collect())
}

/// How often over a day must be served to hold [`LARGE`] dishes and more.
fn times_larger(plans: &[MealPlan]) -> usize {
    let stations = plans.iter().flat_map(|plan| &plan.stations);
    let usual: usize = stations.map(|(.., count)| count).sum();
    LARGE.div_ceil(usual.max(1)).max(2)
}

fn meal(hall: Hall, date: NaiveDate, plan: MealPlan, posting: Posting, times: usize) -> Meal {
    let MealPlan { word, label, start, end, stations } = plan;
    let edition = posting.edition;
    let few = if posting.kind == Kind::Scarce { SCARCE } else { stations.len() };
    let stations = stations
        .into_iter()
        .take(few)
        .map(|mut station| {
            if posting.kind == Kind::Scarce {
                station.3 = station.3.min(1);
            }
            let place = format!("{}/{date}/{label}/{}/{edition}", hall.as_str(), station.0);
            fill(hall.vendor(), station, times, &mut Picker::new(&place))
        })
        .collect();
    Meal { word, label, start, end, stations }
}

fn fill(vendor: Vendor, plan: StationPlan, times: usize, picker: &mut Picker) -> Station {
    let (written, name, courses, count) = plan;
    let mut picked = picker.dishes(&of_courses(courses), count * times);
    // Bon Appétit and Pomona list a dish twice in one station now and then.
    if vendor != Vendor::Sodexo && count > 2 && picker.one_in(4) {
        picked.extend(picked.first().cloned());
    }
    let items = picked
        .into_iter()
        .enumerate()
        .map(|(at, (name, dish))| match vendor {
            Vendor::Sodexo => sodexo::item(name, dish, picker),
            Vendor::BonAppetit => bon_appetit::item(name, dish, at, picker),
            Vendor::Pomona => pomona::item(name, dish, picker),
        })
        .collect();
    Station { written, name, items }
}

/// What a right reader must make of a hall's day.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// By meal (the canonical word): the `stations` of the answer's body.
    Menu(BTreeMap<String, Value>),
    /// The vendor says that the hall is shut.
    Closed,
    /// The vendor says nothing of the day.
    NotPosted,
}

impl Expected {
    /// The `stations` of that meal; `None` when it is not served.
    #[must_use]
    pub fn stations(&self, meal: &str) -> Option<&Value> {
        match self {
            Self::Menu(meals) => meals.get(meal),
            _ => None,
        }
    }

    /// The meals served, in alphabetical order.
    #[must_use]
    pub fn meals(&self) -> Vec<&str> {
        match self {
            Self::Menu(meals) => meals.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// From the model, never from the document: the same meal, station or dish twice is one.
pub(crate) fn expected(day: &Day) -> Expected {
    let meals = match day {
        Day::Closed => return Expected::Closed,
        Day::NotPosted => return Expected::NotPosted,
        Day::Menu(meals) => meals,
    };
    let mut by_word: BTreeMap<String, Vec<(&str, Vec<Shown>)>> = BTreeMap::new();
    for meal in meals {
        let stations = by_word.entry(meal.word.to_owned()).or_default();
        for station in &meal.stations {
            for item in station.items.iter().filter(|item| !item.hidden) {
                merge(stations, station.name, item);
            }
        }
    }
    Expected::Menu(by_word.into_iter().map(|(word, stations)| (word, body(stations))).collect())
}

struct Shown {
    name: String,
    about: Option<String>,
    tags: BTreeSet<String>,
}

fn merge<'a>(stations: &mut Vec<(&'a str, Vec<Shown>)>, name: &'a str, item: &Item) {
    let mut at = stations.iter().position(|(known, _)| *known == name);
    if at.is_none() {
        stations.push((name, Vec::new()));
        at = stations.len().checked_sub(1);
    }
    let Some((_, items)) = at.and_then(|at| stations.get_mut(at)) else {
        return;
    };
    match items.iter_mut().find(|known| known.name == item.name) {
        Some(known) => {
            known.tags.extend(item.tags.iter().cloned());
            known.about = known.about.take().or_else(|| item.about.clone());
        }
        None => items.push(Shown {
            name: item.name.clone(),
            about: item.about.clone(),
            tags: item.tags.clone(),
        }),
    }
}

fn body(stations: Vec<(&str, Vec<Shown>)>) -> Value {
    let item =
        |item: Shown| json!({"name": item.name, "description": item.about, "tags": item.tags});
    stations
        .into_iter()
        .map(|(name, items)| {
            json!({"name": name, "items": items.into_iter().map(item).collect::<Value>()})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_dish_is_expected_twice_in_a_station_and_tags_are_sorted() {
        let first: NaiveDate = "2026-02-02".parse().unwrap();
        for hall in Hall::ALL {
            for date in first.iter_days().take(21) {
                for kind in [Kind::Regular, Kind::Large, Kind::HolidayBrunch] {
                    let day = day(hall, date, Posting { kind, edition: 1 });
                    let Expected::Menu(meals) = expected(&day) else {
                        continue;
                    };
                    for stations in meals.values() {
                        check(stations);
                    }
                }
            }
        }
    }

    fn check(stations: &Value) {
        for station in stations.as_array().unwrap() {
            let items = station["items"].as_array().unwrap();
            assert!(!items.is_empty());
            let mut names: Vec<_> = items.iter().map(|item| item["name"].as_str()).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{station}");
            for item in items {
                let tags = item["tags"].as_array().unwrap();
                assert!(tags.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
                let vegan = tags.contains(&json!("vegan"));
                assert!(!vegan || tags.contains(&json!("vegetarian")), "{item}");
            }
        }
    }

    #[test]
    fn another_edition_hall_or_day_is_another_menu_and_the_same_is_the_same() {
        let date: NaiveDate = "2026-02-04".parse().unwrap();
        let menu = |hall, date, edition| {
            let posting = Posting { kind: Kind::Regular, edition };
            expected(&day(hall, date, posting))
        };
        let first = menu(Hall::Malott, date, 0);
        assert_eq!(first, menu(Hall::Malott, date, 0));
        assert_ne!(first, menu(Hall::Malott, date, 1));
        assert_ne!(first, menu(Hall::Mcconnell, date, 0));
        assert_ne!(first, menu(Hall::Malott, date.succ_opt().unwrap(), 0));
    }
}
