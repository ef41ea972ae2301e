//! Which stations a meal has, in which order, and what stands in each.

use common::menu::Day;
use serde_json::json;

use crate::page::{Page, day, dish, dish_with, lunch, meal, served, station, tags};

#[test]
fn a_station_loses_its_at_sign_and_keeps_its_name() {
    let items = json!({ "1": dish("1", "moon cakes") });
    for (label, name) in [
        ("@home", "home"),
        ("@@home", "home"),
        ("<strong>@ Home &amp; Hearth</strong>", "Home & Hearth"),
        ("expo- mongolian", "expo- mongolian"),
        ("breakfast @ home", "breakfast @ home"),
        ("@", "Lunch"),
        ("", "Lunch"),
    ] {
        let daypart = lunch(&json!([station("0001-7", label, &json!(["1"]))]));
        let meals = Page::with_items(&items).meal("3", &daypart).meals();
        assert_eq!(meals[0].stations[0].name, name, "{label:?}");
    }
}

#[test]
fn a_station_without_a_name_in_a_meal_without_a_name_is_called_by_the_meals_number() {
    let items = json!({ "1": dish("1", "moon cakes") });
    for label in ["", " ", "<br>", "!"] {
        let daypart = meal(label, "", "", &json!([station("0001-7", "@", &json!(["1"]))]));
        let meals = Page::with_items(&items).meal("3", &daypart).meals();
        assert_eq!(
            (meals[0].meal.as_str(), served(&meals[0])[0].0),
            ("meal_3", "Meal 3"),
            "{label:?}"
        );
    }
}

#[test]
fn the_same_name_twice_is_one_dish_and_one_station() {
    let items = json!({
        "1": dish_with("1", "oat &amp; honey", &json!({ "cor_icon": { "1": "Vegetarian" } })),
        "2": dish_with("2", "oat & honey", &json!({ "cor_icon": { "10": "Halal" }, "description": "warm" })),
        "3": dish("3", "figs"),
    });
    let stations = json!([
        station("0001-7", "bar", &json!(["1", "2", "1"])),
        station("0002-8", "grill", &json!(["1"])),
        station("0003-9", "@bar", &json!(["3"])),
    ]);
    let meals = Page::with_items(&items).meal("3", &lunch(&stations)).meals();
    assert_eq!(
        served(&meals[0]),
        [("bar", vec!["oat & honey", "figs"]), ("grill", vec!["oat & honey"])]
    );
    let joined = &meals[0].stations[0].items[0];
    assert_eq!(
        (tags(joined), joined.description.as_deref()),
        (vec!["halal", "vegetarian"], Some("warm"))
    );
}

#[test]
fn stations_stand_by_order_id_and_those_without_one_stay_in_order_at_the_end() {
    let items = json!({ "1": dish("1", "moon cakes") });
    let mut unordered = station("", "fifth", &json!(["1"]));
    unordered.as_object_mut().unwrap().remove("order_id");
    let stations = json!([
        station("", "fourth", &json!(["1"])),
        unordered,
        station("0014-14010", "second", &json!(["1"])),
        station("0014-378", "third", &json!(["1"])),
        station("0002-9", "first", &json!(["1"])),
    ]);
    let meals = Page::with_items(&items).meal("3", &lunch(&stations)).meals();
    let names: Vec<_> = meals[0].stations.iter().map(|station| station.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "third", "fourth", "fifth"]);
}

#[test]
fn a_station_without_items_is_left_out() {
    let items = json!({ "1": dish("1", "moon cakes") });
    let stations =
        json!([station("0001-7", "root", &json!([])), station("0002-8", "grill", &json!(["1"]))]);
    let meals = Page::with_items(&items).meal("3", &lunch(&stations)).meals();
    assert_eq!(served(&meals[0]), [("grill", vec!["moon cakes"])]);

    let empty = lunch(&json!([station("0001-7", "root", &json!([]))]));
    let reading = Page::with_items(&items).meal("3", &empty).read().unwrap();
    assert_eq!(day(reading), Day::NotPosted, "meals without any dish are not a menu");
}

#[test]
fn lists_that_php_turned_into_objects_are_still_lists() {
    let items = json!({ "1": dish("1", "moon cakes"), "2": dish("2", "figs") });
    let stations = json!({ "0": station("0001-7", "grill", &json!({ "0": "1", "4": 2 })) });
    let meals = Page::with_items(&items).meal("3", &lunch(&stations)).meals();
    assert_eq!(served(&meals[0]), [("grill", vec!["moon cakes", "figs"])]);
}
