//! How things stand, as one value: the next days of every hall, how vendors fare, what changed. Each
//! figure carries the moment that it is of. For the status page; the questions are in `store`.

mod rows;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

pub use rows::{ChangeRow, DayRow, DriftRow, Ends, Failing, FetchRow, MealRow};

use crate::{
    drift::Verdict,
    hall::{HallId, Vendor},
    hours::{HallHours, Schedule},
    meal::Meal,
    menu::DayState,
    refresh::Refresher,
    store::StoreError,
    vendors::{Document, SiteState},
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

/// All that the days are made of.
#[derive(Debug, Default)]
struct Known {
    days: BTreeMap<(HallId, NaiveDate), DayRow>,
    meals: BTreeMap<(HallId, Meal, NaiveDate), MealRow>,
    drift: BTreeMap<(HallId, Meal), DriftRow>,
    failing: Failing,
}

impl Status {
    /// Looks at both stores.
    ///
    /// # Errors
    /// When Postgres cannot be asked. Of sites nothing is said where Redis cannot.
    pub async fn look(from: &Refresher, now: DateTime<Utc>) -> Result<Self, StoreError> {
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

impl Known {
    /// The halls one of whose shown days is in a document that fails.
    fn troubles(&self, schedule: &Schedule, dates: &[NaiveDate]) -> Vec<Trouble> {
        let trouble = |hours: &HallHours| {
            let of =
                |date: &NaiveDate| self.failing.get(&Document::of(hours.id, *date).to_string());
            let since = dates.iter().filter_map(of).min().copied()?;
            let today = dates.first()?;
            let menus =
                self.meals.iter().filter(|((hall, _, date), _)| *hall == hours.id && date == today);
            let copy = menus.map(|(_, menu)| menu.fetched_at).max();
            let (name, vendor) = (hours.name.clone(), hours.id.vendor());
            Some(Trouble { hall: hours.id, name, vendor, since, copy })
        };
        schedule.halls.iter().filter_map(trouble).collect()
    }

    fn halls(
        &self,
        schedule: &Schedule,
        dates: &[NaiveDate],
        now: DateTime<Utc>,
    ) -> Vec<HallStatus> {
        let hall = |hours: &HallHours| HallStatus {
            id: hours.id,
            name: hours.name.clone(),
            vendor: hours.id.vendor(),
            meals: self
                .meals_of(hours, dates)
                .into_iter()
                .map(|meal| MealStatus {
                    drift: self.drift.get(&(hours.id, meal.clone())).cloned(),
                    days: dates.iter().map(|date| self.cell(hours, *date, &meal, now)).collect(),
                    meal,
                })
                .collect(),
        };
        schedule.halls.iter().map(hall).collect()
    }

    /// What is usual on any of the days, and what there is besides; the vendor's own meals last.
    fn meals_of(&self, hours: &HallHours, dates: &[NaiveDate]) -> Vec<Meal> {
        let usual = dates.iter().flat_map(|date| hours.usual_meals(*date));
        let saved = self.meals.keys().filter(|(hall, ..)| *hall == hours.id);
        let all: BTreeSet<Meal> = usual.chain(saved.map(|(_, meal, _)| meal.clone())).collect();
        let place = |meal: &Meal| Meal::OF_A_DAY.iter().position(|own| own == meal);
        let mut all: Vec<Meal> = all.into_iter().collect();
        all.sort_by_key(|meal| place(meal).unwrap_or(usize::MAX));
        all
    }

    fn cell(&self, hours: &HallHours, date: NaiveDate, meal: &Meal, now: DateTime<Utc>) -> Cell {
        let hall = hours.id;
        let day = self.days.get(&(hall, date));
        let menu = self.meals.get(&(hall, meal.clone(), date));
        let failed = self.failing.contains_key(&Document::of(hall, date).to_string());
        let state = match (day.map(|day| day.state), menu) {
            (None, _) if failed => State::Failed,
            (None, _) => State::Unknown,
            (Some(DayState::Closed), _) => State::Closed,
            (Some(DayState::NotPosted), None) => State::NotPosted,
            (Some(DayState::Posted), None) => State::NotServed,
            (Some(DayState::Posted), Some(_)) if day.is_some_and(|day| day.fresh_until > now) => {
                State::Fresh
            }
            (Some(DayState::Posted | DayState::NotPosted), Some(_)) => State::Stale,
        };
        Cell {
            date,
            state,
            is_due: hours.on(date).any(|(served, _)| served.is_none_or(|served| served == meal)),
            fetched_at: menu.map(|menu| menu.fetched_at).or(day.map(|day| day.fetched_at)),
            items: menu.map(|menu| menu.items),
            verdict: menu.and_then(|menu| menu.verdict),
        }
    }
}

#[cfg(test)]
mod tests;
