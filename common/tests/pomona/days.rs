//! Dates, meals and stations.

use common::vendors::pomona::feed_address;
use serde_json::{Value, json};

use crate::documents::*;

#[test]
fn the_wrapper_may_be_there_or_not() {
    let bare = lunch(&plain("Stew (hot); fresh"));
    let expected = read(&bare);
    assert_eq!(names(&expected), ["Stew (hot); fresh"]);
    for body in [
        format!("/**/ menuData({bare});"),
        format!("\u{FEFF}/**/menuData({bare})"),
        format!("  /* a */ /* b */ window.menuData ( {bare} ) ; \r\n"),
        format!("({bare});"),
        format!("\n{bare}\n"),
    ] {
        assert_eq!(read(&body), expected, "{body}");
    }
}

#[test]
fn one_stands_for_a_list_of_one_at_every_level() {
    let one = recipe(
        "Stew",
        &[],
        json!({
            "allergens": {"allergen": {"@id": "Milk", "#text": "Yes"}},
            "dietaryChoices": {"dietaryChoice": {"@id": "Halal", "#text": "Yes"}},
            "sustainability": {"dietaryChoice": {"@id": "Humanely Raised", "#text": "Yes"}},
        }),
    );
    for menu in [
        record("20251201", "Lunch", &one),
        json!([record("20251201", "Lunch", &one)]),
        json!([record("20251201", "Lunch", &json!([one]))]),
    ] {
        let reading = read(&feed(&menu));
        assert_eq!(shape(&reading), ["2025-12-01 lunch: Grill Station 1"]);
        assert_eq!(items(&reading).map(tags).collect::<Vec<_>>(), ["contains-milk halal humane"]);
    }
}

#[test]
fn a_day_is_closed_only_if_all_of_its_records_say_so() {
    let meal = |date: &str| record(date, "Dinner", &plain("Stew"));
    let empty = |date: &str| record(date, "Dinner", &json!([]));
    let silent = json!({"@servedate": "20251206", "@mealperiodname": "Lunch",
        "recipes": {"closed": "Dec  6 2025 12:00AM"}});
    let menu = json!([
        closed("20251201"),
        closed("20251202"),
        closed("20251202"),
        closed("20251203"),
        meal("20251203"),
        closed("20251204"),
        empty("20251204"),
        empty("20251205"),
        silent,
    ]);
    let expected = [
        "2025-12-01 closed",
        "2025-12-02 closed",
        "2025-12-03 dinner: Grill Station 1",
        "2025-12-04 not posted",
        "2025-12-05 not posted",
        "2025-12-06 closed",
    ];
    assert_eq!(shape(&read(&feed(&menu))), expected);
}

#[test]
fn breakfast_without_a_lunch_that_day_is_brunch() {
    let meal = |date: &str, period: &str| record(date, period, &plain("Stew"));
    let named = |date: &str, name: &str| {
        let mut record = meal(date, "Breakfast");
        record["@name"] = json!(name);
        record
    };
    let menu = json!([
        meal("20251201", "Breakfast"),
        meal("20251201", "Lunch"),
        meal("20251201", "Dinner"),
        meal("20251202", "Breakfast"),
        meal("20251202", "Dinner"),
        named("20251203", "Hall FALL  Week 2 BRUNCH"),
        meal("20251203", "Lunch"),
        meal("20251204", "Late Night"),
        meal("20251204", "Winter Feast"),
    ]);
    let expected = [
        "2025-12-01 breakfast: Grill Station 1",
        "2025-12-01 lunch: Grill Station 1",
        "2025-12-01 dinner: Grill Station 1",
        "2025-12-02 brunch: Grill Station 1",
        "2025-12-02 dinner: Grill Station 1",
        "2025-12-03 brunch: Grill Station 1",
        "2025-12-03 lunch: Grill Station 1",
        "2025-12-04 late_night: Grill Station 1",
        "2025-12-04 winter_feast: Grill Station 1",
    ];
    assert_eq!(shape(&read(&feed(&menu))), expected);
}

#[test]
fn dishes_stand_by_their_place_and_then_as_given() {
    let at = |name: &str, place: Value| recipe(name, &[], json!({"@menuPosition": place}));
    let first = json!([
        at("No Place", json!("")),
        at("Tenth", json!("10")),
        at("Odd Place", json!("x")),
        at("Ninth", json!(" 9 ")),
    ]);
    let second = json!([at("Second", json!("2")), at("Number", json!(1))]);
    let pizza = recipe("Pizza", &[], json!({"@category": "Pizza", "@menuPosition": "1"}));
    let menu = json!([
        record("20251201", "Lunch", &first),
        record("20251201", "Dinner", &plain("Stew")),
        record("20251201", "Lunch", &pizza),
        record("20251201", "Lunch", &second),
    ]);
    let reading = read(&feed(&menu));
    let expected =
        ["2025-12-01 lunch: Grill Station 6, Pizza 1", "2025-12-01 dinner: Grill Station 1"];
    assert_eq!(shape(&reading), expected);
    let places = ["Second", "Ninth", "Tenth", "No Place", "Odd Place", "Number", "Pizza", "Stew"];
    assert_eq!(names(&reading), places);
}

#[test]
fn a_station_without_a_name_takes_that_of_its_meal() {
    for category in [json!(null), json!(""), json!("&nbsp;")] {
        let stew = recipe("Stew", &[], json!({"@category": category}));
        let breakfast = record("20251201", "Breakfast", &stew);
        assert_eq!(shape(&read(&feed(&breakfast))), ["2025-12-01 brunch: Brunch 1"]);
    }
}

#[test]
fn a_feed_out_of_order_or_longer_than_a_week_is_read_whole() {
    let days = ["09", "01", "08", "03", "02", "07", "05", "06", "04"];
    let records = days.map(|day| record(format!("202512{day}"), "Lunch", &plain("Stew")));
    let reading = read(&feed(&json!(records)));
    assert_eq!(menus(&reading).count(), 9);
    assert_eq!(reading.days.keys().next(), Some(&date("2025-12-01")));
}

#[test]
fn the_halls_page_names_the_feed() {
    let page = |div: &str| format!("<html><body><p>Menus</p>{div}</body></html>");
    let address = "https://api.example.edu/eatec/Hall.json?a=1&b=2";
    for div in [
        "<div class=\"menu\" id=\"dining-menu-from-json\" data-x=\"1\" \
         data-dining-menu-json-url=\" https://api.example.edu/eatec/Hall.json?a=1&amp;b=2 \"></div>",
        "<section><div id='dining-menu-from-json' \
         data-dining-menu-json-url='https://api.example.edu/eatec/Hall.json?a=1&#38;b=2'>",
    ] {
        assert_eq!(feed_address(&page(div)).as_deref(), Some(address), "{div}");
    }
    for div in [
        "",
        "<div id=\"dining-menu-from-json\"></div>",
        "<div id=\"dining-menu-from-json\" data-dining-menu-json-url=\" \"></div>",
        "<div id=\"other\" data-dining-menu-json-url=\"https://a.example\"></div>",
        "<!-- <div id=\"dining-menu-from-json\" data-dining-menu-json-url=\"https://a.example\"> -->",
    ] {
        assert_eq!(feed_address(&page(div)), None, "{div}");
    }
    assert_eq!(feed_address(""), None);
}
