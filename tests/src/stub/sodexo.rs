//! Sodexo's menu, as the API sends it and as the location page carries it.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::dishes::Dish;
use super::menu::{Item, Meal};
use super::picker::Picker;
use super::text::{ingredients, js};

/// Allergens: the vendor's number and name, and the fact of ours behind it.
const ALLERGENS: [(u8, &str, &str); 14] = [
    (1, "Milk", "milk"),
    (2, "Egg", "egg"),
    (3, "Tree Nut", "almond"),
    (3, "Tree Nut", "walnut"),
    (3, "Tree Nut", "cashew"),
    (3, "Tree Nut", "pecan"),
    (4, "Peanut", "peanut"),
    (5, "Shellfish", "shellfish"),
    (6, "Wheat", "wheat"),
    (7, "Soy", "soy"),
    (8, "Fish", "fish"),
    (11, "Gluten", "wheat"),
    (16, "Sesame", "sesame"),
    (3, "Tree Nut", "pine-nut"),
];

/// How Sodexo writes a dish: nothing is lost but a description here and there.
pub(crate) fn item(name: String, dish: &'static Dish, picker: &mut Picker) -> Item {
    let mut tags = BTreeSet::new();
    let mut tag = |holds: bool, word: &str| holds.then(|| tags.insert(word.to_owned()));
    tag(dish.is("vegan"), "vegan");
    tag(dish.is("vegan"), "plant-based");
    tag(dish.is("vegan") || dish.is("vegetarian"), "vegetarian");
    tag(dish.is("mindful"), "mindful");
    for (_, name, fact) in ALLERGENS {
        tag(dish.is(fact), &format!("contains-{}", name.to_lowercase().replace(' ', "-")));
    }
    Item {
        dish,
        written: name.clone(),
        name,
        written_about: dish.about.to_owned(),
        about: (!dish.about.is_empty()).then(|| dish.about.to_owned()),
        choices: &[],
        tags,
        hidden: false,
        seed: picker.next(),
    }
}

/// The whole answer of the API: a list of sections.
pub(crate) fn api(meals: &[Meal]) -> String {
    let mut out = String::with_capacity(160 * 1024);
    sections(&mut out, meals, "0.0");
    out
}

/// The sections; a price of nothing is `0.0` in the API and `0` in the page.
pub(crate) fn sections(out: &mut String, meals: &[Meal], price: &str) {
    out.push('[');
    for (at, meal) in meals.iter().enumerate() {
        comma(out, at);
        let _ = write!(out, r#"{{"name":{},"groups":["#, js(meal.label));
        for station in &meal.stations {
            group(out, meal.label, station.written, &station.items, price);
            out.push(',');
        }
        filler(out, meal.label, price);
        out.push_str("]}");
    }
    out.push(']');
}

fn group(out: &mut String, meal: &str, name: &str, items: &[Item], price: &str) {
    let _ = write!(out, r#"{{"name":{},"sortOrder":0,"items":["#, js(name));
    for (at, item) in items.iter().enumerate() {
        comma(out, at);
        dish(out, meal, name, item, price);
    }
    out.push_str("]}");
}

/// Every meal ends with a dish that is none.
fn filler(out: &mut String, meal: &str, price: &str) {
    let _ = write!(
        out,
        r#"{{"name":"MISCELLANEOUS","sortOrder":0,"items":[{{"course":"MISCELLANEOUS","courseSortOrder":0,"meal":{},"menuItemId":6995700001,"formalName":"Have A Nice Day","description":"","price":{price},"ingredients":null,"allergens":[],"sizes":[],"addons":[],"isVegan":false,"isVegetarian":false,"isMindful":false,"isSwell":false,"calories":"","caloriesFromFat":"","portionSize":"0g","portion":"","isPlantBased":false}}]}}"#,
        js(meal)
    );
}

fn dish(out: &mut String, meal: &str, course: &str, item: &Item, price: &str) {
    let seed = item.seed;
    // Of nothing to say, the vendor writes now null, now an empty text.
    let about = match (item.written_about.as_str(), seed % 2) {
        ("", 0) => "null".to_owned(),
        (text, _) => js(text),
    };
    let contents = if seed.is_multiple_of(23) { "null".to_owned() } else { js(&ingredients(seed)) };
    let _ = write!(
        out,
        r#"{{"course":{},"courseSortOrder":0,"meal":{},"menuItemId":{},"formalName":{},"description":{about},"price":{price},"ingredients":{contents},"allergens":["#,
        js(course),
        js(meal),
        6_995_700_100 + seed % 100_000_000,
        js(&item.written),
    );
    allergens(out, item);
    let is = |fact: &str| item.dish.is(fact);
    let _ = write!(
        out,
        r#"],"sizes":[],"addons":[],"isVegan":{vegan},"isVegetarian":{},"isMindful":{},"isSwell":{},"#,
        is("vegan") || is("vegetarian"),
        is("mindful"),
        seed.is_multiple_of(7),
        vegan = is("vegan"),
    );
    nutrition(out, seed);
    let _ = write!(out, r#""isPlantBased":{}}}"#, is("vegan"));
}

/// `contains` is text, and "false" in it means that the dish is free of it.
fn allergens(out: &mut String, item: &Item) {
    let mut listed = Vec::new();
    for (id, name, fact) in ALLERGENS {
        if listed.contains(&id) {
            continue;
        }
        let contains = match (item.dish.is(fact), (item.seed >> 8) % 3) {
            (true, 0) => "",
            (true, _) => r#","contains":"true""#,
            // A tree nut that is not this one may still come further down.
            (false, 1) if id != 3 && (item.seed >> 16).is_multiple_of(u64::from(id)) => {
                r#","contains":"false""#
            }
            (false, _) => continue,
        };
        comma(out, listed.len());
        listed.push(id);
        let _ = write!(out, r#"{{"allergen":{id},"name":"{name}"{contains}}}"#);
    }
}

fn nutrition(out: &mut String, seed: u64) {
    let kcal = 40 + seed % 60 * 10;
    let calories = if seed.is_multiple_of(17) { String::new() } else { kcal.to_string() };
    let g = |shift: u64, top: u64| (seed >> shift) % top;
    let _ = write!(
        out,
        r#""calories":"{calories}","caloriesFromFat":"{}","fat":"{}g","saturatedFat":"{}g","transFat":"0g","polyunsaturatedFat":"{}g","cholesterol":"{}mg","sodium":"{}mg","carbohydrates":"{}g","dietaryFiber":"{}g","sugar":"{}g","protein":"{}g","potassium":"{}mg","iron":"{}mg","calcium":"{}mg","vitaminA":"{}IU","vitaminC":"{}mg","vitaminD":"0mg","addedSugar":null,"portionSize":"{}g","portion":"{} CUP","#,
        kcal / 3,
        g(3, 30),
        g(5, 9),
        g(7, 6),
        g(9, 120),
        g(11, 900),
        g(13, 70),
        g(15, 12),
        g(17, 30),
        g(19, 40),
        g(21, 800),
        g(23, 9),
        g(25, 300),
        g(27, 4000),
        g(29, 60),
        60 + g(31, 240),
        ["1/2", "3/4", "1"].get(usize::try_from(g(33, 3)).unwrap_or(0)).unwrap_or(&"1"),
    );
}

fn comma(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}
