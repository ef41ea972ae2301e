//! The halls as screens name them, and what they usually serve: from the cached hours, as far as
//! they can be had in time.

use std::time::Duration;

use chrono::NaiveDate;
use common::{
    hall::HallId,
    hours::{HallHours, Schedule, USUAL},
    meal::Meal,
};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::open_now::{hours, last_hours};
use crate::{app::App, cached::Cached, openapi::schemas, problem::ApiError, served::From};

/// A hall as screens name it. All but the id is `null` while neither store can say it.
#[derive(Serialize, ToSchema)]
#[schema(as = HallHead)]
pub(super) struct Head<'a> {
    #[schema(value_type = schemas::HallId)]
    hall_id: HallId,
    #[schema(required, example = "Hoch-Shanahan")]
    name: Option<&'a str>,
    #[schema(required, example = "Harvey Mudd")]
    college: Option<&'a str>,
    #[schema(required, pattern = "^#[0-9a-f]{6}$", example = "#eaaa00")]
    color: Option<&'a str>,
}

/// What is known of the halls.
pub(super) struct KnownHalls(Option<Cached<Schedule>>);

impl KnownHalls {
    /// What can be had before menus are given up for their copies; the hours are given up for theirs then.
    pub(super) async fn read(app: &App, started: Instant) -> Self {
        let soft = started + app.soft_wait.min(app.miss_wait);
        match timeout_at(soft, hours(app)).await {
            Ok(hours) => Self(hours.ok()),
            Err(_) => Self(last_hours(app)),
        }
    }

    /// The halls by name; those of a college in any letter case.
    pub(super) fn of(&self, college: Option<&str>) -> Result<Vec<HallId>, ApiError> {
        let college = college.map(str::to_lowercase);
        let fits = |hall: &&HallHours| {
            college.as_deref().is_none_or(|college| hall.college.to_lowercase() == college)
        };
        match (&self.0, &college) {
            (Some(hours), _) => {
                Ok(hours.value().halls.iter().filter(fits).map(|hall| hall.id).collect())
            }
            (None, None) => Ok(HallId::ALL.to_vec()),
            (None, Some(_)) => Err(ApiError::StoresAway),
        }
    }

    /// The name and colours of a hall.
    pub(super) fn head(&self, hall_id: HallId) -> Head<'_> {
        let known = self.hours(hall_id);
        let name = known.map(|hall| hall.name.as_str());
        let college = known.map(|hall| hall.college.as_str());
        let color = known.map(|hall| hall.color.as_str());
        Head { hall_id, name, college, color }
    }

    /// What a hall usually serves on that weekday.
    pub(super) fn usual_meals(&self, hall: HallId, date: NaiveDate) -> Vec<Meal> {
        self.hours(hall).map_or_else(|| USUAL.to_vec(), |hall| hall.usual_meals(date))
    }

    /// Where it came from, and how long it holds; nothing where nothing is known.
    pub(super) fn provenance(&self) -> Option<(From, Duration)> {
        self.0.as_ref().map(|hours| (hours.from, hours.left))
    }

    fn hours(&self, id: HallId) -> Option<&HallHours> {
        self.0.as_ref()?.value().halls.iter().find(|hall| hall.id == id)
    }
}
