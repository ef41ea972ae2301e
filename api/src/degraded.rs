//! The same answer without Redis, or without anybody who works: from Postgres while it is fresh,
//! else from the vendor, read by this process, else the last good copy.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{NaiveDate, Utc};
use common::{
    cache::Held,
    entry::{Entry, MenuKey},
    hall::HallId,
    queue::Reason,
    refresh::{Done, Outcome},
    store::{Copy, StoreError},
};
use tokio::time::{Instant, MissedTickBehavior, timeout, timeout_at};
use tracing::Instrument;

use crate::{
    app::App,
    flights::Landing,
    problem::ApiError,
    ready::Ready,
    served::{From, Served, stale_left},
};

/// Connections to Postgres that are kept open. When Redis fails, all come to Postgres at once, and would
/// wait for connections longer than they may.
pub(crate) const OPEN: usize = 2;
/// Who comes then and finds them at work waits so long for one of them: another takes longer to open than
/// these take for all who come.
const A_MOMENT: Duration = Duration::from_millis(20);
/// Between two rounds of that; shorter than what an idle connection lives.
const OPEN_EVERY: Duration = Duration::from_secs(300);

/// Keeps Postgres at hand for when Redis is not. Goes on for ever.
pub(crate) async fn stand_by(app: App) {
    let mut rounds = tokio::time::interval(OPEN_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = app.store.connect(OPEN).await {
            tracing::debug!(%error, "whoever needs a connection opens it");
        }
    }
}

/// A menu past the cache; for all requests of this process that want the key. `started`: since when
/// they wait.
pub(crate) async fn menu(app: App, key: MenuKey, started: Instant) -> Landing {
    let (app, key) = (&app, &key);
    let mut stand_in = None;
    let fresh = app.near.copies.fill(key, async {
        let _turn = timeout(A_MOMENT, app.at_hand.acquire()).await;
        let held = copy(app, key).await.ok().flatten()?;
        if !matches!(held.entry, Entry::Menu { is_stale: false, .. }) {
            stand_in = Some(held);
            return None;
        }
        let ready = Arc::new(Ready::new(held));
        let until = ready.until;
        Some((ready, until))
    });
    match fresh.await {
        Some(ready) => Ok(Served { ready, from: From::Postgres }),
        None => live(app, key, started, stand_in).await,
    }
}

/// What Postgres had of the key a moment ago, while there is no Redis.
pub(crate) fn kept(app: &App, key: &MenuKey) -> Option<Served> {
    let ready = app.near.copies.peek(key)?;
    Some(Served { ready, from: From::Postgres })
}

/// A menu that this process reads itself; it waits no longer than for a job. `stand_in`: the copy, if
/// it was looked up already.
pub(crate) async fn live(
    app: &App,
    key: &MenuKey,
    started: Instant,
    stand_in: Option<Held>,
) -> Landing {
    let reading = {
        let (app, key) = (app.clone(), key.clone());
        // A task of its own: when the wait ends, the read goes on, and whoever asks next has it.
        let read = async move { app.refresher.settle(&key, Reason::Miss).await };
        tokio::spawn(read.in_current_span())
    };
    tokio::pin!(reading);
    let soft = started + app.soft_wait.min(app.miss_wait);
    let is_over = match timeout_at(soft, &mut reading).await {
        Ok(Ok(Ok(done))) => return Ok(landed(done)),
        early => early.is_ok(),
    };
    let stand_in = match stand_in {
        Some(held) => Some(held),
        None => copy(app, key).await.ok().flatten(),
    };
    if let Some(held) = stand_in {
        return Ok(Served::from_postgres(held));
    }
    if is_over {
        // It came to nothing: there is no more to wait for.
        return Err(ApiError::Pending);
    }
    match timeout_at(started + app.miss_wait, &mut reading).await {
        Ok(Ok(Ok(done))) => Ok(landed(done)),
        _ => Err(ApiError::Pending),
    }
}

fn landed(done: Done) -> Served {
    let from = match done.outcome {
        Outcome::Known => From::Hit,
        Outcome::Restored => From::Postgres,
        Outcome::Live | Outcome::Unavailable => From::Live,
        Outcome::Snapshot => From::Copy,
    };
    Served::new(done.held, from)
}

/// The saved menu of a key as an entry: fresh while its day is, stale after, and nothing at all
/// once it is too old to be served in place of a menu of today or later.
pub(crate) async fn copy(app: &App, key: &MenuKey) -> Result<Option<Held>, StoreError> {
    let copy = app.store.copy(key).await?;
    Ok(copy.and_then(|copy| servable(app, key, &copy)))
}

/// The same for every meal of these days, in one question.
pub(crate) async fn copies(
    app: &App,
    days: &[(HallId, NaiveDate)],
) -> Result<HashMap<MenuKey, Held>, StoreError> {
    let copies = app.store.copies(days).await?.into_iter();
    let copies = copies.filter_map(|(key, copy)| {
        let held = servable(app, &key, &copy)?;
        Some((key, held))
    });
    Ok(copies.collect())
}

fn servable(app: &App, key: &MenuKey, copy: &Copy) -> Option<Held> {
    let now = Utc::now();
    let left = copy.fresh_until.and_then(|until| (until - now).to_std().ok());
    let past = key.date < app.day_of(now);
    let too_old = (now - copy.fetched_at).to_std().is_ok_and(|age| age > app.stale_max);
    if left.is_none() && too_old && !past {
        return None;
    }
    let entry = Entry::menu(key, &copy.stations, left.is_none(), copy.fetched_at);
    entry.ok().map(|entry| Held { entry, left: left.unwrap_or(stale_left()) })
}
