//! Who is open now, or at another instant. The hours are cached; what follows from them is worked
//! out for each answer, so no answer outlives the opening or closing that ends it.

use std::time::Duration;

use axum::{extract::State, http::header::CACHE_CONTROL, response::Response};
use chrono::{DateTime, Datelike, Days, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use common::{
    cache::HOURS,
    hall::HallId,
    hours::{HallHours, Schedule, Serving},
    meal::Meal,
};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::past_the_cache;
use crate::{
    answer::{Answer, Conditional, cache_status},
    app::App,
    cached::{self, Cached, Family},
    extract::Parameters,
    openapi::{
        params::IfNoneMatch,
        responses::{BadRequest, NotModified, Unavailable},
        schemas,
    },
    problem::ApiError,
    rendered::Rendered,
    served::From,
};

/// The longest that an answer holds.
const LONGEST: Duration = Duration::from_secs(60);
/// The cached overrides reach from so many days ago to so many days ahead: enough for "now" for as
/// long as a last good copy is kept, and for most of what is asked with `at`.
const BEHIND: Days = Days::new(2);
const AHEAD: Days = Days::new(45);
/// The word for a special opening of which no meal is stated: `null` says that a hall is closed.
const SPECIAL: &str = "special";

/// A hall as it is listed.
#[derive(Serialize, ToSchema)]
#[schema(as = HallNow)]
struct Listed<'a> {
    #[schema(value_type = schemas::HallId)]
    id: HallId,
    #[schema(example = "Hoch-Shanahan")]
    name: &'a str,
    #[schema(example = "Harvey Mudd")]
    college: &'a str,
    #[schema(pattern = "^#[0-9a-f]{6}$", example = "#eaaa00")]
    color: &'a str,
    /// A meal, or `special`: an opening of which no meal is stated. `null`: closed.
    #[schema(required, example = "lunch")]
    current_meal: Option<String>,
    #[schema(required, format = DateTime)]
    opens_at: Option<String>,
    /// At this instant it is open no longer.
    #[schema(required, format = DateTime)]
    closes_at: Option<String>,
    /// Of closed halls alone: nothing within 14 days is `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Opening>)]
    next_opening: Option<Option<Opening>>,
}

/// A meal to come. Times carry the Pacific offset of their day.
#[derive(Serialize, ToSchema)]
struct Opening {
    #[schema(example = "dinner")]
    meal: String,
    #[schema(format = DateTime)]
    opens_at: String,
    #[schema(format = DateTime)]
    closes_at: String,
}

/// Who is open
///
/// The halls that are open now, or at another instant, ordered by name. Weekly hours; what is announced for a
/// date wins over them. Of two meals at once the one that started last. `max-age` ends at the next opening or
/// closing of any hall, and no stale answer is allowed.
#[utoipa::path(
    get,
    path = "/api/v2/open-now",
    tag = "Halls",
    operation_id = "open_now",
    params(
        ("at" = Option<String>, Query, description = "Another instant than now: RFC 3339, years 2000 to 2099.",
            format = DateTime, pattern = "^20[0-9]{2}-", max_length = 64, example = "2026-02-09T12:00:00-08:00"),
        ("include_closed" = Option<bool>, Query, description = "Closed halls too.", example = true),
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The halls.", body = Vec<Listed<'_>>,
            example = json!([{
                "id": "hoch", "name": "Hoch-Shanahan", "college": "Harvey Mudd", "color": "#eaaa00",
                "current_meal": "lunch", "opens_at": "2026-02-09T11:15:00-08:00",
                "closes_at": "2026-02-09T13:00:00-08:00",
            }])),
        NotModified, BadRequest, Unavailable,
    ),
)]
pub(super) async fn list(
    State(app): State<App>,
    known: Conditional,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let (at, include_closed) = (at(&asked)?, flag(&asked, "include_closed")?);
    let hours = hours(&app).await?;
    let Some(at) = at else {
        let query = if include_closed { "all" } else { "open" };
        // The clock is read when there is nothing left to wait for.
        let make = |hours: &Schedule| rendered(hours, app.zone, Utc::now(), include_closed);
        let rendered = hours.rendered(query, make)?;
        let max_age = rendered.until.map_or(LONGEST, |until| until - Instant::now());
        return Ok(respond(&rendered, max_age, (hours.from, hours.left), &known));
    };
    if hours.value().covers(app.zone, at) {
        let rendered = rendered(hours.value(), app.zone, at, include_closed)?;
        let max_age = holds_for(hours.value(), app.zone, at);
        return Ok(respond(&rendered, max_age, (hours.from, hours.left), &known));
    }
    let (from, to) = Schedule::dates_for(app.zone, at);
    let hours = past_the_cache(app.store.hours(from, to)).await?;
    let rendered = rendered(&hours, app.zone, at, include_closed)?;
    let max_age = holds_for(&hours, app.zone, at);
    Ok(respond(&rendered, max_age, (From::Postgres, Duration::ZERO), &known))
}

/// The hours as they are cached: enough for now, and for most of what is asked with `at`.
pub(super) async fn hours(app: &App) -> Result<Cached<Schedule>, ApiError> {
    let (from, to) = cached_dates(app.day_of(Utc::now()));
    let store = app.store.clone();
    cached::get_or_load(app, HOURS, Family::Few, async move { store.hours(from, to).await }).await
}

/// The same as this process last had them.
pub(super) fn last_hours(app: &App) -> Option<Cached<Schedule>> {
    cached::last_good(app, HOURS, Family::Few)
}

/// The halls as they are at `now`, until the next meal of any of them begins or ends.
fn rendered(
    hours: &Schedule,
    zone: Tz,
    now: DateTime<Utc>,
    closed_too: bool,
) -> Result<Rendered, ApiError> {
    let halls = hours.halls.iter();
    let listed: Vec<_> = halls.filter_map(|hall| Listed::at(hall, zone, now, closed_too)).collect();
    let until = Some(Instant::now() + holds_for(hours, zone, now));
    Ok(Rendered { until, ..Rendered::of(&listed)? })
}

fn respond(
    rendered: &Rendered,
    max_age: Duration,
    (from, left): (From, Duration),
    known: &Conditional,
) -> Response {
    // No stale answer, for no reason: it would say "open" of a hall that has closed.
    let control = format!("public, max-age={}", max_age.as_secs());
    let cache_status = Some(cache_status(from, left.as_secs()));
    let (body, more) = (&rendered.body, vec![(CACHE_CONTROL, control)]);
    Answer { body, max_age, cache_status, last_modified: None, more }.respond(known)
}

fn cached_dates(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let from = today.checked_sub_days(BEHIND).unwrap_or(today);
    (from, today.checked_add_days(AHEAD).unwrap_or(today))
}

/// Until the next meal of any hall begins or ends; rounded down when it is sent, so never past it.
fn holds_for(schedule: &Schedule, zone: Tz, now: DateTime<Utc>) -> Duration {
    let change = schedule.next_change(zone, now);
    let left = change.and_then(|at| at.signed_duration_since(now).to_std().ok());
    left.unwrap_or(LONGEST).min(LONGEST)
}

impl<'a> Listed<'a> {
    /// The hall as it is at `now`; nothing when it is closed and closed ones are not asked for.
    fn at(hall: &'a HallHours, zone: Tz, now: DateTime<Utc>, closed_too: bool) -> Option<Self> {
        let current = hall.open_at(zone, now);
        if current.is_none() && !closed_too {
            return None;
        }
        let next_opening =
            current.is_none().then(|| hall.next_opening(zone, now).as_ref().map(Opening::of));
        let current = current.as_ref().map(Opening::of);
        let (mut current_meal, mut opens_at, mut closes_at) = (None, None, None);
        if let Some(current) = current {
            current_meal = Some(current.meal);
            opens_at = Some(current.opens_at);
            closes_at = Some(current.closes_at);
        }
        let (id, name, college, color) = (hall.id, &*hall.name, &*hall.college, &*hall.color);
        Some(Self { id, name, college, color, current_meal, opens_at, closes_at, next_opening })
    }
}

impl Opening {
    fn of(serving: &Serving) -> Self {
        let meal = serving.meal.as_ref().map_or(SPECIAL, Meal::as_str).to_owned();
        let [opens_at, closes_at] = [serving.opens, serving.closes].map(local);
        Self { meal, opens_at, closes_at }
    }
}

/// RFC 3339 with the offset that the halls' clocks have then.
fn local(at: DateTime<Tz>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// `at`: an instant, or nothing where it is not given.
fn at(asked: &Parameters) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = asked.optional("at")? else { return Ok(None) };
    // A `+` that was not escaped has arrived as a blank.
    let text = match text.split_at_checked(11) {
        Some((date, time)) => format!("{date}{}", time.replace(' ', "+")),
        None => text,
    };
    let wrong = || {
        let what = "is no RFC 3339 time of the years 2000 to 2099, like 2026-02-09T12:00:00-08:00";
        ApiError::Parameter(format!("Parameter at {what}"))
    };
    let at = DateTime::parse_from_rfc3339(&text).map_err(|_| wrong())?.with_timezone(&Utc);
    if (2000..2100).contains(&at.year()) { Ok(Some(at)) } else { Err(wrong()) }
}

/// `true` or `false`; not given is `false`.
fn flag(asked: &Parameters, name: &str) -> Result<bool, ApiError> {
    match asked.optional(name)?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::Parameter(format!("Parameter {name} is neither true nor false"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_its_offset_and_a_blank_was_a_plus() {
        let read = |text: &str| at(&Parameters::of(&format!("at={text}")));
        let noon: DateTime<Utc> = "2026-02-09T20:00:00Z".parse().unwrap();
        for text in [
            "2026-02-09T20:00:00Z",
            "2026-02-09T12:00:00-08:00",
            "2026-02-09T21:00:00%2B01:00",
            "2026-02-09T21:00:00+01:00",
            "2026-02-09t20:00:00.000z",
        ] {
            assert_eq!(read(text), Ok(Some(noon)), "{text}");
        }
        assert_eq!(at(&Parameters::of("")), Ok(None));
        for text in [
            "now",
            "12:00",
            "2026-02-09",
            "2026-02-09T12:00:00",
            "2026-02-30T12:00:00Z",
            "2026-02-09T25:00:00Z",
            "2026-02-09T12:00:00-99:00",
            "1770638400",
            "1999-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "2099-12-31T23:59:59-08:00",
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00%2B23:59",
            "-2026-02-09T12:00:00Z",
            "%2B262143-12-31T23:59:59Z",
            "20260209%C3%A90T12:00:00Z",
        ] {
            let detail = read(text).unwrap_err().to_string();
            assert!(detail.starts_with("Parameter at is no RFC 3339 time"), "{text}: {detail}");
        }
    }
}
