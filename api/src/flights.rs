//! Misses under way: one flight a key and process, however many requests want it. A flight is
//! nobody's request: it goes on when who started it has left, on the runtime that the process started
//! with, where the clients of the stores are. So no event loop of connections is kept by a miss.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use common::metrics::REQUESTS_REFUSED;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};
use tracing::Instrument;

use crate::{
    admission::{Charge, Policy, charge},
    problem::ApiError,
    served::{From, Served},
};

/// How a flight ended; shared by all who waited for it.
pub(crate) type Landing<T = Served> = Result<T, ApiError>;

/// What a flight can bring.
pub(crate) trait Answered {
    /// Where it came from.
    fn from(&self) -> From;
}

/// How much may be under way in a process.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    /// Requests that wait for flights, of whichever kind.
    waiters: Arc<Semaphore>,
    most_waiters: usize,
    /// Flights of one kind.
    flights: usize,
}

impl Room {
    pub(crate) fn new(most_waiters: usize, flights: usize) -> Self {
        Self { waiters: Arc::new(Semaphore::new(most_waiters)), most_waiters, flights }
    }
}

#[cfg(test)]
impl Default for Room {
    fn default() -> Self {
        Self::new(100, 100)
    }
}

/// The flights of one process that bring one kind of thing.
pub(crate) struct Flights<K, T = Served> {
    room: Room,
    under_way: Arc<Mutex<UnderWay<K, T>>>,
    runtime: Handle,
}

type UnderWay<K, T> = HashMap<K, watch::Receiver<Option<Landing<T>>>>;

impl<K, T> Clone for Flights<K, T> {
    fn clone(&self) -> Self {
        Self {
            room: self.room.clone(),
            under_way: Arc::clone(&self.under_way),
            runtime: self.runtime.clone(),
        }
    }
}

fn refuse(reason: &str) -> ApiError {
    REQUESTS_REFUSED.one(&[reason]);
    ApiError::Overloaded
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Answered + Clone + Send + Sync + 'static,
{
    /// Waits for the flight of this key; starts it if none is under way. Who starts one is charged
    /// for it by this policy, and not who joins.
    pub(crate) async fn join<F>(
        &self,
        key: &K,
        policy: Policy,
        fly: impl FnOnce() -> F,
    ) -> Landing<T>
    where
        F: Future<Output = Landing<T>> + Send + 'static,
    {
        let _waiting = self.room.waiters.try_acquire().map_err(|_| refuse("waiters"))?;
        let mut landing = self.landing(key, policy, fly)?;
        match landing.wait_for(Option::is_some).await {
            Ok(landed) => landed.clone().unwrap_or(Err(ApiError::Pending)),
            // It crashed. Who asks again starts another.
            Err(_) => Err(ApiError::Pending),
        }
    }

    fn landing<F>(
        &self,
        key: &K,
        policy: Policy,
        fly: impl FnOnce() -> F,
    ) -> Landing<watch::Receiver<Option<Landing<T>>>>
    where
        F: Future<Output = Landing<T>> + Send + 'static,
    {
        let mut flights = self.flights();
        if let Some(landing) = flights.get(key) {
            return Ok(landing.clone());
        }
        if flights.len() >= self.room.flights {
            return Err(refuse("flights"));
        }
        let charged = charge(policy)?;
        let (tell, landing) = watch::channel(None);
        flights.insert(key.clone(), landing.clone());
        let grounded = Grounded { flights: self.clone(), key: key.clone() };
        // In the span of who started it, so that the log of the miss has a request's id.
        let flight = fly().in_current_span();
        self.runtime.spawn(async move {
            let landed = flight.await;
            settle(&landed, charged);
            // Off the list before it is told: who comes now looks into the cache, and starts a
            // flight of its own if there is need.
            drop(grounded);
            tell.send_replace(Some(landed));
        });
        Ok(landing)
    }
}

/// What a store had made no work for a vendor. Without Redis that is the rule, and nobody's fault.
fn settle<T: Answered>(landed: &Landing<T>, charged: Charge) {
    if let Ok(landed) = landed
        && matches!(landed.from(), From::Hit | From::Postgres)
    {
        charged.put_back();
    }
}

impl<K, T> Flights<K, T> {
    /// None yet; as many as there is room for. They will be on the runtime of who calls this.
    pub(crate) fn within(room: &Room) -> Self {
        Self { room: room.clone(), under_way: Arc::default(), runtime: Handle::current() }
    }

    /// How many are under way.
    pub(crate) fn count(&self) -> usize {
        self.flights().len()
    }

    /// How many requests wait, for flights of whichever kind.
    pub(crate) fn waiters(&self) -> usize {
        self.room.most_waiters.saturating_sub(self.room.waiters.available_permits())
    }

    fn flights(&self) -> MutexGuard<'_, UnderWay<K, T>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn flights() -> Flights<String> {
        Flights::within(&Room::default())
    }

    #[tokio::test(start_paused = true)]
    async fn one_flight_serves_all_and_outlives_who_started_it() {
        let (flights, flown) = (flights(), Arc::new(AtomicUsize::new(0)));
        let fly = || {
            let flown = Arc::clone(&flown);
            async move {
                flown.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(1)).await;
                Err(ApiError::Pending)
            }
        };
        let first = tokio::time::timeout(
            Duration::from_millis(10),
            flights.join(&key(), Policy::Misses, fly),
        )
        .await;
        assert!(first.is_err(), "the first visitor leaves");
        let key = key();
        let (second, third) = tokio::join!(
            flights.join(&key, Policy::Misses, fly),
            flights.join(&key, Policy::Misses, fly)
        );
        assert!(second.is_err() && third.is_err());
        assert_eq!(flown.load(Ordering::SeqCst), 1);
        assert!(flights.flights().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flight_that_crashes_keeps_nobody_waiting() {
        let flights = flights();
        let crash = || async { panic!("on purpose") };
        assert!(matches!(
            flights.join(&key(), Policy::Misses, crash).await,
            Err(ApiError::Pending)
        ));
        assert!(flights.flights().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn one_waiter_or_one_flight_too_many_is_turned_away_at_once() {
        let flights = Flights::<String>::within(&Room::new(3, 2));
        let never = std::future::pending::<Landing>;
        let join = async |key: &str| {
            let key = key.to_owned();
            let joined = flights.join(&key, Policy::Misses, never);
            tokio::time::timeout(Duration::from_secs(1), joined).await
        };
        let is_turned_away =
            async |key: &str| matches!(join(key).await, Ok(Err(ApiError::Overloaded)));
        let all = futures::future::join_all(["a", "a", "a", "a"].map(is_turned_away)).await;
        let turned_away = all.into_iter().filter(|turned_away| *turned_away).count();
        assert_eq!((turned_away, flights.count(), flights.waiters()), (1, 1, 0));
        assert!(!is_turned_away("b").await);
        assert!(is_turned_away("c").await, "flights outlive who started them");
        assert!(!is_turned_away("a").await, "who joins one takes no room of it");
    }
}
