//! Sodexo's menus (Hoch-Shanahan): a list of sections, one a meal, as the data service sends it
//! for the day that was asked for and as the hall's page holds it ([`location_page`]). Refuses to
//! take an empty list for closure: the menu never says that the hall is shut. No date is in a menu;
//! its dishes are numbered anew for each day, which tells days apart ([`Reading::number`]).

pub mod location_page;
mod shape;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::value::RawValue;

pub use self::location_page::parse_location_page;
use self::shape::{Diets, Dish, Group, Section};
use super::{ParseError, bounds, legible::Legible, loose::List, stated::Stated, text};
use crate::{
    meal::Meal,
    menu::{Day, DayBuilder, MAX_DISHES, MenuItem, Reading},
};

/// What stands in every meal and is no dish.
const FILLER: &str = "have a nice day";

/// The menu of the day that was asked for, from the data service (v0.2). The body carries no date
/// and no times. An empty list, or one with nothing but filler, is a day not posted.
///
/// # Errors
/// [`ParseError::Html`] for a page, [`ParseError::Json`] for a cut or garbled body,
/// [`ParseError::Shape`] if it is no list, or one of more dishes than any day has,
/// [`ParseError::Unreadable`] if more than half of them cannot be read.
pub fn parse_api(body: &str, asked: NaiveDate) -> Result<Reading, ParseError> {
    let body = body.trim_start_matches('\u{FEFF}').trim_start();
    if body.starts_with('<') {
        return Err(ParseError::Html);
    }
    bounds::fits(body)?;
    let List::Is(sections) = serde_json::from_str(body)? else {
        return Err(ParseError::Shape("no list of sections"));
    };
    read_day(&[&sections], asked, || Day::NotPosted)
}

/// The day that the sections of all menus make; `without_dishes` if they hold none.
fn read_day<'a>(
    menus: &[&[Option<Section<'a>>]],
    asked: NaiveDate,
    without_dishes: impl FnOnce() -> Day,
) -> Result<Reading, ParseError> {
    let sections = menus.iter().copied().flatten();
    if sections.clone().map(dish_count).sum::<usize>() > MAX_DISHES {
        return Err(ParseError::Shape("more dishes than a day can have"));
    }
    let (day, stated) = (DayBuilder::default(), Stated::by(shape::tags_of));
    let mut reader = Reader { day, stated, legible: Legible::default(), number: None };
    for section in sections {
        reader.section(section);
    }
    let (meals, skipped, number) = (reader.day.finish(), reader.legible.skipped()?, reader.number);
    let day = if meals.is_empty() { without_dishes() } else { Day::Posted(meals) };
    let days = BTreeMap::from([(asked, day)]);
    Ok(Reading { days, skipped, number })
}

struct Reader<'a> {
    day: DayBuilder,
    stated: Stated<'a, Diets>,
    legible: Legible,
    /// The lowest number of a dish.
    number: Option<u64>,
}

impl<'a> Reader<'a> {
    fn section(&mut self, section: &Option<Section<'a>>) {
        let name = section.as_ref().and_then(|section| text::clean(section.name.read()?));
        let meal = name.as_deref().and_then(Meal::from_label);
        let groups = section.as_ref().and_then(|section| section.groups.entries());
        let (Some(name), Some(meal), Some(groups)) = (name, meal, groups) else {
            self.legible.lose(dish_count(section));
            return;
        };
        self.day.meal(meal, None, None);
        for group in groups {
            self.group(group.as_ref(), &name);
        }
    }

    /// A group without a name takes that of its meal.
    fn group(&mut self, group: Option<&Group<'a>>, meal: &str) {
        let Some((group, dishes)) = group.and_then(|group| Some((group, group.items.entries()?)))
        else {
            self.legible.lose(1);
            return;
        };
        let name = group.name.read().and_then(station_name);
        let station = name.unwrap_or_else(|| text::title_case(meal));
        for dish in dishes {
            match dish.as_ref().and_then(|dish| Some((dish, dish.item(&mut self.stated)?))) {
                Some((_, item)) if is_filler(&item.name) => {}
                Some((dish, item)) => {
                    self.legible.read();
                    self.number = self.number.into_iter().chain(dish.number()).min();
                    self.day.item(&station, item);
                }
                None => self.legible.lose(1),
            }
        }
    }
}

impl<'a> Dish<'a> {
    /// `None` if nothing is left of the name, or a value has a wrong type.
    fn item(&self, stated: &mut Stated<'a, Diets>) -> Option<MenuItem> {
        let description = text::clean(self.description.read()?);
        let name = text::clean(self.formal_name.read()?)?;
        let tags = stated.tags(self.allergens.map(RawValue::get), self.diets()?)?;
        Some(MenuItem { name, description, tags })
    }
}

/// How many dishes are lost with a section; what cannot be counted is one.
fn dish_count(section: &Option<Section<'_>>) -> usize {
    let groups = section.as_ref().and_then(|section| section.groups.entries());
    let groups = groups.unwrap_or_default().iter().flatten();
    let dishes = groups.filter_map(|group| group.items.entries());
    dishes.map(<[_]>::len).sum::<usize>().max(1)
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
