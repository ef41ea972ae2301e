//! Meals, stations and days.

use std::collections::BTreeMap;

use common::{meal::Meal, menu::Day};
use serde_json::{Value, json};

use crate::documents::*;
use crate::support;

#[test]
fn a_weekend_has_brunch_and_dinner_and_nothing_else() {
    let Some(body) = support::capture(API) else {
        return;
    };
    let reading = read(&body);
    assert_eq!(shape(&reading), HOCH_SATURDAY);
    assert_eq!(reading.skipped, 0);
    assert!(meals(&reading).iter().all(|meal| meal.start.is_none() && meal.end.is_none()));
}

#[test]
fn a_snack_in_the_afternoon_is_a_meal_and_groups_differ_from_meal_to_meal_and_day_to_day() {
    let breakfast = "breakfast: Breakfast Pastry 1, Continental B'fast 1, Hot Breakfast 8, \
                     Omelete Bar 3, Waffle Bar 1";
    let days: [(&str, [&str; 4]); 3] = [
        (
            "2025-11-10",
            [
                breakfast,
                "lunch: Deli 4, Desserts 1, Entree 2, Grill 5, International 2, Pizza/Pasta 3, \
                 Salad Bar 3, Soup 2, Starch 1, Vegtarian/Vegan 1",
                "snack: Grill 7",
                "dinner: Deli 4, Entree 3, Grill 3, International 2, Pizza/Pasta 6, Salad Bar 3, \
                 Vegtarian/Vegan 1",
            ],
        ),
        (
            "2025-11-12",
            [
                "breakfast: Breakfast Pastry 1, Continental B'fast 2, Hot Breakfast 6, \
                 Omelete Bar 3, Waffle Bar 1",
                "lunch: Deli 4, Desserts 2, Entree 3, Grill 5, International 3, Pizza/Pasta 6, \
                 Salad Bar 4, Soup 2, Vegtarian/Vegan 1",
                "snack: Grill 6",
                "dinner: Deli 4, Desserts 2, Entree 3, Grill 3, International 3, Pizza/Pasta 6, \
                 Salad Bar 2, Vegtarian/Vegan 1",
            ],
        ),
        (
            "2025-12-08",
            [
                breakfast,
                "lunch: Deli 4, Desserts 1, Entree 3, Grill 5, International 2, Pizza/Pasta 6, \
                 Salad Bar 3, Soup 1, Vegtarian/Vegan 1",
                "snack: Grill 7",
                "dinner: Deli 4, Entree 3, Grill 3, International 3, Pizza/Pasta 6, Salad Bar 3, \
                 Vegtarian/Vegan 1",
            ],
        ),
    ];
    for (day, expected) in days {
        let Some(body) = support::capture(&format!("sodexo/thomas_{day}_api-v02.json")) else {
            return;
        };
        let reading = read(&body);
        assert_eq!(shape(&reading), expected, "{day}");
        assert_eq!(reading.skipped, 0, "{day}");
    }
}

#[test]
fn filler_is_no_dish_in_any_group_and_its_group_goes_with_it() {
    for capture in [API, "sodexo/thomas_2025-11-10_api-v02.json"] {
        let Some(body) = support::capture(capture) else {
            break;
        };
        let reading = read(&body);
        let mut stations = meals(&reading).iter().flat_map(|meal| &meal.stations);
        assert!(stations.all(|station| station.name != "Miscellaneous"), "{capture}");
        assert!(!names(&reading).contains(&"Have A Nice Day"), "{capture}");
    }
    let filler = || plain("Have A Nice Day");
    let reading = read(
        &json!([
            section(
                "LUNCH",
                &[
                    group("MISCELLANEOUS", &[filler()]),
                    group("GRILL", &[plain("Bean Burger"), plain(" HAVE A  NICE DAY! ")]),
                ]
            ),
            section("DINNER", &[group("MISCELLANEOUS", &[filler()])]),
        ])
        .to_string(),
    );
    assert_eq!(shape(&reading), ["lunch: Grill 1"]);
    assert_eq!(reading.skipped, 0);
}

#[test]
fn a_day_without_a_dish_is_not_posted_and_never_closed() {
    let filler = group("MISCELLANEOUS", &[plain("Have A Nice Day")]);
    for body in [
        json!([]),
        json!([section("LUNCH", &[])]),
        json!([{"name": "LUNCH", "groups": null}]),
        json!([section("LUNCH", &[group("GRILL", &[])])]),
        json!([section("LUNCH", std::slice::from_ref(&filler)), section("DINNER", &[filler])]),
    ] {
        let reading = read(&body.to_string());
        assert_eq!((only_day(&reading), reading.skipped), (&Day::NotPosted, 0), "{body}");
    }
    assert_eq!(only_day(&read("\u{FEFF} []\n")), &Day::NotPosted);
}

#[test]
fn a_station_is_named_in_title_case_and_without_a_name_takes_that_of_its_meal() {
    for (sent, name) in [
        (json!("CONTINENTAL B'FAST"), "Continental B'fast"),
        (json!("SPECIAL BAR  SALAD- S"), "Special Bar Salad- S"),
        (json!("- GRILL &amp; OVEN -"), "Grill & Oven"),
        (json!(null), "Holiday Lunch"),
        (json!(""), "Holiday Lunch"),
        (json!("--"), "Holiday Lunch"),
        (json!(12), "Holiday Lunch"),
    ] {
        let body = json!([section("HOLIDAY LUNCH", &[group(sent.clone(), &[plain("Stew")])])]);
        let reading = read(&body.to_string());
        assert_eq!(shape(&reading), [format!("lunch: {name} 1")], "{sent}");
    }
}

#[test]
fn a_dish_twice_in_a_group_is_one_and_a_meal_twice_is_one() {
    let vegan = dish("Stew", json!({"isVegan": true, "description": "hot"}));
    let grill = group("GRILL", &[plain("Stew"), plain("Rice, Beans and Peas"), vegan]);
    let body = json!([
        section("BREAKFAST", &[grill]),
        section("LUNCH", &[group("SOUP", &[plain("Broth")])]),
        section("CONTINENTAL BREAKFAST", &[group("BAKERY", &[plain("Roll")])]),
        section("MIDNIGHT FEAST", &[group("GRILL", &[plain("Toast")])]),
    ]);
    let reading = read(&body.to_string());
    let expected = ["breakfast: Grill 2, Bakery 1", "lunch: Soup 1", "midnight_feast: Grill 1"];
    assert_eq!(shape(&reading), expected);
    let stew = stated(&reading, Meal::Breakfast, "Grill", "Stew");
    assert_eq!(stew, (Some("hot".into()), "vegan vegetarian".into()));
}

#[test]
fn half_of_the_stations_is_still_a_menu() {
    let Some(body) = support::capture(API) else {
        return;
    };
    let mut sections: Value = serde_json::from_str(&body).expect("a capture is JSON");
    for section in sections.as_array_mut().expect("sections") {
        let groups = section["groups"].as_array_mut().expect("groups");
        groups.truncate(groups.len() / 2);
    }
    let reading = read(&sections.to_string());
    let expected = [
        "brunch: Bakery 2, Chef Corner 5, Exhibition 3, Grill 13, Grown Plant 6, \
         Hmc Special Salad 1",
        "dinner: Bakery 4, Chef Corner 5, Deli Bar Hmc 1, Entree 1, Entree - Meal 1, \
         Exhibition 4, Grill 7",
    ];
    assert_eq!(shape(&reading), expected);
}

#[test]
fn a_days_number_is_the_lowest_of_its_dishes_whatever_else_is_numbered() {
    let numbered = |name: &str, number: Value| dish(name, json!({"menuItemId": number}));
    let number = |items: &[Value]| read(&lunch(items)).number;
    let large = 7_017_622_768_u64;
    let stew = numbered("Stew", json!(large + 2));
    assert_eq!(number(&[stew.clone(), numbered("Rice", json!(large))]), Some(large));
    let filler = numbered("Have A Nice Day", json!(large));
    assert_eq!(number(&[stew.clone(), filler]), Some(large + 2), "no dish");
    for other in [json!(null), json!("7"), json!(-7), json!(0), json!(0.5), json!([7])] {
        assert_eq!(number(&[numbered("Rice", other.clone())]), None, "{other}");
        assert_eq!(number(&[numbered("Rice", other), stew.clone()]), Some(large + 2));
    }
    assert_eq!(read("[]").number, None);
}

#[test]
fn no_two_days_that_were_really_sent_share_the_number_of_a_dish() {
    let days =
        ["2025-11-10", "2025-11-12", "2025-12-08"].map(|day| format!("thomas_{day}_api-v02"));
    let hoch = "hoch_2025-11-15_sections-as-api-array".to_owned();
    let mut seen = BTreeMap::new();
    for name in days.into_iter().chain([hoch]) {
        let Some(body) = support::capture(&format!("sodexo/{name}.json")) else { return };
        let sections: Value = serde_json::from_str(&body).expect("a capture is JSON");
        let list = |value: &Value| value.as_array().cloned().expect("a list");
        let groups = list(&sections).into_iter().flat_map(|section| list(&section["groups"]));
        for dish in groups.flat_map(|group| list(&group["items"])) {
            let number = dish["menuItemId"].as_u64().expect("a number");
            let twice = seen.insert(number, name.clone()).filter(|other| *other != name);
            assert_eq!(twice, None, "{name}: {dish}");
        }
        let lowest = seen.iter().find(|(_, at)| **at == name).map(|(number, _)| *number);
        assert_eq!(read(&body).number, lowest, "{name}");
    }
}
