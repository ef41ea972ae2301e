//! The same answer without Redis, or without anybody who works: from Postgres while it is fresh,
//! else from the vendor, read by this process, else the last good copy.

use chrono::Utc;
use common::{
    cache::Held,
    entry::{Entry, MenuKey},
    queue::Reason,
    refresh::Outcome,
    store::StoreError,
};

use tracing::Instrument;

use crate::{
    app::App,
    flights::Landing,
    problem::ApiError,
    read_through::{From, Served, stale_left},
};

/// A menu past the cache; for all requests of this process that want the key.
pub(crate) async fn menu(app: App, key: MenuKey) -> Landing {
    let (app, key) = (&app, &key);
    if let Ok(Some(held)) = copy(app, key).await
        && matches!(held.entry, Entry::Menu { is_stale: false, .. })
    {
        return Ok(Served::new(held, From::Postgres));
    }
    live(app, key).await
}

/// A menu that this process reads itself; it waits no longer than for a job.
pub(crate) async fn live(app: &App, key: &MenuKey) -> Landing {
    let reading = {
        let (app, key) = (app.clone(), key.clone());
        // A task of its own: when the wait ends, the read goes on, and whoever asks next has it.
        let read = async move { app.refresher.settle(&key, Reason::Miss).await };
        tokio::spawn(read.in_current_span())
    };
    tokio::pin!(reading);
    if let Ok(done) = tokio::time::timeout(app.soft_wait.min(app.miss_wait), &mut reading).await {
        return landed(done);
    }
    if let Ok(Some(held)) = copy(app, key).await {
        return Ok(Served::from_postgres(held));
    }
    match tokio::time::timeout(app.miss_wait.saturating_sub(app.soft_wait), &mut reading).await {
        Ok(done) => landed(done),
        Err(_) => Err(ApiError::Pending),
    }
}

fn landed(
    done: Result<Result<common::refresh::Done, common::refresh::Busy>, tokio::task::JoinError>,
) -> Landing {
    let Ok(Ok(done)) = done else { return Err(ApiError::Pending) };
    let from = match done.outcome {
        Outcome::Known => From::Hit,
        Outcome::Restored => From::Postgres,
        Outcome::Live | Outcome::Unavailable => From::Live,
        Outcome::Snapshot => From::Copy,
    };
    Ok(Served::new(done.held, from))
}

/// The saved menu of a key as an entry: fresh while its day is, stale after, and nothing at all
/// once it is too old to be served in place of a menu of today or later.
pub(crate) async fn copy(app: &App, key: &MenuKey) -> Result<Option<Held>, StoreError> {
    let Some(copy) = app.store.copy(key).await? else { return Ok(None) };
    let now = Utc::now();
    let left = copy.fresh_until.and_then(|until| (until - now).to_std().ok());
    let past = key.date < app.day_of(now);
    let too_old = (now - copy.fetched_at).to_std().is_ok_and(|age| age > app.stale_max);
    if left.is_none() && too_old && !past {
        return Ok(None);
    }
    let entry = Entry::menu(key, &copy.stations, left.is_none(), copy.fetched_at);
    Ok(entry.ok().map(|entry| Held { entry, left: left.unwrap_or(stale_left()) }))
}
