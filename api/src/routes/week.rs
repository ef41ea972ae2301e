//! Seven days of one hall. Knows the shape of the URL and of the answer, nothing of how menus are
//! made.

use axum::{Extension, extract::State, response::Response};
use chrono::{Datelike, NaiveDate, Utc};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{
    RequestId,
    hall_menus::{left, midnight},
    known_halls::{Head, KnownHalls},
    screen::{Listed, Screen},
};
use crate::{
    answer::Conditional,
    app::App,
    diet::Wishes,
    extract::Parameters,
    many::{self, HallDay},
    openapi::{
        params::{DietParams, IfNoneMatch},
        responses::{BadRequest, NotModified, UnknownHall},
        schemas::HallId,
    },
    problem::ApiError,
};

const DAYS: usize = 7;
/// Later days cannot be written as dates are here.
const LAST_YEAR: i32 = 9999;

/// Seven days of a hall.
#[derive(Serialize, ToSchema)]
#[schema(as = WeekOfHall)]
struct Week<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// The first of the days.
    start: NaiveDate,
    #[schema(min_items = 1, max_items = 7)]
    days: Vec<Day<'a>>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
#[schema(as = DayOfHall)]
struct Day<'a> {
    date: NaiveDate,
    /// In the order of a day.
    meals: Vec<Listed<'a>>,
}

/// A week
///
/// What one hall serves on seven days, today first, or another day. As with a day of all halls, each meal has a
/// `status` of its own, and the answer is 200 whatever happens to them.
#[utoipa::path(
    get,
    path = "/api/v2/menus/week",
    tag = "Menus",
    operation_id = "week",
    params(
        ("hall_id" = HallId, Query, description = "Which hall.", example = "hoch"),
        ("start" = Option<NaiveDate>, Query, description = "The first day (Pacific); default: today.",
            pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-02-09"),
        DietParams,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The days in their order. With a meal that is `pending` it is `no-store`, \
            with `retry-after`.", body = Week<'_>,
            example = json!({
                "hall_id": "hoch", "name": "Hoch-Shanahan", "college": "Harvey Mudd", "color": "#eaaa00",
                "start": "2026-02-09", "days": [{ "date": "2026-02-09", "meals": [
                    { "meal": "lunch", "status": "ok", "fetched_at": "2026-02-09T19:02:11Z", "stations": [{ "name": "Grill", "items": [
                        { "name": "Veggie Burger", "description": null, "tags": ["contains-soy", "vegan", "vegetarian"] },
                    ] }] },
                    { "meal": "dinner", "status": "pending", "fetched_at": null, "stations": [] },
                ] }],
            })),
        NotModified, BadRequest, UnknownHall,
    ),
)]
pub(super) async fn show(
    State(app): State<App>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    known: Conditional,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let (started, now) = (Instant::now(), Utc::now());
    let (hall, given) = (asked.hall()?, asked.optional_date("start")?);
    let (today, wishes) = (app.day_of(now), Wishes::read(&asked)?);
    let start = given.unwrap_or(today);
    let dates = start.iter_days().take(DAYS).take_while(|date| date.year() <= LAST_YEAR);
    let days: Vec<HallDay> = dates.map(|date| (hall, date)).collect();
    let menus = many::menus(&app, &days, &request_id, started);
    let (halls, menus) = tokio::join!(KnownHalls::read(&app, started), menus);
    let mut screen = Screen::new(&menus, &wishes);
    let listed = days.into_iter().map(|day| {
        let meals = screen.meals(day, &halls.usual_meals(hall, day.1))?;
        Ok(Day { date: day.1, meals })
    });
    let days = listed.collect::<Result<_, ApiError>>()?;
    if given.is_none()
        && let Some(left) = midnight(&app, today).and_then(|end| left(end, now))
    {
        // "From today" is another week then.
        screen.ends_within(left);
    }
    let week = Week { head: halls.head(hall), start, days };
    screen.respond(&app, &week, halls.provenance(), &known)
}
