//! Bon Appétit's page of one café and day: a `WordPress` page with the menu in its scripts.

mod chrome;
mod values;

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::NaiveDate;

use super::dishes::Dish;
use super::hall::Hall;
use super::menu::{Day, Item, Meal};
use super::picker::Picker;
use super::posting::Kind;

/// The fact of ours, the icon's number and label, and the tag that a reader makes of it.
const ICONS: [(&str, u16, &str, &str); 9] = [
    ("vegetarian", 1, "Vegetarian", "vegetarian"),
    ("seafood-watch", 3, "Seafood Watch", "seafood-watch"),
    ("vegan", 4, "Vegan", "vegan"),
    ("local", 6, "Farm to Fork", "farm-to-fork"),
    ("mindful", 7, "In Balance", "in-balance"),
    ("organic", 8, "Organic", "organic"),
    ("gluten-free", 9, "Made without Gluten-Containing Ingredients", "gluten-free"),
    ("halal", 10, "Halal", "halal"),
    ("humane", 18, "Humane", "humane"),
];

/// What may be chosen within a dish of the `options` form.
const CHOICES: &[&str] = &["green salsa", "red salsa", "no salsa"];

/// How Bon Appétit writes a dish: small letters, entities, line breaks in odd places.
pub(crate) fn item(name: String, dish: &'static Dish, at: usize, picker: &mut Picker) -> Item {
    let name = name.to_lowercase();
    let mut written = name.clone();
    if picker.one_in(2) {
        written = written.replace('&', "&amp;");
    }
    if picker.one_in(12) {
        written = written.replacen(' ', "\n", 1);
    } else if picker.one_in(12) {
        written = written.replacen(' ', "  ", 1);
    }
    let (written_about, about) = about(dish.about, picker);
    let mut tags: BTreeSet<String> = ICONS
        .into_iter()
        .filter(|(fact, ..)| dish.is(fact))
        .map(|(.., tag)| tag.to_owned())
        .collect();
    if tags.contains("vegan") {
        tags.insert("vegetarian".to_owned());
    }
    let to_order = at == 1 && ["bowl", "grill", "morning"].contains(&dish.course);
    let choices = if to_order && picker.one_in(3) { CHOICES } else { &[] };
    let about = with_choices(about, choices);
    let seed = picker.next();
    Item { dish, written, name, written_about, about, choices, tags, hidden: false, seed }
}

/// The description as written and as to be read.
fn about(text: &str, picker: &mut Picker) -> (String, Option<String>) {
    if text.is_empty() {
        return (String::new(), None);
    }
    match picker.below(10) {
        0 => (format!("{text}<br />served warm"), Some(format!("{text} served warm"))),
        1 => (
            format!("{text} {{mild}};  ask for more"),
            Some(format!("{text} {{mild}}; ask for more")),
        ),
        2 => (format!("{text}\u{2028}from our kitchen"), Some(format!("{text} from our kitchen"))),
        3 => (format!("{text} &amp; lemon&nbsp;"), Some(format!("{text} & lemon"))),
        _ => (text.to_owned(), Some(text.to_owned())),
    }
}

/// The choices go into the description.
fn with_choices(about: Option<String>, choices: &[&str]) -> Option<String> {
    if choices.is_empty() {
        return about;
    }
    let choices = format!("Choices: {}", choices.join("; "));
    Some(match about {
        Some(about) => format!("{about}. {choices}"),
        None => choices,
    })
}

/// The whole page.
pub(crate) fn page(hall: Hall, date: NaiveDate, day: &Day, kind: Kind) -> String {
    let mut out = String::with_capacity(1_400_000);
    let meals = match day {
        Day::Menu(meals) => meals.as_slice(),
        Day::Closed | Day::NotPosted => &[],
    };
    chrome::head(&mut out, hall);
    chrome::hours(&mut out, hall, date, meals, kind);
    values::script(&mut out, hall, meals);
    let mut ids = values::Ids::default();
    for (at, meal) in meals.iter().enumerate() {
        daypart(&mut out, date, meal, at, &mut ids);
    }
    if matches!(day, Day::Closed) {
        chrome::closed(&mut out, date);
    }
    chrome::foot(&mut out);
    out
}

/// The number that the site gives a meal.
fn daypart_id(label: &str) -> u8 {
    match label {
        "Breakfast" => 1,
        "Brunch" => 2,
        "Lunch" => 3,
        "Dinner" => 4,
        "Late Night" => 7,
        _ => 15,
    }
}

/// A meal is shown as a section, and its data follow in a script of their own.
fn daypart(out: &mut String, date: NaiveDate, meal: &Meal, at: usize, ids: &mut values::Ids) {
    let Meal { label, start, end, .. } = meal;
    let (id, key) = (daypart_id(label), label.to_lowercase().replace(' ', "-"));
    let _ = write!(
        out,
        "<section class=\"panel s-wrapper site-panel site-panel--daypart\"\nid=\"{key}\"\n\
         data-index=\"{}\"\ndata-js=\"panel\"\ndata-type=\"daypart\"\n\
         data-jump-nav-title=\"{label}\"\ndata-url-key=\"{key}\"\ndata-modular-content>\n\
         <div\nclass=\"l-container site-panel__daypart-container \"\ndata-end-date=\"{date}\"\n\
         data-end-time=\"{end}\"\ndata-start-time=\"{start}\"\ndata-daypart-id=\"{id}\"\n\
         data-js=\"site-panel__daypart-container\"\n>\n\
         <header class=\"s-header site-panel__daypart-header\">\n\
         <h2 class=\"panel__title site-panel__daypart-panel-title \">{label}</h2>\n\
         <div class=\"site-panel__daypart-time\">{} - {}</div>\n</header>\n\
         <div class=\"site-panel__daypart-tabs\"><div class=\"c-tabs\t\" data-js='c-tabs'>\n",
        at + 7,
        chrome::clock(start),
        chrome::clock(end),
    );
    let first = ids.next;
    for station in &meal.stations {
        let _ = writeln!(
            out,
            "<div class=\"station-title-inline-block\">\
             <h3 class=\"site-panel__daypart-station-title\">{}</h3>",
            station.name
        );
        for item in &station.items {
            shown(out, item, ids.take());
        }
        out.push_str("</div>\n");
    }
    out.push_str("</div></div></div>\n");
    values::daypart(out, meal, id, &mut values::Ids { next: first });
    out.push_str("</section>\n");
}

/// A dish as people see it; readers take it from the scripts.
fn shown(out: &mut String, item: &Item, id: u32) {
    let _ = write!(
        out,
        "<div class=\"site-panel__daypart-item\" data-js=\"site-panel__daypart-item\" \
         data-id=\"{id}\" >\n<div class=\"site-panel__daypart-item-container\">\n\
         <header class=\"site-panel__daypart-item-header\">\n\
         <button\tclass=\"h4 site-panel__daypart-item-title\"\ndata-id=\"{id}\"\n\
         data-js=\"site-panel__daypart-item-title\"\n>\n{}\n</button>\n</header>\n\
         <div class=\"site-panel__daypart-item-content\">\n\
         <div class=\"site-panel__daypart-item-description\">\n{}\n</div>\n\
         <div class=\"site-panel__daypart-item-calories\">\n{} cal.\n</div>\n\
         <button class=\"site-panel__daypart-item-nutrition-btn\"\n\
         aria-label=\"nutrition information for {}\"\n\
         data-js=\"site-panel__daypart-item-nutrition-btn\"\ndata-id=\"{id}\">\n\
         nutrition information\n</button>\n</div>\n</div>\n</div>\n",
        item.written,
        item.written_about,
        values::kcal(item),
        item.dish.name,
    );
}
