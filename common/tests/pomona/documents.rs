//! Small feeds in the vendor's shape, and ways to look at what was read of them.

use chrono::NaiveDate;
use common::menu::{Day, MealMenu, MenuItem, Reading};
use common::vendors::pomona::parse;
use serde_json::{Value, json};

pub(crate) const FRANK: &str = "pomona/frank_2025-12-04_to_07.jsonp";
pub(crate) const FRARY: &str = "pomona/frary_2025-12-05_to_07.json";

pub(crate) fn choices(all: &[&str], yes: &[&str]) -> Vec<Value> {
    let answer = |label| if yes.contains(label) { "Yes" } else { "No" };
    all.iter().map(|label| json!({"@id": label, "#text": answer(label)})).collect()
}

/// A recipe as the feed has it, that states what is listed, with some fields changed.
pub(crate) fn recipe(name: &str, stated: &[&str], changes: Value) -> Value {
    let allergens = choices(&["Egg", "Milk", "Tree Nut", "Tree Nut (Pine Nut)", "Wheat"], stated);
    let diets = choices(
        &["Vegetarian", "Vegan", "Gluten Free", "Halal", "Contains Beef", "Mindful Mondays"],
        stated,
    );
    let sustainability = choices(&["Local", "Sustainable", "Humanely Raised"], stated);
    let mut recipe = json!({
        "@id": "3249530", "@category": "Grill Station", "@menuPosition": "1",
        "@description": "Kitchen/Name/Of It", "@shortName": name, "@displayonwebsite": "Yes",
        "@servingSize": "85.05", "@alternatedescription": "N/A", "@itemDailyComment": "",
        "@nutrients": "1.0|  2.0|NA", "allergens": {"allergen": allergens},
        "dietaryChoices": {"dietaryChoice": diets},
        "sustainability": {"dietaryChoice": sustainability},
        "ingredients": {"#cdata-section": "water, salt"}
    });
    if let (Some(recipe), Value::Object(changes)) = (recipe.as_object_mut(), changes) {
        recipe.extend(changes);
    }
    recipe
}

pub(crate) fn plain(name: &str) -> Value {
    recipe(name, &[], json!({}))
}

/// What a station serves at one meal.
pub(crate) fn record(date: impl Into<Value>, period: &str, recipe: &Value) -> Value {
    json!({
        "@id": "2126", "@name": "Hall FALL  Week 2", "@servedate": date.into(),
        "@location": "Hall", "@mealperiodname": period, "@menubulletin": "",
        "nutrients": "Calories (kcal)~CAL|", "recipes": {"recipe": recipe}
    })
}

pub(crate) fn closed(date: &str) -> Value {
    json!({
        "@id": "2127", "@name": "Hall FALL  Week 2", "@servedate": date, "@location": "Hall",
        "@mealperiodname": "Closed", "@menubulletin": "Closed", "nutrients": "",
        "recipes": {"closed": "Dec  5 2025 12:00AM"}
    })
}

pub(crate) fn feed(menu: &Value) -> String {
    json!({"EatecExchange": {"menu": menu}}).to_string()
}

/// A feed with one lunch of these recipes on 1 December 2025.
pub(crate) fn lunch(recipes: &Value) -> String {
    feed(&json!([record("20251201", "Lunch", recipes)]))
}

pub(crate) fn read(body: &str) -> Reading {
    parse(body).expect("a readable feed")
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub(crate) fn menus(reading: &Reading) -> impl Iterator<Item = (&NaiveDate, &MealMenu)> {
    reading.days.iter().flat_map(|(date, day)| match day {
        Day::Posted(meals) => meals.iter().map(|meal| (date, meal.as_ref())).collect(),
        Day::Closed | Day::NotPosted => Vec::new(),
    })
}

pub(crate) fn items(reading: &Reading) -> impl Iterator<Item = &MenuItem> {
    let stations = menus(reading).flat_map(|(_, meal)| &meal.stations);
    stations.flat_map(|station| &station.items)
}

pub(crate) fn names(reading: &Reading) -> Vec<&str> {
    items(reading).map(|item| item.name.as_str()).collect()
}

pub(crate) fn tags(item: &MenuItem) -> String {
    item.tags.iter().collect::<Vec<_>>().join(" ")
}

/// `2025-12-01 lunch: Mainline 6, Pizza 2` for every meal, `2025-12-06 closed` for such a day.
pub(crate) fn shape(reading: &Reading) -> Vec<String> {
    let station = |meal: &MealMenu| {
        let stations = meal.stations.iter();
        let stations = stations.map(|s| format!("{} {}", s.name, s.items.len()));
        stations.collect::<Vec<_>>().join(", ")
    };
    let mut lines = Vec::new();
    for (date, day) in &reading.days {
        match day {
            Day::Closed => lines.push(format!("{date} closed")),
            Day::NotPosted => lines.push(format!("{date} not posted")),
            Day::Posted(meals) => lines.extend(
                meals.iter().map(|meal| format!("{date} {}: {}", meal.meal, station(meal))),
            ),
        }
    }
    lines
}

/// The tags of a dish: `stated(&reading, "2025-12-01", "lunch", "Mainline", "Soup")`.
pub(crate) fn stated(reading: &Reading, on: &str, meal: &str, station: &str, name: &str) -> String {
    let mut menus = menus(reading);
    let (_, menu) = menus
        .find(|(day, menu)| **day == date(on) && menu.meal.as_str() == meal)
        .expect("the meal");
    let station = menu.stations.iter().find(|s| s.name == station).expect("the station");
    tags(station.items.iter().find(|item| item.name == name).expect("the dish"))
}
