//! What the worker is made of, put together from its settings.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{
    cache::{Cache, Names},
    config::SecretUrl,
    lease::Leases,
    link::{Link, Patience},
    prewarm::Prewarm,
    queue::Queue,
    readiness::Readiness,
    refresh::{Failing, Gate, Memory, Refresher, Saves, Unsaved},
    store::Store,
    vendors::{Pauses, Vendors},
};

use crate::{
    StartError,
    config::WorkerConfig,
    monitor::Stand,
    ops::{Desk, Ops},
    queue::{Dashboard, DeadLetters, Depth},
    schedule::{Ticks, Warmer},
};

/// For an answer of Redis: scripts may wait behind others, and nobody waits for this program.
const REDIS: Patience =
    Patience { connect: Duration::from_secs(2), response: Duration::from_secs(3) };
/// For an answer of Postgres.
const POSTGRES: Duration = Duration::from_secs(2);
/// Connections to Postgres.
const CONNECTIONS: u32 = 8;

/// The stores, who reads vendors, and who asks for that before anybody else does.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) warmer: Arc<Warmer>,
    link: Link,
    names: Names,
    cache: Cache,
    refresher: Arc<Refresher>,
}

impl Parts {
    pub(crate) async fn new(
        config: &WorkerConfig,
        redis_url: &SecretUrl,
    ) -> Result<Self, StartError> {
        let names = Names::new(config.stores.key_prefix.clone());
        let link = Link::new(redis_url, REDIS)?;
        let cache = Cache::new(link.clone(), names.clone());
        let store = Store::new(&config.stores.database_url, CONNECTIONS, POSTGRES)?;
        let refresher = Arc::new(refresher(config, &link, &names, &store).await?);
        let warmer = Arc::new(warmer(config, &link, &names, &store));
        if config.vendors.sodexo_key.is_none() {
            tracing::warn!(
                "no SODEXO_API_KEY: Hoch's menu comes from the location page, today only"
            );
        }
        Ok(Self { store, warmer, link, names, cache, refresher })
    }

    /// What the ops side looks at and acts with.
    pub(crate) fn ops(&self) -> Ops {
        let (link, names) = (|| self.link.clone(), || self.names.clone());
        let desk = Desk {
            refresher: Arc::clone(&self.refresher),
            queue: Queue::new(link(), names()),
            dead: DeadLetters::new(link(), names()),
            pauses: self.pauses(),
        };
        let (cache, store) = (self.cache.clone(), self.store.clone());
        let (depth, warmer) = (Depth::new(link(), names()), Arc::clone(&self.warmer));
        let readiness = Readiness::new(Some(cache.clone()), store.clone());
        Ops { cache, store, link: link(), readiness, depth, desk, warmer }
    }

    /// Of vendors, by operators.
    pub(crate) fn pauses(&self) -> Pauses {
        Pauses::new(self.link.clone(), self.names.clone())
    }

    /// The queue as its pages show it.
    pub(crate) fn dashboard(&self) -> Dashboard {
        Dashboard::new(self.link.clone(), self.names.clone())
    }

    /// What jobs are done with.
    pub(crate) fn stand(self, redis_url: SecretUrl, concurrency: usize) -> Stand {
        let Self { link, names, refresher, .. } = self;
        Stand { link, redis_url, names, refresher, concurrency }
    }
}

async fn refresher(
    config: &WorkerConfig,
    link: &Link,
    names: &Names,
    store: &Store,
) -> Result<Refresher, StartError> {
    let redis = || Some((link.clone(), names.clone()));
    let gate = Gate::new(store.clone(), config.lifetimes);
    let vendors = Vendors::new(&config.vendors, redis(), Some(store.locks()));
    vendors.make_client().await?;
    Ok(Refresher {
        cache: Some(Cache::new(link.clone(), names.clone())),
        store: store.clone(),
        vendors,
        leases: Leases::new(redis(), Some(store.locks())),
        lifetimes: config.lifetimes,
        zone: config.zone,
        budget: config.vendors.fetch_timeout,
        failing: Failing::default(),
        memory: Memory::default(),
        saves: Saves::after_readers(),
        unsaved: Unsaved::new(store.clone(), gate.clone()),
        gate,
    })
}

fn warmer(config: &WorkerConfig, link: &Link, names: &Names, store: &Store) -> Warmer {
    Warmer {
        store: store.clone(),
        cache: Cache::new(link.clone(), names.clone()),
        queue: Queue::new(link.clone(), names.clone()),
        prewarm: Prewarm::new(link.clone(), names.clone()),
        ticks: Ticks::new(config.prewarm_cron.clone(), config.zone),
        lead: config.prewarm_lead,
        zone: config.zone,
        name: format!("schedule-{}-{:08x}", std::process::id(), fastrand::u32(..)),
        hours: Mutex::default(),
    }
}
