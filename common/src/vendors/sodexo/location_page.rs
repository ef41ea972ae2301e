//! The hall's page: the state that its script starts from. It holds the same sections as the data
//! service, the day it was made for and special hours, the only place where Sodexo says "closed".

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{read_day, shape::Section};
use crate::vendors::{
    ParseError, bounds,
    keyed::keyed,
    loose::{List, Object, Text},
    script,
};
use crate::{
    meal::Meal,
    menu::{Day, Reading},
};

/// What the state is assigned to in the page's script.
const STATE: &str = "window.__PRELOADED_STATE__";

/// More seasons than speak of any one day; each is held against every other.
const MAX_SEASONS: usize = 100;

/// What the page's script starts from.
#[derive(Default)]
struct State<'a> {
    composition: Object<Composition<'a>>,
}

keyed!(State<'a> { "composition" => composition });

#[derive(Default)]
struct Composition<'a> {
    context: Object<Context<'a>>,
    subject: Object<Part<'a>>,
}

keyed!(Composition<'a> { "context" => context, "subject" => subject });

#[derive(Default)]
struct Context<'a> {
    content: Object<Moment<'a>>,
}

keyed!(Context<'a> { "content" => content });

#[derive(Default)]
struct Moment<'a> {
    local_date_time: Text<'a>,
}

keyed!(Moment<'a> { "localDateTime" => local_date_time });

/// A part of the page: regions hold fragments and regions, a fragment holds something to show.
#[derive(Default)]
struct Part<'a> {
    content: Object<Shown<'a>>,
    regions: List<Part<'a>>,
    fragments: List<Part<'a>>,
}

keyed!(Part<'a> { "content" => content, "regions" => regions, "fragments" => fragments });

#[derive(Default)]
struct Shown<'a> {
    main: Object<Main<'a>>,
}

keyed!(Shown<'a> { "main" => main });

/// What a fragment shows: a menu, or a place with its hours.
#[derive(Default)]
struct Main<'a> {
    sections: List<Section<'a>>,
    /// Text until a day without dishes asks whether the hall is shut.
    opening_hours: Option<&'a RawValue>,
}

keyed!(Main<'a> { "sections" => sections, "openingHours" => opening_hours });

/// Hours that replace the usual ones between two instants.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Season<'a> {
    from: &'a str,
    to: &'a str,
    #[serde(borrow)]
    opening_hours: Vec<OpeningHours<'a>>,
}

#[derive(Deserialize)]
struct OpeningHours<'a> {
    #[serde(borrow)]
    days: Vec<Weekday<'a>>,
    #[serde(borrow)]
    hours: Vec<Serving<'a>>,
}

#[derive(Deserialize)]
struct Weekday<'a> {
    /// "0" is Sunday.
    key: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Serving<'a> {
    #[serde(default)]
    all_day: bool,
    label: Option<&'a str>,
    start_time: Option<IgnoredAny>,
    finish_time: Option<IgnoredAny>,
}

/// The menu in the hall's page, or in the bare value of its state. The page shows its own day
/// whatever day was asked for, so that day must be the one. A page without dishes is a day not
/// posted, or closed if the special hours say so.
///
/// # Errors
/// [`ParseError::WrongDay`] if the page was made for another day, [`ParseError::Html`] for a page
/// without state, [`ParseError::Json`] for a cut or garbled one, [`ParseError::Shape`] if the
/// state names no day or holds no menu, [`ParseError::Unreadable`] if more than half of the dishes
/// cannot be read.
pub fn parse_location_page(body: &str, asked: NaiveDate) -> Result<Reading, ParseError> {
    let state = read_state(body.trim_start_matches('\u{FEFF}').trim_start())?;
    let shown = state.day().ok_or(ParseError::Shape("the page names no day"))?;
    if shown != asked {
        return Err(ParseError::WrongDay { asked, shown });
    }
    let mains = state.mains();
    let mut menus = Vec::new();
    for main in &mains {
        match &main.sections {
            List::Is(sections) => menus.push(sections.as_slice()),
            List::Absent => {}
            List::Wrong => return Err(ParseError::Shape("no list of sections")),
        }
    }
    if menus.is_empty() && !shuts(&mains, asked) {
        return Err(ParseError::Shape("no menu in the page"));
    }
    let without_dishes = || if shuts(&mains, asked) { Day::Closed } else { Day::NotPosted };
    read_day(&menus, asked, without_dishes)
}

/// Whether the special hours in a page's state (the bare value) say that the hall is shut all of
/// that day: an entry without times whose label names no meal ("Fall Break"), or a whole day that
/// is labelled closed. Of two seasons the one within the other decides (a holiday in a summer term); where
/// they only overlap, one entry that says otherwise wins. Hours that cannot be read say nothing.
/// The vendor's instants are taken by their UTC dates, both included.
#[must_use]
pub fn is_closed(state: &str, day: NaiveDate) -> bool {
    let Object(state) = serde_json::from_str(state).unwrap_or_default();
    state.is_some_and(|state: State<'_>| shuts(&state.mains(), day))
}

fn shuts(mains: &[&Main<'_>], day: NaiveDate) -> bool {
    let hours = mains.iter().filter_map(|main| main.opening_hours);
    let hours: Vec<Value> =
        hours.filter_map(|hours| serde_json::from_str(hours.get()).ok()).collect();
    let seasons = hours.iter().filter_map(|hours| hours.get("seasonalHours")?.as_array());
    let seasons = seasons.flatten();
    let specials = seasons.filter_map(|season| Special::on(day, season));
    let specials: Vec<_> = specials.take(MAX_SEASONS).collect();
    let is_outdone = |special: &&Special<'_>| specials.iter().any(|other| other.is_within(special));
    let mut deciding = specials.iter().filter(|special| !is_outdone(special));
    !specials.is_empty() && deciding.all(Special::is_closure)
}

/// What a season says of one day.
struct Special<'a> {
    days: RangeInclusive<NaiveDate>,
    servings: Vec<Serving<'a>>,
}

impl<'a> Special<'a> {
    /// `None` if the season does not speak of that day.
    fn on(day: NaiveDate, season: &'a Value) -> Option<Self> {
        let season = Season::deserialize(season).ok()?;
        let (first, last) = (date_of(season.from)?, date_of(season.to)?);
        let weekday = day.weekday().num_days_from_sunday().to_string();
        let hours = season.opening_hours.into_iter();
        let hours = hours.filter(|hours| hours.days.iter().any(|day| day.key == weekday));
        let servings: Vec<_> = hours.flat_map(|hours| hours.hours).collect();
        let days = first..=last;
        (days.contains(&day) && !servings.is_empty()).then_some(Self { days, servings })
    }

    fn is_closure(&self) -> bool {
        self.servings.iter().all(Serving::is_closure)
    }

    fn is_within(&self, other: &Self) -> bool {
        let holds = |end: &NaiveDate| other.days.contains(end);
        self.days != other.days && holds(self.days.start()) && holds(self.days.end())
    }
}

impl Serving<'_> {
    /// Whether this entry says that nothing is served.
    fn is_closure(&self) -> bool {
        let label = self.label.unwrap_or_default().trim();
        if self.all_day {
            return label.to_lowercase().contains("closed");
        }
        let names_meal = Meal::from_label(label).is_some_and(|meal| Meal::SIX.contains(&meal));
        let has_times = self.start_time.is_some() || self.finish_time.is_some();
        !label.is_empty() && !names_meal && !has_times
    }
}

/// The state, read from its `=` to the end of the value: what follows is script.
fn read_state(body: &str) -> Result<State<'_>, ParseError> {
    bounds::fits(body)?;
    if body.starts_with('{') {
        return Ok(serde_json::from_str(body)?);
    }
    for at in memmem::find_iter(body.as_bytes(), STATE) {
        let after = body.get(at + STATE.len()..).unwrap_or_default();
        let value = script::assigned(after).unwrap_or_default().trim_start();
        if value.starts_with('{') {
            return Ok(script::value(value)?.0);
        }
    }
    if body.starts_with('<') {
        return Err(ParseError::Html);
    }
    serde_json::from_str::<IgnoredAny>(body)?;
    Err(ParseError::Shape("the state is no object"))
}

impl<'a> State<'a> {
    /// The day that the page was made for. The vendor calls the time local; it is UTC.
    fn day(&self) -> Option<NaiveDate> {
        let context = self.composition.0.as_ref()?.context.0.as_ref()?;
        date_of(context.content.0.as_ref()?.local_date_time.read()?)
    }

    /// The main content of every fragment, in whichever region it stands.
    fn mains(&self) -> Vec<&Main<'a>> {
        let mut found = Vec::new();
        if let Some(subject) = self.composition.0.as_ref().and_then(|all| all.subject.0.as_ref()) {
            subject.collect_mains(&mut found);
        }
        found
    }
}

impl<'a> Part<'a> {
    fn collect_mains<'s>(&'s self, found: &mut Vec<&'s Main<'a>>) {
        found.extend(self.content.0.as_ref().and_then(|content| content.main.0.as_ref()));
        for inner in [&self.regions, &self.fragments] {
            for part in inner.entries().unwrap_or_default().iter().flatten() {
                part.collect_mains(found);
            }
        }
    }
}

fn date_of(instant: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(instant.get(..10)?, "%Y-%m-%d").ok()
}
