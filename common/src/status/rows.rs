//! What the status is made of, as Postgres gives it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::{
    drift::{Sign, Verdict},
    hall::{HallId, Vendor},
    meal::Meal,
    menu::DayState,
};

/// How many, by word.
pub type Ends = BTreeMap<String, u64>;
/// Documents whose last read failed, and since when.
pub type Failing = BTreeMap<String, DateTime<Utc>>;

/// A vendor's reads in a span.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "each field is what its name says")]
pub struct FetchRow {
    #[serde(skip)]
    pub vendor: Vendor,
    #[serde(skip)]
    pub hours: u32,
    pub reads: u64,
    /// Those that brought a whole document.
    pub ok: u64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    /// By error class, `ok` among them.
    pub ends: Ends,
    /// By class of the status: `2xx`, `5xx`, `none`.
    pub http: Ends,
}

/// How a menu changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of that name in `menu_changes`")]
pub struct ChangeRow {
    pub hall_id: HallId,
    pub date: NaiveDate,
    pub meal: Meal,
    pub at: DateTime<Utc>,
    pub added: u32,
    pub removed: u32,
    pub added_names: Vec<String>,
    pub removed_names: Vec<String>,
}

/// How a hall's meal compares with those before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of that name in `drift_states`")]
pub struct DriftRow {
    #[serde(skip)]
    pub hall_id: HallId,
    #[serde(skip)]
    pub meal: Meal,
    pub verdict: Verdict,
    pub signs: Vec<Sign>,
    pub date: NaiveDate,
    pub since: DateTime<Utc>,
}

/// What a vendor last said of a day.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the column of that name in `menu_days`")]
pub struct DayRow {
    pub hall: HallId,
    pub date: NaiveDate,
    pub state: DayState,
    pub fetched_at: DateTime<Utc>,
    pub fresh_until: DateTime<Utc>,
}

/// A menu that counts.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name in `menus`, and its verdict"
)]
pub struct MealRow {
    pub hall: HallId,
    pub date: NaiveDate,
    pub meal: Meal,
    pub items: u32,
    pub fetched_at: DateTime<Utc>,
    pub verdict: Option<Verdict>,
}
