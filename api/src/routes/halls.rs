//! The list of halls.

use std::time::Duration;

use axum::{extract::State, response::Response};
use bytes::Bytes;
use common::{cache::LIST_LIFE, store::HallRow};

use crate::{
    answer::{Answer, Conditional},
    app::App,
    extract::Parameters,
    problem::ApiError,
};

const LIST: &str = "halls:all";

/// `GET /api/v2/halls[?college=&vendor_type=]`: from the cached projection; with a filter straight
/// from Postgres.
pub(super) async fn list(
    State(app): State<App>,
    known: Conditional,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let (college, vendor) = (asked.optional("college")?, asked.optional("vendor_type")?);
    let (body, left) = if college.is_none() && vendor.is_none() {
        all(&app).await?
    } else {
        let fits = |want: &Option<String>, has: &str| {
            want.as_deref().is_none_or(|want| want.eq_ignore_ascii_case(has))
        };
        let mut halls = from_postgres(&app).await?;
        halls.retain(|hall| fits(&college, &hall.college) && fits(&vendor, &hall.vendor_type));
        (body(&halls)?, LIST_LIFE)
    };
    let answer =
        Answer { body, max_age: left, cache_status: None, last_modified: None, more: Vec::new() };
    Ok(answer.respond(&known))
}

async fn all(app: &App) -> Result<(Bytes, Duration), ApiError> {
    if let Some((cached, left)) = from_cache(app).await {
        return Ok((cached, left));
    }
    let body = body(&from_postgres(app).await?)?;
    if let Some(redis) = &app.redis
        && let Err(error) = redis.cache.put_list(LIST, &body).await {
            tracing::warn!(%error, "the list of halls is not cached");
        }
    Ok((body, LIST_LIFE))
}

/// The cached list, if it is one.
async fn from_cache(app: &App) -> Option<(Bytes, Duration)> {
    match app.redis.as_ref()?.cache.get_list(LIST).await {
        Ok(Some((cached, left))) => {
            serde_json::from_slice::<Vec<HallRow>>(&cached).ok()?;
            Some((cached.into(), left))
        }
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(%error, "the list of halls comes from Postgres");
            None
        }
    }
}

async fn from_postgres(app: &App) -> Result<Vec<HallRow>, ApiError> {
    app.store.halls().await.map_err(|error| {
        tracing::warn!(%error, "no list of halls");
        ApiError::StoresAway
    })
}

fn body(halls: &[HallRow]) -> Result<Bytes, ApiError> {
    Ok(serde_json::to_vec(halls).map_err(|_| ApiError::Internal)?.into())
}
