//! Sodexo's menus (Hoch-Shanahan): a list of sections, one a meal, as the data service sends it
//! for the day that was asked for and as the hall's page holds it ([`location_page`]). Refuses to
//! take an empty list for closure: the menu never says that the hall is shut. No date is in a menu;
//! its dishes are numbered anew for each day, which tells days apart ([`Reading::number`]).

pub mod location_page;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

pub use self::location_page::parse_location_page;
use super::{ParseError, text};
use crate::{
    meal::Meal,
    menu::{Day, DayBuilder, MAX_DISHES, MenuItem, Reading},
    tags::Tags,
};

/// What stands in every meal and is no dish.
const FILLER: &str = "have a nice day";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dish<'a> {
    formal_name: &'a str,
    description: Option<&'a str>,
    #[serde(borrow)]
    is_vegan: Option<Flag<'a>>,
    #[serde(borrow)]
    is_vegetarian: Option<Flag<'a>>,
    #[serde(borrow)]
    is_plant_based: Option<Flag<'a>>,
    #[serde(borrow)]
    is_mindful: Option<Flag<'a>>,
    #[serde(borrow)]
    is_gluten_free: Option<Flag<'a>>,
    #[serde(borrow)]
    allergens: Option<Vec<Allergen<'a>>>,
}

#[derive(Deserialize)]
struct Allergen<'a> {
    name: &'a str,
    #[serde(borrow)]
    contains: Option<Flag<'a>>,
}

/// True or false, or the word for it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag<'a> {
    Bool(bool),
    Word(&'a str),
}

impl Flag<'_> {
    fn is(&self, wanted: bool) -> bool {
        let wanted_word = if wanted { "true" } else { "false" };
        match self {
            Self::Bool(flag) => *flag == wanted,
            Self::Word(word) => word.trim().eq_ignore_ascii_case(wanted_word),
        }
    }
}

/// The menu of the day that was asked for, from the data service (v0.2). The body carries no date
/// and no times. An empty list, or one with nothing but filler, is a day not posted.
///
/// # Errors
/// [`ParseError::Html`] for a page, [`ParseError::Json`] for a cut or garbled body,
/// [`ParseError::Shape`] if it is no list, or if there are dishes and none can be read, or more
/// than any day has.
pub fn parse_api(body: &str, asked: NaiveDate) -> Result<Reading, ParseError> {
    let body = body.trim_start_matches('\u{FEFF}').trim_start();
    if body.starts_with('<') {
        return Err(ParseError::Html);
    }
    let document: Value = serde_json::from_str(body)?;
    let sections = document.as_array().ok_or(ParseError::Shape("no list of sections"))?;
    read_day(sections, asked, Day::NotPosted)
}

/// The day that the sections make; `without_dishes` if they hold none.
fn read_day<'a>(
    sections: impl IntoIterator<Item = &'a Value> + Clone,
    asked: NaiveDate,
    without_dishes: Day,
) -> Result<Reading, ParseError> {
    if sections.clone().into_iter().map(dish_count).sum::<usize>() > MAX_DISHES {
        return Err(ParseError::Shape("more dishes than a day can have"));
    }
    let mut reader = Reader::default();
    for section in sections {
        reader.section(section);
    }
    let (meals, skipped, number) = (reader.day.finish(), reader.skipped, reader.number);
    let day = match meals {
        meals if !meals.is_empty() => Day::Posted(meals),
        _ if skipped > 0 => return Err(ParseError::Shape("no dish can be read")),
        _ => without_dishes,
    };
    let days = BTreeMap::from([(asked, day)]);
    Ok(Reading { days, skipped, number })
}

#[derive(Default)]
struct Reader {
    day: DayBuilder,
    skipped: usize,
    /// The lowest number of a dish.
    number: Option<u64>,
}

impl Reader {
    fn section(&mut self, section: &Value) {
        let name = section.get("name").and_then(Value::as_str);
        let name = name.and_then(text::clean);
        let meal = name.as_deref().and_then(Meal::from_label);
        let (Some(name), Some(meal), Some(groups)) = (name, meal, children(section, "groups"))
        else {
            self.skipped += dish_count(section);
            return;
        };
        self.day.meal(meal, None, None);
        for group in groups {
            self.group(group, &name);
        }
    }

    /// A group without a name takes that of its meal.
    fn group(&mut self, group: &Value, meal: &str) {
        let Some(dishes) = children(group, "items") else {
            self.skipped += 1;
            return;
        };
        let name = group.get("name").and_then(Value::as_str);
        let name = name.and_then(station_name);
        let station = name.unwrap_or_else(|| text::title_case(meal));
        for dish in dishes {
            match Dish::deserialize(dish).ok().and_then(Dish::item) {
                Some(item) if is_filler(&item.name) => {}
                Some(item) => {
                    self.count(dish);
                    self.day.item(&station, item);
                }
                None => self.skipped += 1,
            }
        }
    }

    fn count(&mut self, dish: &Value) {
        let number = dish.get("menuItemId").and_then(Value::as_u64).filter(|number| *number > 0);
        self.number = self.number.into_iter().chain(number).min();
    }
}

impl Dish<'_> {
    /// `None` if nothing is left of the name.
    fn item(self) -> Option<MenuItem> {
        let name = text::clean(self.formal_name)?;
        let mut tags = Tags::new();
        for (flag, label) in [
            (self.is_vegan, "isVegan"),
            (self.is_vegetarian, "isVegetarian"),
            (self.is_plant_based, "isPlantBased"),
            (self.is_mindful, "isMindful"),
            (self.is_gluten_free, "isGlutenFree"),
        ] {
            if flag.is_some_and(|flag| flag.is(true)) {
                tags.add_label(label);
            }
        }
        // To be in the list is to be contained, unless the entry itself denies it.
        for allergen in self.allergens.unwrap_or_default() {
            if !allergen.contains.is_some_and(|flag| flag.is(false)) {
                tags.add_contains(allergen.name);
            }
        }
        let description = self.description.and_then(text::clean);
        Some(MenuItem { name, description, tags })
    }
}

/// The list under that key, empty where it is absent or null; `None` for another type.
fn children<'a>(parent: &'a Value, key: &str) -> Option<&'a [Value]> {
    match parent.as_object()?.get(key) {
        None | Some(Value::Null) => Some(&[]),
        Some(list) => list.as_array().map(Vec::as_slice),
    }
}

/// How many dishes are lost with a section; what cannot be counted is one.
fn dish_count(section: &Value) -> usize {
    let groups = children(section, "groups").unwrap_or_default();
    let dishes = groups.iter().filter_map(|group| children(group, "items"));
    dishes.map(<[Value]>::len).sum::<usize>().max(1)
}

/// In title case, as the vendor shouts; outer hyphens are left-overs of its own sorting.
fn station_name(label: &str) -> Option<String> {
    let name = text::clean(label)?;
    let name = name.trim_matches(|c: char| c == '-' || c.is_whitespace());
    (!name.is_empty()).then(|| text::title_case(name))
}

fn is_filler(name: &str) -> bool {
    let words = name.trim_end_matches(['!', '.', ' ']);
    words.eq_ignore_ascii_case(FILLER)
}
