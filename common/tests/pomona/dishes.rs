//! Names and tags, and what is shown.

use serde_json::{Value, json};

use crate::documents::*;
use crate::support;

#[test]
fn vegan_brings_vegetarian_though_the_feed_says_no() {
    for (capture, vegan, vegetarian) in [
        ("frank_2025-12-01.json", 27, 46),
        ("frank_2025-12-04_to_07.jsonp", 71, 106),
        ("frary_2025-10-21_to_22.jsonp", 62, 110),
        ("frary_2025-12-05_to_07.json", 72, 126),
        ("oldenborg_2025-11-13_week.json", 24, 42),
        ("oldenborg_2025-12-01_week.jsonp", 28, 40),
    ] {
        let Some(body) = support::capture(&format!("pomona/{capture}")) else {
            continue;
        };
        let reading = read(&body);
        let count = |tag| items(&reading).filter(|item| item.tags.has(tag)).count();
        assert_eq!((count("vegan"), count("vegetarian")), (vegan, vegetarian), "{capture}");
    }
    let reading = read(&lunch(&recipe("Bean Stew", &["Vegan"], json!({}))));
    assert_eq!(items(&reading).map(tags).collect::<Vec<_>>(), ["vegan vegetarian"]);
}

#[test]
fn a_name_that_is_a_list_or_a_notice_is_kept_whole() {
    if let Some(body) = support::capture("pomona/frary_2025-10-21_to_22.jsonp") {
        let reading = read(&body);
        let long = names(&reading).into_iter().filter(|name| name.chars().count() == 181);
        assert!(long.clone().all(|name| name.ends_with("MAY CONTAIN")));
        assert_eq!(long.count(), 1);
    }
    if let Some(body) = support::capture(FRANK) {
        let reading = read(&body);
        for notice in ["DELI BAR - ", "PANINI STATION ", "ALLERGEN FRIENDLY STATION ", "ZERO ZONE "]
        {
            assert!(names(&reading).iter().any(|name| name.starts_with(notice)), "{notice}");
        }
    }
    let bowl = format!("BOWL BAR {}MAY CONTAIN", "Rice, Beans, Corn and More, ".repeat(9));
    assert_eq!(names(&read(&lunch(&plain(&bowl)))), [bowl]);
}

#[test]
fn the_same_dish_twice_is_one_with_the_tags_of_both() {
    let twice = json!([
        recipe("Stew", &["Milk", "Local"], json!({})),
        recipe(" Stew ", &["Halal", "Mindful Mondays", "Tree Nut (Pine Nut)"], json!({})),
    ]);
    let reading = read(&lunch(&twice));
    let all = "contains-milk contains-pine-nut contains-tree-nut halal local mindful";
    assert_eq!(items(&reading).map(tags).collect::<Vec<_>>(), [all]);
}

#[test]
fn a_dish_is_shown_unless_the_feed_says_no() {
    let shown = |name: &str, word: Value| recipe(name, &[], json!({"@displayonwebsite": word}));
    let mut unsaid = plain("Unsaid");
    unsaid.as_object_mut().expect("an object").remove("@displayonwebsite");
    let reading = read(&lunch(&json!([
        shown("Yes", json!("Yes")),
        shown("Short", json!("Y")),
        shown("No", json!("No")),
        unsaid,
        shown("Null", json!(null)),
        shown("Small", json!("no ")),
    ])));
    assert_eq!((names(&reading), reading.skipped), (vec!["Yes", "Short", "Unsaid", "Null"], 0));
    let hidden = read(&lunch(&shown("No", json!("No"))));
    assert_eq!((shape(&hidden), hidden.skipped), (vec!["2025-12-01 not posted".to_owned()], 0));
}

#[test]
fn fields_that_are_absent_or_not_read_cost_nothing() {
    let mut bare = plain("Stew");
    for field in ["@nutrients", "allergens", "dietaryChoices", "sustainability", "ingredients"] {
        bare.as_object_mut().expect("an object").remove(field);
    }
    let empty = recipe(
        "Soup",
        &[],
        json!({
            "@nutrients": 5, "allergens": null, "dietaryChoices": "", "sustainability": {},
            "@new": [[{}]],
        }),
    );
    let reading = read(&lunch(&json!([bare, empty])));
    assert_eq!((names(&reading), reading.skipped), (vec!["Stew", "Soup"], 0));
    assert!(items(&reading).all(|item| item.tags.iter().count() == 0));
}
