//! One day of all halls. Knows the shape of the URL and of the answer, nothing of how menus are made.

use axum::{Extension, extract::State, response::Response};
use chrono::NaiveDate;
use common::hall::HallId;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{
    RequestId,
    known_halls::{Head, KnownHalls},
    screen::{Listed, Screen},
};
use crate::{
    answer::Conditional,
    app::App,
    diet::Wishes,
    extract::Parameters,
    many::{self, HallDay, Menus},
    openapi::{
        params::{DietParams, IfNoneMatch},
        responses::{BadRequest, NotModified, Unavailable},
    },
    problem::ApiError,
};

/// What there is on a day, by hall.
#[derive(Serialize, ToSchema)]
#[schema(as = DayOfHalls)]
struct Day<'a> {
    date: NaiveDate,
    /// By name.
    halls: Vec<Hall<'a>>,
}

/// A hall on that day.
#[derive(Serialize, ToSchema)]
#[schema(as = HallOfDay)]
struct Hall<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// In the order of a day.
    meals: Vec<Listed<'a>>,
}

/// A day
///
/// What all halls serve on a day: one call for a screen. Each meal has a `status` of its own, so the trouble of
/// one vendor hides nobody else's menus, and the answer is 200 whatever happens to them. Listed are all menus,
/// and of a hall's usual meals also those without one, unless the day is posted without them.
#[utoipa::path(
    get,
    path = "/api/v2/menus/day",
    tag = "Menus",
    operation_id = "day",
    params(
        ("date" = NaiveDate, Query, description = "Which day (Pacific). Vendors are asked from yesterday to 14 \
            days ahead; of other days there is what was saved.",
            pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-02-09"),
        ("college" = Option<String>, Query, description = "Only the halls of this college, in any letter case.",
            min_length = 1, max_length = 64, example = "Harvey Mudd"),
        DietParams,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The halls, by name. With a meal that is `pending` it is `no-store`, with \
            `retry-after`.", body = Day<'_>,
            example = json!({ "date": "2026-02-09", "halls": [{
                "hall_id": "hoch", "name": "Hoch-Shanahan", "college": "Harvey Mudd", "color": "#eaaa00",
                "meals": [
                    { "meal": "lunch", "status": "ok", "fetched_at": "2026-02-09T19:02:11Z", "stations": [{ "name": "Grill", "items": [
                        { "name": "Veggie Burger", "description": null, "tags": ["contains-soy", "vegan", "vegetarian"] },
                    ] }] },
                    { "meal": "dinner", "status": "pending", "fetched_at": null, "stations": [] },
                ],
            }] })),
        NotModified, BadRequest, Unavailable,
    ),
)]
pub(super) async fn show(
    State(app): State<App>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    known: Conditional,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let started = Instant::now();
    let (date, college) = (asked.date("date")?, asked.optional("college")?);
    let wishes = Wishes::read(&asked)?;
    let college = college.as_deref();
    let (halls, menus) = read(&app, date, college, &request_id, started).await?;
    let mut screen = Screen::new(&menus, &wishes);
    let listed = halls.of(college)?.into_iter().map(|hall| {
        let meals = screen.meals((hall, date), &halls.usual_meals(hall, date))?;
        Ok(Hall { head: halls.head(hall), meals })
    });
    let day = Day { date, halls: listed.collect::<Result<_, ApiError>>()? };
    screen.respond(&app, &day, halls.provenance(), &known)
}

/// The halls, and the menus of those that are asked for.
async fn read(
    app: &App,
    date: NaiveDate,
    college: Option<&str>,
    request_id: &str,
    started: Instant,
) -> Result<(KnownHalls, Menus), ApiError> {
    let menus = async |halls: &[HallId]| {
        let days: Vec<HallDay> = halls.iter().map(|hall| (*hall, date)).collect();
        many::menus(app, &days, request_id, started).await
    };
    if college.is_none() {
        return Ok(tokio::join!(KnownHalls::read(app, started), menus(&HallId::ALL)));
    }
    // Nobody else's menus are asked for.
    let halls = KnownHalls::read(app, started).await;
    let menus = menus(&halls.of(college)?).await;
    Ok((halls, menus))
}
