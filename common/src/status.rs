//! How things stand, as one value: the next days of every hall, how vendors fare, what changed. Each
//! figure carries the moment that it is of. For the status page; the questions are in `store`.

mod known;
mod rows;
mod view;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::future::BoxFuture;
use serde::Serialize;

use known::Known;
pub use rows::{ChangeRow, DayRow, DriftRow, Ends, Failing, FetchRow, MealRow};

use crate::{
    drift::Verdict,
    hall::{HallId, Vendor},
    meal::Meal,
    refresh::Refresher,
    store::StoreError,
    vendors::SiteState,
};
pub use view::{Level, STYLE, name, span};

/// So many days are shown, today first.
const DAYS: u64 = 7;

/// How things stand.
#[derive(Debug, Serialize)]
pub struct Status {
    /// When that was.
    pub at: DateTime<Utc>,
    /// Halls whose vendor fails; empty is well.
    pub troubles: Vec<Trouble>,
    /// The days that are shown.
    pub dates: Vec<NaiveDate>,
    /// Every hall, in the order of names.
    pub halls: Vec<HallStatus>,
    /// Every vendor.
    pub vendors: Vec<VendorStatus>,
    /// How menus changed, the newest first.
    pub changes: Vec<ChangeRow>,
}

/// A hall whose vendor fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Which hall.
    pub hall: HallId,
    /// The name that people use.
    pub name: String,
    /// Whose page it is.
    pub vendor: Vendor,
    /// The first failure since its last good answer.
    pub since: DateTime<Utc>,
    /// When today's menus were read that are served meanwhile; `None`: there are none.
    pub copy: Option<DateTime<Utc>>,
}

/// A hall's meals.
#[derive(Debug, Serialize)]
pub struct HallStatus {
    /// Which.
    pub id: HallId,
    /// The name that people use.
    pub name: String,
    /// Whose page it is.
    pub vendor: Vendor,
    /// In the order of a day.
    pub meals: Vec<MealStatus>,
}

/// A meal on the days that are shown.
#[derive(Debug, Serialize)]
pub struct MealStatus {
    /// Which.
    pub meal: Meal,
    /// How it compares with those before it, today and tomorrow; `None`: never judged.
    pub drift: Option<DriftRow>,
    /// In the order of `dates`.
    pub days: Vec<Cell>,
}

/// A meal on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The day.
    pub date: NaiveDate,
    /// What there is.
    pub state: State,
    /// Whether our hours say that it is served then.
    pub is_due: bool,
    /// When what is known of it was read.
    pub fetched_at: Option<DateTime<Utc>>,
    /// Dishes.
    pub items: Option<u32>,
    /// How that compares with those before it.
    pub verdict: Option<Verdict>,
}

/// What there is of a meal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A menu that need not be read again yet.
    Fresh,
    /// A menu that is older than its life, or of a day that is no longer posted.
    Stale,
    /// The vendor says that the hall is shut.
    Closed,
    /// The day is posted without it.
    NotServed,
    /// The vendor says nothing of that day.
    NotPosted,
    /// Nothing is known, and the last read failed.
    Failed,
    /// Nobody has asked yet.
    Unknown,
}

impl State {
    /// Every one of them, the best first.
    pub const ALL: [Self; 7] = [
        Self::Fresh,
        Self::Stale,
        Self::NotServed,
        Self::Closed,
        Self::NotPosted,
        Self::Unknown,
        Self::Failed,
    ];
}

/// A vendor's reads.
#[derive(Debug, Serialize)]
pub struct VendorStatus {
    /// Which.
    pub vendor: Vendor,
    /// Whether its sites are asked at all; empty where Redis cannot say.
    pub sites: Vec<SiteState>,
    /// Of the last hour; `None`: there were no reads.
    pub hour: Option<FetchRow>,
    /// Of the last day.
    pub day: Option<FetchRow>,
}

impl Status {
    /// Looks at both stores.
    ///
    /// # Errors
    /// When Postgres cannot be asked. Of sites nothing is said where Redis cannot.
    pub fn look(from: &Refresher, now: DateTime<Utc>) -> BoxFuture<'_, Result<Self, StoreError>> {
        // Of a type that is known here: else each program would compile all of it anew.
        Box::pin(Self::look_at_both(from, now))
    }

    async fn look_at_both(from: &Refresher, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let today = now.with_timezone(&from.zone).date_naive();
        let dates: Vec<NaiveDate> =
            (0..DAYS).filter_map(|ahead| today.checked_add_days(Days::new(ahead))).collect();
        let last = dates.last().copied().unwrap_or(today);
        let (schedule, saved, drift, fetches, changes, sites) = tokio::join!(
            from.store.hours(today, last),
            from.store.status_days(today, last),
            from.store.drift_states(),
            from.store.status_fetches(now),
            from.store.status_changes(now),
            from.vendors.sites(),
        );
        let ((days, meals), (fetches, failing)) = (saved?, fetches?);
        let known = Known {
            days: days.into_iter().map(|row| ((row.hall, row.date), row)).collect(),
            meals: meals
                .into_iter()
                .map(|row| ((row.hall, row.meal.clone(), row.date), row))
                .collect(),
            drift: drift?.into_iter().map(|row| ((row.hall_id, row.meal.clone()), row)).collect(),
            failing,
        };
        let schedule = schedule?;
        Ok(Self {
            at: now,
            troubles: known.troubles(&schedule, &dates),
            halls: known.halls(&schedule, &dates, now),
            dates,
            vendors: vendors(&fetches, &sites),
            changes: changes?,
        })
    }
}

fn vendors(fetches: &[FetchRow], sites: &[SiteState]) -> Vec<VendorStatus> {
    let of = |vendor: Vendor, hours: u32| {
        fetches.iter().find(|row| (row.vendor, row.hours) == (vendor, hours)).cloned()
    };
    let status = |vendor: Vendor| VendorStatus {
        vendor,
        sites: sites.iter().filter(|site| site.vendor == vendor).cloned().collect(),
        hour: of(vendor, 1),
        day: of(vendor, 24),
    };
    Vendor::ALL.map(status).into()
}

impl Status {
    /// What anybody may see of it.
    #[must_use]
    pub fn for_everybody(mut self) -> Self {
        self.vendors.clear();
        for meal in self.halls.iter_mut().flat_map(|hall| &mut hall.meals) {
            meal.drift = None;
            meal.days.iter_mut().for_each(|cell| cell.verdict = None);
        }
        self
    }
}

#[cfg(test)]
mod tests;
