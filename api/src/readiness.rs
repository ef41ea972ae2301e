//! Whether the stores answer: asked for all who want to know at the time, and not again within
//! [`HOLDS`], so that nobody can keep the stores busy by asking how they are. While a store takes its
//! time, what was known a moment ago stands in.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, timeout},
};

use crate::app::App;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_millis(100);
/// How long one stands in while the stores are asked anew …
const STANDS_IN: Duration = Duration::from_secs(2);
/// … and that takes longer than this.
const SHORTLY: Duration = Duration::from_millis(5);

/// What is known of the stores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stores {
    pub(crate) redis: Check,
    pub(crate) postgres: Check,
    /// Whether the database has the schema that this release needs.
    pub(crate) schema: Check,
}

/// Where asking has crashed.
const NOT_KNOWN: Stores = {
    let check = Check { ok: false, took: Duration::ZERO };
    Stores { redis: check, postgres: check, schema: check }
};

/// Whether it is well, and how long it took to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) ok: bool,
    pub(crate) took: Duration,
}

/// The last answer, and whose turn it is to ask.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    known: Mutex<Option<(Instant, Stores)>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Readiness {
    /// What is known, if it is no older than this.
    fn known(&self, oldest: Duration) -> Option<Stores> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(since, _)| since.elapsed() < oldest).map(|(_, stores)| stores)
    }

    fn learn(&self, stores: Stores) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), stores));
    }
}

/// How the stores are.
pub(crate) async fn stores(app: &App) -> Stores {
    let readiness = &app.readiness;
    loop {
        if let Some(stores) = readiness.known(HOLDS) {
            return stores;
        }
        let Ok(turn) = Arc::clone(&readiness.turn).try_lock_owned() else {
            if let Some(stores) = readiness.known(STANDS_IN) {
                return stores;
            }
            // Nobody knows yet: when this one does, all do.
            drop(readiness.turn.lock().await);
            continue;
        };
        return in_turn(app, turn).await;
    }
}

/// Asks, to the end whoever has stopped waiting.
async fn in_turn(app: &App, turn: OwnedMutexGuard<()>) -> Stores {
    let asked = app.clone();
    let mut asking = tokio::spawn(async move {
        let stores = ask(&asked).await;
        asked.readiness.learn(stores);
        drop(turn);
        stores
    });
    if let Ok(stores) = timeout(SHORTLY, &mut asking).await {
        return stores.unwrap_or(NOT_KNOWN);
    }
    match app.readiness.known(STANDS_IN) {
        Some(stores) => stores,
        None => asking.await.unwrap_or(NOT_KNOWN),
    }
}

async fn ask(app: &App) -> Stores {
    let redis = async {
        let started = Instant::now();
        let ok = match &app.redis {
            Some(redis) => redis.cache.ping().await.is_ok(),
            None => false,
        };
        Check { ok, took: started.elapsed() }
    };
    let postgres = async {
        let started = Instant::now();
        (app.store.schema_is_current().await, started.elapsed())
    };
    let (redis, (schema, took)) = tokio::join!(redis, postgres);
    let postgres = Check { ok: schema.is_ok(), took };
    Stores { redis, postgres, schema: Check { ok: schema.unwrap_or(false), took } }
}
