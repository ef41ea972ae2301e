//! What every handler is given: handles on the stores, the settings of a request, and what one
//! process shares among its requests. Cheap to clone.

use std::{ops::Deref, sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use common::{
    cache::{Cache, FORGOTTEN, Names},
    entry::{MenuKey, NotAKey},
    lease::Leases,
    line::LineEvent,
    link::{Link, Patience},
    queue::Queue,
    readiness::Readiness,
    refresh::{Failing, Gate, Memory, Refresher, Saves, Unsaved},
    store::Store,
    vendors::Vendors,
};
use tokio::sync::Semaphore;

use crate::{
    StartError,
    cached::{AnyList, Lists},
    coded::Bodies,
    config::ApiConfig,
    degraded,
    flights::Flights,
    near_cache::NearCache,
    ready::Ready,
    routes::Standing,
    waiters::Waiters,
};

/// For an answer of Redis while a visitor waits.
const REDIS: Patience =
    Patience { connect: Duration::from_millis(150), response: Duration::from_millis(200) };
/// For an answer of Postgres while a visitor waits.
const POSTGRES: Duration = Duration::from_secs(1);
/// Without Redis a menu of Postgres is asked for no more often than this, whoever comes: at lunch every
/// request would be a question.
const COPIES: Duration = Duration::from_secs(1);
/// Connections to Postgres.
const CONNECTIONS: u32 = 10;

/// See the top of the file.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// What [`App`] points to.
pub(crate) struct Shared {
    /// The cache and the queue, where there is a Redis.
    pub(crate) redis: Option<Redis>,
    pub(crate) store: Store,
    /// Turns with the connections to Postgres that are open when Redis is lost.
    pub(crate) at_hand: Semaphore,
    /// Makes menus when nobody else does.
    pub(crate) refresher: Refresher,
    /// Misses under way.
    pub(crate) flights: Flights<MenuKey>,
    /// Lists under way, and the last good ones.
    pub(crate) lists: Lists,
    pub(crate) near: Near,
    /// How it stands, for everybody.
    pub(crate) standing: Standing,
    pub(crate) readiness: Readiness,
    pub(crate) miss_wait: Duration,
    pub(crate) soft_wait: Duration,
    /// The oldest copy that is served in place of one that could not be read.
    pub(crate) stale_max: Duration,
    /// How long after its end a menu that this process has served stands in where nothing else does.
    /// Shorter than any word of a vendor lives in Redis, which would say that it was taken back.
    pub(crate) last_resort: Duration,
    /// How long "no menu" holds where no entry says so.
    pub(crate) negative: Duration,
    pub(crate) zone: Tz,
}

/// What this process keeps of the cache, ready to be sent.
pub(crate) struct Near {
    pub(crate) menus: NearCache<MenuKey, Arc<Ready>>,
    /// What Postgres has; open while `menus` is not.
    pub(crate) copies: NearCache<MenuKey, Arc<Ready>>,
    pub(crate) lists: NearCache<String, AnyList>,
    /// What was put together of menus.
    pub(crate) bodies: Bodies,
}

/// All that needs Redis.
pub(crate) struct Redis {
    pub(crate) cache: Cache,
    pub(crate) queue: Queue,
    pub(crate) waiters: Waiters,
    pub(crate) names: Names,
    pub(crate) link: Link,
}

impl App {
    pub(crate) fn new(config: &ApiConfig) -> Result<Self, StartError> {
        let names = Names::new(config.stores.key_prefix.clone());
        let link = match &config.stores.redis_url {
            Some(url) => Some(Link::new(url, REDIS)?),
            None => None,
        };
        let redis = link.clone().map(|link| Redis {
            cache: Cache::new(link.clone(), names.clone()),
            queue: Queue::new(link.clone(), names.clone())
                .with_max_pending(config.max_pending_jobs),
            waiters: Waiters::default(),
            names: names.clone(),
            link,
        });
        let store = Store::new(&config.stores.database_url, CONNECTIONS, POSTGRES)?;
        let gate = Gate::new(store.clone(), config.lifetimes);
        let refresher = Refresher {
            cache: redis.as_ref().map(|redis| redis.cache.clone()),
            store: store.clone(),
            vendors: Vendors::new(
                &config.vendors,
                link.clone().zip(Some(names.clone())),
                Some(store.locks()),
            ),
            leases: Leases::new(link.map(|link| (link, names)), Some(store.locks())),
            lifetimes: config.lifetimes,
            zone: config.zone,
            budget: config.vendors.fetch_timeout,
            failing: Failing::default(),
            memory: Memory::default(),
            saves: Saves::immediate(),
            unsaved: Unsaved::new(store.clone(), gate.clone()),
            gate,
        };
        let cache = redis.as_ref().map(|redis| redis.cache.clone());
        Ok(Self(Arc::new(Shared {
            readiness: Readiness::new(cache, store.clone()),
            redis,
            store,
            at_hand: Semaphore::new(degraded::OPEN),
            refresher,
            flights: Flights::within(&config.room),
            lists: Lists::within(&config.room),
            near: Near::default(),
            standing: Standing::default(),
            miss_wait: config.miss_wait,
            soft_wait: config.soft_wait,
            stale_max: config.lifetimes.stale_max,
            last_resort: config.lifetimes.negative.min(config.lifetimes.stale) / 2,
            negative: config.lifetimes.negative,
            zone: config.zone,
        })))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Default for Near {
    /// Without Redis, until it is heard of.
    fn default() -> Self {
        let copies = NearCache::default();
        copies.open_for(COPIES);
        Self {
            menus: NearCache::default(),
            copies,
            lists: NearCache::default(),
            bodies: Bodies::default(),
        }
    }
}

impl Near {
    /// Passes on what the line says; see [`crate::near_cache`].
    pub(crate) fn hear(&self, event: &LineEvent, names: &Names) {
        match event {
            LineEvent::Up { tracking } => {
                self.copies.close();
                self.menus.open(*tracking);
                self.lists.open(*tracking);
            }
            LineEvent::Down => {
                self.menus.close();
                self.lists.close();
                self.copies.open_for(COPIES);
            }
            LineEvent::Flushed => {
                self.menus.drop_all();
                self.lists.drop_all();
            }
            // Our own writes are told of in any case.
            LineEvent::Said(keys) => {
                keys.lines().for_each(|word| match word.strip_prefix(FORGOTTEN) {
                    Some(key) => self.take_back(key),
                    None => self.drop_key(word),
                })
            }
            LineEvent::Written(keys) => {
                keys.iter().filter_map(|key| names.strip(key)).for_each(|key| self.drop_key(key));
            }
        }
    }

    fn take_back(&self, key: &str) {
        if let Ok(key) = key.parse() {
            self.menus.take_back(&key);
        }
    }

    fn drop_key(&self, key: &str) {
        match key.parse() {
            Ok(key) => self.menus.drop_key(&key),
            Err(NotAKey) => self.lists.drop_key(&key.to_owned()),
        }
    }
}

impl Shared {
    /// What happens on the line to Redis.
    pub(crate) fn hear(&self, redis: &Redis, event: &LineEvent) {
        tracing::debug!(?event, "heard");
        if matches!(event, LineEvent::Up { .. }) {
            redis.link.heard_of();
        }
        // Who is woken must not find what was written over.
        self.near.hear(event, &redis.names);
        redis.waiters.hear(event);
    }

    /// The halls' own day at this instant.
    pub(crate) fn day_of(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }
}
