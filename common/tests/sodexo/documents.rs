//! Small documents in the vendor's shape, and ways to look at what was read of them.

use std::sync::Arc;

use chrono::NaiveDate;
use common::vendors::sodexo::parse_api;
use common::{
    meal::Meal,
    menu::{Day, MealMenu, MenuItem, Reading},
};
use serde_json::{Value, json};

pub(crate) const API: &str = "sodexo/hoch_2025-11-15_sections-as-api-array.json";
pub(crate) const PAGE: &str = "sodexo/hoch_2025-11-15_location-page_preloaded-state.json";

/// Saturday 15 November 2025.
pub(crate) fn saturday() -> NaiveDate {
    date("2025-11-15")
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

/// A dish as the data service sends it, with some fields changed.
pub(crate) fn dish(name: &str, changes: Value) -> Value {
    let mut dish = json!({
        "course": "GRILL", "courseSortOrder": 0, "meal": "LUNCH", "menuItemId": 7_000_000_001_u64,
        "formalName": name, "description": "", "price": 0.0, "ingredients": "water, salt",
        "allergens": [], "isVegan": false, "isVegetarian": false, "isMindful": false,
        "isSwell": false, "isPlantBased": false, "calories": "110", "fat": "0g",
        "addedSugar": null, "portion": "1 Bowl", "sizes": [], "addons": []
    });
    if let (Some(dish), Value::Object(changes)) = (dish.as_object_mut(), changes) {
        dish.extend(changes);
    }
    dish
}

pub(crate) fn plain(name: &str) -> Value {
    dish(name, json!({}))
}

pub(crate) fn group(name: impl Into<Value>, items: &[Value]) -> Value {
    json!({"name": name.into(), "sortOrder": 0, "items": items})
}

pub(crate) fn section(name: &str, groups: &[Value]) -> Value {
    json!({"name": name, "groups": groups})
}

/// A lunch with these dishes at one station.
pub(crate) fn lunch(items: &[Value]) -> String {
    json!([section("LUNCH", &[group("GRILL", items)])]).to_string()
}

/// The state of the hall's page, made on 15 November 2025.
pub(crate) fn state(sections: &Value, seasons: &Value) -> Value {
    let hours = json!({"standardHours": [], "seasonalHours": seasons});
    let place = json!({"type": "Location", "content": {"main": {"openingHours": hours}}});
    let menu = json!({"type": "Menu", "content": {"main": {"sections": sections}}});
    json!({
        "tenant": "hmc",
        "composition": {
            "subject": {"regions": [
                {"fragments": [place], "regions": [], "id": "body"},
                {"fragments": [], "regions": [{"fragments": [menu], "regions": []}], "id": "menus"},
            ]},
            "context": {"content": {"localDateTime": "2025-11-15T05:39:43"}},
        },
    })
}

pub(crate) fn season(from: &str, to: &str, days: &[&str], hours: &Value) -> Value {
    let days: Vec<_> = days.iter().map(|key| json!({"key": key, "value": "a weekday"})).collect();
    json!({"from": from, "to": to, "openingHours": [{"days": days, "hours": hours}]})
}

/// A season of that Saturday alone.
pub(crate) fn that_saturday(hours: &Value) -> Value {
    season("2025-11-15T06:00:00Z", "2025-11-15T23:59:59Z", &["6"], hours)
}

/// A page that mentions its state before it assigns it, and goes on after it.
pub(crate) fn html(state: &Value) -> String {
    format!(
        "<!DOCTYPE html><html><head><script>if (!window.__PRELOADED_STATE__) {{}}\n\
         window.__PRELOADED_STATE__ == null;</script></head><body><script>\n\
         window.__PRELOADED_STATE__ = {state};\n window.other = {{}};</script></body></html>"
    )
}

pub(crate) fn read(body: &str) -> Reading {
    parse_api(body, saturday()).expect("a readable body")
}

pub(crate) fn only_day(reading: &Reading) -> &Day {
    assert_eq!(reading.days.keys().collect::<Vec<_>>(), [&saturday()]);
    reading.days.values().next().expect("one day")
}

pub(crate) fn meals(reading: &Reading) -> &[Arc<MealMenu>] {
    match only_day(reading) {
        Day::Posted(meals) => meals,
        other => panic!("no menu but {other:?}"),
    }
}

/// `lunch: Grill 2, Soup 1` for every meal.
pub(crate) fn shape(reading: &Reading) -> Vec<String> {
    let line = |menu: &MealMenu| {
        let stations = menu.stations.iter();
        let stations = stations.map(|s| format!("{} {}", s.name, s.items.len()));
        format!("{}: {}", menu.meal, stations.collect::<Vec<_>>().join(", "))
    };
    meals(reading).iter().map(|menu| line(menu)).collect()
}

pub(crate) fn items(reading: &Reading) -> impl Iterator<Item = &MenuItem> {
    meals(reading).iter().flat_map(|meal| &meal.stations).flat_map(|station| &station.items)
}

pub(crate) fn names(reading: &Reading) -> Vec<&str> {
    items(reading).map(|item| item.name.as_str()).collect()
}

/// The description and the tags of a dish at one station.
pub(crate) fn stated(
    reading: &Reading,
    meal: Meal,
    station: &str,
    name: &str,
) -> (Option<String>, String) {
    let menu = meals(reading).iter().find(|menu| menu.meal == meal).expect("the meal");
    let station = menu.stations.iter().find(|s| s.name == station).expect("the station");
    let item = station.items.iter().find(|item| item.name == name).expect("the dish");
    (item.description.clone(), item.tags.iter().collect::<Vec<_>>().join(" "))
}

pub(crate) fn tags_of(item: Value) -> String {
    let reading = read(&lunch(&[item]));
    items(&reading).next().map(|i| i.tags.iter().collect::<Vec<_>>().join(" ")).expect("a dish")
}

pub(crate) const HOCH_SATURDAY: [&str; 2] = [
    "brunch: Bakery 2, Chef Corner 5, Exhibition 3, Grill 13, Grown Plant 6, Hmc Special Salad 1, \
     Oven 1, Salad Bar Yogurt 4, Simple Servings 6, Soup Bar 2, Special Bar Salad- S 3, \
     Vegetable 1",
    "dinner: Bakery 4, Chef Corner 5, Deli Bar Hmc 1, Entree 1, Entree - Meal 1, Exhibition 4, \
     Grill 7, Grown Plant 6, Hmc Special Salad 1, Oven 4, Salad Bar Yogurt 4, Simple Servings 6, \
     Soup Bar 3, Special Bar Salad- S 3",
];
