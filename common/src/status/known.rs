//! From rows to what a page shows: which halls are in trouble, and what there is of each meal.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Cell, DayRow, DriftRow, Failing, HallStatus, MealRow, MealStatus, State, Trouble};
use crate::{
    hall::HallId,
    hours::{HallHours, Schedule},
    meal::Meal,
    menu::DayState,
    vendors::Document,
};

/// All that the days are made of.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) days: BTreeMap<(HallId, NaiveDate), DayRow>,
    pub(super) meals: BTreeMap<(HallId, Meal, NaiveDate), MealRow>,
    pub(super) drift: BTreeMap<(HallId, Meal), DriftRow>,
    pub(super) failing: Failing,
}

impl Known {
    /// The halls one of whose shown days is in a document that fails.
    pub(super) fn troubles(&self, schedule: &Schedule, dates: &[NaiveDate]) -> Vec<Trouble> {
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

    pub(super) fn halls(
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

    pub(super) fn cell(
        &self,
        hours: &HallHours,
        date: NaiveDate,
        meal: &Meal,
        now: DateTime<Utc>,
    ) -> Cell {
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
