//! Whether the stores answer: asked for all who want to know at the time, and not again within
//! a moment (`HOLDS`), so that nobody can keep the stores busy by asking how they are. While a store takes its
//! time, what was known a moment ago stands in.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, timeout},
};

use crate::{cache::Cache, store::Store};

/// How long an answer holds.
const HOLDS: Duration = Duration::from_millis(100);
/// How long one stands in while the stores are asked anew …
const STANDS_IN: Duration = Duration::from_secs(2);
/// … and that takes longer than this.
const SHORTLY: Duration = Duration::from_millis(5);

/// What is known of the stores.
#[derive(Debug, Clone, Copy)]
pub struct Stores {
    /// Whether Redis answers.
    pub redis: Check,
    /// Whether Postgres does.
    pub postgres: Check,
    /// Whether the database has the schema that this release needs.
    pub schema: Check,
}

/// Where asking has crashed.
const NOT_KNOWN: Stores = {
    let check = Check { ok: false, took: Duration::ZERO };
    Stores { redis: check, postgres: check, schema: check }
};

/// Whether it is well, and how long it took to know.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Whether it is.
    pub ok: bool,
    /// How long that took.
    pub took: Duration,
}

/// Who knows how the stores are. Cheap to clone.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    /// `None`: the process runs without Redis.
    cache: Option<Cache>,
    store: Store,
    /// The last answer.
    known: Mutex<Option<(Instant, Stores)>>,
    /// Whose turn it is to ask.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Readiness {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(cache: Option<Cache>, store: Store) -> Self {
        let (known, turn) = (Mutex::default(), Arc::default());
        Self(Arc::new(Inner { cache, store, known, turn }))
    }

    /// How the stores are.
    pub async fn stores(&self) -> Stores {
        loop {
            if let Some(stores) = self.0.known(HOLDS) {
                return stores;
            }
            let Ok(turn) = Arc::clone(&self.0.turn).try_lock_owned() else {
                if let Some(stores) = self.0.known(STANDS_IN) {
                    return stores;
                }
                // Nobody knows yet: when this one does, all do.
                drop(self.0.turn.lock().await);
                continue;
            };
            return self.in_turn(turn).await;
        }
    }

    /// Asks, to the end whoever has stopped waiting.
    async fn in_turn(&self, turn: OwnedMutexGuard<()>) -> Stores {
        let inner = Arc::clone(&self.0);
        let mut asking = tokio::spawn(async move {
            let stores = inner.ask().await;
            inner.learn(stores);
            drop(turn);
            stores
        });
        if let Ok(stores) = timeout(SHORTLY, &mut asking).await {
            return stores.unwrap_or(NOT_KNOWN);
        }
        match self.0.known(STANDS_IN) {
            Some(stores) => stores,
            None => asking.await.unwrap_or(NOT_KNOWN),
        }
    }
}

impl Inner {
    /// What is known, if it is no older than this.
    fn known(&self, oldest: Duration) -> Option<Stores> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(since, _)| since.elapsed() < oldest).map(|(_, stores)| stores)
    }

    fn learn(&self, stores: Stores) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), stores));
    }

    async fn ask(&self) -> Stores {
        let redis = async {
            let started = Instant::now();
            let ok = match &self.cache {
                Some(cache) => cache.ping().await.is_ok(),
                None => false,
            };
            Check { ok, took: started.elapsed() }
        };
        let postgres = async {
            let started = Instant::now();
            (self.store.schema_is_current().await, started.elapsed())
        };
        let (redis, (schema, took)) = tokio::join!(redis, postgres);
        let postgres = Check { ok: schema.is_ok(), took };
        Stores { redis, postgres, schema: Check { ok: schema.unwrap_or(false), took } }
    }
}
