//! The lists of one process: those that are being made, so many at once, and the last good ones. What
//! callers can think of without end has bounds of its own, and takes nothing from the few that all need.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use common::{cache::LIST_LIFE, store::StoreError};
use serde::Serialize;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::{AnyList, Family};
use crate::{
    flights::{Flights, Room},
    problem::ApiError,
    served::From,
};

/// For a list to be made, its turn included.
const PATIENCE: Duration = Duration::from_secs(2);
/// Made at once in one process: few, so that Postgres is left to the menus.
const FEW_AT_ONCE: usize = 3;
const MANY_AT_ONCE: usize = 2;
/// The oldest that is served because it cannot be made anew; `stale-if-error` allows as much to
/// caches that are not ours.
const OLDEST: Duration = Duration::from_secs(86_400);
/// So many of [`Family::Many`] are kept for that, and none that is larger than so many bytes.
const KEPT: usize = 64;
const LARGEST: usize = 1024 * 1024;
/// So many of [`Family::Many`] one process has in Redis at once: some 40 kB each.
const CACHED: usize = 128;

/// The lists of one process.
pub(crate) struct Lists {
    pub(super) flights: Flights<String, (AnyList, From)>,
    few: Bounds,
    many: Bounds,
    /// When each of [`Family::Many`] was cached that is in Redis yet.
    cached: Mutex<VecDeque<Instant>>,
}

/// What the lists of a family share.
struct Bounds {
    turns: Semaphore,
    kept: Mutex<HashMap<String, Kept>>,
    most: usize,
}

struct Kept {
    list: AnyList,
    made: Instant,
}

impl Lists {
    /// None yet; as many are waited for and made as there is room for.
    pub(crate) fn within(room: &Room) -> Self {
        Self {
            flights: Flights::within(room),
            // As many as there are is bound enough.
            few: Bounds::new(FEW_AT_ONCE, usize::MAX),
            many: Bounds::new(MANY_AT_ONCE, KEPT),
            cached: Mutex::default(),
        }
    }

    const fn bounds(&self, family: Family) -> &Bounds {
        match family {
            Family::Few => &self.few,
            Family::Many => &self.many,
        }
    }

    pub(super) async fn make<T: Serialize>(
        &self,
        key: &str,
        family: Family,
        make: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<(T, Bytes), ApiError> {
        let started = Instant::now();
        let in_turn = async {
            let _turn = self.bounds(family).turns.acquire().await;
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

    /// Whether one more may be put into Redis now, which holds it for [`LIST_LIFE`].
    pub(super) fn may_cache(&self, family: Family) -> bool {
        if family == Family::Few {
            return true;
        }
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        while cached.front().is_some_and(|at| at.elapsed() >= LIST_LIFE) {
            cached.pop_front();
        }
        let fits = cached.len() < CACHED;
        if fits {
            cached.push_back(Instant::now());
        }
        fits
    }

    /// Keeps it for bad times, where there are too many in place of the oldest.
    pub(super) fn keep(&self, key: &str, family: Family, list: AnyList, made: Instant) {
        if list.bytes > LARGEST {
            return;
        }
        let bounds = self.bounds(family);
        let mut kept = bounds.kept();
        kept.insert(key.to_owned(), Kept { list, made });
        if kept.len() > bounds.most
            && let Some(oldest) =
                kept.iter().min_by_key(|(_, kept)| kept.made).map(|(key, _)| key.clone())
        {
            kept.remove(&oldest);
        }
    }

    pub(super) fn kept(&self, key: &str, family: Family) -> Option<AnyList> {
        let kept = self.bounds(family).kept();
        kept.get(key).filter(|kept| kept.made.elapsed() < OLDEST).map(|kept| kept.list.clone())
    }
}

impl Bounds {
    fn new(at_once: usize, most: usize) -> Self {
        Self { turns: Semaphore::new(at_once), kept: Mutex::default(), most }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::served::stale_left;
    use Family::{Few, Many};

    fn list(body: &'static str) -> AnyList {
        AnyList::new(body.len(), Bytes::from_static(body.as_bytes()), LIST_LIFE)
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_good_list_is_kept_for_a_day() {
        let lists = Lists::within(&Room::default());
        lists.keep("a", Many, list("[1]"), Instant::now());
        tokio::time::advance(OLDEST - Duration::from_secs(1)).await;
        let kept =
            lists.kept("a", Many).expect("kept").cached::<usize>(From::Copy).expect("of its kind");
        assert_eq!((&**kept.body().plain(), *kept.value()), (b"[1]".as_slice(), 3));
        assert_eq!((kept.from, kept.left), (From::Copy, stale_left()));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(lists.kept("a", Many).is_none());
        assert!(lists.kept("b", Many).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn any_number_of_keys_fills_a_bounded_place_and_the_oldest_goes_first() {
        let lists = Lists::within(&Room::default());
        lists.keep("halls", Few, list("[]"), Instant::now());
        for key in 0..1000 {
            tokio::time::advance(Duration::from_millis(1)).await;
            lists.keep(&key.to_string(), Many, list("[]"), Instant::now());
        }
        assert_eq!(lists.many.kept().len(), KEPT);
        assert!(lists.kept("999", Many).is_some() && lists.kept("0", Many).is_none());
        assert!(lists.kept("halls", Few).is_some(), "it has a place of its own");
        let large = AnyList::new((), vec![b' '; LARGEST].into(), LIST_LIFE);
        lists.keep("large", Many, large, Instant::now());
        assert!(lists.kept("large", Many).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn any_number_of_keys_takes_a_bounded_place_in_redis() {
        let lists = Lists::within(&Room::default());
        let cached = || (0..1000).filter(|_| lists.may_cache(Many)).count();
        assert_eq!(cached(), CACHED);
        tokio::time::advance(LIST_LIFE - Duration::from_secs(1)).await;
        assert_eq!((cached(), lists.may_cache(Few)), (0, true));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cached(), CACHED, "what was there has expired");
    }

    #[tokio::test(start_paused = true)]
    async fn what_callers_think_of_keeps_nobody_from_the_few_that_all_need() {
        let lists = Lists::within(&Room::default());
        let never = || std::future::pending::<Result<(), StoreError>>();
        let waiting = futures::future::join_all((0..100).map(|_| lists.make("a", Many, never())));
        let made = async {
            tokio::task::yield_now().await;
            timeout(PATIENCE / 2, lists.make("halls", Few, async { Ok(1) })).await
        };
        let (refused, made) = tokio::join!(waiting, made);
        assert_eq!(made, Ok(Ok((1, Bytes::from_static(b"1")))));
        assert!(refused.iter().all(|one| *one == Err(ApiError::StoresAway)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_to_make_is_given_up() {
        let lists = Lists::within(&Room::default());
        let never = std::future::pending::<Result<(), StoreError>>();
        assert_eq!(lists.make("a", Few, never).await, Err(ApiError::StoresAway));
        let made = lists.make("a", Few, async { Ok(1) }).await;
        assert_eq!(made, Ok((1, Bytes::from_static(b"1"))), "its turn was freed");
    }
}
