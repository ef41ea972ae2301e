//! Lists and figures that are asked for often and change seldom: what this process keeps of the cache,
//! Redis for [`LIST_LIFE`], else made once for all who wait, else the last good one of this process.
//! Knows keys and JSON, nothing of what is in them.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
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
    coded::Coded,
    flights::{Flights, Landing},
    near_cache::Weighs,
    problem::ApiError,
    read_through::{From, stale_left},
    rendered::{Rendered, Renderings},
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
const LARGEST: usize = 1024 * 1024;

/// A list that is there.
pub(crate) struct Cached<T> {
    list: Arc<List<T>>,
    /// How long it holds.
    pub(crate) left: Duration,
    /// Who had it.
    pub(crate) from: From,
}

/// What is in it, its JSON, and what was made of it.
struct List<T> {
    value: T,
    body: Coded,
    until: Instant,
    renderings: Renderings,
}

impl<T> Cached<T> {
    /// What is in it.
    pub(crate) fn value(&self) -> &T {
        &self.list.value
    }

    /// The JSON of it.
    pub(crate) fn body(&self) -> &Coded {
        &self.list.body
    }

    /// What `make` makes of it for this query; made anew only when that does not hold any more.
    pub(crate) fn rendered(
        &self,
        query: &str,
        make: impl FnOnce(&T) -> Result<Rendered, ApiError>,
    ) -> Result<Arc<Rendered>, ApiError> {
        self.list.renderings.get_or_make(query, || make(&self.list.value))
    }
}

/// The list of this key, from wherever it can be had soonest. `make` makes it: at most once at a
/// time in this process, and to its end, whoever has stopped waiting.
pub(crate) async fn get_or_load<T, F>(app: &App, key: &str, make: F) -> Result<Cached<T>, ApiError>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let key = key.to_owned();
    if let Some(list) = app.near.lists.get(&key) {
        return list.cached(From::Hit);
    }
    let fly = || fly(app.clone(), key.clone(), make);
    match app.lists.flights.join(&key, fly).await {
        Ok((list, from)) => list.cached(from),
        Err(_) => app.lists.kept(&key).ok_or(ApiError::StoresAway)?.cached(From::Copy),
    }
}

/// A list of whichever kind its key says.
#[derive(Clone)]
pub(crate) struct AnyList {
    list: Arc<dyn Any + Send + Sync>,
    bytes: usize,
}

impl Weighs for AnyList {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl AnyList {
    fn new<T: Send + Sync + 'static>(value: T, body: Bytes, left: Duration) -> Self {
        let (until, renderings) = (Instant::now() + left, Renderings::default());
        let body = Coded::new(body);
        // The value takes about as much as its JSON.
        let bytes = body.bytes() + body.plain().len();
        Self { list: Arc::new(List { value, body, until, renderings }), bytes }
    }

    fn cached<T: Send + Sync + 'static>(&self, from: From) -> Result<Cached<T>, ApiError> {
        // A key names lists of one kind only.
        let list = Arc::clone(&self.list).downcast::<List<T>>().map_err(|_| ApiError::Internal)?;
        let left = match from {
            From::Copy => stale_left(),
            _ => list.until.saturating_duration_since(Instant::now()),
        };
        Ok(Cached { list, left, from })
    }
}

async fn fly<T, F>(app: App, key: String, make: F) -> Landing<(AnyList, From)>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, StoreError>>,
{
    let cache = match &app.redis {
        Some(redis) => match look::<T>(&app, redis, &key).await {
            Ok(Some((list, made))) => {
                app.lists.keep(&key, list.clone(), made);
                return Ok((list, From::Hit));
            }
            Ok(None) => Some(redis),
            // Nor is it written to: one wait for a Redis that does not answer is enough.
            Err(()) => None,
        },
        None => None,
    };
    let (value, body) = app.lists.make(&key, make).await?;
    let from = match cache {
        Some(redis) if put(redis, &key, &body).await => From::Stored,
        _ => From::Postgres,
    };
    let list = AnyList::new(value, body, LIST_LIFE);
    app.lists.keep(&key, list.clone(), Instant::now());
    Ok((list, from))
}

/// What Redis has, if it is a `T` that will expire, and when it was made.
async fn look<T>(app: &App, redis: &Redis, key: &str) -> Result<Option<(AnyList, Instant)>, ()>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    let (mut failed, now) = (false, Instant::now());
    let mut made = now;
    let looked = async {
        let held = redis.cache.get_list(key).await.map_err(|error| {
            tracing::warn!(cache.key = key, %error, "the cache cannot be asked for a list");
            failed = true;
        });
        let held = held.ok()??;
        match serde_json::from_slice::<T>(&held.body) {
            Ok(value) if !held.left.is_zero() => {
                let left = held.left.min(LIST_LIFE);
                made = now.checked_sub(LIST_LIFE - left).unwrap_or(now);
                Some((AnyList::new(value, held.body, left), now + left))
            }
            _ => {
                tracing::warn!(cache.key = key, "not a list of ours in the cache: a miss");
                None
            }
        }
    };
    let found = app.near.lists.fill(&key.to_owned(), looked).await;
    if failed { Err(()) } else { Ok(found.map(|list| (list, made))) }
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
    flights: Flights<String, (AnyList, From)>,
    turns: Semaphore,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    list: AnyList,
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
    ) -> Result<(T, Bytes), ApiError> {
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
        let body = serde_json::to_vec(&value).map_err(|_| ApiError::Internal)?;
        Ok((value, body.into()))
    }

    /// Keeps it for bad times, in place of the oldest.
    fn keep(&self, key: &str, list: AnyList, made: Instant) {
        if list.bytes > LARGEST {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key.to_owned(), Kept { list, made });
        if kept.len() > KEPT
            && let Some(oldest) =
                kept.iter().min_by_key(|(_, kept)| kept.made).map(|(key, _)| key.clone())
        {
            kept.remove(&oldest);
        }
    }

    fn kept(&self, key: &str) -> Option<AnyList> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|kept| kept.made.elapsed() < OLDEST).map(|kept| kept.list.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(body: &'static str) -> AnyList {
        AnyList::new(body.len(), Bytes::from_static(body.as_bytes()), LIST_LIFE)
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_good_list_is_kept_for_a_day() {
        let lists = Lists::default();
        lists.keep("a", list("[1]"), Instant::now());
        tokio::time::advance(OLDEST - Duration::from_secs(1)).await;
        let kept = lists.kept("a").expect("kept").cached::<usize>(From::Copy).expect("of its kind");
        assert_eq!((&**kept.body().plain(), *kept.value()), (b"[1]".as_slice(), 3));
        assert_eq!((kept.from, kept.left), (From::Copy, stale_left()));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(lists.kept("a").is_none());
        assert!(lists.kept("b").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn any_number_of_keys_fills_a_bounded_place_and_the_oldest_goes_first() {
        let lists = Lists::default();
        for key in 0..1000 {
            lists.keep(&key.to_string(), list("[]"), Instant::now());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(lists.kept.lock().unwrap().len(), KEPT);
        assert!(lists.kept("999").is_some() && lists.kept("0").is_none());
        let large = AnyList::new((), vec![b' '; LARGEST].into(), LIST_LIFE);
        lists.keep("large", large, Instant::now());
        assert!(lists.kept("large").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_to_make_is_given_up() {
        let lists = Lists::default();
        let never = std::future::pending::<Result<(), StoreError>>();
        assert_eq!(lists.make("a", never).await, Err(ApiError::StoresAway));
        let made = lists.make("a", async { Ok(1) }).await;
        assert_eq!(made, Ok((1, Bytes::from_static(b"1"))), "its turn was freed");
    }
}
