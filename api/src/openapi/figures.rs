//! The shape of the statistics, which `common::stats` makes.
#![expect(
    dead_code,
    reason = "they are read by the macro that describes them, and by nothing else"
)]

use chrono::{DateTime, NaiveDate, Utc};
use utoipa::ToSchema;

use super::schemas::{HallId, Meal, VendorType};

/// Figures of a number of days of the halls.
#[derive(ToSchema)]
pub(crate) struct Dashboard {
    /// The last of the days.
    reference_date: NaiveDate,
    /// How many.
    #[schema(minimum = 1, maximum = 365)]
    days: u32,
    overview: Overview,
    by_vendor: Vec<VendorShare>,
    /// All seven.
    by_hall: Vec<HallShare>,
    /// In the order of a day.
    by_meal: Vec<MealShare>,
    /// Those in most menus.
    #[schema(max_items = 50)]
    by_station: Vec<StationShare>,
    /// Those on most dishes.
    #[schema(max_items = 100)]
    by_tag: Vec<TagShare>,
    #[schema(min_items = 4, max_items = 4)]
    by_freshness: Vec<FreshnessShare>,
    /// Each day, zeros included, the reference date last.
    #[schema(min_items = 1, max_items = 365)]
    fetches_daily: Vec<FetchDay>,
}

/// Menus, and the dishes in them.
#[derive(ToSchema)]
pub(crate) struct MenuCounts {
    #[schema(minimum = 0)]
    menus: i64,
    #[schema(minimum = 0)]
    items: i64,
}

/// Reads of vendors.
#[derive(ToSchema)]
pub(crate) struct FetchCounts {
    #[schema(minimum = 0)]
    fetches: i64,
    /// Those that brought nothing that could be read.
    #[schema(minimum = 0)]
    failed: i64,
    /// The share of the others; `null` where there were none.
    #[schema(required, minimum = 0, maximum = 1)]
    success_ratio: Option<f64>,
    /// How long one took; `null` where there were none.
    #[schema(required, minimum = 0)]
    mean_ms: Option<i64>,
}

/// The whole in a few figures.
#[derive(ToSchema)]
pub(crate) struct Overview {
    #[schema(minimum = 0)]
    halls: i64,
    #[serde(flatten)]
    menus: MenuCounts,
    #[serde(flatten)]
    fetches: FetchCounts,
    /// The newest reading of the hall that was read last.
    #[schema(required)]
    freshest: Option<DateTime<Utc>>,
    /// The newest reading of the hall that has waited longest.
    #[schema(required)]
    stalest: Option<DateTime<Utc>>,
}

/// A vendor's share.
#[derive(ToSchema)]
pub(crate) struct VendorShare {
    vendor_type: VendorType,
    #[schema(minimum = 0)]
    halls: i64,
    #[serde(flatten)]
    menus: MenuCounts,
    #[serde(flatten)]
    fetches: FetchCounts,
}

/// A hall's share.
#[derive(ToSchema)]
pub(crate) struct HallShare {
    hall_id: HallId,
    #[schema(example = "Hoch-Shanahan")]
    name: String,
    #[serde(flatten)]
    menus: MenuCounts,
    #[serde(flatten)]
    fetches: FetchCounts,
    /// Its newest reading.
    #[schema(required)]
    freshest: Option<DateTime<Utc>>,
}

/// A meal's share.
#[derive(ToSchema)]
pub(crate) struct MealShare {
    meal: Meal,
    #[serde(flatten)]
    menus: MenuCounts,
}

/// A station's share: in how many menus it stands, with how many dishes.
#[derive(ToSchema)]
pub(crate) struct StationShare {
    hall_id: HallId,
    #[schema(example = "Grill")]
    station: String,
    #[serde(flatten)]
    menus: MenuCounts,
}

/// A tag's share: in how many menus it is found, on how many dishes.
#[derive(ToSchema)]
pub(crate) struct TagShare {
    #[schema(example = "vegan")]
    tag: String,
    #[serde(flatten)]
    menus: MenuCounts,
}

/// How menus stand, at the time of asking.
#[derive(ToSchema)]
pub(crate) struct FreshnessShare {
    freshness: Freshness,
    #[serde(flatten)]
    menus: MenuCounts,
}

/// How a menu stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Freshness {
    Fresh,
    /// Older than its lifetime.
    Stale,
    /// Its vendor does not post that day any more.
    Kept,
    /// The day is over.
    Past,
}

/// The reads of one day.
#[derive(ToSchema)]
pub(crate) struct FetchDay {
    date: NaiveDate,
    #[serde(flatten)]
    fetches: FetchCounts,
}
