//! The only outgoing HTTP. Every request is bounded in time, size, hops and number; a body that is
//! not whole is no body.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, DATE, HeaderMap, RETRY_AFTER},
    redirect::{Attempt, Policy},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use url::Url;

use super::{
    addresses::Address,
    politeness::{Ended, Politeness},
    retries::Retries,
};
use crate::{cache::Names, config::VendorSettings, hall::Vendor, link::Link};

/// The longest body, decoded. A Bon Appétit page is 1.6 MB; all else is less.
const MAX_BYTES: usize = 8 << 20;
/// Same-site hops that are followed.
const MAX_HOPS: usize = 2;
/// Tries of one request within a read.
const TRIES: u32 = 2;
/// A `Retry-After` above this is cut to it.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(15 * 60);

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nothing, or not all of it, came in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// Another status than 200.
    #[error("status {status}")]
    Status {
        /// The status.
        status: u16,
        /// When the vendor wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// More than we read of any document.
    #[error("more than {MAX_BYTES} bytes")]
    TooLarge,
    /// The body ended early or could not be decoded.
    #[error("broken body: {0}")]
    Broken(String),
    /// The client could not be built, the address is none, or there was no turn in time.
    #[error("not sent: {0}")]
    Unsent(String),
    /// Not sent: the vendor asked for quiet, for so long from now.
    #[error("the vendor wants quiet for {} s more", .0.as_secs())]
    Quiet(Duration),
    /// Not sent: the vendor failed three times in a row, and is only probed, next after so long.
    #[error("the vendor fails; the next probe is due in {} s", .0.as_secs())]
    Open(Duration),
}

impl FetchError {
    pub(super) const fn class(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect(_) => "connect",
            Self::Status { status: 401 | 403, .. } => "refused",
            Self::Status { status: 429, .. } => "throttled",
            Self::Status { status: 300..=399, .. } => "redirect",
            Self::Status { status: 400..=499, .. } => "status_4xx",
            Self::Status { .. } => "status_5xx",
            Self::TooLarge => "too_large",
            Self::Broken(_) => "broken",
            Self::Unsent(_) => "unsent",
            Self::Quiet(_) => "quiet",
            Self::Open(_) => "open",
        }
    }

    /// For how long the vendor wants not to be asked (RFC 6585, 4; RFC 9110, 15.6.4).
    pub(super) fn quiet(&self) -> Option<Duration> {
        match self {
            Self::Status { status: 429 | 503, retry_after } => *retry_after,
            Self::Quiet(left) => Some(*left),
            _ => None,
        }
    }

    const fn ended(&self) -> Ended {
        match self {
            Self::Timeout | Self::Connect(_) | Self::Broken(_) => Ended::Failed,
            Self::Status { status: 500.., .. } => Ended::Failed,
            _ => Ended::Answered,
        }
    }

    /// Whether asking once more at once may help: trouble on the way, not a word of the vendor.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Timeout | Self::Connect(_) | Self::Broken(_) => true,
            Self::Status { status, retry_after } => *status >= 500 && retry_after.is_none(),
            Self::TooLarge | Self::Unsent(_) | Self::Quiet(_) | Self::Open(_) => false,
        }
    }
}

/// A body that arrived whole with status 200.
pub(super) struct Fetched {
    pub(super) text: String,
}

/// The client and its manners.
pub(super) struct Fetcher {
    client: Client,
    settings: VendorSettings,
    turns: [Arc<Semaphore>; Vendor::ALL.len()],
    politeness: Politeness,
    retries: Retries,
}

impl Fetcher {
    pub(super) fn new(
        settings: &VendorSettings,
        redis: Option<(Link, Names)>,
    ) -> Result<Self, FetchError> {
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!(
                "5c-menus/",
                env!("CARGO_PKG_VERSION"),
                " (Claremont dining menus)"
            ))
            .connect_timeout(Duration::from_secs(2))
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(Policy::custom(same_site))
            .no_proxy()
            .build()
            .map_err(|error| FetchError::Unsent(error.to_string()))?;
        let turns = std::array::from_fn(|_| Arc::new(Semaphore::new(settings.concurrency)));
        let politeness = Politeness::new(settings, redis);
        let retries = Retries::default();
        Ok(Self { client, settings: settings.clone(), turns, politeness, retries })
    }

    /// Waits for a turn with a vendor, unless it wants quiet. Time in this queue of ours is not the
    /// vendor's: no clock of a read runs yet.
    pub(super) async fn turn(
        &self,
        vendor: Vendor,
        site: &str,
    ) -> Result<OwnedSemaphorePermit, FetchError> {
        if let Some(left) = self.politeness.quiet(site).await {
            return Err(FetchError::Quiet(left));
        }
        let turns = self.turns.get(vendor as usize).cloned();
        let turns = turns.ok_or_else(|| FetchError::Unsent("no such vendor".to_owned()))?;
        let patience = self.settings.fetch_timeout * 2;
        match tokio::time::timeout(patience, turns.acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(FetchError::Unsent("too many reads of this vendor wait already".to_owned())),
        }
    }

    /// Fetches one document, for who has a turn; a failure that may pass is tried once more while there is time.
    pub(super) async fn get(
        &self,
        address: Address,
        deadline: Instant,
    ) -> Result<Fetched, FetchError> {
        let (url, site) = (self.actual_url(&address)?, address.site());
        let mut leave = self.politeness.enter(&site, deadline).await?;
        self.retries.first(&site);
        let mut tried = 1;
        loop {
            let fetched = self.try_once(&address, &url, deadline).await;
            let ended = fetched.as_ref().map_or_else(FetchError::ended, |_| Ended::Answered);
            let quiet = fetched.as_ref().err().and_then(FetchError::quiet);
            self.politeness.leave(leave, ended, quiet).await;
            let error = match fetched {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            let pause = Duration::from_millis(fastrand::u64(100..=300));
            let in_time = tried < TRIES && Instant::now() + pause < deadline;
            if !error.may_pass() || !in_time || !self.retries.may_retry(&site) {
                return Err(error);
            }
            tracing::debug!(vendor.name = %address.vendor, %error, "once more");
            tried += 1;
            tokio::time::sleep(pause).await;
            let Ok(again) = self.politeness.enter(&site, deadline).await else { return Err(error) };
            leave = again;
        }
    }

    async fn try_once(
        &self,
        address: &Address,
        url: &Url,
        deadline: Instant,
    ) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        let limit = (started + self.settings.try_timeout()).min(deadline);
        let fetched = match tokio::time::timeout_at(limit, self.exchange(address, url)).await {
            Ok(ended) => ended,
            Err(_) => Err(FetchError::Timeout),
        };
        tracing::debug!(
            vendor.name = %address.vendor,
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            size_bytes = fetched.as_ref().map_or(0, |fetched| fetched.text.len()),
            outcome = fetched.as_ref().map_or_else(FetchError::class, |_| "ok"),
            "vendor answer"
        );
        fetched
    }

    async fn exchange(&self, address: &Address, url: &Url) -> Result<Fetched, FetchError> {
        let mut request = self.client.get(url.clone()).header(ACCEPT, address.accept);
        if let Some((name, key)) = &address.key {
            request = request.header(*name, key.reveal());
        }
        let response = request.send().await.map_err(transport)?;
        if response.status() != StatusCode::OK {
            let retry_after = retry_after(response.headers(), Utc::now());
            return Err(FetchError::Status { status: response.status().as_u16(), retry_after });
        }
        let body = whole_body(response).await?;
        // One wrong byte in a name must not cost the day; a body of noise fails in the parser.
        let text = String::from_utf8(body)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Fetched { text })
    }

    /// The live address, or the same path and query at the base URL that stands in for its origin.
    fn actual_url(&self, address: &Address) -> Result<Url, FetchError> {
        let unsent = |error: url::ParseError| FetchError::Unsent(error.to_string());
        let live = Url::parse(&address.url).map_err(unsent)?;
        let Some(base) = self.settings.base(address.vendor) else { return Ok(live) };
        let mut actual = base.clone();
        actual.set_path(&format!("{}{}", base.path().trim_end_matches('/'), live.path()));
        actual.set_query(live.query());
        Ok(actual)
    }
}

/// Reads to the end, counting what is decoded: a stated length can lie, and a small body can swell.
async fn whole_body(response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(transport)?;
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn same_site(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let origin = attempt.previous().first().map(Url::origin);
    if attempt.previous().len() <= MAX_HOPS && origin == Some(attempt.url().origin()) {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn transport(error: reqwest::Error) -> FetchError {
    // The URL is ours and known; it is kept out of logs because it may hold a key one day.
    let error = error.without_url();
    if error.is_timeout() {
        FetchError::Timeout
    } else if error.is_connect() || error.is_request() {
        FetchError::Connect(with_sources(&error))
    } else {
        FetchError::Broken(with_sources(&error))
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Seconds, or an HTTP date (RFC 9110, 10.2.3); nonsense is no wish at all.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let wish = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match wish.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = chrono::DateTime::parse_from_rfc2822(wish).ok()?;
            // By the vendor's own clock where it shows it: ours may go wrong.
            let shown = headers.get(DATE).and_then(|date| date.to_str().ok());
            let sent = shown.and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
            (at.to_utc() - sent.map_or(now, |sent| sent.to_utc())).to_std().ok()?
        }
    };
    Some(wait.min(MAX_RETRY_AFTER)).filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wished(wish: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, wish.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        let now = "2026-02-09T12:00:00Z".parse().unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood_up_to_a_quarter_of_an_hour() {
        assert_eq!(wished("7", None), Some(7));
        assert_eq!(wished(" 7 ", None), Some(7));
        assert_eq!(wished("86400", None), Some(900));
        assert_eq!(wished("Mon, 09 Feb 2026 12:00:30 GMT", None), Some(30), "by our clock");
        let sent = Some("Mon, 09 Feb 2026 12:00:20 GMT");
        assert_eq!(wished("Mon, 09 Feb 2026 12:00:30 GMT", sent), Some(10), "by the vendor's");
        assert_eq!(wished("Tue, 09 Feb 2027 12:00:30 GMT", sent), Some(900));
    }

    #[test]
    fn nonsense_is_no_wish() {
        let past = "Mon, 09 Feb 2026 11:59:30 GMT";
        for wish in ["", "0", "-1", "9e99", "x", "7.5", "99999999999999999999", past, "Mon, 99"] {
            assert_eq!(wished(wish, None), None, "{wish}");
        }
    }

    #[test]
    fn only_a_vendor_that_does_not_cope_has_failed() {
        let status = |status| FetchError::Status { status, retry_after: None }.ended();
        assert_eq!([200, 302, 403, 404, 429].map(status), [Ended::Answered; 5]);
        assert_eq!([500, 503, 599].map(status), [Ended::Failed; 3]);
        assert_eq!(FetchError::Timeout.ended(), Ended::Failed);
        assert_eq!(FetchError::TooLarge.ended(), Ended::Answered);
    }
}
