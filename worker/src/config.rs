//! What the worker reads from the environment.

use std::net::SocketAddr;

use chrono_tz::Tz;
use common::config::{
    AlertSettings, Lifetimes, LogSettings, Problems, Stores, Variable, Vars, VendorSettings,
    metrics_addr, time_zone,
};

mod ops;

pub use ops::{Login, OpsLimits, OpsSettings};

/// The worker's settings.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// The ops side.
    pub ops: OpsSettings,
    /// How many jobs run at once. They wait more than they work, so this is many; how hard a
    /// vendor is asked is limited where vendors are asked.
    pub concurrency: usize,
    /// Postgres and Redis.
    pub stores: Stores,
    /// How long things are good for.
    pub lifetimes: Lifetimes,
    /// Where the vendors are.
    pub vendors: VendorSettings,
    /// The halls' wall clock.
    pub zone: Tz,
    /// Where metrics are served to a scraper.
    pub metrics_addr: Option<SocketAddr>,
    /// Whom alerts go to.
    pub alerts: AlertSettings,
    /// Log filter and form.
    pub log: LogSettings,
}

impl WorkerConfig {
    /// Reads it through a lookup.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn from_lookup(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut vars = Vars::new(get);
        let config = Self::read(&mut vars);
        vars.finish(config)?.ok_or_else(|| Problems(Vec::new()))
    }

    /// Every variable that is read, with its default.
    #[must_use]
    pub fn variables() -> Vec<Variable> {
        let mut vars = Vars::new(&|_| None);
        Self::read(&mut vars);
        vars.variables()
    }

    fn read(vars: &mut Vars<'_>) -> Option<Self> {
        let stores = Stores::read(vars, true);
        let ops = OpsSettings::read(vars);
        let concurrency =
            vars.parsed_or("WORKER_CONCURRENCY", 1024_u16, "jobs at once in one worker");
        if concurrency == 0 {
            vars.problem("WORKER_CONCURRENCY: must be at least 1".to_owned());
        }
        let (lifetimes, vendors) = (Lifetimes::read(vars), VendorSettings::read(vars));
        let (zone, log) = (time_zone(vars), LogSettings::read(vars));
        let (metrics_addr, alerts) = (metrics_addr(vars), AlertSettings::read(vars));
        let (concurrency, stores) = (usize::from(concurrency), stores?);
        Some(Self { ops, concurrency, stores, lifetimes, vendors, zone, metrics_addr, alerts, log })
    }
}
