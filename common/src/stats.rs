//! What the statistics dashboard shows, and how it is added up. Knows nothing of SQL.
//!
//! The window is a number of days of the halls. It counts what was read of the vendors in those
//! days: menus by their last reading, whichever day they are for, and reads by when they began.

mod sums;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::meal::Meal;

/// Which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The last of them.
    pub last: NaiveDate,
    /// How many; 1 or more.
    pub days: u32,
}

impl Window {
    /// The first of them.
    #[must_use]
    pub fn first(self) -> NaiveDate {
        let before = Days::new(self.days.saturating_sub(1).into());
        self.last.checked_sub_days(before).unwrap_or(NaiveDate::MIN)
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the part of that name, see docs/api.md")]
pub struct Dashboard {
    pub reference_date: NaiveDate,
    pub days: u32,
    pub overview: Overview,
    pub by_vendor: Vec<VendorShare>,
    pub by_hall: Vec<HallShare>,
    pub by_meal: Vec<MealShare>,
    pub by_station: Vec<StationShare>,
    pub by_tag: Vec<TagShare>,
    pub by_freshness: Vec<FreshnessShare>,
    pub fetches_daily: Vec<FetchDay>,
}

/// Menus that count, and their dishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuCounts {
    /// How many menus.
    pub menus: i64,
    /// How many dishes in them.
    pub items: i64,
}

/// Reads of vendors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FetchCounts {
    /// How many.
    pub fetches: i64,
    /// How many of them brought nothing that could be read.
    pub failed: i64,
    /// The share of the others, 0 to 1; nothing where there were none.
    pub success_ratio: Option<f64>,
    /// How long one took.
    pub mean_ms: Option<i64>,
}

/// The whole in a few figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// How many halls there are.
    pub halls: i64,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub menus: MenuCounts,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub fetches: FetchCounts,
    /// The newest reading of the hall that was read last.
    pub freshest: Option<DateTime<Utc>>,
    /// The newest reading of the hall that has waited longest.
    pub stalest: Option<DateTime<Utc>>,
}

/// A vendor's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the overview")]
pub struct VendorShare {
    pub vendor_type: String,
    pub halls: i64,
    #[serde(flatten)]
    pub menus: MenuCounts,
    #[serde(flatten)]
    pub fetches: FetchCounts,
}

/// A hall's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the overview")]
pub struct HallShare {
    pub hall_id: String,
    pub name: String,
    #[serde(flatten)]
    pub menus: MenuCounts,
    #[serde(flatten)]
    pub fetches: FetchCounts,
    /// Its newest reading.
    pub freshest: Option<DateTime<Utc>>,
}

/// A meal's share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the overview")]
pub struct MealShare {
    pub meal: Meal,
    #[serde(flatten)]
    pub menus: MenuCounts,
}

/// A station's share: in how many menus it stands, with how many dishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the overview")]
pub struct StationShare {
    pub hall_id: String,
    pub station: String,
    #[serde(flatten)]
    pub menus: MenuCounts,
}

/// A tag's share: in how many menus it is found, on how many dishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the overview")]
pub struct TagShare {
    pub tag: String,
    #[serde(flatten)]
    pub menus: MenuCounts,
}

/// How menus stand, at the time of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the overview")]
pub struct FreshnessShare {
    pub freshness: Freshness,
    #[serde(flatten)]
    pub menus: MenuCounts,
}

/// How a menu stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Of today or later, and younger than its TTL.
    Fresh,
    /// Of today or later, and older than its TTL.
    Stale,
    /// Of today or later; its vendor does not post that day any more.
    Kept,
    /// Of a day that has ended: nobody reads it again.
    Past,
}

/// The reads of one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the overview")]
pub struct FetchDay {
    pub date: NaiveDate,
    #[serde(flatten)]
    pub fetches: FetchCounts,
}

/// A hall, as figures name it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Hall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vendor_type: String,
}

/// Menus of one hall and meal that stand alike.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Menus {
    pub(crate) hall_id: String,
    pub(crate) meal: Meal,
    pub(crate) freshness: Freshness,
    pub(crate) menus: i64,
    pub(crate) items: i64,
    pub(crate) freshest: DateTime<Utc>,
}

/// Reads of one hall and day.
#[derive(Debug, Clone)]
pub(crate) struct Fetches {
    pub(crate) date: NaiveDate,
    pub(crate) hall_id: String,
    pub(crate) fetches: i64,
    pub(crate) failed: i64,
    pub(crate) took_ms: i64,
}

/// What was counted, to be added up.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) halls: Vec<Hall>,
    pub(crate) menus: Vec<Menus>,
    pub(crate) stations: Vec<StationShare>,
    pub(crate) tags: Vec<TagShare>,
    pub(crate) fetches: Vec<Fetches>,
}
