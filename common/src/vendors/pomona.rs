//! Pomona's menus (Frank, Frary, Oldenborg): one feed a hall with about seven days in it. The feed
//! is XML turned into JSON, in which one child is an object and several are a list. Refuses to
//! guess: a date that the feed does not name is not in the answer.

mod feed;
mod labels;
mod xml;

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use scraper::ElementRef;
use serde_json::error::Category;

use self::{
    feed::{Feed, Record},
    labels::Labels,
    xml::OneOrMany,
};
use super::{ParseError, bounds, html, legible::Legible, text};
use crate::{
    hall::HallId,
    meal::Meal,
    menu::{Day, DayBuilder, MAX_DISHES, MealMenu, MenuItem, Reading},
};

/// What a feed says of every date that it names; start and end of meals are not in it.
///
/// # Errors
/// [`ParseError::Html`] for a page (a login after a redirect), [`ParseError::Json`] for a cut or
/// garbled body, [`ParseError::Shape`] where there is no `EatecExchange.menu`, or one in which no
/// date can be read, or with more dishes than any week has, [`ParseError::Unreadable`] where more than
/// half of the dishes of all of it, or of one day, cannot be read.
pub fn parse(body: &str) -> Result<Reading, ParseError> {
    read_menu(read_feed(unwrap_jsonp(body))?.menu())
}

/// The same of a feed that must be this hall's.
///
/// # Errors
/// As [`parse`], and [`ParseError::WrongHall`] for a feed with a record of another hall of this vendor.
pub fn parse_of(body: &str, hall: HallId) -> Result<Reading, ParseError> {
    let menu = read_feed(unwrap_jsonp(body))?.menu();
    match menu.items.iter().find_map(|record| record.other_hall(hall)) {
        Some(shown) => Err(ParseError::WrongHall { asked: hall, shown }),
        None => read_menu(menu),
    }
}

fn read_menu(menu: OneOrMany<Record<'_>>) -> Result<Reading, ParseError> {
    let named = menu.items.len() + menu.wrong;
    if menu.items.iter().map(Record::dish_count).sum::<usize>() > MAX_DISHES {
        return Err(ParseError::Shape("more dishes than a week can have"));
    }
    let mut reader = Reader::default();
    reader.legible.lose(menu.wrong);
    let mut dates: BTreeMap<NaiveDate, Vec<Record<'_>>> = BTreeMap::new();
    for record in menu.items {
        match record.date() {
            Some(date) => dates.entry(date).or_default().push(record),
            None => reader.legible.lose(record.dish_count()),
        }
    }
    if named > 0 && dates.is_empty() {
        return Err(ParseError::Shape("no record of the feed has a date"));
    }
    let days = dates.into_iter();
    let days = days.map(|(date, records)| Ok((date, reader.day(&records)?)));
    let days = days.collect::<Result<BTreeMap<_, _>, ParseError>>()?;
    Ok(Reading { days, skipped: reader.legible.skipped()?, number: None })
}

/// The address of the feed that a hall's page names today; the host has moved before.
#[must_use]
pub fn feed_address(page: &str) -> Option<String> {
    const HOLDER: &str = "dining-menu-from-json";
    const ATTRIBUTE: &str = "data-dining-menu-json-url";
    let holders = html::tags_with(page, HOLDER);
    let tags =
        holders.root_element().descendants().filter_map(ElementRef::wrap).map(|tag| tag.value());
    let divs = tags.filter(|tag| tag.name() == "div" && tag.id() == Some(HOLDER));
    let mut addresses = divs.filter_map(|div| div.attr(ATTRIBUTE));
    let address = addresses.next()?.trim();
    (!address.is_empty()).then(|| address.to_owned())
}

/// What stands in the brackets of `/**/ menuData(…);`, or the body itself if there are none.
fn unwrap_jsonp(body: &str) -> &str {
    let mut rest = body.trim_start_matches('\u{FEFF}').trim();
    while let Some((_, after)) = rest.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
        rest = after.trim_start();
    }
    let names_function = |c: char| c.is_alphanumeric() || "_$. ".contains(c);
    match rest.split_once('(') {
        Some((callback, inner)) if callback.chars().all(names_function) => {
            inner.trim_end_matches([';', ')', ' ', '\n', '\r', '\t'])
        }
        _ => rest,
    }
}

fn read_feed(json: &str) -> Result<Feed<'_>, ParseError> {
    if json.starts_with('<') {
        return Err(ParseError::Html);
    }
    bounds::fits(json)?;
    serde_json::from_str(json).map_err(|error| match error.classify() {
        Category::Data => ParseError::Shape("no EatecExchange.menu"),
        _ => ParseError::Json(error),
    })
}

/// What one station serves at one meal, each dish with its place where it has one.
struct Served {
    meal: Meal,
    station: String,
    dishes: Vec<(Option<u64>, MenuItem)>,
}

/// What holds for the feed as a whole.
#[derive(Default)]
struct Reader<'a> {
    labels: Labels<'a>,
    legible: Legible,
}

impl<'a> Reader<'a> {
    /// A hall is shut only if all records of the date say so: a second menu cycle may add a "Closed"
    /// to a day with meals. A day of which most is lost is no day that is not posted.
    fn day(&mut self, records: &[Record<'a>]) -> Result<Day, ParseError> {
        if records.iter().all(Record::is_closed) {
            return Ok(Day::Closed);
        }
        let is_lunch = |record: &Record<'_>| record.period_meal() == Some(Meal::Lunch);
        let has_lunch = records.iter().any(is_lunch);
        let (mut served, mut legible) = (Vec::new(), Legible::default());
        for record in records {
            match record.meal(has_lunch) {
                Some(meal) => legible.join(self.serve(record, &meal, &mut served)),
                None => legible.lose(record.dish_count()),
            }
        }
        legible.skipped()?;
        self.legible.join(legible);
        Ok(match arrange(served) {
            meals if meals.is_empty() => Day::NotPosted,
            meals => Day::Posted(meals),
        })
    }

    /// Adds the dishes of a record to their stations.
    fn serve(&mut self, record: &Record<'a>, meal: &Meal, served: &mut Vec<Served>) -> Legible {
        let mut legible = Legible::default();
        legible.lose(record.wrong());
        for recipe in record.recipes().filter(|recipe| !recipe.is_hidden()) {
            let Some((station, item)) = recipe.station().zip(recipe.item(&mut self.labels)) else {
                legible.lose(1);
                continue;
            };
            legible.read();
            // A station without a name takes that of its meal.
            let station = station.unwrap_or_else(|| text::title_case(meal.as_str()));
            let dish = (recipe.place(), item);
            let known = |known: &&mut Served| known.meal == *meal && known.station == station;
            match served.iter_mut().find(known) {
                Some(known) => known.dishes.push(dish),
                None => {
                    let (meal, dishes) = (meal.clone(), vec![dish]);
                    served.push(Served { meal, station, dishes });
                }
            }
        }
        legible
    }
}

/// Dishes with a place come first, by place; the rest keep the order of the feed.
fn arrange(served: Vec<Served>) -> Vec<Arc<MealMenu>> {
    let mut day = DayBuilder::default();
    for mut station in served {
        let by_place = |(place, _): &(Option<u64>, MenuItem)| (place.is_none(), *place);
        station.dishes.sort_by_key(by_place);
        day.meal(station.meal, None, None);
        for (_, item) in station.dishes {
            day.item(&station.station, item);
        }
    }
    day.finish()
}
