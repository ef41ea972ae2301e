//! A menu, whoever has it: what this process keeps of the cache, the cache, else one job and a short
//! wait for it, else the last good copy. Reads forwards: register, look and push, wait, look.

use std::{pin::pin, sync::Arc, time::Duration};

use chrono::Utc;
use common::{
    cache::{CacheError, Held, Look},
    entry::{Entry, MenuKey, NoMenu},
    link::LinkError,
    meal::Meal,
    metrics,
    queue::{PushAnswer, Pushed, Reason, RefreshMenu},
    traces, vendors,
};
use futures::future::{Either, select};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    admission::{Policy, charge},
    app::{App, Redis},
    degraded,
    flights::Landing,
    last_resort,
    problem::ApiError,
    ready::Ready,
    refresh_ahead,
    served::{From, Served},
    waiters::Interest,
};

/// With no word from any worker for this long, nobody works.
const NOBODY_WORKS: Duration = Duration::from_secs(10);
/// A waiter looks for itself at least this often. Only to be safe: each time that it finds
/// something is a wake-up that was lost, and is logged as such.
const BACK_STOP: Duration = Duration::from_millis(500);
/// The same while the line that brings wake-ups is down.
const LINE_DOWN: Duration = Duration::from_millis(100);
/// A call that has not come so long after its entry was found is lost.
const OVERTAKEN: Duration = Duration::from_secs(1);
/// Longer than a miss waits, nobody does: stores that are frozen one after the other would add up.
const OVERTIME: Duration = Duration::from_millis(500);
/// After this whoever met stores that are away may ask again.
const AGAIN: Duration = Duration::from_secs(1);

/// The menu of a key, or why there is none.
pub(crate) async fn menu(app: &App, key: MenuKey, request_id: &str) -> Result<Served, ApiError> {
    let landing = landing(app, key.clone(), request_id).await;
    last_resort::instead(app, &key, landing)
}

/// The same, without what stands in before there is nothing.
pub(crate) async fn landing(app: &App, key: MenuKey, request_id: &str) -> Landing {
    if !is_asked_for(app, &key) {
        charge(Policy::Queries)?;
        return saved(app, &key, NoMenu::OutOfRange).await;
    }
    if let Some(served) = near(app, &key, request_id).or_else(|| degraded::kept(app, &key)) {
        return Ok(served);
    }
    if is_unasked(&key) {
        charge(Policy::Queries)?;
    }
    let (flight, flown, request_id) = (app.clone(), key.clone(), request_id.to_owned());
    let landing = app.flights.join(&key, Policy::Misses, || fly(flight, flown, request_id));
    timeout(app.miss_wait + OVERTIME, landing).await.unwrap_or(Err(ApiError::Pending))
}

/// The menu of a key, if this process has it ready.
fn near(app: &App, key: &MenuKey, request_id: &str) -> Option<Served> {
    let ready = app.near.menus.get(key)?;
    Some(hit(app, key, ready, request_id))
}

/// What this process had ready is served.
pub(crate) fn hit(app: &App, key: &MenuKey, ready: Arc<Ready>, request_id: &str) -> Served {
    refresh_ahead::if_due(app, key, &ready, request_id);
    Served { ready, from: From::Hit }
}

/// Whether vendors are asked for that day.
pub(crate) fn is_asked_for(app: &App, key: &MenuKey) -> bool {
    let (first, last) = vendors::window(app.day_of(Utc::now()));
    (first..=last).contains(&key.date)
}

/// What Postgres has of a key that no vendor is asked for.
async fn saved(app: &App, key: &MenuKey, otherwise: NoMenu) -> Result<Served, ApiError> {
    match degraded::copy(app, key).await {
        Ok(Some(held)) => Ok(Served::new(held, From::Postgres)),
        Ok(None) => {
            let entry = Entry::NoMenu { reason: otherwise, fetched_at: Utc::now() };
            Ok(Served::new(Held { entry, left: app.negative }, From::Postgres))
        }
        Err(_) => Err(ApiError::Unavailable { retry_after: AGAIN }),
    }
}

/// What this process does not keep, for all its requests that want the key.
async fn fly(app: App, key: MenuKey, request_id: String) -> Landing {
    let started = Instant::now();
    let Some(redis) = &app.redis else { return past_the_cache(app.clone(), key, started).await };
    let interest = redis.waiters.register(&key);
    let job = RefreshMenu {
        key: key.clone(),
        reason: Reason::Miss,
        request_id: Some(request_id),
        traceparent: traces::current(),
    };
    let (looked, pushed) = if is_unasked(&key) {
        (look(&app, redis, &key).await, None)
    } else {
        look_and_push(&app, redis, &job).await
    };
    let foreign = match looked {
        Ok(Found::Ready(ready)) => return Ok(Served { ready, from: From::Hit }),
        Ok(_) if is_unasked(&key) => return saved(&app, &key, NoMenu::MealNotServed).await,
        Ok(found) => matches!(found, Found::Foreign),
        Err(error) => {
            // Once it is known to be away, each visitor's word of it would only fill the log.
            if error.is_away() {
                tracing::debug!(%error, "the cache is not asked");
            } else {
                tracing::warn!(%error, "the cache cannot be asked");
            }
            return past_the_cache(app.clone(), key, started).await;
        }
    };
    let pushed = match pushed {
        Some(pushed) if !foreign => pushed,
        // To replace what is not ours.
        _ => redis.queue.push(&job, true).await,
    };
    match pushed {
        Err(error) => {
            tracing::warn!(%error, "no job can be pushed");
            return degraded::menu(app.clone(), key, started).await;
        }
        Ok(answer) => {
            tracing::debug!(job.id = %key, pushed = ?answer.pushed, "pushed");
            if answer.worker_silence.is_none_or(|silence| silence >= NOBODY_WORKS) {
                tracing::warn!(job.id = %key, "nobody works: reading it here");
                return degraded::live(&app, &key, started, None).await;
            }
            if answer.pushed == Pushed::Full {
                return copy_or(&app, &key, ApiError::Pending).await;
            }
        }
    }
    wait(&app, redis, key, interest, started).await
}

/// Until the job has made the entry; for the soft wait alone where a copy can stand in.
async fn wait(
    app: &App,
    redis: &Redis,
    key: MenuKey,
    mut interest: Interest,
    started: Instant,
) -> Landing {
    let (mut copy_was_sought, mut called_meanwhile) = (false, false);
    loop {
        let budget = if copy_was_sought { app.miss_wait } else { app.soft_wait.min(app.miss_wait) };
        let until = started + budget;
        let pause = if redis.waiters.hears() { BACK_STOP } else { LINE_DOWN };
        let next_look = Instant::now() + pause;
        let waited = timeout_at(until.min(next_look), interest.called()).await;
        let called = waited.is_ok() || std::mem::take(&mut called_meanwhile);
        if let Ok(Found::Ready(ready)) = look(app, redis, &key).await {
            if !called && redis.waiters.hears() && pause == BACK_STOP {
                tracing::debug!(job.id = %key, "found by the back-stop");
                tokio::spawn(overtaken_or_lost(interest, key));
            } else {
                metrics::WAITS.one(&[if called { "ready" } else { "backstop" }]);
            }
            return Ok(Served { ready, from: From::Stored });
        }
        if Instant::now() < until {
            continue;
        }
        if !copy_was_sought {
            let copy = tokio::select! {
                copy = degraded::copy(app, &key) => copy,
                // The job was quicker than a Postgres that is slow to answer.
                () = interest.called() => {
                    called_meanwhile = true;
                    continue;
                }
            };
            copy_was_sought = true;
            if let Ok(Some(held)) = copy {
                metrics::WAITS.one(&["budget"]);
                return Ok(Served::from_postgres(held));
            }
        }
        if Instant::now() >= started + app.miss_wait {
            metrics::WAITS.one(&["budget"]);
            return Err(ApiError::Pending);
        }
    }
}

/// A look may overtake a call, which comes on a line of its own. Whether one was lost is known a moment
/// later; the visitor does not wait for that.
async fn overtaken_or_lost(mut interest: Interest, key: MenuKey) {
    let called = timeout(OVERTAKEN, interest.called()).await.is_ok();
    if called {
        tracing::debug!(job.id = %key, "the call came as well: no wake-up was lost");
    } else {
        tracing::warn!(job.id = %key, "no call came: a wake-up was lost");
    }
    metrics::WAITS.one(&[if called { "ready" } else { "backstop" }]);
}

/// Nobody can ask a vendor for a meal of its own naming, so nobody can fill the queue so.
const fn is_unasked(key: &MenuKey) -> bool {
    matches!(key.meal, Meal::Other(_))
}

async fn past_the_cache(app: App, key: MenuKey, started: Instant) -> Landing {
    if is_unasked(&key) {
        return saved(&app, &key, NoMenu::MealNotServed).await;
    }
    degraded::menu(app, key, started).await
}

/// What a look into Redis finds.
enum Found {
    Ready(Arc<Ready>),
    Nothing,
    Foreign,
}

/// Looks into Redis, never into what this process keeps: who was woken wants what is there now.
async fn look(app: &App, redis: &Redis, key: &MenuKey) -> Result<Found, CacheError> {
    let mut otherwise = Ok(Found::Nothing);
    let looked = async {
        match redis.cache.get(key).await {
            Ok(Look::Held(held)) => {
                let ready = Arc::new(Ready::new(held));
                let until = ready.until;
                return Some((ready, until));
            }
            Ok(Look::Nothing) => {}
            Ok(Look::Foreign) => otherwise = Ok(Found::Foreign),
            Err(error) => otherwise = Err(error),
        }
        None
    };
    match app.near.menus.fill(key, looked).await {
        Some(ready) => Ok(Found::Ready(ready)),
        None => otherwise,
    }
}

/// Looks into Redis and pushes the job, in one flight on one line: who looks in vain has asked already,
/// and a Redis that takes no writes answers the look all the same. No job is made where there is an entry.
async fn look_and_push(
    app: &App,
    redis: &Redis,
    job: &RefreshMenu,
) -> (Result<Found, CacheError>, Option<Result<PushAnswer, LinkError>>) {
    let looking = pin!(look(app, redis, &job.key));
    let pushing = pin!(redis.queue.push(job, false));
    match select(looking, pushing).await {
        Either::Left((looked @ Ok(Found::Nothing), pushing)) => (looked, Some(pushing.await)),
        Either::Left((looked, _)) => (looked, None),
        Either::Right((pushed, looking)) => (looking.await, Some(pushed)),
    }
}

async fn copy_or(app: &App, key: &MenuKey, otherwise: ApiError) -> Landing {
    match degraded::copy(app, key).await {
        Ok(Some(held)) => Ok(Served::from_postgres(held)),
        _ => Err(otherwise),
    }
}
