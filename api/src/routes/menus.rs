//! Menus of one hall. Knows the shape of the URL, nothing of how a menu is made.

use axum::{
    Extension,
    extract::State,
    http::HeaderName,
    response::{IntoResponse, Response},
};
use common::{
    entry::{Entry, MenuKey, NoMenu},
    meal::Meal,
};

use super::RequestId;
use crate::{
    answer::{Answer, Conditional, cache_status, set},
    app::App,
    extract::Parameters,
    problem::ApiError,
    read_through::{self, Served, stale_left},
};

/// `GET /api/v2/menus?hall_id=&date=&meal=`
pub(super) async fn show(
    State(app): State<App>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    known: Conditional,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let (hall, date, word) = (asked.hall()?, asked.date("date")?, asked.required("meal")?);
    let Some(meal) = Meal::parse(&word) else {
        let (hall, date) = (hall.as_str(), date.to_string());
        let (reason, left) = (NoMenu::MealNotServed, app.negative);
        return Err(ApiError::NoMenu { hall, date, meal: word, reason, left });
    };
    let key = MenuKey { hall, date, meal };
    let served = read_through::menu(&app, key.clone(), &request_id).await?;
    Ok(answer(&key, &served, &known))
}

fn answer(key: &MenuKey, served: &Served, known: &Conditional) -> Response {
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
