//! The list of halls.

use axum::{extract::State, response::Response};
use common::{cache::LIST_LIFE, store::HallRow};

use super::past_the_cache;
use crate::{
    answer::Conditional, app::App, cached, extract::Parameters, paging::Paging, problem::ApiError,
    read_through::From,
};

/// `GET /api/v2/halls[?college=][&vendor_type=][&page=][&page_size=]`: from the cached list; with
/// a filter straight from Postgres.
pub(super) async fn list(
    State(app): State<App>,
    known: Conditional,
    asked: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    let (college, vendor) = (asked.optional("college")?, asked.optional("vendor_type")?);
    if college.is_none() && vendor.is_none() {
        let store = app.store.clone();
        let make = async move { store.halls().await };
        let halls = cached::get_or_load(&app, "halls:all", make).await?;
        let page = halls.rendered(paging.query(), |halls: &Vec<HallRow>| paging.page(halls))?;
        return Ok(page.answer(halls.from, halls.left, &known));
    }
    let halls = app.store.halls_of(college.as_deref(), vendor.as_deref());
    let page = paging.page(&past_the_cache(halls.await)?)?;
    Ok(page.answer(From::Postgres, LIST_LIFE, &known))
}
