//! The vocabulary of tags, as it was built in.

use std::time::Duration;

use axum::response::Response;
use common::labels;

use crate::{
    answer::{Answer, Conditional},
    problem::ApiError,
};

/// It changes with a release and with nothing else.
const LIFE: Duration = Duration::from_secs(86_400);

/// `GET /api/v2/labels`
pub(super) async fn list(known: Conditional) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(labels::ALL.as_slice()).map_err(|_| ApiError::Internal)?.into();
    let (cache_status, last_modified, more) = (None, None, Vec::new());
    Ok(Answer { body, max_age: LIFE, cache_status, last_modified, more }.respond(&known))
}
