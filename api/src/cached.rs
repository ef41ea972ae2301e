//! Lists and figures that are asked for often and change seldom: what this process keeps of the cache,
//! Redis for [`LIST_LIFE`], else made once for all who wait, else the last good one of this process.
//! Knows keys and JSON, nothing of what is in them but how many of them there can be.

mod lists;

use std::{any::Any, sync::Arc, time::Duration};

use bytes::Bytes;
use common::{cache::LIST_LIFE, store::StoreError};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

pub(crate) use lists::Lists;

use crate::{
    admission::Policy,
    app::{App, Redis},
    coded::Coded,
    flights::{Answered, Landing},
    near_cache::Weighs,
    problem::ApiError,
    rendered::{Rendered, Renderings},
    served::{From, stale_left},
};

/// How many lists of a kind there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// One, or one a hall: they are always cached, and the last good one is always kept.
    Few,
    /// As many as callers think of: they take turns of their own, and what there is room for.
    Many,
}

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

    /// What `make` makes of it for this question; made anew only when that does not hold any more.
    pub(crate) fn rendered(
        &self,
        question: &str,
        make: impl FnOnce(&T) -> Result<Rendered, ApiError>,
    ) -> Result<Arc<Rendered>, ApiError> {
        self.list.renderings.get_or_make(question, || make(&self.list.value))
    }
}

/// The list of this key, from wherever it can be had soonest. `make` makes it: at most once at a
/// time in this process, and to its end, whoever has stopped waiting.
pub(crate) async fn get_or_load<T, F>(
    app: &App,
    key: &str,
    family: Family,
    make: F,
) -> Result<Cached<T>, ApiError>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let key = key.to_owned();
    if let Some(list) = app.near.lists.get(&key) {
        return list.cached(From::Hit);
    }
    let fly = || fly(app.clone(), key.clone(), family, make);
    match app.lists.flights.join(&key, Policy::Queries, fly).await {
        Ok((list, from)) => list.cached(from),
        Err(error) => app.lists.kept(&key, family).ok_or(error)?.cached(From::Copy),
    }
}

/// The last good one of this process, for who cannot wait.
pub(crate) fn last_good<T>(app: &App, key: &str, family: Family) -> Option<Cached<T>>
where
    T: Send + Sync + 'static,
{
    app.lists.kept(key, family)?.cached(From::Copy).ok()
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

async fn fly<T, F>(app: App, key: String, family: Family, make: F) -> Landing<(AnyList, From)>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, StoreError>>,
{
    let cache = match &app.redis {
        Some(redis) => match look::<T>(&app, redis, &key).await {
            Ok(Some((list, made))) => {
                app.lists.keep(&key, family, list.clone(), made);
                return Ok((list, From::Hit));
            }
            Ok(None) => Some(redis),
            // Nor is it written to: one wait for a Redis that does not answer is enough.
            Err(()) => None,
        },
        None => None,
    };
    let (value, body) = app.lists.make(&key, family, make).await?;
    let from = match cache {
        Some(redis) if app.lists.may_cache(family) && put(redis, &key, &body).await => From::Stored,
        _ => From::Postgres,
    };
    let list = AnyList::new(value, body, LIST_LIFE);
    app.lists.keep(&key, family, list.clone(), Instant::now());
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

impl Answered for (AnyList, From) {
    fn from(&self) -> From {
        self.1
    }
}
