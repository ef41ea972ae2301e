//! Names, descriptions and tags.

use common::meal::Meal;
use serde_json::{Value, json};

use crate::documents::*;
use crate::support;

#[test]
fn a_dish_of_a_capture_keeps_its_words_and_tags() {
    let Some(body) = support::capture(API) else {
        return;
    };
    let reading = read(&body);
    let of = |meal, station, name| stated(&reading, meal, station, name);
    let oatmeal = (Some("A hearty bowl of oatmeal".into()), "plant-based vegan vegetarian".into());
    assert_eq!(of(Meal::Brunch, "Grill", "Oatmeal"), oatmeal);
    let nuggets = (None, "contains-gluten contains-wheat".into());
    assert_eq!(of(Meal::Brunch, "Chef Corner", "Chicken Nuggets"), nuggets);
    let penne = "contains-gluten contains-wheat mindful plant-based vegan vegetarian";
    assert_eq!(of(Meal::Dinner, "Grill", "Penne Pasta"), (None, penne.into()));
    let (_, remoulade) = of(Meal::Dinner, "Oven", "Classic Remoulade");
    assert_eq!(remoulade, "contains-egg contains-fish contains-soy");
}

#[test]
fn a_description_may_be_null_empty_or_text() {
    if let Some(body) = support::capture(API) {
        let reading = read(&body);
        assert_eq!(items(&reading).filter(|item| item.description.is_some()).count(), 47);
        assert_eq!(items(&reading).count(), 97);
    }
    for (sent, kept) in [
        (json!(null), None),
        (json!(""), None),
        (json!(" \n "), None),
        (json!("with\n rice &amp; beans"), Some("with rice & beans")),
    ] {
        let reading = read(&lunch(&[dish("Stew", json!({"description": sent}))]));
        assert_eq!(items(&reading).next().and_then(|item| item.description.as_deref()), kept);
    }
}

#[test]
fn a_vegetarian_dish_that_is_plant_based_is_not_made_vegan() {
    let Some(body) = support::capture("sodexo/thomas_2025-11-12_api-v02.json") else {
        return;
    };
    let reading = read(&body);
    let (_, crisp) = stated(&reading, Meal::Dinner, "Desserts", "Apple Crisp");
    assert_eq!(crisp, "contains-gluten contains-soy contains-wheat plant-based vegetarian");
    let (_, yogurt) =
        stated(&reading, Meal::Breakfast, "Continental B'fast", "Vanilla Greek Yogurt");
    assert_eq!(yogurt, "contains-milk vegetarian");
    let vegan = items(&reading).filter(|item| item.tags.has("vegan")).count();
    let vegetarian = items(&reading).filter(|item| item.tags.has("vegetarian")).count();
    assert_eq!((vegan, vegetarian), (25, 52));
}

#[test]
fn fields_that_are_not_read_may_have_any_type() {
    for changes in [
        json!({"price": 0}),
        json!({"price": 0.0}),
        json!({"ingredients": null, "calories": ""}),
        json!({"menuItemId": "none", "portion": 3, "sizes": {"a": []}, "new": [[1]]}),
    ] {
        let reading = read(&lunch(&[dish("Stew", changes.clone())]));
        assert_eq!((names(&reading), reading.skipped), (vec!["Stew"], 0), "{changes}");
    }
}

#[test]
fn an_allergen_counts_unless_the_entry_denies_it() {
    let capture = "sodexo/binghamton_2026-03-07_api-v02_fragment_contains-flag.json";
    if let Some(body) = support::capture(capture) {
        let reading = read(&body);
        assert_eq!(shape(&reading), ["brunch: Savory 1"]);
        let (words, tags) = stated(&reading, Meal::Brunch, "Savory", "Cage Free Scrambled Eggs");
        assert_eq!(words.as_deref(), Some("Light and fluffy scrambled eggs..."));
        assert_eq!(tags, "contains-egg vegetarian");
    }
    let listed = |contains: Value| {
        let mut entry = json!({"allergen": 1, "name": "Milk"});
        if !contains.is_null() {
            entry["contains"] = contains;
        }
        tags_of(dish("Stew", json!({"allergens": [entry, {"allergen": 3, "name": "Tree Nut"}]})))
    };
    for yes in [json!(null), json!(true), json!("true"), json!("TRUE"), json!("perhaps")] {
        assert_eq!(listed(yes.clone()), "contains-milk contains-tree-nut", "{yes}");
    }
    for no in [json!(false), json!("false"), json!(" False ")] {
        assert_eq!(listed(no.clone()), "contains-tree-nut", "{no}");
    }
    let null = json!({"allergens": [{"allergen": 2, "name": "Egg", "contains": null}]});
    assert_eq!(tags_of(dish("Stew", null)), "contains-egg");
    assert_eq!(tags_of(dish("Stew", json!({"allergens": null}))), "");
}

#[test]
fn diets_are_stated_as_booleans_or_as_words() {
    let flags = |yes: Value, no: Value| {
        json!({"isVegan": no, "isVegetarian": yes, "isMindful": yes, "isPlantBased": yes,
               "isSwell": yes, "isGlutenFree": yes})
    };
    let all = "gluten-free mindful plant-based vegetarian";
    assert_eq!(tags_of(dish("Stew", flags(json!(true), json!(false)))), all);
    assert_eq!(tags_of(dish("Stew", flags(json!("true"), json!("False")))), all);
    assert_eq!(tags_of(dish("Stew", flags(json!("perhaps"), json!(null)))), "");
    let vegan = dish("Stew", json!({"isVegan": true, "isVegetarian": false}));
    assert_eq!(tags_of(vegan), "vegan vegetarian");
}
