//! Lists and figures that are asked for often and change seldom: from Redis for [`LIST_LIFE`], else
//! made once for all who wait, else the last good one of this process. Knows keys and JSON, nothing
//! of what is in them.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use common::{cache::LIST_LIFE, store::StoreError};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::{
    app::{App, Redis},
    flights::{Flights, Landing},
    problem::ApiError,
    read_through::{From, stale_left},
};

/// For a list to be made, its turn included.
const PATIENCE: Duration = Duration::from_secs(2);
/// Made at once in one process: who asks for ever other figures leaves Postgres to the menus.
const AT_ONCE: usize = 3;
/// The oldest that is served because it cannot be made anew; `stale-if-error` allows as much to
/// caches that are not ours.
const OLDEST: Duration = Duration::from_secs(86_400);
/// So many are kept for that, none of them larger than so many bytes.
const KEPT: usize = 64;
const LARGEST: usize = 256 * 1024;

/// A list that is there.
pub(crate) struct Cached<T> {
    /// The JSON of a `T`.
    pub(crate) body: Bytes,
    /// How long it holds.
    pub(crate) left: Duration,
    /// Who had it.
    pub(crate) from: From,
    of: PhantomData<T>,
}

impl<T: DeserializeOwned> Cached<T> {
    /// What is in it.
    pub(crate) fn value(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|_| ApiError::Internal)
    }
}

/// The list of this key, from wherever it can be had soonest. `make` makes it: at most once at a
/// time in this process, and to its end, whoever has stopped waiting.
pub(crate) async fn get_or_load<T, F>(app: &App, key: &str, make: F) -> Result<Cached<T>, ApiError>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let key = key.to_owned();
    let fly = || fly(app.clone(), key.clone(), make);
    let found = match app.lists.flights.join(&key, fly).await {
        Ok(found) => found,
        Err(_) => app.lists.kept(&key).ok_or(ApiError::StoresAway)?,
    };
    let Found { body, left, from } = found;
    Ok(Cached { body, left, from, of: PhantomData })
}

/// What a list's lookers share.
#[derive(Debug, Clone)]
struct Found {
    body: Bytes,
    left: Duration,
    from: From,
}

async fn fly<T, F>(app: App, key: String, make: F) -> Landing<Found>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = Result<T, StoreError>>,
{
    let cache = match &app.redis {
        Some(redis) => match look::<T>(redis, &key).await {
            Ok(Some(found)) => return Ok(app.lists.keep(&key, found)),
            Ok(None) => Some(redis),
            // Nor is it written to: one wait for a Redis that does not answer is enough.
            Err(()) => None,
        },
        None => None,
    };
    let body = app.lists.make(&key, make).await?;
    let from = match cache {
        Some(redis) if put(redis, &key, &body).await => From::Stored,
        _ => From::Postgres,
    };
    Ok(app.lists.keep(&key, Found { body, left: LIST_LIFE, from }))
}

/// What Redis has, if it is a `T` that will expire.
async fn look<T: DeserializeOwned>(redis: &Redis, key: &str) -> Result<Option<Found>, ()> {
    let held = redis.cache.get_list(key).await.map_err(|error| {
        tracing::warn!(cache.key = key, %error, "the cache cannot be asked for a list");
    })?;
    let Some(held) = held else { return Ok(None) };
    if held.left.is_zero() || serde_json::from_slice::<T>(&held.body).is_err() {
        tracing::warn!(cache.key = key, "not a list of ours in the cache: a miss");
        return Ok(None);
    }
    let left = held.left.min(LIST_LIFE);
    Ok(Some(Found { body: held.body, left, from: From::Hit }))
}

async fn put(redis: &Redis, key: &str, body: &[u8]) -> bool {
    let put = redis.cache.put_list(key, body).await;
    if let Err(error) = &put {
        tracing::warn!(cache.key = key, %error, "a list is not cached");
    }
    put.is_ok()
}

/// The lists of one process.
pub(crate) struct Lists {
    flights: Flights<String, Found>,
    turns: Semaphore,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    body: Bytes,
    made: Instant,
}

impl Default for Lists {
    fn default() -> Self {
        let (flights, kept) = (Flights::default(), Mutex::default());
        Self { flights, turns: Semaphore::new(AT_ONCE), kept }
    }
}

impl Lists {
    async fn make<T: Serialize>(
        &self,
        key: &str,
        make: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Bytes, ApiError> {
        let started = Instant::now();
        let in_turn = async {
            let _turn = self.turns.acquire().await;
            make.await
        };
        let made = timeout(PATIENCE, in_turn).await.unwrap_or(Err(StoreError::Timeout));
        let value = made.map_err(|error| {
            tracing::warn!(cache.key = key, %error, "a list cannot be made");
            ApiError::StoresAway
        })?;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(cache.key = key, duration_ms, "a list was made");
        Ok(serde_json::to_vec(&value).map_err(|_| ApiError::Internal)?.into())
    }

    /// Keeps it for bad times, in place of the oldest.
    fn keep(&self, key: &str, found: Found) -> Found {
        let now = Instant::now();
        let made = now.checked_sub(LIST_LIFE.saturating_sub(found.left)).unwrap_or(now);
        if found.body.len() > LARGEST {
            return found;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key.to_owned(), Kept { body: found.body.clone(), made });
        if kept.len() > KEPT
            && let Some(oldest) =
                kept.iter().min_by_key(|(_, kept)| kept.made).map(|(key, _)| key.clone())
        {
            kept.remove(&oldest);
        }
        found
    }

    fn kept(&self, key: &str) -> Option<Found> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(key).filter(|kept| kept.made.elapsed() < OLDEST)?;
        Some(Found { body: kept.body.clone(), left: stale_left(), from: From::Copy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &'static str) -> Found {
        Found { body: Bytes::from_static(text.as_bytes()), left: LIST_LIFE, from: From::Stored }
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_good_list_is_kept_for_a_day() {
        let lists = Lists::default();
        lists.keep("a", found("[1]"));
        tokio::time::advance(OLDEST - Duration::from_secs(1)).await;
        let kept = lists.kept("a").expect("kept");
        assert_eq!((&*kept.body, kept.from), (b"[1]".as_slice(), From::Copy));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(lists.kept("a").is_none());
        assert!(lists.kept("b").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn any_number_of_keys_fills_a_bounded_place_and_the_oldest_goes_first() {
        let lists = Lists::default();
        for key in 0..1000 {
            lists.keep(&key.to_string(), found("[]"));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(lists.kept.lock().unwrap().len(), KEPT);
        assert!(lists.kept("999").is_some() && lists.kept("0").is_none());
        lists.keep("large", Found { body: vec![b' '; LARGEST + 1].into(), ..found("") });
        assert!(lists.kept("large").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_to_make_is_given_up() {
        let lists = Lists::default();
        let never = std::future::pending::<Result<(), StoreError>>();
        assert_eq!(lists.make("a", never).await, Err(ApiError::StoresAway));
        assert_eq!(&*lists.make("a", async { Ok(1) }).await.unwrap(), b"1", "its turn was freed");
    }
}
