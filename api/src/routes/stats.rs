//! The statistics dashboard.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use common::{
    stats::{Dashboard, Window},
    store::Outlook,
};

use super::hall_menus::{left, midnight};
use crate::{
    answer::{Answer, Conditional, cache_status, ends_within},
    app::App,
    cached::{self, Cached, Family},
    extract::Parameters,
    openapi::{
        figures,
        params::IfNoneMatch,
        responses::{BadRequest, NotModified, Unavailable},
    },
    problem::ApiError,
};

/// How many days where nobody says how many.
const USUAL: u32 = 30;
/// In a key: up to today.
const DEFAULT: &str = "default";

/// Figures
///
/// Of so many days of the halls, up to a reference date: what was read of the vendors in them, whichever day it
/// is for.
#[utoipa::path(
    get,
    path = "/api/v2/stats/dashboard",
    tag = "Statistics",
    operation_id = "dashboard",
    params(
        ("reference_date" = Option<NaiveDate>, Query, description = "The last of the days; else today.",
            example = "2026-02-09"),
        ("days" = Option<u32>, Query, description = "How many; else 30.", minimum = 1, maximum = 365,
            example = 30),
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The figures.", body = figures::Dashboard),
        NotModified, BadRequest, Unavailable,
    ),
)]
pub(super) async fn dashboard(
    State(app): State<App>,
    known: Conditional,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let last = asked.optional_date("reference_date")?;
    let days = asked.number("days", 1..=365)?.unwrap_or(USUAL);
    let now = Utc::now();
    let found = match last {
        Some(last) => of(&app, Window { last, days }, &last.to_string(), now).await?,
        None => of_today(&app, days, now).await?,
    };
    let cache_status = Some(cache_status(found.from, found.left.as_secs()));
    let (body, max_age) = (found.body(), found.left);
    let answer = Answer { body, max_age, cache_status, last_modified: None, more: Vec::new() };
    let mut response = answer.respond(&known);
    if last.is_none()
        && let Some(end) = midnight(&app, app.day_of(now)).and_then(|end| left(end, now))
    {
        // "Up to today" is another window then.
        ends_within(&mut response, max_age, end);
    }
    Ok(response)
}

/// The one that ends today. In the first minutes of a day the cached one ends yesterday: then today
/// is asked for by its date, and yesterday's serves only where that cannot be had.
async fn of_today(app: &App, days: u32, now: DateTime<Utc>) -> Result<Cached<Dashboard>, ApiError> {
    let today = app.day_of(now);
    let window = Window { last: today, days };
    let found = of(app, window, DEFAULT, now).await?;
    if found.value().reference_date == today {
        return Ok(found);
    }
    Ok(of(app, window, &today.to_string(), now).await.unwrap_or(found))
}

async fn of(
    app: &App,
    window: Window,
    named: &str,
    now: DateTime<Utc>,
) -> Result<Cached<Dashboard>, ApiError> {
    let (store, outlook) = (app.store.clone(), Outlook { window, zone: app.zone, now });
    let key = format!("dashboard:stats:{named}:{}", window.days);
    // There are as many windows as there are days and lengths; one of them is what all look at.
    let is_usual = named == DEFAULT && window.days == USUAL;
    let family = if is_usual { Family::Few } else { Family::Many };
    cached::get_or_load(app, &key, family, async move { store.dashboard(outlook).await }).await
}
