//! Which day a page is for, which meals it has, and when it is closed or not posted.

use chrono::NaiveTime;
use common::{meal::Meal, menu::Day};
use serde_json::json;

use crate::page::{DAY, Page, date, day, dish, dish_with, lunch, meal, read, served, station};

#[test]
fn a_weekend_day_without_breakfast_and_lunch_has_brunch_and_dinner() {
    let stations = json!([station("0001-7", "grill", &json!(["1"]))]);
    let meals = Page::with_items(&json!({ "1": dish("1", "moon cakes") }))
        .meal("2", &meal("Brunch", "10:30", "12:30", &stations))
        .meal("4", &meal("Dinner", "16:30", "18:30", &stations))
        .meals();
    let at = |hour| NaiveTime::from_hms_opt(hour, 30, 0);
    assert_eq!(meals.len(), 2);
    assert_eq!((&meals[0].meal, meals[0].start, meals[0].end), (&Meal::Brunch, at(10), at(12)));
    assert_eq!((&meals[1].meal, meals[1].start, meals[1].end), (&Meal::Dinner, at(16), at(18)));
}

#[test]
fn brunch_and_lunch_that_overlap_are_both_kept() {
    let stations = json!([station("0001-7", "grill", &json!(["1"]))]);
    let meals = Page::with_items(&json!({ "1": dish("1", "moon cakes") }))
        .meal("2", &meal("Brunch", "10:00", "13:00", &stations))
        .meal("3", &meal("Lunch", "11:00", "14:00", &stations))
        .meals();
    assert_eq!([&meals[0].meal, &meals[1].meal], [&Meal::Brunch, &Meal::Lunch]);
}

#[test]
fn the_meal_comes_from_the_label_and_never_fails_the_day() {
    let stations = json!([station("0001-7", "grill", &json!(["1"]))]);
    let read = |label: &str, id: &str| {
        let items = json!({ "1": dish("1", "moon cakes") });
        let daypart = meal(label, "12:00", "14:00", &stations);
        Page::with_items(&items).meal(id, &daypart).meals().remove(0).meal.to_string()
    };
    assert_eq!(read("LATE NIGHT", "1"), "late_night");
    assert_eq!(read("Continental Breakfast", "4"), "breakfast");
    assert_eq!(read("Chef&#039;s Tasting", "9"), "chef_s_tasting");
    assert_eq!(read("", "12"), "meal_12");
    assert_eq!(read("晚餐", "13"), "meal_13");
}

#[test]
fn hours_that_are_missing_empty_or_no_time_are_none() {
    for hours in [json!(""), json!(null), json!("24:00"), json!("noon"), json!(12), json!([])] {
        let mut daypart = lunch(&json!([station("0001-7", "grill", &json!(["1"]))]));
        daypart["starttime"] = hours.clone();
        daypart.as_object_mut().unwrap().remove("endtime");
        let meals =
            Page::with_items(&json!({ "1": dish("1", "moon cakes") })).meal("3", &daypart).meals();
        assert_eq!((meals[0].start, meals[0].end), (None, None), "{hours}");
    }
}

#[test]
fn free_text_may_hold_what_looks_like_the_end_of_a_value() {
    let text = "a }; b \u{2028} </script> {\" Bamco.dayparts['9'] = [1]; Bamco.menu_items = {};";
    let items = json!({ "1": dish_with("1", "odd pie", &json!({ "description": text })) });
    let html = Page::with_items(&items)
        .meal("3", &lunch(&json!([station("0001-7", "grill", &json!(["1"]))])))
        .html()
        .replace("</script> {", "<\\/script> {");
    let Day::Posted(meals) = day(read(&html).unwrap()) else { panic!("no meals") };
    assert_eq!(meals.len(), 1);
    assert_eq!(
        meals[0].stations[0].items[0].description.as_deref(),
        Some("a }; b {\" Bamco.dayparts['9'] = [1]; Bamco.menu_items = {};")
    );
}

#[test]
fn an_edition_without_dates_and_newer_keys_is_read() {
    let mut old =
        dish_with("1", "moon cakes", &json!({ "price": "&nbsp;", "sizes": [{ "size": "1 cup" }] }));
    let mut daypart = lunch(&json!([station("0001-7", "grill", &json!(["1"]))]));
    for key in ["recipes", "short_name", "monotony", "description", "cor_icon", "options"] {
        old.as_object_mut().unwrap().remove(key);
    }
    daypart.as_object_mut().unwrap().remove("message");
    let meals = Page::with_items(&json!({ "1": old })).shown("").meal("3", &daypart).meals();
    assert_eq!(served(&meals[0]), [("grill", vec!["moon cakes"])]);
}

#[test]
fn no_meals_and_no_word_of_closing_is_not_posted() {
    for items in [json!({}), json!([]), json!({ "1": dish("1", "moon cakes") })] {
        let reading = Page::with_items(&items).read().unwrap();
        assert_eq!(reading.days.keys().collect::<Vec<_>>(), [&date(DAY)]);
        assert_eq!(
            day(reading),
            Day::NotPosted,
            "the page's \"Currently Closed\" is about an hour"
        );
    }
}

#[test]
fn a_section_that_says_closed_closes_the_day_with_or_without_data() {
    for title in ["Closed", "CLOSED", "Closed for Founders Day", "Closed: winter break"] {
        for page in [Page::with_items(&json!([])), Page::without_data()] {
            assert_eq!(day(page.section(title, "").read().unwrap()), Day::Closed, "{title}");
        }
        let leftover = json!([station("0001-7", "grill", &json!(["1"]))]);
        let page = Page::with_items(&json!({ "1": dish("1", "moon cakes") }))
            .meal("7", &meal(title, "", "", &leftover));
        assert_eq!(day(page.read().unwrap()), Day::Closed, "{title}");
    }
    for silent in ["data-jump-nav-title", "site-panel__daypart-panel-title"] {
        let html = Page::without_data().section("Closed", "").html();
        let html = html.replace(silent, "renamed");
        assert_eq!(day(read(&html).unwrap()), Day::Closed, "without {silent}");
    }
    let page = Page::with_items(&json!({})).section("Closed for lunch", "");
    assert_eq!(day(page.read().unwrap()), Day::NotPosted, "a meal's closing is not the café's");
}

#[test]
fn special_hours_close_the_days_that_they_name_as_closed() {
    let read = |what: &str, when: &str| {
        let page = Page::with_items(&json!({})).special(what, when, "Closed! See you on April 15");
        day(page.read().unwrap())
    };
    for (what, when) in [
        ("Café Closed", "April 15"),
        ("Café Closed", "April 13-17"),
        ("Café Closed", "Apr 15th – May 2nd"),
        ("April 13-17", "Closed"),
        ("Café Closed", "Wednesday, April 15, 2026"),
    ] {
        assert_eq!(read(what, when), Day::Closed, "{what} {when}");
    }
    for (what, when) in [
        ("Café Closed", "April 16"),
        ("Café Closed", "April 1-14"),
        ("Café Closed", "April 15, 2025"),
        ("Dinner", "April 15, 5:00 pm - 7:30 pm"),
        ("Dinner", "April 15, 12:00 am - 12:00 am"),
        ("Lunch Closed", "April 15"),
        ("Café Closed", ""),
    ] {
        assert_eq!(read(what, when), Day::NotPosted, "{what} {when}");
    }
}

#[test]
fn special_hours_beside_regular_sections_are_no_error_and_hide_no_meal() {
    let stations = json!([station("0001-7", "grill", &json!(["1"]))]);
    let meals = Page::with_items(&json!({ "1": dish("1", "moon cakes") }))
        .special("Brunch", "April 15, 10:30 am - 12:30 pm", "Holiday brunch")
        .special("Café Closed", "April 15", "")
        .meal("1", &meal("Breakfast", "07:30", "09:00", &stations))
        .meal("3", &lunch(&stations))
        .section("Closed for Founders Day", "")
        .meals();
    assert_eq!([&meals[0].meal, &meals[1].meal], [&Meal::Breakfast, &Meal::Lunch]);
}
