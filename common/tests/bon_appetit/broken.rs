//! Bodies that are not the page they should be: an error by name, never a menu, never a panic.

use std::time::{Duration, Instant};

use common::menu::Day;
use common::vendors::ParseError;
use serde_json::{Value, json};

use crate::page::{DAY, Page, date, day, dish, lunch, meal, read, served, station};

/// Dinner with that many dishes, of which every one is in the page.
fn large(dishes: usize) -> Page {
    let ids: Vec<String> = (0..dishes).map(|id| id.to_string()).collect();
    let items: serde_json::Map<String, Value> =
        ids.iter().map(|id| (id.clone(), dish(id, &format!("dish {id}")))).collect();
    let stations = json!([station("0001-7", "grill", &json!(ids))]);
    Page::with_items(&Value::Object(items)).meal("4", &meal("Dinner", "17:00", "19:00", &stations))
}

#[test]
fn a_body_that_is_no_cafe_page_is_an_error() {
    for body in [
        "",
        " ",
        "null",
        "{}",
        "[]",
        "{\"days\":[{\"cafes\":{\"1\":{\"dayparts\":[[]]}}}],\"status\":\"closed\"}",
        "Sorry, this address no longer answers requests that carry no key. Write to us.",
        "<html><body><form action='/login'>Sign in<input name='user'></form></body></html>",
        "<html><body><h1>503</h1><p>The café is closed</p></body></html>",
        "Bamco.menu_items_nonce = 'abc'; Bamco.menu_items == null;",
    ] {
        assert!(matches!(read(body), Err(ParseError::Shape(_))), "{body:?}: {:?}", read(body));
    }
}

#[test]
fn a_page_for_another_day_is_an_error_and_never_the_menu_of_the_day_asked_for() {
    let stations = json!([station("0001-7", "grill", &json!(["1"]))]);
    let items = json!({ "1": dish("1", "moon cakes") });
    let wrong = Page::with_items(&items).shown("2026-04-16").meal("3", &lunch(&stations));
    let mixed = Page::with_items(&items)
        .meal("2", &lunch(&stations))
        .shown("2026-04-16")
        .meal("4", &meal("Dinner", "17:00", "19:00", &stations));
    let closed = Page::without_data().shown("2026-04-16").section("Closed", "");
    for page in [wrong, mixed, closed] {
        let error = page.read().unwrap_err();
        let ParseError::WrongDay { asked, shown } = error else { panic!("{error}") };
        assert_eq!((asked, shown), (date(DAY), date("2026-04-16")));
    }
    let unreadable = Page::with_items(&items).shown("soon").meal("3", &lunch(&stations));
    assert!(matches!(unreadable.read(), Err(ParseError::Shape(_))));
}

#[test]
fn meals_without_a_section_that_could_say_their_day_are_an_error() {
    let html = large(3).html().replace("site-panel__daypart-container", "renamed");
    assert!(matches!(read(&html), Err(ParseError::Shape(_))));
}

#[test]
fn a_dish_that_is_missing_or_has_a_wrong_type_costs_that_dish_and_is_counted() {
    let items = json!({
        "1": dish("1", "moon cakes"),
        "2": 7,
        "3": crate::page::dish_with("3", "", &json!({ "label": ["a"] })),
        "4": crate::page::dish_with("4", "figs", &json!({ "cor_icon": "Vegan" })),
        "5": crate::page::dish_with("5", "dates", &json!({ "description": {} })),
        "6": dish("6", "plums"), "7": dish("7", "pears"), "8": dish("8", "peas"), "9": dish("9", "nuts"),
    });
    let ids = json!(["1", "2", "3", "4", "5", "6", "7", "8", "9", "404", null, "1", "1"]);
    let page =
        Page::with_items(&items).meal("3", &lunch(&json!([station("0001-7", "grill", &ids)])));
    let reading = page.read().unwrap();
    assert_eq!(reading.skipped, 6);
    let Day::Posted(meals) = day(reading) else { panic!("no meals") };
    assert_eq!(
        served(&meals[0]),
        [("grill", vec!["moon cakes", "plums", "pears", "peas", "nuts"])]
    );
}

#[test]
fn more_than_half_of_the_dishes_missing_is_an_error_and_half_is_not() {
    let ids = json!(["1", "2", "3", "4"]);
    let daypart = lunch(&json!([station("0001-7", "grill", &ids)]));
    let two = json!({ "1": dish("1", "moon cakes"), "2": dish("2", "figs") });
    assert_eq!(Page::with_items(&two).meal("3", &daypart).read().unwrap().skipped, 2);

    let one = json!({ "1": dish("1", "moon cakes"), "2": { "label": 5 } });
    for items in [one, json!([])] {
        let error = Page::with_items(&items).meal("3", &daypart).read().unwrap_err();
        assert!(matches!(error, ParseError::Unreadable { lost: 3 | 4, stated: 4 }), "{error}");
    }
    let no_items = Page::without_data().meal("3", &daypart).read();
    assert!(matches!(no_items, Err(ParseError::Unreadable { .. })));
}

#[test]
fn a_wrong_type_where_every_dish_hangs_costs_the_day() {
    let items = json!({ "1": dish("1", "moon cakes") });
    for wrong in [json!(null), json!("x"), json!(1), json!(true)] {
        assert!(matches!(Page::with_items(&wrong).read(), Err(ParseError::Json(_))), "{wrong}");
    }
    for daypart in [
        json!(null),
        json!([]),
        json!({ "label": "Lunch" }),
        json!({ "label": 3, "stations": [] }),
        json!({ "label": "Lunch", "stations": "none" }),
        json!({ "label": "Lunch", "stations": [null] }),
        json!({ "label": "Lunch", "stations": [{ "label": "grill" }] }),
    ] {
        let read = Page::with_items(&items).meal("3", &daypart).read();
        assert!(matches!(read, Err(ParseError::Json(_))), "{daypart}: {read:?}");
    }
}

#[test]
fn a_value_that_is_not_json_is_an_error() {
    for script in ["Bamco.dayparts['3'] = undefined;", "Bamco.dayparts['3'] = {label:'Lunch'};"] {
        let page = Page::with_items(&json!({})).section("Lunch", script);
        assert!(matches!(page.read(), Err(ParseError::Json(_))), "{script}");
    }
}

#[test]
fn a_page_that_breaks_off_is_an_error_wherever_it_does() {
    let html = large(5).special("Café Closed", "April 15", "").html();
    let end = html.find("</html").unwrap();
    for cut in (0..end).filter(|cut| html.is_char_boundary(*cut)) {
        assert!(read(&html[..cut]).is_err(), "cut at {cut} of {end}");
    }
    assert!(read(&html).is_ok());
}

#[test]
fn a_fragment_is_a_menu_only_if_its_values_are_whole() {
    let html = large(5).html();
    let from = html.find("<section").unwrap();
    let whole = html.rfind("};").unwrap() + 1;
    let mut last = Day::NotPosted;
    for cut in (from..html.len()).filter(|cut| html.is_char_boundary(*cut)) {
        if let Ok(reading) = read(&html[from..cut]) {
            last = day(reading);
            assert_eq!(
                matches!(last, Day::Posted(_)),
                cut >= whole,
                "cut at {cut}, whole at {whole}"
            );
        }
    }
    assert!(matches!(last, Day::Posted(_)));
}

#[test]
fn no_body_takes_long_however_it_is_made() {
    let deep = "<div>".repeat(100_000);
    let hours = format!("<section id='cafe-hours'><div class='cafe-hours-special'>{deep}");
    let nested = "[".repeat(200_000);
    let tag = "<div class='site-panel__daypart-container site-panel--daypart' ";
    for (what, body) in [
        ("deep", deep),
        ("deep special hours", format!("{hours} Bamco.menu_items = {{}};")),
        ("deep sections", format!("{tag}>").repeat(40_000)),
        ("sections that never end", tag.repeat(40_000)),
        ("mentions without a tag", "site-panel__daypart-container ".repeat(80_000)),
        ("deep dayparts", format!("Bamco.dayparts['3'] = {nested}")),
        ("deep dishes", format!("Bamco.menu_items = {{\"1\":{nested}")),
        ("names without values", "Bamco.menu_items Bamco.dayparts[' Bamco.".repeat(60_000)),
        ("the same meal many times", "Bamco.dayparts['1'] = {\"stations\":[]};".repeat(50_000)),
    ] {
        let start = Instant::now();
        let result = read(&body);
        assert!(start.elapsed() < Duration::from_secs(1), "{what}: {:?}", start.elapsed());
        assert!(!matches!(result.map(day), Ok(Day::Posted(_))), "{what}");
    }
}

#[test]
fn a_dish_named_very_often_or_very_many_dishes_are_refused_in_time() {
    let start = Instant::now();
    assert!(large(2_000).read().is_ok());
    assert!(matches!(large(10_001).read(), Err(ParseError::Shape(_))));
    let long = "a ".repeat(500_000);
    let ids = vec!["1"; 9_000];
    let page = Page::with_items(&json!({ "1": dish("1", &long) }))
        .meal("3", &lunch(&json!([station("0001-7", "grill", &json!(ids))])));
    assert_eq!(page.meals()[0].item_count(), 1);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}
