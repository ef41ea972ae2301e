//! The vocabulary of tags, as it was built in.

use std::{sync::LazyLock, time::Duration};

use axum::response::Response;
use common::labels;

use crate::{
    answer::{Answer, Conditional, STATIC},
    coded::Coded,
    openapi::{params::IfNoneMatch, responses::NotModified, schemas::Label},
};

/// It changes with a release and with nothing else.
const LIFE: Duration = Duration::from_secs(86_400);

static BODY: LazyLock<Coded> = LazyLock::new(|| {
    Coded::new(serde_json::to_vec(labels::ALL.as_slice()).unwrap_or_default().into())
});

/// The labels
///
/// Every tag that we know: what it is called, what follows from it, and the words in which each vendor
/// says it. A tag that is not listed is an allergen that a vendor has added since.
#[utoipa::path(
    get,
    path = "/api/v2/labels",
    tag = "Menus",
    operation_id = "labels",
    params(IfNoneMatch),
    responses(
        (status = 200, description = "The labels: diets, promises, allergens, ingredients.", body = Vec<Label>,
            example = json!([{
                "id": "vegan", "kind": "diet", "name": "Vegan", "implies": ["vegetarian"],
                "vendors": {"sodexo": ["isVegan"], "bon_appetit": ["Vegan"], "pomona": ["Vegan"]},
            }])),
        NotModified,
    ),
)]
pub(super) async fn list(known: Conditional) -> Response {
    let cache_status = Some(STATIC.to_owned());
    let (last_modified, more) = (None, Vec::new());
    Answer { body: &BODY, max_age: LIFE, cache_status, last_modified, more }.respond(&known)
}
