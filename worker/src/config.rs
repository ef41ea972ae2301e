//! What the worker reads from the environment.

use std::net::SocketAddr;

use chrono::TimeDelta;
use chrono_tz::Tz;
use common::config::{
    AlertSettings, Lifetimes, LogSettings, Problems, Stores, TraceSettings, Variable, Vars,
    VendorSettings, metrics_addr, time_zone,
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
    /// How long before a meal its menu is made warm; zero: no menu ever is.
    pub prewarm_lead: TimeDelta,
    /// When it is looked what is to be made warm, on the halls' wall clock.
    pub prewarm_cron: cron::Schedule,
    /// Where metrics are served to a scraper.
    pub metrics_addr: Option<SocketAddr>,
    /// Whom alerts go to.
    pub alerts: AlertSettings,
    /// Log filter and form.
    pub log: LogSettings,
    /// Where spans go.
    pub traces: TraceSettings,
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
        let (prewarm_lead, prewarm_cron) = prewarm(vars);
        let (zone, log) = (time_zone(vars), LogSettings::read(vars));
        let traces = TraceSettings::read(vars);
        let (metrics_addr, alerts) = (metrics_addr(vars), AlertSettings::read(vars));
        let (concurrency, stores) = (usize::from(concurrency), stores?);
        Some(Self {
            ops,
            concurrency,
            stores,
            lifetimes,
            vendors,
            zone,
            prewarm_lead,
            prewarm_cron: prewarm_cron?,
            metrics_addr,
            alerts,
            log,
            traces,
        })
    }
}

fn prewarm(vars: &mut Vars<'_>) -> (TimeDelta, Option<cron::Schedule>) {
    let lead = vars.number_or(
        "PREWARM_LEAD_MINS",
        30,
        0..=720,
        "how long before its meal a menu is made warm; 0: no menu ever is",
    );
    let text = vars.parsed_or(
        "PREWARM_CRON",
        "0 */5 * * * *".to_owned(),
        "when it is looked what is to be warm: seconds first, local time",
    );
    let cron = text.parse::<cron::Schedule>();
    if let Err(error) = &cron {
        let why = error.to_string().replace('\n', " ");
        vars.problem(format!("PREWARM_CRON: {why} (is: {text:?}; six fields, seconds first)"));
    }
    (TimeDelta::minutes(i64::from(lead)), cron.ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<WorkerConfig, Problems> {
        WorkerConfig::from_lookup(&|asked| match asked {
            "DATABASE_URL" => Some("postgres://h/db".to_owned()),
            "REDIS_URL" => Some("redis://h".to_owned()),
            asked => (asked == name).then(|| value.to_owned()),
        })
    }

    #[test]
    fn a_cron_expression_has_seconds_and_a_lead_of_nought_is_one() {
        assert_eq!(with("PREWARM_CRON", "* * * * * *").unwrap().prewarm_lead.num_minutes(), 30);
        assert!(with("PREWARM_LEAD_MINS", "0").unwrap().prewarm_lead.is_zero());
        for (name, wrong) in [
            ("PREWARM_CRON", "*/5 * * * *"),
            ("PREWARM_CRON", "every 5 minutes"),
            ("PREWARM_CRON", "0 */5 25 * * *"),
            ("PREWARM_LEAD_MINS", "-1"),
            ("PREWARM_LEAD_MINS", "721"),
        ] {
            let problems = with(name, wrong).unwrap_err().to_string();
            assert!(problems.starts_with(name) && problems.lines().count() == 1, "{problems}");
        }
    }
}
