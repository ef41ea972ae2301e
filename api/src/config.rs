//! What the api reads from the environment.

use std::{net::SocketAddr, time::Duration};

use crate::{
    admission::{AdmissionSettings, Proxies, RateLimit},
    flights::Room,
    front_door::Limits,
    patient::Patience,
};
use chrono_tz::Tz;
use common::config::{
    Lifetimes, LogSettings, Problems, Stores, TraceSettings, Variable, Vars, VendorSettings,
    metrics_addr, time_zone,
};
use common::queue::MAX_PENDING;

/// The api's settings.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Whose pages may read the answers (CORS); empty = everybody's.
    pub allowed_origins: Vec<String>,
    /// How long a miss waits with nothing to show.
    pub miss_wait: Duration,
    /// How long a miss waits with a last good copy at hand.
    pub soft_wait: Duration,
    /// What connections may take.
    pub(crate) limits: Limits,
    /// What clients may do.
    pub(crate) admission: AdmissionSettings,
    /// How much may be under way.
    pub(crate) room: Room,
    /// Jobs that may wait for a worker.
    pub(crate) max_pending_jobs: u32,
    /// Postgres and Redis.
    pub stores: Stores,
    /// How long things are good for.
    pub lifetimes: Lifetimes,
    /// Where the vendors are, for when nobody else can read them.
    pub vendors: VendorSettings,
    /// The halls' wall clock.
    pub zone: Tz,
    /// Where metrics are served to a scraper.
    pub metrics_addr: Option<SocketAddr>,
    /// Log filter and form.
    pub log: LogSettings,
    /// Where spans go.
    pub traces: TraceSettings,
}

impl ApiConfig {
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
        let stores = Stores::read(vars, false);
        let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
        let addr = vars.parsed_or("API_ADDR", addr, "where the api listens");
        let allowed_origins = allowed_origins(vars);
        let (miss_wait, soft_wait) = waits(vars);
        let (limits, admission) = (limits(vars), admission(vars));
        let (room, max_pending_jobs) = under_way(vars);
        let (lifetimes, vendors) = (Lifetimes::read(vars), VendorSettings::read(vars));
        let (zone, log) = (time_zone(vars), LogSettings::read(vars));
        let traces = TraceSettings::read(vars);
        let metrics_addr = metrics_addr(vars);
        let stores = stores?;
        Some(Self {
            addr,
            allowed_origins,
            miss_wait,
            soft_wait,
            limits,
            admission,
            room,
            max_pending_jobs,
            stores,
            lifetimes,
            vendors,
            zone,
            metrics_addr,
            log,
            traces,
        })
    }
}

fn allowed_origins(vars: &mut Vars<'_>) -> Vec<String> {
    let origins = vars.parsed_or("ALLOWED_ORIGINS", "*".to_owned(), "CORS: comma-separated, or *");
    let allowed: Vec<String> = origins
        .split(',')
        .map(|origin| origin.trim().to_owned())
        .filter(|origin| !origin.is_empty() && origin != "*")
        .collect();
    if let Some(wrong) = allowed.iter().find(|origin| !is_origin(origin)) {
        vars.problem(format!(
            "ALLOWED_ORIGINS: not an origin such as https://app.example (is: {wrong:?})"
        ));
    }
    allowed
}

fn waits(vars: &mut Vars<'_>) -> (Duration, Duration) {
    const MS: Duration = Duration::from_millis(1);
    let mut wait = |name, default, help| vars.duration_or(name, MS, default, 0..=60_000, help);
    let miss = wait("MISS_WAIT_MS", 5_000, "how long a miss waits with nothing to show");
    let soft = wait("SOFT_WAIT_MS", 800, "how long a miss waits with a last good copy at hand");
    (miss, soft)
}

fn limits(vars: &mut Vars<'_>) -> Limits {
    const MS: Duration = Duration::from_millis(1);
    let connections = vars.number_or(
        "MAX_CONNECTIONS",
        4096,
        1..=1_000_000,
        "connections at once; one more is answered 503 and closed",
    );
    let mut wait = |name, default, help| vars.duration_or(name, MS, default, 10..=3_600_000, help);
    let patience = Patience {
        head: wait("HEAD_TIMEOUT_MS", 5_000, "for the head of a request to come"),
        idle: wait("IDLE_TIMEOUT_MS", 60_000, "for the next request of a connection"),
        write: wait("WRITE_TIMEOUT_MS", 30_000, "for a caller to take something of what is sent"),
        answer: wait("ANSWER_TIMEOUT_MS", 120_000, "for a caller to take all of an answer"),
    };
    Limits { connections: connections as usize, patience }
}

fn admission(vars: &mut Vars<'_>) -> AdmissionSettings {
    let each = "connections of one address at once; a trusted proxy has any number";
    AdmissionSettings {
        rate_limit: vars.parsed_or(
            "RATE_LIMIT",
            RateLimit::default(),
            "what one address may ask for: NAME=RATE/UNIT:BURST, or off",
        ),
        proxies: vars.parsed_or(
            "TRUSTED_PROXIES",
            Proxies::default(),
            "proxies whose X-Forwarded-For is believed: addresses and networks",
        ),
        connections_each: vars.number_or("MAX_CONNECTIONS_PER_ADDRESS", 2048, 1..=1_000_000, each)
            as usize,
    }
}

fn under_way(vars: &mut Vars<'_>) -> (Room, u32) {
    let mut most = |name, default, help| vars.number_or(name, default, 1..=1_000_000, help);
    let waiters = most("MAX_WAITERS", 10_000, "requests that wait for what is being fetched");
    let flights = most("MAX_FLIGHTS", 2_000, "menus, and lists, that are looked for at once");
    let jobs = most("MAX_PENDING_JOBS", MAX_PENDING, "jobs that wait for a worker");
    (Room::new(waiters as usize, flights as usize), jobs)
}

/// Scheme, host and port, and nothing after them (RFC 6454): a browser sends no more.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        ["http", "https"].contains(&scheme)
            && !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}
