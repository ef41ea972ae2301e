//! What a test wants of its system, and the start of it.

use super::Stack;
use crate::{
    stores::{Database, OwnPostgres, OwnRedis, required},
    stub::{API_KEY, VendorStub},
};

/// What a test wants of its system.
pub struct Wanted {
    apis: usize,
    workers: usize,
    own_redis: bool,
    redis: Option<OwnRedis>,
    postgres: Option<OwnPostgres>,
    no_redis: bool,
    variables: Vec<(String, String)>,
    for_apis: Vec<(String, String)>,
    for_workers: Vec<(String, String)>,
}

impl Wanted {
    /// One api and one worker, on the stores that all tests share.
    pub(super) const USUAL: Self = Self {
        apis: 1,
        workers: 1,
        own_redis: false,
        redis: None,
        postgres: None,
        no_redis: false,
        variables: Vec::new(),
        for_apis: Vec::new(),
        for_workers: Vec::new(),
    };

    /// So many apis.
    #[must_use]
    pub const fn apis(mut self, count: usize) -> Self {
        self.apis = count;
        self
    }

    /// So many workers.
    #[must_use]
    pub const fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// A Redis that may be killed.
    #[must_use]
    pub const fn own_redis(mut self) -> Self {
        self.own_redis = true;
        self
    }

    /// This Redis.
    #[must_use]
    pub fn redis(mut self, redis: OwnRedis) -> Self {
        self.redis = Some(redis);
        self
    }

    /// This Postgres.
    #[must_use]
    pub fn postgres(mut self, postgres: OwnPostgres) -> Self {
        self.postgres = Some(postgres);
        self
    }

    /// Apis that know of no Redis.
    #[must_use]
    pub const fn no_redis(mut self) -> Self {
        self.no_redis = true;
        self
    }

    /// A variable for all programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// A variable for apis alone.
    #[must_use]
    pub fn for_apis(mut self, name: &str, value: impl ToString) -> Self {
        self.for_apis.push((name.to_owned(), value.to_string()));
        self
    }

    /// A variable for workers alone.
    #[must_use]
    pub fn for_workers(mut self, name: &str, value: impl ToString) -> Self {
        self.for_workers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When any part of it does not start.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn start(self) -> Stack {
        let own_redis = match self.redis {
            None if self.own_redis => Some(OwnRedis::start().await),
            redis => redis,
        };
        let redis_url = own_redis.as_ref().map_or_else(|| required("REDIS_URL"), OwnRedis::url);
        let postgres_url =
            self.postgres.as_ref().map_or_else(|| required("DATABASE_URL"), OwnPostgres::url);
        let (vendor, database) = (VendorStub::start().await, Database::create(&postgres_url).await);
        let prefix = format!("t{:012x}:", fastrand::u64(..) >> 16);
        let logs = std::env::temp_dir().join(format!("menus5c-{}", prefix.trim_end_matches(':')));
        std::fs::create_dir_all(&logs).expect("a folder for logs");
        let mut variables: Vec<(String, String)> = [
            ("DATABASE_URL", database.url()),
            ("REDIS_KEY_PREFIX", &prefix),
            ("API_ADDR", "127.0.0.1:0"),
            ("OPS_ADDR", "127.0.0.1:0"),
            ("SODEXO_BASE_URL", &vendor.url()),
            ("BON_APPETIT_BASE_URL", &vendor.url()),
            ("POMONA_BASE_URL", &vendor.url()),
            ("SODEXO_API_KEY", API_KEY),
            // As if time were no object: tests of manners ask for manners.
            ("VENDOR_SPACING_MS", "0"),
            ("VENDOR_PROBE_SECS", "0"),
            // All that a test asks comes from one address.
            ("RATE_LIMIT", "off"),
            // Nobody reads what a test did not ask for.
            ("PREWARM_LEAD_MINS", "0"),
            ("LOG", "debug,hyper_util=info,reqwest=info,apalis_core=info,sqlx=info"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if !self.no_redis {
            variables.push(("REDIS_URL".to_owned(), redis_url.clone()));
        }
        variables.extend(self.variables);
        // Fails only where it was done already, by another test of this process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let mut stack = Stack {
            vendor,
            database,
            own_redis,
            own_postgres: self.postgres,
            apis: Vec::new(),
            workers: Vec::new(),
            http,
            redis_url,
            prefix,
            variables,
            for_apis: self.for_apis,
            for_workers: self.for_workers,
            logs,
            leftovers_are_fine: false,
        };
        (0..self.workers).for_each(|_| stack.add_worker());
        if self.workers > 0 {
            stack.somebody_works().await;
        }
        (0..self.apis).for_each(|_| stack.add_api());
        stack
    }
}
