//! What is served before there is nothing: a menu that this process has served until a moment ago. Only
//! where neither the vendor nor any store can say what there is now, and as a stale one.

use chrono::Utc;
use common::{
    cache::Held,
    entry::{Entry, MenuKey},
};

use crate::{
    app::App,
    flights::Landing,
    problem::ApiError,
    served::{From, Served, stale_left},
};

/// What is known of a key, or, where that is nothing, what was a moment ago. To be asked after Redis
/// was looked into: see [`crate::near_cache`].
pub(crate) fn instead(app: &App, key: &MenuKey, landing: Landing) -> Landing {
    let is_nothing = match &landing {
        Ok(served) => matches!(served.ready.entry, Entry::Failed { .. }),
        Err(error) => matches!(error, ApiError::Pending | ApiError::Unavailable { .. }),
    };
    match is_nothing.then(|| stand_in(app, key)).flatten() {
        Some(served) => Ok(served),
        None => landing,
    }
}

fn stand_in(app: &App, key: &MenuKey) -> Option<Served> {
    let ended = app.near.menus.ended(key, app.last_resort)?;
    let age = (Utc::now() - ended.entry.fetched_at()).to_std().unwrap_or_default();
    let entry = ended.entry.to_stale(key).filter(|_| age <= app.stale_max)?;
    tracing::debug!(cache.key = %key, "nobody can be asked: what was served until a moment ago");
    Some(Served::new(Held { entry, left: stale_left() }, From::Copy))
}
