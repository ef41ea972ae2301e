//! Real feeds: everything that is in them.

use common::menu::{MealMenu, Reading};
use serde_json::{Value, json};

use crate::documents::*;
use crate::support;

/// Every capture, with all that it holds.
const CAPTURES: [(&str, &[&str]); 6] = [
    (
        "frank_2025-12-01.json",
        &[
            "2025-12-01 brunch: Mainline 9, Expo Station 12, Pizza 6, Grill Station 10, \
         Outdoor Grill 2, Soup Station 2, Salad Bar 4, Deli Bar 1, Desserts 5",
            "2025-12-01 dinner: Mainline 5, Expo Station 9, Pizza 4, Grill Station 6, Soup \
         Station 1, Deli Bar 1, Salad Bar 3, Desserts 3",
        ],
    ),
    (
        "frank_2025-12-04_to_07.jsonp",
        &[
            "2025-12-04 brunch: Mainline 12, Expo Station 12, Pizza 6, Grill Station 12, \
         Outdoor Grill 2, Soup Station 2, Salad Bar 3, Deli Bar 2, Desserts 5",
            "2025-12-04 dinner: Mainline 12, Expo Station 13, Pizza 4, Grill Station 12, Soup \
         Station 2, Deli Bar 2, Salad Bar 3, Desserts 3",
            "2025-12-05 closed",
            "2025-12-06 closed",
            "2025-12-07 brunch: Mainline 7, Expo Station 13, Pizza 6, Grill Station 14, \
         Outdoor Grill 2, Soup Station 2, Salad Bar 3, Deli Bar 1, Desserts 4",
            "2025-12-07 dinner: Mainline 5, Expo Station 10, Pizza 4, Grill Station 2, Soup \
         Station 1, Deli Bar 3, Salad Bar 3, Desserts 3",
        ],
    ),
    (
        "frary_2025-10-21_to_22.jsonp",
        &[
            "2025-10-21 breakfast: Mainline 7, Expo Station 2, Grill Station 4, Soup Station \
         1, Salad Bar 1, Desserts 2",
            "2025-10-21 lunch: Mainline 8, Expo Station 2, Pizza 10, Grill Station 8, Soup \
         Station 1, Salad Bar 3, Desserts 3",
            "2025-10-21 dinner: Mainline 6, Expo Station 4, Pizza 9, Grill Station 6, Soup \
         Station 1, Salad Bar 3, Desserts 3",
            "2025-10-22 breakfast: Mainline 7, Expo Station 2, Grill Station 1, Soup Station \
         1, Salad Bar 1, Desserts 2",
            "2025-10-22 lunch: Mainline 5, Expo Station 1, Pizza 9, Grill Station 5, Soup \
         Station 1, Salad Bar 3, Desserts 3",
            "2025-10-22 dinner: Mainline 7, Expo Station 3, Pizza 9, Grill Station 5, Soup \
         Station 1, Salad Bar 3, Desserts 3",
        ],
    ),
    (
        "frary_2025-12-05_to_07.json",
        &[
            "2025-12-05 breakfast: Mainline 7, Expo Station 2, Grill Station 1, Soup Station \
         1, Salad Bar 1, Desserts 2",
            "2025-12-05 lunch: Mainline 5, Expo Station 1, Pizza 9, Grill Station 8, Soup \
         Station 1, Salad Bar 3, Desserts 3",
            "2025-12-05 dinner: Mainline 8, Expo Station 1, Pizza 9, Grill Station 6, Soup \
         Station 1, Salad Bar 3, Desserts 1",
            "2025-12-06 brunch: Mainline 10, Expo Station 2, Pizza 8, Grill Station 6, Soup \
         Station 2, Salad Bar 6, Desserts 5",
            "2025-12-06 dinner: Mainline 9, Expo Station 1, Pizza 9, Grill Station 8, Soup \
         Station 1, Salad Bar 3, Desserts 3",
            "2025-12-07 brunch: Mainline 10, Expo Station 3, Pizza 4, Grill Station 6, Soup \
         Station 2, Salad Bar 2, Desserts 4",
            "2025-12-07 dinner: Expo Station 1, Pizza 10, Grill Station 6, Soup Station 1, \
         Salad Bar 3, Desserts 3",
        ],
    ),
    (
        "oldenborg_2025-11-13_week.json",
        &[
            "2025-11-13 lunch: Mainline 6, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 2",
            "2025-11-14 lunch: Mainline 6, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 2",
            "2025-11-15 closed",
            "2025-11-16 closed",
            "2025-11-17 lunch: Mainline 5, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 1, Deli Bar 1",
            "2025-11-18 lunch: Mainline 5, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 1, Deli Bar 1",
            "2025-11-19 lunch: Mainline 7, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 1, Deli Bar 1",
        ],
    ),
    (
        "oldenborg_2025-12-01_week.jsonp",
        &[
            "2025-12-01 lunch: Mainline 6, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 2",
            "2025-12-02 lunch: Mainline 7, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 2",
            "2025-12-03 lunch: Mainline 8, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 2",
            "2025-12-04 lunch: Mainline 5, Pizza 2, Soup Station 1, Salad Bar 1, Panini \
         Station 2, Expo Station 1",
            "2025-12-05 lunch: Mainline 6, Pizza 1, Soup Station 1, Salad Bar 1, Panini \
         Station 2",
            "2025-12-06 closed",
            "2025-12-07 closed",
        ],
    ),
];

#[test]
fn every_capture_gives_its_days_meals_stations_and_dishes() {
    for (capture, expected) in CAPTURES {
        let Some(body) = support::capture(&format!("pomona/{capture}")) else {
            continue;
        };
        let reading = read(&body);
        assert_eq!(shape(&reading), expected, "{capture}");
        assert_eq!(reading.skipped, 0, "{capture}");
        let timeless = |meal: &MealMenu| meal.start.is_none() && meal.end.is_none();
        assert!(menus(&reading).all(|(_, meal)| timeless(meal)), "{capture}");
        assert!(items(&reading).all(|item| item.description.is_none()), "{capture}");
    }
}

#[test]
fn an_ampersand_that_was_lost_leaves_one_blank() {
    let Some(body) = support::capture("pomona/frank_2025-12-01.json") else {
        return;
    };
    let reading = read(&body);
    let tofu = stated(&reading, "2025-12-01", "dinner", "Mainline", "Sweet Sour Tofu");
    assert_eq!(tofu, "contains-sesame contains-soy contains-wheat vegan vegetarian");
    let patty = stated(&reading, "2025-12-01", "brunch", "Grill Station", "Beef Patty");
    assert_eq!(patty, "contains-beef gluten-free");
    assert!(names(&reading).iter().all(|name| !name.contains("  ") && name.trim() == *name));
}

#[test]
fn a_name_loses_its_outer_blanks_and_keeps_its_tags() {
    let Some(body) = support::capture(FRARY) else {
        return;
    };
    let reading = read(&body);
    let of = |on, meal, station, name| stated(&reading, on, meal, station, name);
    assert_eq!(
        of("2025-12-05", "dinner", "Grill Station", "Gourmet Tuna Melt on Sourdough"),
        "contains-egg contains-fish contains-milk contains-soy contains-wheat"
    );
    assert_eq!(
        of("2025-12-05", "dinner", "Grill Station", "Grilled Halal Chicken Breast"),
        "contains-poultry gluten-free halal"
    );
}

#[test]
fn a_nut_in_brackets_is_stated_twice_over() {
    let Some(body) = support::capture("pomona/oldenborg_2025-12-01_week.jsonp") else {
        return;
    };
    let reading = read(&body);
    let beans = "Garlic Green Beans Almondine";
    assert_eq!(
        stated(&reading, "2025-12-03", "lunch", "Mainline", beans),
        "contains-almond contains-tree-nut gluten-free vegan vegetarian"
    );
    let rice = stated(&reading, "2025-12-04", "lunch", "Mainline", "Steamed Jasmine Rice");
    assert_eq!(rice, "gluten-free vegan vegetarian");
}

#[test]
fn an_old_feed_says_nothing_of_other_days() {
    let Some(body) = support::capture("pomona/oldenborg_2025-11-13_week.json") else {
        return;
    };
    let reading = read(&body);
    assert_eq!(reading.days.len(), 7);
    assert_eq!(reading.days.get(&date("2025-11-20")), None);
    assert_eq!(read(&feed(&json!([]))), Reading::default());
}

#[test]
fn half_of_the_stations_is_still_a_menu() {
    let Some(body) = support::capture("pomona/frank_2025-12-01.json") else {
        return;
    };
    let mut feed: Value = serde_json::from_str(&body).expect("a capture is JSON");
    let menu = feed["EatecExchange"]["menu"].as_array_mut().expect("a list");
    let mut at = 0;
    menu.retain(|_| {
        at += 1;
        at % 2 == 1
    });
    let expected = [
        "2025-12-01 brunch: Mainline 9, Pizza 6, Outdoor Grill 2, Salad Bar 4, Desserts 5",
        "2025-12-01 dinner: Expo Station 9, Grill Station 6, Deli Bar 1, Desserts 3",
    ];
    assert_eq!(shape(&read(&feed.to_string())), expected);
}
