//! The list of halls.

use axum::{extract::State, response::Response};
use common::{cache::LIST_LIFE, store::HallRow};

use super::past_the_cache;
use crate::{
    answer::Conditional,
    app::App,
    cached,
    extract::Parameters,
    paging::{Paging, Provenance},
    problem::ApiError,
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
    let (halls, provenance) = if college.is_none() && vendor.is_none() {
        all(&app).await?
    } else {
        let halls = app.store.halls_of(college.as_deref(), vendor.as_deref());
        let provenance = Provenance { left: LIST_LIFE, from: From::Postgres };
        (past_the_cache(halls.await)?, provenance)
    };
    paging.answer(&halls, provenance, &known)
}

async fn all(app: &App) -> Result<(Vec<HallRow>, Provenance), ApiError> {
    let store = app.store.clone();
    let halls = cached::get_or_load(app, "halls:all", async move { store.halls().await }).await?;
    Ok((halls.value()?, Provenance { left: halls.left, from: halls.from }))
}
