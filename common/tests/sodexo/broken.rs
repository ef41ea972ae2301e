//! What a broken body costs.

use common::vendors::ParseError;
use common::vendors::sodexo::{parse_api, parse_location_page};
use serde_json::json;

use crate::documents::*;
use crate::support;

#[test]
fn a_wrong_type_in_one_item_costs_that_item() {
    for broken in [
        json!(null),
        json!("Stew"),
        json!([]),
        json!({}),
        json!({"formalName": 7}),
        json!({"formalName": null}),
        plain(""),
        plain("<br>"),
        dish("Stew", json!({"description": ["a"]})),
        dish("Stew", json!({"isVegan": {"x": 1}})),
        dish("Stew", json!({"isVegan": 1})),
        dish("Stew", json!({"allergens": "Milk"})),
        dish("Stew", json!({"allergens": [{"allergen": 1, "name": null}]})),
        dish("Stew", json!({"allergens": [{"name": "Milk", "contains": []}]})),
    ] {
        let reading = read(&lunch(&[plain("Soup"), broken.clone(), plain("Rice")]));
        assert_eq!((names(&reading), reading.skipped), (vec!["Soup", "Rice"], 1), "{broken}");
    }
}

#[test]
fn a_group_or_section_that_cannot_be_read_costs_itself_only() {
    let good = || section("DINNER", &[group("SOUP", &[plain("Broth"), plain("Peas")])]);
    let two = [plain("Stew"), plain("Rice")];
    for (broken, cost) in [
        (json!(5), 1),
        (json!({"name": "LUNCH", "groups": "none"}), 1),
        (json!({"name": null, "groups": [group("GRILL", &two)]}), 2),
        (section("**", &[group("GRILL", &two)]), 2),
        (section("LUNCH", &[json!("GRILL")]), 1),
        (section("LUNCH", &[json!({"name": "GRILL", "items": {"a": 1}})]), 1),
    ] {
        let reading = read(&json!([broken, good()]).to_string());
        assert_eq!(shape(&reading), ["dinner: Soup 2"], "{broken}");
        assert_eq!(reading.skipped, cost, "{broken}");
    }
}

#[test]
fn a_day_of_which_more_than_half_is_lost_is_no_menu_and_half_is() {
    let lost = || json!({"title": "Stew"});
    let half = lunch(&[plain("Soup"), lost(), json!(7), plain("Rice")]);
    assert_eq!(read(&half).skipped, 2);
    let lunch = |items: &[serde_json::Value]| section("LUNCH", &[group("GRILL", items)]);
    for (body, lost, stated) in [
        (json!([lunch(&[plain("Soup"), lost(), json!(7)])]), 2, 3),
        (
            json!([lunch(&[plain("Soup")]), {"name": 5, "groups": [group("GRILL", &[plain("a"), plain("b")])]}]),
            2,
            3,
        ),
        (json!([lunch(&[lost(), plain("Have A Nice Day")])]), 1, 1),
        (json!([1, 2]), 2, 2),
        (json!([{"error": "no such menu"}]), 1, 1),
    ] {
        let error = parse_api(&body.to_string(), saturday());
        assert!(
            matches!(error, Err(ParseError::Unreadable { lost: l, stated: s }) if (l, s) == (lost, stated)),
            "{body}: {error:?}"
        );
        let page = html(&state(&body, &json!([])));
        let error = parse_location_page(&page, saturday());
        assert!(matches!(error, Err(ParseError::Unreadable { .. })), "{body}: {error:?}");
    }
}

#[test]
fn what_is_no_list_of_sections_is_a_named_error() {
    let api = |body: &str| parse_api(body, saturday());
    for page in ["<!doctype html><title>Error</title>", " \n<html>sign in</html>"] {
        assert!(matches!(api(page), Err(ParseError::Html)), "{page}");
    }
    for body in ["", "  ", "[{", "Unauthorized", "[] []", "[{\"name\": \"LUNCH\","] {
        assert!(matches!(api(body), Err(ParseError::Json(_))), "{body:?}");
    }
    for body in ["{}", "null", "0", "\"[]\"", "{\"message\":\"Access denied\",\"statusCode\":401}"]
    {
        assert!(matches!(api(body), Err(ParseError::Shape(_))), "{body:?}");
    }
    let deep = "[".repeat(200_000);
    assert!(matches!(api(&deep), Err(ParseError::Json(_))));
    assert!(matches!(api(&deep.replace('[', "{\"a\":")), Err(ParseError::Shape(_))), "too many");
    assert!(matches!(api(&"{\"a\":".repeat(40_000)), Err(ParseError::Json(_))));
}

#[test]
fn a_body_cut_anywhere_is_an_error_and_never_a_panic() {
    let sections = json!([section(
        "LUNCH",
        &[group(
            "GRILL",
            &[dish(
                "Crème Brûlée \u{1F36E}",
                json!({"allergens": [{"allergen": 1, "name": "Milk"}]})
            ),]
        )]
    )]);
    let api = sections.to_string();
    for (end, _) in api.char_indices() {
        let cut = parse_api(&api[..end], saturday());
        assert!(matches!(cut, Err(ParseError::Json(_))), "at {end}: {cut:?}");
    }
    let state = state(&sections, &json!([that_saturday(&json!([{"allDay": false}]))]));
    let page = html(&state);
    let whole = page.find(&state.to_string()).expect("the state") + state.to_string().len();
    for (end, _) in page.char_indices() {
        let cut = parse_location_page(&page[..end], saturday());
        assert_eq!(cut.is_ok(), end >= whole, "at {end}: {cut:?}");
    }
    if let Some(body) = support::capture(API) {
        assert!(matches!(parse_api(&body[..body.len() / 2], saturday()), Err(ParseError::Json(_))));
    }
}
