//! When a vendor's site is asked: not while it is paused or wants quiet, few requests at once and some
//! time apart, and while it fails hardly at all. Redis keeps all of that for all processes ([`shared`]);
//! how much is open and how far apart it starts is kept by Postgres as well ([`locked`]), so that
//! processes that have only one of the two count together; where neither is, each process is polite
//! alone ([`local`]).

mod asking;
mod local;
mod locked;
mod pause;
mod shared;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    cache::Names,
    config::VendorSettings,
    hall::Vendor,
    link::Link,
    store::{Lock, Locks},
};
pub(super) use asking::Asked;
use local::Local;
pub use pause::{LONGEST_PAUSE, Pauses};
use shared::Shared;

/// So many failures in a row open a site's breaker.
const OPENS_AFTER: u32 = 3;

/// How a request to a site ended, as far as manners go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The site answers, be it with a refusal.
    Answered,
    /// No connection, no answer in time, half an answer, or a 5xx.
    Failed,
}

/// How a vendor's site stands with us, of all processes together.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SiteState {
    /// Whose it is.
    pub vendor: Vendor,
    /// Its name.
    pub site: String,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it is only probed for that.
    pub is_open: bool,
    /// How long it still wants quiet.
    pub quiet_secs: Option<u64>,
}

/// What is said to who wants to ask a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Go,
    Wait(Duration),
    Paused(Duration),
    Quiet(Duration),
    Open(Duration),
}

/// What holds for every site.
#[derive(Debug, Clone, Copy)]
struct Rules {
    at_once: usize,
    spacing: Duration,
    probe_every: Duration,
    /// No request takes longer: the slot of a process that died is free again after this.
    hold: Duration,
}

impl Rules {
    /// Uneven, and never shorter than asked for: a beat that every process keeps makes crowds.
    fn gap(&self) -> Duration {
        self.spacing.mul_f64(1.0 + fastrand::f64() / 10.0)
    }
}

/// See the top of the file. One a process.
pub(super) struct Politeness {
    rules: Rules,
    shared: Option<Shared>,
    locks: Option<Locks>,
    paused: pause::Known,
    sites: Mutex<HashMap<&'static str, Arc<Site>>>,
}

#[derive(Default)]
struct Site {
    /// One task of the process asks for leave at a time, in the order in which they came.
    gate: Arc<tokio::sync::Mutex<()>>,
    local: Mutex<Local>,
}

impl Site {
    fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to send one request; given back with [`Politeness::leave`].
pub(super) struct Leave {
    name: &'static str,
    token: String,
    /// The slot in Postgres, where that could be asked.
    _slot: Option<Lock>,
}

impl Politeness {
    pub(super) fn new(
        settings: &VendorSettings,
        redis: Option<(Link, Names)>,
        locks: Option<Locks>,
    ) -> Self {
        let rules = Rules {
            at_once: settings.concurrency,
            spacing: settings.spacing,
            probe_every: settings.probe_every,
            hold: settings.try_timeout() + Duration::from_secs(1),
        };
        let shared = redis.map(|(link, names)| Shared { link, names });
        Self { rules, shared, locks, paused: pause::Known::default(), sites: Mutex::default() }
    }

    /// What is left of the vendor's pause.
    pub(super) async fn paused(&self, vendor: Vendor) -> Option<Duration> {
        let said = match &self.shared {
            Some(shared) => shared.paused(vendor).await,
            None => None,
        };
        self.paused.note(vendor, said)
    }

    /// For how long the site still wants quiet.
    pub(super) async fn quiet(&self, name: &'static str) -> Option<Duration> {
        let known = self.site(name).local().quiet(Instant::now());
        match (&self.shared, known) {
            (Some(shared), None) => shared.quiet(name).await.unwrap_or_default(),
            _ => known,
        }
    }

    /// How the site stands, as all processes know it; `None` where they cannot say.
    pub(super) async fn stands(&self, vendor: Vendor, name: &'static str) -> Option<SiteState> {
        let (failures, quiet) = self.shared.as_ref()?.stands(name).await?;
        Some(SiteState {
            vendor,
            site: name.to_owned(),
            failures,
            is_open: failures >= OPENS_AFTER,
            quiet_secs: quiet.map(|left| left.as_secs()),
        })
    }

    /// Whether no request to the site is open, and the next need not wait.
    pub(super) async fn is_idle(&self, name: &'static str) -> bool {
        let agreed = match &self.shared {
            Some(shared) => shared.is_idle(name).await,
            None => None,
        };
        agreed.unwrap_or_else(|| self.site(name).local().is_idle(Instant::now()))
    }

    /// Gives the leave back and tells how the request ended, and what quiet the site wants.
    pub(super) async fn leave(&self, leave: Leave, ended: Ended, quiet: Option<Duration>) {
        let Leave { name, token, _slot } = leave;
        let alone = self.site(name).local().tell(Instant::now(), ended, quiet, &self.rules);
        let agreed = match &self.shared {
            Some(shared) => shared.tell(name, &token, ended, quiet, &self.rules).await,
            None => None,
        };
        let failures = agreed.unwrap_or(alone);
        let probe_secs = self.rules.probe_every.as_secs();
        match ended {
            Ended::Failed if failures == OPENS_AFTER => {
                tracing::warn!(site = name, failures, probe_secs, "site given up: only probed");
            }
            Ended::Answered if failures >= OPENS_AFTER => {
                tracing::warn!(site = name, failures, "site answers again");
            }
            _ => {}
        }
        if let Some(quiet) = quiet {
            tracing::warn!(site = name, quiet_secs = quiet.as_secs(), "site wants quiet");
        }
    }

    fn site(&self, name: &'static str) -> Arc<Site> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sites.entry(name).or_default())
    }
}
