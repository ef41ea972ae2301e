//! What a dish says: its name, description, choices and tags.

use std::sync::Arc;

use common::menu::MenuItem;
use serde_json::{Value, json};

use crate::page::{Page, dish, dish_with, lunch, station, tags};

/// Lunch with one station and these dishes, as served.
fn lunch_of(items: &Value) -> Vec<MenuItem> {
    let ids: Vec<&String> = items.as_object().unwrap().keys().collect();
    let page = Page::with_items(items)
        .meal("3", &lunch(&json!([station("0001-7", "grill", &json!(ids))])));
    let mut meals = page.meals();
    Arc::unwrap_or_clone(meals.remove(0)).stations.remove(0).items
}

#[test]
fn an_empty_list_and_an_object_of_icons_both_give_the_tags() {
    let items = lunch_of(&json!({
        "1": dish("1", "plain rice"),
        "2": dish_with("2", "star soup", &json!({ "cor_icon": { "4": "Vegan", "10": "Halal" } })),
        "3": dish_with("3", "sun bowl", &json!({
            "cor_icon": { "1": "Vegetarian", "9": "Made without Gluten-Containing Ingredients" }
        })),
    }));
    assert_eq!(tags(&items[0]), [""; 0]);
    assert_eq!(tags(&items[1]), ["halal", "vegan", "vegetarian"]);
    assert_eq!(tags(&items[2]), ["gluten-free", "vegetarian"]);
}

#[test]
fn allergen_icons_say_contains_and_unknown_icons_say_nothing() {
    let icons = json!({
        "257": "Wheat/Gluten", "258": "Milk", "253": "peanuts", "255": "Tree Nut",
        "262": "Information Unavailable", "229": "Offered Often", "300": "Gluten-Friendly",
        "18": "Humane", "6": "Farm to Fork", "7": "In Balance", "3": "Seafood Watch", "8": "Organic"
    });
    let items =
        lunch_of(&json!({ "1": dish_with("1", "star pie", &json!({ "cor_icon": icons })) }));
    let expected = "contains-gluten contains-milk contains-peanut contains-tree-nut contains-wheat \
                    farm-to-fork humane in-balance organic seafood-watch";
    assert_eq!(tags(&items[0]).join(" "), expected);
}

#[test]
fn fields_that_change_their_type_and_are_not_served_do_no_harm() {
    let items = lunch_of(&json!({
        "1": dish_with("1", "one", &json!({ "tier": 1, "special": 0, "nutrition_details": [] })),
        "2": dish_with("2", "two", &json!({ "tier": "3", "special": "1", "sizes": [{ "a": [1] }] })),
        "3": dish_with("3", "three", &json!({ "tier": null, "monotony": { "id": "9" }, "price": 4 })),
    }));
    assert_eq!(items.len(), 3);
}

#[test]
fn names_and_descriptions_are_one_clean_line() {
    let items = lunch_of(&json!({
        "1": dish_with("1", "moon  cakes\nstar + sauce", &json!({ "description": "a | b |<br />c &amp; d" })),
        "2": dish_with("2", "chef&#039;s soup", &json!({ "description": "Chef's  Soup" })),
        "3": dish_with("3", "salt &amp;amp; pepper", &json!({ "description": "&nbsp;" })),
        "4": dish_with("4", " <br /> ", &json!({})),
        "5": dish_with("5", "tea", &json!({ "description": null })),
    }));
    let said: Vec<_> = items.iter().map(|i| (i.name.as_str(), i.description.as_deref())).collect();
    assert_eq!(
        said,
        [
            ("moon cakes star + sauce", Some("a | b | c & d")),
            ("chef's soup", None),
            ("salt & pepper", None),
            ("tea", None),
        ]
    );
}

#[test]
fn standing_offers_are_served_like_specials() {
    let items = lunch_of(&json!({
        "1": dish_with("1", "today's pie", &json!({ "special": 1, "tier": 1 })),
        "2": dish_with("2", "corn flakes", &json!({ "special": 0, "tier": "3" })),
    }));
    assert_eq!(items.len(), 2);
}

#[test]
fn choices_within_a_dish_follow_its_description() {
    let options = |labels: &[&str]| {
        let values: Vec<Value> =
            labels.iter().map(|label| json!({ "label": label, "nutrition": {} })).collect();
        json!({ "connector": "custom", "options": { "label": "sides", "type": "items", "values": values } })
    };
    let mut described = options(&["rice "]);
    described["description"] = json!("from our garden.");
    let items = lunch_of(&json!({
        "1": dish_with("1", "pasta station", &options(&["white pasta", "figs, dates &amp; oil"])),
        "2": dish_with("2", "moon stew", &described),
        "3": dish_with("3", "star stew", &options(&[])),
        "4": dish_with("4", "long list", &options(&["é"; 600])),
    }));
    assert_eq!(items[0].name, "pasta station");
    assert_eq!(items[0].description.as_deref(), Some("Choices: white pasta; figs, dates & oil"));
    assert_eq!(items[1].description.as_deref(), Some("from our garden. Choices: rice"));
    assert_eq!(items[2].description, None);
    assert_eq!(items[3].description.as_ref().unwrap().chars().count(), 500);
}
