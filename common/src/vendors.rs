//! From a vendor's document to what it says: which addresses, which parser, and how a read can end.

mod addresses;
pub mod bon_appetit;
mod bounds;
mod document;
mod error;
mod fetch;
mod fetched;
mod html;
mod keyed;
mod legible;
mod loose;
mod politeness;
pub mod pomona;
mod postings;
mod reach;
mod read;
mod retries;
mod retry_after;
mod script;
mod skim;
pub mod sodexo;
mod stated;
pub mod text;
mod validators;

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::Instant;

pub use document::{Document, WINDOW_AHEAD, WINDOW_BACK, window};
pub use error::{FetchError, ParseError, VendorError};
pub use fetch::VendorTurn;
use fetch::{Fetcher, Got};
use fetched::Fetched;
use politeness::Asked;
pub use politeness::{LONGEST_PAUSE, Pauses, SiteState};
use postings::{Claim, Postings};
pub use read::Read;
use read::parsed;
use validators::Known;

use crate::{
    cache::Names,
    config::{Secret, VendorSettings},
    hall::{HallId, Vendor},
    link::Link,
    menu::Reading,
    store::Locks,
};

/// The vendors, as one reader.
pub struct Vendors {
    fetcher: Fetcher,
    sodexo_key: Option<Secret>,
    budget: Duration,
    /// Whether a feed was found elsewhere than where it has always been.
    has_moved: AtomicBool,
    known: Known,
    postings: Postings,
}

impl Vendors {
    /// A reader with these settings; all processes that share the Redis, or else the locks of the
    /// Postgres, are polite together.
    #[must_use]
    pub fn new(
        settings: &VendorSettings,
        redis: Option<(Link, Names)>,
        locks: Option<Locks>,
    ) -> Self {
        Self {
            postings: Postings::new(redis.clone()),
            fetcher: Fetcher::new(settings, redis, locks),
            sodexo_key: settings.sodexo_key.clone(),
            budget: settings.fetch_timeout,
            has_moved: AtomicBool::new(false),
            known: Known::default(),
        }
    }

    /// Makes the HTTP client now rather than for the first read.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn make_client(&self) -> Result<(), FetchError> {
        self.fetcher.client().await.map(drop)
    }

    /// Waits for one of the few turns that this process has with a document's vendor.
    ///
    /// # Errors
    /// At once while the vendor is paused or wants quiet; and when too many wait already.
    pub async fn turn(&self, document: Document) -> Result<VendorTurn, VendorError> {
        let site = self.first_address(document).site();
        Ok(self.fetcher.turn(document.hall().vendor(), site).await?)
    }

    /// A turn with the vendor, and its site asked for leave, for who will most likely read the document and is
    /// asking something else meanwhile; `None` where it cannot be had at once.
    pub async fn turn_ahead(&self, document: Document) -> Option<VendorTurn> {
        let site = self.first_address(document).site();
        self.fetcher.turn_ahead(document.hall().vendor(), site).await
    }

    /// Whether no request to a document's vendor is open, and none would have to wait.
    pub async fn is_idle(&self, document: Document) -> bool {
        self.fetcher.is_idle(self.first_address(document).site()).await
    }

    /// For how long a document's vendor still wants quiet.
    pub async fn quiet(&self, document: Document) -> Option<Duration> {
        self.fetcher.quiet(self.first_address(document).site()).await
    }

    /// Where a read of the document starts.
    fn first_address(&self, document: Document) -> addresses::Address {
        match (document.hall().vendor(), document, &self.sodexo_key) {
            (Vendor::BonAppetit, Document::Day(hall, date), _) => addresses::cafe_page(hall, date),
            (Vendor::Sodexo, Document::Day(_, date), Some(key)) => addresses::sodexo_api(date, key),
            (Vendor::Sodexo, ..) => addresses::sodexo_page(),
            (_, Document::Feed(hall) | Document::Day(hall, _), _) => addresses::pomona_feed(hall),
        }
    }

    /// How each vendor's first site stands with us; none where Redis cannot say.
    pub async fn sites(&self) -> Vec<SiteState> {
        let day = NaiveDate::default();
        let asked = [HallId::Collins, HallId::Frary, HallId::Hoch].map(async |hall| {
            let site = self.first_address(Document::of(hall, day)).site();
            self.fetcher.stands(hall.vendor(), site).await
        });
        futures::future::join_all(asked).await.into_iter().flatten().collect()
    }

    /// Reads a document with a turn, within the budget of one read. `now` tells which day a page without a
    /// date must show.
    ///
    /// # Errors
    /// When it cannot be fetched whole, or is not what it should be.
    pub async fn read(
        &self,
        document: Document,
        now: DateTime<Utc>,
        turn: VendorTurn,
    ) -> Result<Read, VendorError> {
        let deadline = Instant::now() + self.budget;
        let (_permit, asked) = turn.parts();
        match (document.hall().vendor(), document) {
            (Vendor::BonAppetit, Document::Day(hall, date)) => {
                let page = addresses::cafe_page(hall, date);
                let parse = move |body: &str| bon_appetit::parse(body, date);
                self.read_one(document, page, deadline, asked, parse).await
            }
            (Vendor::Sodexo, Document::Day(_, date)) => {
                self.sodexo(date, now, deadline, asked).await
            }
            (_, Document::Feed(hall) | Document::Day(hall, _)) => {
                self.pomona(hall, deadline, asked).await
            }
        }
    }

    /// The API where there is a key; where there is none, or it fails, the location page, which
    /// shows "today" in UTC and no other day.
    async fn sodexo(
        &self,
        date: NaiveDate,
        now: DateTime<Utc>,
        deadline: Instant,
        mut asked: Option<Asked>,
    ) -> Result<Read, VendorError> {
        let failed = match &self.sodexo_key {
            Some(key) => match self.sodexo_api(key, date, now, deadline, asked.take()).await {
                Ok(read) => return Ok(read),
                // Who wants quiet gets it at every address.
                Err(error) if error.quiet().is_some() => return Err(error),
                Err(error) => error,
            },
            None => VendorError::NoKey,
        };
        if date != now.date_naive() {
            return Err(failed);
        }
        if self.sodexo_key.is_some() && !failed.is_unasked() {
            tracing::warn!(vendor.name = "sodexo", error = %failed, "the API failed: reading the page");
        }
        let parse = move |body: &str| sodexo::parse_location_page(body, date);
        let document = Document::Day(HallId::Hoch, date);
        self.read_one(document, addresses::sodexo_page(), deadline, asked, parse).await
    }

    /// The API names no day: what it has given for another day is not believed of this one, until
    /// that day has something else.
    async fn sodexo_api(
        &self,
        key: &Secret,
        date: NaiveDate,
        now: DateTime<Utc>,
        deadline: Instant,
        asked: Option<Asked>,
    ) -> Result<Read, VendorError> {
        let parse = move |body: &str| sodexo::parse_api(body, date);
        let document = Document::Day(HallId::Hoch, date);
        let address = addresses::sodexo_api(date, key);
        let read = self.read_one(document, address, deadline, asked, parse).await?;
        let Some(number) = read.reading.number else { return Ok(read) };
        match self.postings.claim(HallId::Hoch, date, number, now).await {
            Claim::Own => Ok(read),
            Claim::TakenFrom(other) => Ok(Read { mistaken: Some(other), ..read }),
            Claim::Of(shown) => {
                let error = ParseError::WrongDay { asked: date, shown };
                Err(VendorError::Parse { error, bytes: read.bytes })
            }
        }
    }

    /// The feed where it has always been; when that fails, where the hall's page says it is now.
    async fn pomona(
        &self,
        hall: HallId,
        deadline: Instant,
        asked: Option<Asked>,
    ) -> Result<Read, VendorError> {
        let feed = Document::Feed(hall);
        let usual = addresses::pomona_feed(hall);
        let parse = move |body: &str| pomona::parse_of(body, hall);
        let failed = match self.read_one(feed, usual, deadline, asked, parse).await {
            Ok(read) => return Ok(read),
            Err(error) if error.quiet().is_some() => return Err(error),
            // Nothing new is to be learnt from the page of a feed that is only probed.
            Err(error) if error.is_unasked() && !self.has_moved.load(Relaxed) => return Err(error),
            Err(error) => error,
        };
        let page = self.fetcher.get(addresses::pomona_page(hall), deadline, None, None).await;
        let Ok(Got { fetched, leave }) = page else { return Err(failed) };
        self.fetcher.leave(leave);
        let Fetched::Whole { text: page, .. } = fetched else { return Err(failed) };
        let moved = pomona::feed_address(&page).and_then(|to| addresses::moved_feed(hall, &to));
        let Some(address) = moved else { return Err(failed) };
        tracing::warn!(vendor.name = "pomona", hall.id = %hall, error = %failed, "the feed failed: reading it where its page says");
        let read = self.read_one(feed, address, deadline, None, parse).await;
        self.has_moved.store(read.is_ok(), Relaxed);
        read
    }

    /// One document at one address; what it says is known already if it has not changed.
    async fn read_one(
        &self,
        document: Document,
        address: addresses::Address,
        deadline: Instant,
        asked: Option<Asked>,
        parse: impl FnOnce(&str) -> Result<Reading, ParseError> + Send + 'static,
    ) -> Result<Read, VendorError> {
        let place = (document, address.url.clone());
        let known = self.known.of(&place);
        let marks = known.as_ref().map(|known| &known.validators);
        let Got { fetched, leave } = self.fetcher.get(address, deadline, marks, asked).await?;
        self.fetcher.leave(leave);
        match (fetched, known) {
            (Fetched::Whole { text, validators }, _) => {
                let read = parsed(text, parse).await?;
                self.known.keep(place, validators, &read.reading);
                Ok(read)
            }
            (Fetched::Unchanged, Some(known)) => {
                let reading = known.reading.clone();
                Ok(Read { reading, bytes: 0, unchanged: true, mistaken: None })
            }
            // Not met: nobody is asked whether what we do not have has changed.
            (Fetched::Unchanged, None) => {
                Err(FetchError::Status { status: 304, retry_after: None }.into())
            }
        }
    }
}
