//! From a menu to the vendor's document that holds it, and from the document to what it says:
//! which addresses, which parser, and how a read can end.

mod addresses;
pub mod bon_appetit;
mod error;
mod fetch;
mod html;
mod politeness;
pub mod pomona;
mod retries;
mod retry_after;
mod script;
pub mod sodexo;
pub mod text;

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

pub use error::{FetchError, ParseError, VendorError};
use fetch::{Fetched, Fetcher};

pub use politeness::SiteState;

use crate::{
    cache::Names,
    config::{Secret, VendorSettings},
    hall::{HallId, Vendor},
    link::Link,
    menu::Reading,
};

/// Days before today for which vendors are asked.
pub const WINDOW_BACK: u64 = 1;
/// Days after today for which vendors are asked.
pub const WINDOW_AHEAD: u64 = 14;

/// The days for which vendors are asked, first to last.
#[must_use]
pub fn window(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = today.checked_sub_days(Days::new(WINDOW_BACK)).unwrap_or(today);
    let last = today.checked_add_days(Days::new(WINDOW_AHEAD)).unwrap_or(today);
    (first, last)
}

/// One answer of a vendor: the unit that is read once, however many menus are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Document {
    /// One hall on one day, all meals.
    Day(HallId, NaiveDate),
    /// One hall, all days that its vendor has posted.
    Feed(HallId),
}

impl Document {
    /// The document that holds this hall's menus of that day.
    #[must_use]
    pub const fn of(hall: HallId, date: NaiveDate) -> Self {
        match hall.vendor() {
            Vendor::BonAppetit | Vendor::Sodexo => Self::Day(hall, date),
            Vendor::Pomona => Self::Feed(hall),
        }
    }

    /// Whose menus it holds.
    #[must_use]
    pub const fn hall(self) -> HallId {
        match self {
            Self::Day(hall, _) | Self::Feed(hall) => hall,
        }
    }

    /// The days on which one read of it is the last word.
    #[must_use]
    pub fn dates(self, today: NaiveDate) -> Vec<NaiveDate> {
        match self {
            Self::Day(_, date) => vec![date],
            Self::Feed(_) => {
                let (first, last) = window(today);
                first.iter_days().take_while(|date| *date <= last).collect()
            }
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hall = self.hall();
        write!(f, "{}:{hall}", hall.vendor())?;
        match self {
            Self::Day(_, date) => write!(f, ":{date}"),
            Self::Feed(_) => Ok(()),
        }
    }
}

/// A document that was read.
#[derive(Debug)]
pub struct Read {
    /// What it says.
    pub reading: Reading,
    /// How long it was, decoded.
    pub bytes: usize,
}

/// The vendors, as one reader.
pub struct Vendors {
    fetcher: Fetcher,
    sodexo_key: Option<Secret>,
    budget: Duration,
    /// Whether a feed was found elsewhere than where it has always been.
    has_moved: AtomicBool,
}

impl Vendors {
    /// A reader with these settings; with a Redis, all processes that share it are polite together.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(
        settings: &VendorSettings,
        redis: Option<(Link, Names)>,
    ) -> Result<Self, FetchError> {
        Ok(Self {
            fetcher: Fetcher::new(settings, redis)?,
            sodexo_key: settings.sodexo_key.clone(),
            budget: settings.fetch_timeout,
            has_moved: AtomicBool::new(false),
        })
    }

    /// Waits for one of the few turns that this process has with a document's vendor.
    ///
    /// # Errors
    /// At once while the vendor wants quiet; and when too many wait already.
    pub async fn turn(&self, document: Document) -> Result<OwnedSemaphorePermit, VendorError> {
        let site = self.first_address(document).site();
        Ok(self.fetcher.turn(document.hall().vendor(), &site).await?)
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
            self.fetcher.stands(hall.vendor(), &site).await
        });
        futures::future::join_all(asked).await.into_iter().flatten().collect()
    }

    /// Reads a document, for who has a turn, within the budget of one read. `now` tells which day a page without a
    /// date must show.
    ///
    /// # Errors
    /// When it cannot be fetched whole, or is not what it should be.
    pub async fn read(&self, document: Document, now: DateTime<Utc>) -> Result<Read, VendorError> {
        let deadline = Instant::now() + self.budget;
        match (document.hall().vendor(), document) {
            (Vendor::BonAppetit, Document::Day(hall, date)) => {
                let page = self.fetcher.get(addresses::cafe_page(hall, date), deadline).await?;
                parsed(page, move |body| bon_appetit::parse(body, date)).await
            }
            (Vendor::Sodexo, Document::Day(_, date)) => self.sodexo(date, now, deadline).await,
            (_, Document::Feed(hall) | Document::Day(hall, _)) => self.pomona(hall, deadline).await,
        }
    }

    /// The API where there is a key; where there is none, or it fails, the location page, which
    /// shows "today" in UTC and no other day.
    async fn sodexo(
        &self,
        date: NaiveDate,
        now: DateTime<Utc>,
        deadline: Instant,
    ) -> Result<Read, VendorError> {
        let failed = match &self.sodexo_key {
            Some(key) => match self.sodexo_api(key, date, deadline).await {
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
        let page = self.fetcher.get(addresses::sodexo_page(), deadline).await?;
        parsed(page, move |body| sodexo::parse_location_page(body, date)).await
    }

    async fn sodexo_api(
        &self,
        key: &Secret,
        date: NaiveDate,
        deadline: Instant,
    ) -> Result<Read, VendorError> {
        let answer = self.fetcher.get(addresses::sodexo_api(date, key), deadline).await?;
        parsed(answer, move |body| sodexo::parse_api(body, date)).await
    }

    /// The feed where it has always been; when that fails, where the hall's page says it is now.
    async fn pomona(&self, hall: HallId, deadline: Instant) -> Result<Read, VendorError> {
        let failed = match self.pomona_feed(addresses::pomona_feed(hall), deadline).await {
            Ok(read) => return Ok(read),
            Err(error) if error.quiet().is_some() => return Err(error),
            // Nothing new is to be learnt from the page of a feed that is only probed.
            Err(error) if error.is_unasked() && !self.has_moved.load(Relaxed) => return Err(error),
            Err(error) => error,
        };
        let Ok(page) = self.fetcher.get(addresses::pomona_page(hall), deadline).await else {
            return Err(failed);
        };
        let moved =
            pomona::feed_address(&page.text).and_then(|to| addresses::moved_feed(hall, &to));
        let Some(address) = moved else { return Err(failed) };
        tracing::warn!(vendor.name = "pomona", hall.id = %hall, error = %failed, "the feed failed: reading it where its page says");
        let read = self.pomona_feed(address, deadline).await;
        self.has_moved.store(read.is_ok(), Relaxed);
        read
    }

    async fn pomona_feed(
        &self,
        address: addresses::Address,
        deadline: Instant,
    ) -> Result<Read, VendorError> {
        let feed = self.fetcher.get(address, deadline).await?;
        parsed(feed, pomona::parse).await
    }
}

/// Parses off the request threads (a page takes milliseconds); a panic costs the read, no more.
async fn parsed(
    fetched: Fetched,
    parse: impl FnOnce(&str) -> Result<Reading, ParseError> + Send + 'static,
) -> Result<Read, VendorError> {
    let bytes = fetched.text.len();
    match tokio::task::spawn_blocking(move || parse(&fetched.text)).await {
        Ok(Ok(reading)) => Ok(Read { reading, bytes }),
        Ok(Err(error)) => Err(VendorError::Parse { error, bytes }),
        Err(_) => Err(VendorError::Panic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_named_by_vendor_hall_and_day() {
        let date = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
        assert_eq!(Document::of(HallId::Hoch, date).to_string(), "sodexo:hoch:2026-02-09");
        assert_eq!(Document::of(HallId::Frary, date).to_string(), "pomona:frary");
        assert_eq!(
            Document::of(HallId::Malott, date),
            Document::Day(HallId::Malott, date),
            "every meal of a day is in one document"
        );
    }

    #[test]
    fn a_feed_is_the_last_word_on_the_whole_window() {
        let today = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
        let dates = Document::Feed(HallId::Frank).dates(today);
        assert_eq!(dates.len(), 16);
        assert_eq!(dates.first().copied(), today.pred_opt());
        assert_eq!(Document::Day(HallId::Hoch, today).dates(today), [today]);
    }
}
