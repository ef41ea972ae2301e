//! Days and menus as columns, so that one statement saves a whole document.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::types::Json;
use xxhash_rust::xxh3::Xxh3;

use crate::menu::{KnownDay, KnownMenu, Station};

#[derive(Default)]
pub(super) struct DayColumns<'a> {
    pub(super) date: Vec<NaiveDate>,
    pub(super) state: Vec<&'a str>,
    pub(super) fetched_at: Vec<DateTime<Utc>>,
    pub(super) fresh_until: Vec<DateTime<Utc>>,
    pub(super) content_hash: Vec<i64>,
}

impl DayColumns<'_> {
    pub(super) fn push(&mut self, day: &KnownDay) {
        self.date.push(day.date);
        self.state.push(day.state.as_str());
        self.fetched_at.push(day.fetched_at);
        self.fresh_until.push(day.fresh_until);
        self.content_hash.push(content_hash(day));
    }
}

#[derive(Default)]
pub(super) struct MenuColumns<'a> {
    pub(super) date: Vec<NaiveDate>,
    pub(super) meal: Vec<&'a str>,
    pub(super) stations: Vec<Json<&'a [Station]>>,
    pub(super) station_count: Vec<i32>,
    pub(super) item_count: Vec<i32>,
    pub(super) start_time: Vec<Option<NaiveTime>>,
    pub(super) end_time: Vec<Option<NaiveTime>>,
    pub(super) fetched_at: Vec<DateTime<Utc>>,
}

impl<'a> MenuColumns<'a> {
    pub(super) fn push(&mut self, date: NaiveDate, known: &'a KnownMenu) {
        let menu = &known.menu;
        self.date.push(date);
        self.meal.push(menu.meal.as_str());
        self.stations.push(Json(menu.stations.as_slice()));
        self.station_count.push(count(menu.stations.len()));
        self.item_count.push(count(menu.item_count()));
        self.start_time.push(menu.start);
        self.end_time.push(menu.end);
        self.fetched_at.push(known.fetched_at);
    }
}

/// Each day is a row of the first, each of its menus one of the second.
pub(super) fn columns<'a>(
    days: impl Iterator<Item = &'a KnownDay>,
) -> (DayColumns<'a>, MenuColumns<'a>) {
    let (mut day, mut menu) = (DayColumns::default(), MenuColumns::default());
    for known in days {
        day.push(known);
        for one in &known.menus {
            menu.push(known.date, one);
        }
    }
    (day, menu)
}

/// A count as a column holds it.
pub(super) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Of what callers see of a day, and of nothing else: a re-read of the same menu hashes the same.
pub(crate) fn content_hash(day: &KnownDay) -> i64 {
    let mut hash = Xxh3::new();
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        hash.update(&[0]);
    };
    add(day.state.as_str());
    for known in &day.menus {
        add(known.menu.meal.as_str());
        for station in &known.menu.stations {
            add(&station.name);
            for item in &station.items {
                add(&item.name);
                add(item.description.as_deref().unwrap_or_default());
                item.tags.iter().for_each(&mut add);
            }
        }
    }
    hash.digest().cast_signed()
}
