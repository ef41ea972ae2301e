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
        let good = record("20251201", "Dinner", &json!([plain("Broth"), plain("Peas")]));
        let reading = read(&feed(&json!([broken, good])));
        assert_eq!(shape(&reading), ["2025-12-01 dinner: Grill Station 2"], "{broken}");
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
}

#[test]
fn a_day_of_which_more_than_half_is_lost_is_no_menu_and_half_is() {
    let lost = || json!({"title": "Stew"});
    let day = |date: &str, recipes: Value| record(date, "Lunch", &recipes);
    let whole =
        || day("20251202", json!([plain("Soup"), plain("Rice"), plain("Peas"), plain("Figs")]));
    let half = day("20251201", json!([plain("Soup"), lost(), plain("Rice"), lost()]));
    assert_eq!(read(&feed(&json!([half, whole()]))).skipped, 2);
    // Of the week it would be less than half; and no day that is not posted.
    for (recipes, lost, stated) in
        [(json!([plain("Soup"), lost(), 7]), 2, 3), (json!([lost()]), 1, 1), (json!("Stew"), 1, 1)]
    {
        let error = parse(&feed(&json!([day("20251201", recipes), whole()])));
        assert!(
            matches!(error, Err(ParseError::Unreadable { lost: l, stated: s }) if (l, s) == (lost, stated)),
            "{error:?}"
        );
    }
    // Of what has no day at all.
    let undated = day("soon", json!([plain("a"), plain("b"), plain("c"), plain("d"), plain("e")]));
    let error = parse(&feed(&json!([undated, whole()])));
    assert!(matches!(error, Err(ParseError::Unreadable { lost: 5, stated: 9 })), "{error:?}");
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
