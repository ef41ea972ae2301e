//! Bon Appétit: one HTML page for each café and day. The dishes and meals are JSON in its scripts;
//! its HTML says which day is shown and whether the café is shut.

mod dishes;
mod notices;
mod php;

use std::{borrow::Cow, ops::Range, sync::Arc};

use chrono::{NaiveDate, NaiveTime};
use memchr::memmem;
use serde::Deserialize;

use self::dishes::{Dishes, Id, Items};
use self::php::PhpArray;
use super::{
    ParseError, bounds,
    keyed::{Given, keyed},
    loose::Text,
    script, text,
};
use crate::{
    meal::Meal,
    menu::{Day, DayBuilder, MAX_DISHES, MealMenu, Reading},
};

/// Reads the page of the day that was asked for.
///
/// The day is `Posted` when any dish can be served, `Closed` when there is none and the page says
/// in words that the café is shut, and else `NotPosted`.
///
/// # Errors
/// - [`ParseError::WrongDay`]: a section is for another day.
/// - [`ParseError::Json`]: what is assigned to the menu's names is not JSON or has another type; of dishes,
///   what is not served may be garbage that ends.
/// - [`ParseError::Unreadable`]: more than half of the dishes named are not there or not readable.
/// - [`ParseError::Shape`]: neither dishes nor a notice of closing, a page that breaks off, or
///   meals without the sections that say of which day they are.
pub fn parse(page: &str, asked: NaiveDate) -> Result<Reading, ParseError> {
    if breaks_off(page) {
        return Err(ParseError::Shape("the page breaks off"));
    }
    bounds::fits(page)?;
    let scripts = Scripts::read(page);
    // Another day's page is that, whatever else is wrong with it.
    let between = scripts.as_ref().map(|scripts| scripts.between(page));
    let between = between.unwrap_or_else(|_| Scripts::default().between(page));
    let sections = notices::sections_of(page, &between, asked)?;
    let scripts = scripts?;
    let has_dishes = scripts.dishes.is_some();
    let (meals, skipped) = scripts.day()?;
    let day = if !meals.is_empty() && sections > 0 {
        Day::Posted(meals)
    } else if !meals.is_empty() {
        return Err(ParseError::Shape("meals without a section that says their day"));
    } else if notices::says_closed(page, asked) {
        Day::Closed
    } else if has_dishes {
        Day::NotPosted
    } else {
        return Err(ParseError::Shape("no Bamco.menu_items"));
    };
    Ok(Reading { days: [(asked, day)].into(), skipped, number: None })
}

/// Whether the end of the page is missing: what is left may look like a shorter day.
fn breaks_off(page: &str) -> bool {
    let page = page.as_bytes();
    memmem::rfind(page, b"</html").is_none() && memmem::find(page, b"<html").is_some()
}

/// What the page's scripts assign to the names of the menu.
#[derive(Default)]
struct Scripts<'a> {
    /// `Bamco.menu_items`.
    dishes: Option<Items<'a>>,
    /// `Bamco.dayparts['…']` in the page's order.
    dayparts: Vec<(&'a str, Daypart<'a>)>,
    /// Where in the page their values stand.
    values: Vec<Range<usize>>,
}

/// A meal.
#[derive(Default)]
struct Daypart<'a> {
    label: Label<'a>,
    starttime: Text<'a>,
    endtime: Text<'a>,
    stations: Given<PhpArray<'a, Counter<'a>>>,
}

keyed!(Daypart<'a> {
    "label" => label,
    "starttime" => starttime,
    "endtime" => endtime,
    "stations" => stations,
} needs stations as "stations");

/// A station.
#[derive(Default)]
struct Counter<'a> {
    order_id: Text<'a>,
    label: Label<'a>,
    items: Given<PhpArray<'a, Id<'a>>>,
}

keyed!(Counter<'a> {
    "order_id" => order_id,
    "label" => label,
    "items" => items,
} needs items as "items");

/// A name, which is text where it is there.
#[derive(Default, Deserialize)]
struct Label<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Scripts<'a> {
    /// Goes through the page's `Bamco.…`, and over each value that it reads: what free text says
    /// is no assignment.
    fn read(page: &'a str) -> Result<Self, ParseError> {
        let name = memmem::Finder::new("Bamco.");
        let (mut scripts, mut rest) = (Self::default(), page);
        while let Some(at) = name.find(rest.as_bytes()) {
            rest = rest.get(at + name.needle().len()..).unwrap_or_default();
            if let Some(value) = rest.strip_prefix("menu_items").and_then(script::assigned) {
                let (dishes, after) = dishes::items(value)?;
                scripts.dishes = Some(dishes);
                rest = scripts.passed(page, value, after);
            } else if let Some((id, value)) = daypart(rest) {
                let (daypart, after) = script::value(value)?;
                scripts.dayparts.push((id, daypart));
                rest = scripts.passed(page, value, after);
            }
        }
        Ok(scripts)
    }

    /// Notes where a value stood: both texts go on to the end of the page. Gives what follows it.
    fn passed(&mut self, page: &str, value: &str, after: &'a str) -> &'a str {
        self.values.push(page.len() - value.len()..page.len() - after.len());
        after
    }

    /// The parts of the page that are none of those values: what looks like a tag in one is text.
    fn between(&self, page: &str) -> Vec<Range<usize>> {
        let starts = std::iter::once(0).chain(self.values.iter().map(|value| value.end));
        let ends = self.values.iter().map(|value| value.start).chain([page.len()]);
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }

    /// The day's meals, and how many dishes had to be left out.
    fn day(self) -> Result<(Vec<Arc<MealMenu>>, usize), ParseError> {
        if self.dayparts.len() > MAX_DISHES {
            return Err(ParseError::Shape("more meals than a day can have"));
        }
        let mut dishes = Dishes::new(self.dishes);
        let mut day = DayBuilder::default();
        for (id, daypart) in self.dayparts {
            let label = text::clean(&daypart.label.0);
            let label = label.filter(|label| Meal::from_label(label).is_some());
            let label = label.unwrap_or_else(|| format!("Meal {id}").trim_end().to_owned());
            let Some(meal) = Meal::from_label(&label) else {
                continue;
            };
            if notices::closes(&label) {
                continue;
            }
            day.meal(meal, time(&daypart.starttime), time(&daypart.endtime));
            for counter in in_order(daypart.stations.get()) {
                let station = counter.name().unwrap_or_else(|| label.clone());
                for id in counter.items.get().into_values() {
                    if let Some(item) = dishes.serve(&id)? {
                        day.item(&station, item);
                    }
                }
            }
        }
        Ok((day.finish(), dishes.skipped()?))
    }
}

/// The id and what is assigned, where a name goes on as `dayparts['3'] =`.
fn daypart(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("dayparts[")?;
    let id = rest.trim_start_matches(['\'', '"']);
    let (id, rest) = id.split_at_checked(id.find(|c: char| !c.is_ascii_alphanumeric())?)?;
    let rest = rest.trim_start_matches(['\'', '"']).strip_prefix(']')?;
    Some((id, script::assigned(rest)?))
}

/// By the number that opens `order_id` ("0014-378"); those without one stay in order at the end.
fn in_order<'a>(stations: PhpArray<'a, Counter<'a>>) -> Vec<Counter<'a>> {
    let mut stations: Vec<_> = stations.into_values().collect();
    stations.sort_by_key(|station| {
        let order = station.order_id.read().and_then(|id| id.split('-').next()?.parse().ok());
        order.unwrap_or(u32::MAX)
    });
    stations
}

impl Counter<'_> {
    /// The label as guests know it: kitchens mark a station with an `@`.
    fn name(&self) -> Option<String> {
        let label = text::clean(&self.label.0)?;
        let name = label.trim_start_matches(['@', ' ']);
        (!name.is_empty()).then(|| name.to_owned())
    }
}

/// "HH:MM".
fn time(said: &Text<'_>) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(said.read()?.trim(), "%H:%M").ok()
}
