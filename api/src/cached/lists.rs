//! The lists of one process: those that are being made, so many at once, and the last good ones.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use common::store::StoreError;
use serde::Serialize;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::AnyList;
use crate::{
    flights::{Flights, Room},
    problem::ApiError,
    read_through::From,
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

/// The lists of one process.
pub(crate) struct Lists {
    pub(super) flights: Flights<String, (AnyList, From)>,
    turns: Semaphore,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    list: AnyList,
    made: Instant,
}

impl Lists {
    /// None yet; as many are waited for and made as there is room for.
    pub(crate) fn within(room: &Room) -> Self {
        let (flights, kept) = (Flights::within(room), Mutex::default());
        Self { flights, turns: Semaphore::new(AT_ONCE), kept }
    }

    pub(super) async fn make<T: Serialize>(
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
    pub(super) fn keep(&self, key: &str, list: AnyList, made: Instant) {
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

    pub(super) fn kept(&self, key: &str) -> Option<AnyList> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|kept| kept.made.elapsed() < OLDEST).map(|kept| kept.list.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_through::stale_left;
    use common::cache::LIST_LIFE;

    fn list(body: &'static str) -> AnyList {
        AnyList::new(body.len(), Bytes::from_static(body.as_bytes()), LIST_LIFE)
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_good_list_is_kept_for_a_day() {
        let lists = Lists::within(&Room::default());
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
        let lists = Lists::within(&Room::default());
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
        let lists = Lists::within(&Room::default());
        let never = std::future::pending::<Result<(), StoreError>>();
        assert_eq!(lists.make("a", never).await, Err(ApiError::StoresAway));
        let made = lists.make("a", async { Ok(1) }).await;
        assert_eq!(made, Ok((1, Bytes::from_static(b"1"))), "its turn was freed");
    }
}
