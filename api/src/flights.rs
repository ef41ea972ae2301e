//! Misses under way: one flight a key and process, however many requests want it. A flight is
//! nobody's request: it goes on when who started it has left.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use tracing::Instrument;

use crate::{problem::ApiError, read_through::Served};

/// How a flight ended; shared by all who waited for it.
pub(crate) type Landing<T = Served> = Result<T, ApiError>;

/// The flights of one process that bring one kind of thing.
pub(crate) struct Flights<K, T = Served>(Arc<Mutex<UnderWay<K, T>>>);

type UnderWay<K, T> = HashMap<K, watch::Receiver<Option<Landing<T>>>>;

impl<K, T> Clone for Flights<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Waits for the flight of this key; starts it if none is under way.
    pub(crate) async fn join<F>(&self, key: &K, fly: impl FnOnce() -> F) -> Landing<T>
    where
        F: Future<Output = Landing<T>> + Send + 'static,
    {
        let mut landing = self.landing(key, fly);
        match landing.wait_for(Option::is_some).await {
            Ok(landed) => landed.clone().unwrap_or(Err(ApiError::Pending)),
            // It crashed. Who asks again starts another.
            Err(_) => Err(ApiError::Pending),
        }
    }

    fn landing<F>(&self, key: &K, fly: impl FnOnce() -> F) -> watch::Receiver<Option<Landing<T>>>
    where
        F: Future<Output = Landing<T>> + Send + 'static,
    {
        let mut flights = self.flights();
        if let Some(landing) = flights.get(key) {
            return landing.clone();
        }
        let (tell, landing) = watch::channel(None);
        flights.insert(key.clone(), landing.clone());
        let grounded = Grounded { flights: self.clone(), key: key.clone() };
        // In the span of who started it, so that the log of the miss has a request's id.
        let flight = fly().in_current_span();
        tokio::spawn(async move {
            let landed = flight.await;
            // Off the list before it is told: who comes now looks into the cache, and starts a
            // flight of its own if there is need.
            drop(grounded);
            tell.send_replace(Some(landed));
        });
        landing
    }
}

impl<K, T> Flights<K, T> {
    /// How many are under way.
    pub(crate) fn count(&self) -> usize {
        self.flights().len()
    }

    fn flights(&self) -> MutexGuard<'_, UnderWay<K, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight off the list, also when it crashes.
struct Grounded<K: Eq + Hash, T> {
    flights: Flights<K, T>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Grounded<K, T> {
    fn drop(&mut self) {
        self.flights.flights().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    fn key() -> String {
        "halls:all".to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn one_flight_serves_all_and_outlives_who_started_it() {
        let (flights, flown) = (Flights::<_>::default(), Arc::new(AtomicUsize::new(0)));
        let fly = || {
            let flown = Arc::clone(&flown);
            async move {
                flown.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(1)).await;
                Err(ApiError::Pending)
            }
        };
        let first =
            tokio::time::timeout(Duration::from_millis(10), flights.join(&key(), fly)).await;
        assert!(first.is_err(), "the first visitor leaves");
        let key = key();
        let (second, third) = tokio::join!(flights.join(&key, fly), flights.join(&key, fly));
        assert!(second.is_err() && third.is_err());
        assert_eq!(flown.load(Ordering::SeqCst), 1);
        assert!(flights.flights().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flight_that_crashes_keeps_nobody_waiting() {
        let flights = Flights::<_>::default();
        let crash = || async { panic!("on purpose") };
        assert!(matches!(flights.join(&key(), crash).await, Err(ApiError::Pending)));
        assert!(flights.flights().is_empty());
    }
}
