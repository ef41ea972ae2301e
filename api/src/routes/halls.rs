//! The list of halls.

use axum::{extract::State, response::Response};
use common::{cache::LIST_LIFE, store::HallRow};

use super::past_the_cache;
use crate::{
    answer::Conditional,
    app::App,
    cached::{self, Family},
    extract::Parameters,
    openapi::{
        params::{IfNoneMatch, PageParams},
        responses::{BadRequest, NotModified, Unavailable},
        schemas::Hall,
    },
    paging::Paging,
    problem::ApiError,
    served::From,
};

/// The halls
///
/// All seven, ordered by name: from the cached list; with a filter straight from the database.
#[utoipa::path(
    get,
    path = "/api/v2/halls",
    tag = "Halls",
    operation_id = "halls",
    params(
        ("college" = Option<String>, Query, description = "Only its halls, in any letter case; what is no \
            college finds nothing.", min_length = 1, max_length = 64, example = "Pomona"),
        ("vendor_type" = Option<String>, Query, description = "Only the halls of this vendor, in any letter \
            case; what is no vendor finds nothing.", min_length = 1, max_length = 64, example = "pomona"),
        PageParams,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The halls, or a page of them.", body = Vec<Hall>,
            headers(("x-total-count" = u64, description = "How many there are on all pages; of a page only.")),
            example = json!([{
                "id": "hoch", "name": "Hoch-Shanahan", "college": "Harvey Mudd",
                "vendor_type": "sodexo", "color": "#eaaa00",
            }])),
        NotModified, BadRequest, Unavailable,
    ),
)]
pub(super) async fn list(
    State(app): State<App>,
    known: Conditional,
    asked: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    let (college, vendor) = (asked.sought("college")?, asked.sought("vendor_type")?);
    if college.is_none() && vendor.is_none() {
        let store = app.store.clone();
        let make = async move { store.halls().await };
        let halls = cached::get_or_load(&app, "halls:all", Family::Few, make).await?;
        let page = halls.rendered(paging.asked_for(), |halls: &Vec<HallRow>| paging.page(halls))?;
        return Ok(page.answer(halls.from, halls.left, &known));
    }
    let halls = app.store.halls_of(college.as_deref(), vendor.as_deref());
    let page = paging.page(&past_the_cache(halls).await?)?;
    Ok(page.answer(From::Postgres, LIST_LIFE, &known))
}
