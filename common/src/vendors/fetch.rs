//! The only outgoing HTTP. Every request is bounded in time, size and number, and leads nowhere else.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, header::ACCEPT, redirect::Policy};
use tokio::{
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tracing::{Instrument, Span};
use url::Url;

use super::{
    FetchError,
    addresses::Address,
    fetched::{Fetched, transport},
    politeness::{Asked, Ended, Leave, Politeness, SiteState},
    reach::Reach,
    retries::Retries,
    validators::Validators,
};
use crate::{cache::Names, config::VendorSettings, hall::Vendor, link::Link, store::Locks, traces};

/// A leave is given back so much later: those who are told of the entries have the cores first.
const AFTER_YOU: Duration = Duration::from_millis(5);
/// Tries of one request within a read.
const TRIES: u32 = 2;

/// A turn with a vendor: one of the few that this process has.
pub struct VendorTurn {
    permit: OwnedSemaphorePermit,
    asked: Option<Asked>,
}

impl VendorTurn {
    /// What keeps the turn, and what the site said already.
    pub(super) fn parts(self) -> (OwnedSemaphorePermit, Option<Asked>) {
        (self.permit, self.asked)
    }
}

/// What a vendor answered, and the leave to ask it, which goes back to [`Fetcher::leave`].
pub(super) struct Got {
    /// The answer.
    pub(super) fetched: Fetched,
    /// The leave.
    pub(super) leave: Leave,
}

/// The client and its manners.
pub(super) struct Fetcher {
    /// Made when it is first asked for: an api that finds its workers at work never does.
    client: OnceCell<Client>,
    reach: Reach,
    settings: VendorSettings,
    turns: [Arc<Semaphore>; Vendor::ALL.len()],
    politeness: Arc<Politeness>,
    retries: Retries,
}

impl Fetcher {
    pub(super) fn new(
        settings: &VendorSettings,
        redis: Option<(Link, Names)>,
        locks: Option<Locks>,
    ) -> Self {
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let reach = Reach::new(settings);
        let turns = std::array::from_fn(|_| Arc::new(Semaphore::new(settings.concurrency)));
        let politeness = Arc::new(Politeness::new(settings, redis, locks));
        let retries = Retries::default();
        let client = OnceCell::new();
        Self { client, reach, settings: settings.clone(), turns, politeness, retries }
    }

    /// The client.
    ///
    /// # Errors
    /// When it cannot be built.
    pub(super) async fn client(&self) -> Result<&Client, FetchError> {
        let made = self.client.get_or_try_init(async || {
            let (settings, reach) = (self.settings.clone(), self.reach.clone());
            // It reads every certificate of the machine.
            let built = tokio::task::spawn_blocking(move || build(&settings, reach));
            built.await.map_err(|error| error.to_string())?
        });
        made.await.map_err(FetchError::Unsent)
    }

    /// How a site stands with us, as all processes know it.
    pub(super) async fn stands(&self, vendor: Vendor, site: &'static str) -> Option<SiteState> {
        self.politeness.stands(vendor, site).await
    }

    /// A turn with a vendor. Nobody queues for one that wants quiet; who need not queue is told of that
    /// when they ask to send. Time in this queue of ours is not the vendor's: no clock of a read runs yet.
    pub(super) async fn turn(
        &self,
        vendor: Vendor,
        site: &'static str,
    ) -> Result<VendorTurn, FetchError> {
        let turns = self.turns(vendor)?;
        if let Ok(permit) = Arc::clone(&turns).try_acquire_owned() {
            return Ok(VendorTurn { permit, asked: None });
        }
        if let Some(left) = self.politeness.paused(vendor).await {
            return Err(FetchError::Paused(left));
        }
        if let Some(left) = self.politeness.quiet(site).await {
            return Err(FetchError::Quiet(left));
        }
        let patience = self.settings.fetch_timeout * 2;
        match tokio::time::timeout(patience, turns.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(VendorTurn { permit, asked: None }),
            _ => Err(FetchError::Unsent("too many reads of this vendor wait already".to_owned())),
        }
    }

    /// A turn that can be had at once, with what the site said of being asked now; both go back unless they are
    /// used.
    pub(super) async fn turn_ahead(
        &self,
        vendor: Vendor,
        site: &'static str,
    ) -> Option<VendorTurn> {
        let permit = self.turns(vendor).ok()?.try_acquire_owned().ok()?;
        let asked = self.politeness.ask_ahead(vendor, site).await?;
        Some(VendorTurn { permit, asked: Some(asked) })
    }

    fn turns(&self, vendor: Vendor) -> Result<Arc<Semaphore>, FetchError> {
        let turns = self.turns.get(vendor as usize).cloned();
        turns.ok_or_else(|| FetchError::Unsent("no such vendor".to_owned()))
    }

    /// Whether nothing is asked of the site at the moment.
    pub(super) async fn is_idle(&self, site: &'static str) -> bool {
        self.politeness.is_idle(site).await
    }

    /// For how long a site still wants quiet.
    pub(super) async fn quiet(&self, site: &'static str) -> Option<Duration> {
        self.politeness.quiet(site).await
    }

    /// Fetches one document, for who has a turn; a failure that may pass is tried once more while
    /// there is time. With the marks of an earlier one only if it has changed since.
    pub(super) async fn get(
        &self,
        address: Address,
        deadline: Instant,
        known: Option<&Validators>,
        asked: Option<Asked>,
    ) -> Result<Got, FetchError> {
        let (url, site) = (self.actual_url(&address)?, address.site());
        // To make it takes a while: a leave is the leave to send now.
        self.client().await?;
        let mut leave = self.politeness.enter(address.vendor, site, deadline, asked).await?;
        self.retries.first(site);
        let mut tried = 1;
        loop {
            let span = tracing::info_span!("vendor.fetch", vendor.name = %address.vendor);
            let fetched = self.try_once(&address, &url, deadline, known).instrument(span).await;
            let error = match fetched {
                Ok(fetched) => return Ok(Got { fetched, leave }),
                Err(error) => error,
            };
            self.politeness.leave(leave, error.ended(), error.quiet()).await;
            let pause = Duration::from_millis(fastrand::u64(100..=300));
            let in_time = tried < TRIES && Instant::now() + pause < deadline;
            if !error.may_pass() || !in_time || !self.retries.may_retry(site) {
                return Err(error);
            }
            tracing::debug!(vendor.name = %address.vendor, %error, "once more");
            tried += 1;
            tokio::time::sleep(pause).await;
            let again = self.politeness.enter(address.vendor, site, deadline, None).await;
            leave = again.map_err(|_| error)?;
        }
    }

    /// Gives the leave of a request that was answered back, in a task of its own and not at once.
    pub(super) fn leave(&self, leave: Leave) {
        let politeness = Arc::clone(&self.politeness);
        tokio::spawn(async move {
            tokio::time::sleep(AFTER_YOU).await;
            politeness.leave(leave, Ended::Answered, None).await;
        });
    }

    async fn try_once(
        &self,
        address: &Address,
        url: &Url,
        deadline: Instant,
        known: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        let limit = (started + self.settings.try_timeout()).min(deadline);
        let fetched = match tokio::time::timeout_at(limit, self.exchange(address, url, known)).await
        {
            Ok(ended) => ended,
            Err(_) => Err(FetchError::Timeout),
        };
        traced(&fetched);
        tracing::debug!(
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            size_bytes = fetched.as_ref().map_or(0, Fetched::len),
            outcome = fetched.as_ref().map_or_else(FetchError::class, |_| "ok"),
            "vendor answer"
        );
        fetched
    }

    async fn exchange(
        &self,
        address: &Address,
        url: &Url,
        known: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let mut request = self.client().await?.get(url.clone()).header(ACCEPT, address.accept);
        if let Some((name, key)) = &address.key {
            request = request.header(*name, key.reveal());
        }
        if let Some(known) = known {
            request = request.headers(known.conditions());
        }
        let response = request.send().await.map_err(transport)?;
        Fetched::of(response, known.is_some()).await
    }

    /// The live address, or the same path and query at the base URL that stands in for its origin.
    fn actual_url(&self, address: &Address) -> Result<Url, FetchError> {
        let unsent = |error: url::ParseError| FetchError::Unsent(error.to_string());
        let live = Url::parse(&address.url).map_err(unsent)?;
        let Some(base) = self.settings.base(address.vendor) else {
            let refused = || FetchError::Connect("not a public address".to_owned());
            return if self.reach.allows(&live) { Ok(live) } else { Err(refused()) };
        };
        let mut actual = base.clone();
        actual.set_path(&format!("{}{}", base.path().trim_end_matches('/'), live.path()));
        actual.set_query(live.query());
        Ok(actual)
    }
}

fn build(settings: &VendorSettings, reach: Reach) -> Result<Client, String> {
    let client = Client::builder()
        .user_agent(settings.user_agent())
        .connect_timeout(Duration::from_secs(2))
        .pool_idle_timeout(Duration::from_secs(30))
        // A document that is elsewhere now is another one, until somebody has looked at it; and
        // each hop would be a request without a leave.
        .redirect(Policy::none())
        .dns_resolver(reach)
        .no_proxy()
        .build();
    client.map_err(|error| error.to_string())
}

/// What the collector is told of a try.
fn traced(fetched: &Result<Fetched, FetchError>) {
    traces::note(&Span::current(), |span| match fetched {
        Ok(fetched) => span.number("size_bytes", fetched.len() as u64),
        Err(error) => {
            span.text("error.class", error.class());
            if let FetchError::Status { status, .. } = error {
                span.number("http.status", *status);
            }
            span.failed();
        }
    });
}
