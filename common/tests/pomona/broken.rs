//! What a broken body costs.

use common::hall::HallId;
use common::vendors::ParseError;
use common::vendors::pomona::{parse, parse_of};
use serde_json::{Value, json};

use crate::documents::*;
use crate::support;

#[test]
fn a_feed_that_names_another_hall_is_refused_and_one_that_names_none_is_not() {
    let of = |location: Value| {
        let mut foreign = record("20251201", "Lunch", &plain("Stew"));
        foreign["@location"] = location;
        let ours = record("20251202", "Lunch", &plain("Rice"));
        parse_of(&feed(&json!([ours, foreign])), HallId::Frank)
    };
    for ours in ["Frank Dining", "FRANK", "Frank and Frary", "Hall", ""] {
        assert_eq!(of(json!(ours)).expect(ours).days.len(), 2, "{ours}");
    }
    assert!(of(json!(7)).is_ok());
    let shown = HallId::Frary;
    let error = of(json!("Frary Dining")).expect_err("Frary's");
    assert!(matches!(error, ParseError::WrongHall { shown: hall, .. } if hall == shown), "{error}");
    assert_eq!(error.to_string(), "the document is for frary, not for frank");
}

#[test]
fn a_wrong_type_in_one_item_costs_that_item() {
    for broken in [
        json!(5),
        json!("Stew"),
        json!(true),
        json!({}),
        json!({"@shortName": ["Stew"]}),
        plain("<br>"),
        recipe("Stew", &[], json!({"@category": {"a": 1}})),
        recipe("Stew", &[], json!({"@displayonwebsite": 1})),
        recipe("Stew", &[], json!({"allergens": 7})),
        recipe("Stew", &[], json!({"allergens": {"allergen": "Milk"}})),
        recipe("Stew", &[], json!({"allergens": {"allergen": [{"@id": 1, "#text": "Yes"}]}})),
        recipe(
            "Stew",
            &[],
            json!({"dietaryChoices": {"dietaryChoice": {"@id": "Vegan", "#text": true}}}),
        ),
        recipe("Stew", &[], json!({"sustainability": [false]})),
    ] {
        let reading = read(&lunch(&json!([plain("Soup"), broken, plain("Rice")])));
        assert_eq!((names(&reading), reading.skipped), (vec!["Soup", "Rice"], 1), "{broken}");
    }
}

#[test]
fn a_record_that_cannot_be_read_costs_itself_only() {
    let two = json!([plain("Stew"), plain("Rice")]);
    let mut periodless = record("20251201", "Lunch", &two);
    periodless["@mealperiodname"] = json!(null);
    let mut recipes = record("20251201", "Lunch", &two);
    recipes["recipes"] = json!(3);
    for (broken, cost) in [
        (json!("Lunch"), 1),
        (record("20251301", "Lunch", &two), 2),
        (record("2025-12-01", "Lunch", &two), 2),
        (record("+2025121", "Lunch", &two), 2),
        (record(20_251_201, "Lunch", &two), 2),
        (record(Value::Null, "Lunch", &two), 2),
        (record("20251201", "**", &two), 2),
        (record("20251201", "Closed", &two), 2),
        (periodless, 2),
        (recipes, 1),
    ] {
        let good = record("20251201", "Dinner", &plain("Broth"));
        let reading = read(&feed(&json!([broken, good])));
        assert_eq!(shape(&reading), ["2025-12-01 dinner: Grill Station 1"], "{broken}");
        assert_eq!(reading.skipped, cost, "{broken}");
    }
}

#[test]
fn what_is_no_feed_is_a_named_error() {
    for page in ["<!DOCTYPE html><title>Log in</title>", "\n <html></html>", "/**/ <html>"] {
        assert!(matches!(parse(page), Err(ParseError::Html)), "{page}");
    }
    for body in
        ["", " ", "menuData(", "/**/ menuData({);", "Forbidden", "{\"EatecExchange\":", "/*"]
    {
        assert!(matches!(parse(body), Err(ParseError::Json(_))), "{body:?}");
    }
    for body in [
        "{}",
        "[]",
        "null",
        "5",
        "menuData([]);",
        "{\"error\":\"no\"}",
        "{\"EatecExchange\":null}",
        "{\"EatecExchange\":[]}",
        "{\"EatecExchange\":{}}",
        "{\"EatecExchange\":{\"menu\":7}}",
        "{\"EatecExchange\":{\"menu\":\"Closed\"}}",
        "{\"EatecExchange\":{\"menu\":[1,2]}}",
        "{\"EatecExchange\":{\"menu\":{}}}",
    ] {
        assert!(matches!(parse(body), Err(ParseError::Shape(_))), "{body:?}");
    }
    for undated in [record("soon", "Lunch", &plain("Stew")), closed("")] {
        assert!(matches!(parse(&feed(&undated)), Err(ParseError::Shape(_))), "{undated}");
    }
    let unreadable = lunch(&json!([{"title": "Stew"}]));
    assert!(matches!(parse(&unreadable), Err(ParseError::Shape(_))));
}

#[test]
fn deep_nesting_is_an_error_and_never_an_overflow() {
    for open in ["[", "{\"a\":", "{\"EatecExchange\":"] {
        assert!(parse(&open.repeat(200_000)).is_err(), "{open}");
    }
    for start in [
        "{\"EatecExchange\":{\"menu\":",
        "{\"EatecExchange\":{\"menu\":{\"recipes\":",
        "{\"EatecExchange\":{\"menu\":{\"@name\":",
        "{\"EatecExchange\":{\"menu\":{\"x\":",
    ] {
        let body = format!("{start}{}", "[".repeat(200_000));
        assert!(matches!(parse(&body), Err(ParseError::Json(_))), "{start}");
    }
}

#[test]
fn a_body_cut_anywhere_is_an_error_and_never_a_panic() {
    let stew = recipe("Crème Brûlée \u{1F36E}", &["Milk", "Vegetarian"], json!({}));
    let bare = feed(&json!([record("20251201", "Lunch", &stew), closed("20251202")]));
    let body = format!("/**/ menuData({bare});");
    for (end, _) in body.char_indices() {
        let cut = parse(&body[..end]);
        let whole = end >= body.len() - ");".len();
        assert_eq!(cut.is_ok(), whole, "at {end}: {cut:?}");
        assert!(whole || matches!(cut, Err(ParseError::Json(_))), "at {end}: {cut:?}");
    }
    let Some(body) = support::capture(FRANK) else {
        return;
    };
    assert!(matches!(parse(&body[..body.len() / 2]), Err(ParseError::Json(_))));
}
