//! The vendor's real pages, where they are at hand. The figures were counted in the pages by other
//! means than this parser: from the values, and again from the dishes that the HTML shows.

use std::sync::Arc;

use common::menu::{Day, MealMenu, MenuItem};
use common::vendors::{ParseError, bon_appetit};
use serde_json::Value;

use crate::page::{Page, date, day, served};
use crate::support::capture;

/// A meal as counted: name, first and last serving, and each station with its number of items.
type Counted<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Reads a capture, compares all that can be counted, and gives the meals.
fn counted(name: &str, asked: &str, expected: &[Counted<'_>]) -> Option<Vec<Arc<MealMenu>>> {
    let page = capture(name)?;
    let reading = bon_appetit::parse(&page, date(asked)).unwrap();
    assert_eq!(reading.skipped, 0);
    let Day::Posted(meals) = day(reading) else { panic!("{name}: no meals") };
    assert_eq!(meals.len(), expected.len());
    for (meal, (label, start, end, stations)) in meals.iter().zip(expected) {
        assert_eq!(meal.meal.as_str(), *label);
        assert_eq!(meal.start.map(|at| at.format("%H:%M").to_string()).as_deref(), Some(*start));
        assert_eq!(meal.end.map(|at| at.format("%H:%M").to_string()).as_deref(), Some(*end));
        let found: Vec<String> =
            served(meal).iter().map(|(name, items)| format!("{name} {}", items.len())).collect();
        assert_eq!(found.join(" | "), *stations, "{label}");
    }
    let other = bon_appetit::parse(&page, date("2026-02-09"));
    assert!(asked.starts_with("2019") || matches!(other, Err(ParseError::WrongDay { .. })));
    Some(meals)
}

fn item<'a>(meal: &'a MealMenu, station: &str, name: &str) -> &'a MenuItem {
    let station = meal.stations.iter().find(|known| known.name == station).unwrap();
    station.items.iter().find(|known| known.name == name).unwrap()
}

/// Tags in one line, and the description.
fn says(item: &MenuItem) -> (String, Option<&str>) {
    (item.tags.iter().collect::<Vec<_>>().join(" "), item.description.as_deref())
}

#[test]
fn collins_is_read_whole() {
    let brunch = "breakfast @ home 13 | breakfast options 4 | breakfast grill 17 | \
        breakfast bakery 11 | options 6 | grill 3 | salad bar 62 | deli bar 42 | \
        chocolate chip cookies 1 | beverages 10 | smoothies 1 | cereal 23 | \
        toppings & condiments 10 | ovens 2 | expo 1";
    let dinner = "home 5 | simply oasis 3 | vegan- hummus & pita 4 | expo- mongolian 34 | \
        expo- little italy 24 | ovens2 3 | grill 13 | salad bar 62 | deli bar 42 | \
        chocolate chip cookies 1 | beverages 55 | cereal 22 | pasta-express 4 | \
        toppings & condiments 8 | ovens 4 | plant forward 6 | sweets 4";
    let expected = [("brunch", "10:30", "12:30", brunch), ("dinner", "16:30", "18:30", dinner)];
    let name = "bonappetit/collins_2026-02-07_page.html";
    let Some(meals) = counted(name, "2026-02-07", &expected) else {
        return;
    };

    let tenders = item(&meals[0], "options", "chicken tenders biscuits + gravy");
    assert!(says(tenders).1.unwrap().ends_with("syrup | contains flour + dairy"));
    assert_eq!(says(tenders).0, "", "it states no diet and, in words only, allergens");
    let tuna = item(&meals[1], "salad bar", "tuna canned");
    assert_eq!(says(tuna), ("gluten-free in-balance seafood-watch".to_owned(), None));
    let scramble = item(&meals[0], "grill", "tofu scramble");
    assert_eq!(says(scramble), ("farm-to-fork".to_owned(), Some("Meiji Tofu")));
    let tots = item(&meals[0], "breakfast @ home", "tater tots");
    assert_eq!(says(tots), ("gluten-free vegan vegetarian".to_owned(), None));
}

#[test]
fn mcconnell_is_read_whole() {
    let brunch = "global 6 | comfort 10 | grill 3 | stocks 2 | juice and smoothie bar 13 | \
        hot cereal 4 | sweets 8 | breakfast 30 | ovens 47 | \
        breads, bagels and spreads 29 | breakfast toppings 9";
    let dinner = "global 14 | chef's table 7 | comfort 5 | grill 42 | herbivore 5 | \
        stocks 2 | juice and smoothie bar 38 | sweets 10 | breakfast 2 | \
        ovens 34 | chef's table: pasta bar 26 | build your own sandwich 3 | \
        breads, bagels and spreads 22";
    let expected = [("brunch", "10:30", "13:30", brunch), ("dinner", "17:00", "19:30", dinner)];
    let name = "bonappetit/mcconnell_2026-02-07_page.html";
    let Some(meals) = counted(name, "2026-02-07", &expected) else {
        return;
    };

    let salmon = item(&meals[1], "grill", "blacked salmon");
    assert_eq!(says(salmon), ("gluten-free halal seafood-watch".to_owned(), None));
    let soup = item(&meals[1], "stocks", "vegetable carrot lentil soup");
    assert_eq!(says(soup), ("gluten-free vegan vegetarian".to_owned(), None));
    let one_name = "roasted apple, roasted mushrooms, sautéed spinach, butternut squash";
    assert!(item(&meals[0], "hot cereal", one_name).tags.has("vegan"));
}

#[test]
fn the_edition_of_2019_is_read_whole() {
    let breakfast = "home table breakfast 2 | omelet bar 18 | hot cereals 9 | breakfast 8 | \
        taqueria 1 | cold cereal 6 | toast and spreads 14 | beverages 26 | \
        fruit and yogurt 11";
    let lunch = "home table entree 2 | harvest 43 | soup station 4 | market table 23 | \
        chef's table 27 | condiments 8 | fresh table 1 | \
        made without gluten-containing ingredients 1 | salads 40 | deli 38 | \
        taqueria 1 | beverages 27 | fruit and yogurt 3 | pizza 7";
    let dinner = "home table entree 2 | harvest 43 | soup station 4 | market table 23 | \
        chef's table 27 | condiments 8 | fresh table 1 | \
        made without gluten-containing ingredients 1 | sweet table 13 | \
        salads 40 | deli 38 | taqueria 30 | beverages 27 | fruit and yogurt 3";
    let expected = [
        ("breakfast", "07:00", "10:30", breakfast),
        ("lunch", "11:00", "14:45", lunch),
        ("dinner", "17:00", "20:00", dinner),
    ];
    let name = "bonappetit/case-leutner_2019-11_page.html";
    let Some(meals) = counted(name, "2019-11-22", &expected) else {
        return;
    };

    let stroganoff = item(&meals[1], "home table entree", "creamy seitan mushroom stroganoff");
    let choices = "Case Western Reserve Farm. \
                   Choices: brown rice vegetable pilaf; maple glazed carrots";
    assert_eq!(says(stroganoff), ("farm-to-fork in-balance vegetarian".to_owned(), Some(choices)));
    let quesadilla = item(&meals[1], "harvest", "made to order quesadilla station");
    assert!(says(quesadilla).1.unwrap().starts_with("Choices: grilled chicken; seasoned pinto"));
    let salad = item(&meals[1], "deli", "potato salad");
    assert!(says(salad).1.unwrap().starts_with("1/2 cup (Veggievalley Farm"));
}

#[test]
fn special_hours_of_a_real_page_close_the_day_that_they_name_and_no_other() {
    let Some(page) = capture("bonappetit/case-leutner_2019-11_page.html") else {
        return;
    };
    let shut = page.replace("Bamco.dayparts['", "Bamco.no_dayparts['");
    let read = |asked| day(bon_appetit::parse(&shut, date(asked)).unwrap());
    assert_eq!(read("2019-11-28"), Day::Closed);
    for open in ["2019-11-22", "2019-11-23", "2019-11-27", "2019-11-29", "2019-12-01"] {
        assert_eq!(read(open), Day::NotPosted, "{open} has hours of its own, or none");
    }
}

#[test]
fn stations_that_a_real_page_lists_without_items_are_left_out() {
    let name = "bonappetit/vassar-gordon_2024-11_script-values_empty-stations.json";
    let Some(values) = capture(name) else { return };
    let values: Value = serde_json::from_str(&values).unwrap();
    let page = Page::with_items(&values["menu_items"]).meal("1", &values["dayparts"]["1"]).meals();
    assert_eq!(served(&page[0]), [("Stocks", vec!["oatmeal"])]);
    assert_eq!(says(item(&page[0], "Stocks", "oatmeal")), ("vegan vegetarian".to_owned(), None));
}

#[test]
fn the_closed_api_is_an_error_and_no_menu() {
    for name in [
        "bonappetit/penn-1920commons_2022-10-04_api2-menus.json",
        "bonappetit/penn_2022-10_api2-cafes-hours.json",
    ] {
        let Some(body) = capture(name) else { continue };
        let read = bon_appetit::parse(&body, date("2022-10-04"));
        assert!(matches!(read, Err(ParseError::Shape(_))), "{name}: {read:?}");
    }
}

#[test]
fn a_real_page_that_breaks_off_anywhere_is_an_error() {
    let Some(page) = capture("bonappetit/mcconnell_2026-02-07_page.html") else {
        return;
    };
    for part in 0..100 {
        let cut = page.floor_char_boundary(page.len() * part / 100);
        assert!(bon_appetit::parse(&page[..cut], date("2026-02-07")).is_err(), "{part} %");
    }
}
