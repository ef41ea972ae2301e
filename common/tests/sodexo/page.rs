//! The hall's page: its state, its day and its special hours.

use common::menu::Day;
use common::vendors::ParseError;
use common::vendors::sodexo::{location_page, parse_location_page};
use serde_json::{Value, json};

use crate::documents::*;
use crate::support;

#[test]
fn the_halls_page_holds_the_same_menu_as_the_data_service() {
    let (Some(page), Some(api)) = (support::capture(PAGE), support::capture(API)) else {
        return;
    };
    let bare = parse_location_page(&page, saturday()).expect("a readable state");
    assert_eq!(shape(&bare), HOCH_SATURDAY);
    assert_eq!(bare, read(&api));
    let page: Value = serde_json::from_str(&page).expect("a capture is JSON");
    assert_eq!(parse_location_page(&html(&page), saturday()).expect("a readable page"), bare);
}

#[test]
fn a_page_made_for_another_day_is_refused() {
    let friday = date("2025-11-14");
    if let Some(page) = support::capture(PAGE) {
        let error = parse_location_page(&page, friday);
        assert!(
            matches!(error, Err(ParseError::WrongDay { asked, shown })
                if asked == friday && shown == saturday()),
            "{error:?}"
        );
    }
    let page = html(&state(&json!([]), &json!([])));
    assert!(matches!(parse_location_page(&page, friday), Err(ParseError::WrongDay { .. })));
}

#[test]
fn a_value_in_the_page_ends_where_json_says_so() {
    let sections =
        json!([section("DINNER", &[group("SOUP", &[plain("Broth }; \u{2028} {\"a\": 1}}};")])])]);
    let page = html(&state(&sections, &json!([])));
    let reading = parse_location_page(&page, saturday()).expect("a readable page");
    assert_eq!(shape(&reading), ["dinner: Soup 1"]);
    assert_eq!(names(&reading), ["Broth }; {\"a\": 1}}};"]);
}

#[test]
fn a_page_without_state_day_or_menu_is_a_named_error() {
    let page = |body: &str| parse_location_page(body, saturday());
    for body in ["<html>sign in</html>", "<script>window.__PRELOADED_STATE__ = undefined;</script>"]
    {
        assert!(matches!(page(body), Err(ParseError::Html)), "{body}");
    }
    for body in ["", "{", "sorry", "<script>window.__PRELOADED_STATE__ = {\"a\":</script>"] {
        assert!(matches!(page(body), Err(ParseError::Json(_))), "{body}");
    }
    let mut no_day = state(&json!([]), &json!([]));
    no_day["composition"]["context"] = json!({});
    let mut no_menu = state(&json!([]), &json!([]));
    no_menu["composition"]["subject"] = json!({"regions": [5, {"fragments": "x"}]});
    let no_list = state(&json!({"sections": 1}), &json!([]));
    for body in [json!({}), json!([]), json!(1), no_day, no_menu, no_list] {
        assert!(matches!(page(&body.to_string()), Err(ParseError::Shape(_))), "{body}");
    }
    let deep = |times| format!("window.__PRELOADED_STATE__ = {}", "{\"regions\":[".repeat(times));
    assert!(matches!(page(&deep(40_000)), Err(ParseError::Json(_))));
    assert!(matches!(page(&deep(100_000)), Err(ParseError::Shape(_))), "too many");
}

#[test]
fn an_empty_page_is_closed_only_if_the_special_hours_say_so() {
    let served = json!({"allDay": false, "label": "Dinner",
        "startTime": {"hour": "05", "minute": "00", "period": "PM"},
        "finishTime": {"hour": "07", "minute": "00", "period": "AM"}});
    let fall_break = json!({"allDay": false, "label": "Fall Break"});
    for (hours, day) in [
        (json!([fall_break]), Day::Closed),
        (json!([{"allDay": true, "label": "Founders' Holiday CLOSED"}]), Day::Closed),
        (json!([served]), Day::NotPosted),
        (json!([fall_break, served]), Day::NotPosted),
        (json!([{"allDay": true, "label": "Open House"}]), Day::NotPosted),
        (json!([{"allDay": false, "label": "Holiday Dinner"}]), Day::NotPosted),
        (json!([{"allDay": false, "label": ""}]), Day::NotPosted),
        (json!([{"allDay": "no", "label": "Fall Break"}]), Day::NotPosted),
        (json!([]), Day::NotPosted),
        (json!(null), Day::NotPosted),
    ] {
        let seasons = json!([that_saturday(&hours)]);
        let page = state(&json!([]), &seasons).to_string();
        let reading = parse_location_page(&page, saturday()).expect("a readable page");
        assert_eq!(only_day(&reading), &day, "{hours}");
    }
    let sections = json!([section("DINNER", &[group("SOUP", &[plain("Broth")])])]);
    let page = state(&sections, &json!([that_saturday(&json!([fall_break]))])).to_string();
    let reading = parse_location_page(&page, saturday()).expect("a readable page");
    assert_eq!(shape(&reading), ["dinner: Soup 1"], "a menu outweighs the hours");
}

#[test]
fn a_season_closes_the_days_and_weekdays_that_it_names() {
    let closed = json!([{"allDay": false, "label": "Fall Break"}]);
    let pause = season("2025-11-13T13:00:00Z", "2025-11-16T17:00:00Z", &["4", "6", "0"], &closed);
    let page = state(&json!([]), &json!([pause, "no season", {"from": 1}])).to_string();
    for (day, is_closed) in [
        ("2025-11-12", false),
        ("2025-11-13", true),
        ("2025-11-14", false),
        ("2025-11-15", true),
        ("2025-11-16", true),
        ("2025-11-20", false),
    ] {
        assert_eq!(location_page::is_closed(&page, date(day)), is_closed, "{day}");
    }
    assert!(!location_page::is_closed("null", saturday()));
}

#[test]
fn the_narrower_of_two_seasons_decides_and_an_open_one_where_they_only_overlap() {
    let week = |from: &str, to: &str, hours: Value| season(from, to, &["5", "6"], &hours);
    let open = || json!([{"allDay": false, "label": "Lunch", "startTime": {}, "finishTime": {}}]);
    let shut = || json!([{"allDay": true, "label": "Closed"}]);
    let long = ("2025-11-01T06:00:00Z", "2025-11-15T23:59:59Z");
    let short = ("2025-11-14T06:00:00Z", "2025-11-15T23:59:59Z");
    let later = ("2025-11-15T17:00:00Z", "2025-11-30T23:59:59Z");
    for (one, other, is_closed) in [
        ((long, open()), (short, shut()), true),
        ((long, shut()), (short, open()), false),
        ((long, open()), (later, shut()), false),
        ((long, shut()), (later, shut()), true),
        ((long, shut()), (long, open()), false),
    ] {
        let seasons = [one, other].map(|((from, to), hours)| week(from, to, hours));
        let page = state(&json!([]), &json!(seasons)).to_string();
        assert_eq!(location_page::is_closed(&page, saturday()), is_closed, "{seasons:?}");
    }
}

#[test]
fn the_special_hours_of_a_real_page_are_understood() {
    let Some(page) = support::capture(PAGE) else {
        return;
    };
    for (day, is_closed, why) in [
        ("2025-10-10", false, "a Friday before the break"),
        ("2025-10-11", true, "closed without times"),
        ("2025-10-14", true, "the last day of the break"),
        ("2025-10-15", false, "after the break"),
        ("2025-06-19", true, "closed all day"),
        ("2025-03-28", false, "a brunch, and a dinner that ends before it starts"),
        ("2025-06-18", false, "lunch only"),
        ("2025-07-25", false, "the last lunch on the first day of the break"),
        ("2025-07-26", true, "summer"),
        ("2025-08-23", true, "the last day of summer"),
        ("2025-08-24", false, "after summer"),
        ("2025-11-15", false, "an ordinary Saturday"),
    ] {
        assert_eq!(location_page::is_closed(&page, date(day)), is_closed, "{day}: {why}");
    }
}
