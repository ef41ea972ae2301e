//! Menus of one hall. Knows the shape of the URL, nothing of how a menu is made.

use axum::{
    Extension,
    extract::State,
    http::HeaderName,
    response::{IntoResponse, Response},
};
use chrono::{NaiveDate, Utc};
use common::{
    entry::{Entry, MenuKey, NoMenu},
    hall,
    meal::Meal,
    metrics, vendors,
};

use crate::{
    answer::{Answer, Conditional, STATIC, cache_status, set},
    answered::RequestId,
    app::App,
    extract::Parameters,
    measured,
    openapi::{
        params::IfNoneMatch,
        responses::{BadRequest, MenuNotFound, MenuUnavailable, NotModified},
        schemas::{HallId, Menu},
    },
    problem::ApiError,
    read_through,
    served::{Served, stale_left},
};

/// A menu
///
/// What a hall serves at one meal of one day. Parameters are checked in the order hall, date, meal, and the
/// first that is wrong is the answer. A first request may wait some seconds for the vendor; the next ones, for
/// any meal of that day, are answered at once.
#[utoipa::path(
    get,
    path = "/api/v2/menus",
    tag = "Menus",
    operation_id = "menu",
    params(
        ("hall_id" = HallId, Query, description = "Which hall.", example = "hoch"),
        ("date" = NaiveDate, Query, description = "Which day of the hall (Pacific). Vendors are asked from \
            yesterday to 14 days ahead; of other days there is what was saved.",
            example = "2026-02-09"),
        ("meal" = String, Query, description = "`breakfast`, `brunch`, `lunch`, `dinner`, `late_night`, \
            `snack`, or a vendor's own. Letter case, outer blanks, and a blank or hyphen for `_` do not matter. \
            What is no meal is 404.",
            min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_ -]+$", example = "lunch"),
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The menu.", body = Menu,
            headers(("last-modified" = String, description = "When the vendor was read.")),
            example = json!({
                "hall_id": "hoch", "date": "2026-02-09", "meal": "lunch",
                "stations": [{ "name": "Grill", "items": [
                    { "name": "Veggie Burger", "description": null, "tags": ["contains-soy", "vegan", "vegetarian"] },
                ] }],
                "is_stale": false, "fetched_at": "2026-02-09T19:02:11Z",
            })),
        NotModified, BadRequest, MenuNotFound, MenuUnavailable,
    ),
)]
pub(super) async fn show(
    State(app): State<App>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    known: Conditional,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let (hall, date, word) = (asked.hall()?, asked.date("date")?, asked.required("meal")?);
    let Some(meal) = Meal::parse(&word) else { return Ok(no_meal(&app, hall, date, word)) };
    let key = MenuKey { hall, date, meal };
    let served = measured::menu(read_through::menu(&app, key.clone(), &request_id).await)?;
    Ok(answer(&key, &served, &known))
}

/// What is said of a word that can be no meal's, for the reason that a meal's would have that nobody
/// serves.
fn no_meal(app: &App, hall: hall::HallId, date: NaiveDate, word: String) -> Response {
    let (first, last) = vendors::window(app.day_of(Utc::now()));
    let is_asked_for = (first..=last).contains(&date);
    let reason = if is_asked_for { NoMenu::MealNotServed } else { NoMenu::OutOfRange };
    let (hall, date, left) = (hall.as_str(), date.to_string(), app.negative);
    metrics::MENUS.one(&["no_menu"]);
    let error = ApiError::NoMenu { hall, date, meal: word, reason, left };
    with_cache_status(error, STATIC.to_owned())
}

/// What is said of a key to whoever asked for it.
pub(crate) fn answer(key: &MenuKey, served: &Served, known: &Conditional) -> Response {
    let (ready, left) = (&served.ready, served.ready.left());
    let cache_status = cache_status(served.from, left.as_secs());
    match &ready.entry {
        Entry::Menu { is_stale, .. } => {
            let max_age = if *is_stale { left.min(stale_left()) } else { left };
            let (body, last_modified) = (&ready.body, ready.last_modified.clone());
            let cache_status = Some(cache_status);
            Answer { body, max_age, cache_status, last_modified, more: Vec::new() }.respond(known)
        }
        Entry::NoMenu { reason, .. } => {
            let (hall, date, reason) = (key.hall.as_str(), key.date.to_string(), *reason);
            let error = ApiError::NoMenu { hall, date, meal: key.meal.to_string(), reason, left };
            with_cache_status(error, cache_status)
        }
        Entry::Failed { .. } => {
            with_cache_status(ApiError::Unavailable { retry_after: left }, cache_status)
        }
    }
}

fn with_cache_status(error: ApiError, status: String) -> Response {
    let mut response = error.into_response();
    set(response.headers_mut(), HeaderName::from_static("cache-status"), status);
    response
}
