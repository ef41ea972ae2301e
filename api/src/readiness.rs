//! Whether the stores answer: asked for all who want to know at the time, and not again within
//! [`HOLDS`], so that nobody can keep the stores busy by asking how they are.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

use crate::app::App;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_millis(100);

/// What is known of the stores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stores {
    pub(crate) redis: Check,
    pub(crate) postgres: Check,
    /// Whether the database has the schema that this release needs.
    pub(crate) schema: Check,
}

/// Whether it is well, and how long it took to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) ok: bool,
    pub(crate) took: Duration,
}

/// The last answer.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Stores)>>);

/// How the stores are.
pub(crate) async fn stores(app: &App) -> Stores {
    let mut known = app.readiness.0.lock().await;
    if let Some((since, stores)) = *known
        && since.elapsed() < HOLDS
    {
        return stores;
    }
    let stores = ask(app).await;
    *known = Some((Instant::now(), stores));
    stores
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
