//! The three vendors, replayed for any date: their formats, their quirks and their illnesses. All
//! dishes are invented; only the shapes are the vendors'. Knows nothing of the product's code, so
//! that [`VendorStub::expected`] is a second opinion on what a document means.

mod bon_appetit;
mod control;
mod dishes;
mod document;
mod fault;
mod hall;
pub(crate) mod http;
mod ill;
mod journal;
mod menu;
mod picker;
mod plan;
mod pomona;
mod posting;
pub(crate) mod serve;
mod shelf;
mod sodexo;
mod sodexo_page;
mod text;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::document::Scope;
pub use self::fault::Fault;
pub use self::hall::{Hall, Vendor};
pub use self::journal::{Count, Read};
pub use self::menu::Expected;
pub use self::posting::{Kind, POSTED_AHEAD};

use self::posting::Posting;
use self::serve::Core;

/// The `API-Key` that the Sodexo part accepts.
pub const API_KEY: &str = "stub-key";

/// All three vendors on one address; it closes when this is dropped.
pub struct VendorStub {
    core: Arc<Core>,
    address: SocketAddr,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl VendorStub {
    /// Starts on a free port of `127.0.0.1`.
    ///
    /// # Panics
    /// When the machine has no free port: a test has nothing to go on with.
    #[expect(clippy::expect_used, reason = "a test without its stub cannot go on")]
    pub async fn start() -> Self {
        Self::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free local port")
    }

    /// Starts on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let core = Arc::new(Core::new());
        let shared = Arc::clone(&core);
        let accept =
            serve::accept(listener, move |stream| serve::vendor(Arc::clone(&shared), stream));
        Ok(Self { core, address, tasks: Mutex::new(vec![tokio::spawn(accept)]) })
    }

    /// Opens the control calls on an address of their own (`GET /` there lists them).
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn control(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let core = Arc::clone(&self.core);
        let accept =
            serve::accept(listener, move |stream| control::control(Arc::clone(&core), stream));
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.push(tokio::spawn(accept));
        Ok(address)
    }

    /// `http://HOST:PORT`, to stand for all three vendors' sites.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the scope answers so. The latest word that matches a document counts.
    pub fn fault(&self, scope: Scope, fault: Fault) {
        self.core.faults.add(scope, fault, None);
    }

    /// As [`Self::fault`], for so many reads; after them the word before counts again.
    pub fn fault_times(&self, scope: Scope, fault: Fault, times: usize) {
        self.core.faults.add(scope, fault, Some(times));
    }

    /// Every answer of the scope, healthy or not, comes that much later.
    pub fn delay(&self, scope: Scope, time: Duration) {
        self.fault(scope, Fault::Delay(time));
    }

    /// Every vendor in good health, at once. What is posted stays.
    pub fn heal(&self) {
        self.core.faults.heal();
    }

    /// Says what a hall's day serves. Another `edition` is another menu of the same kind.
    pub fn post(&self, hall: Hall, date: NaiveDate, kind: Kind, edition: u32) {
        let posting = Posting { kind, edition };
        self.core.shelf().change(|postings| postings.post(hall, date, posting));
    }

    /// Fixes the day that the vendors believe it is; `None` goes back to the clock. A Pomona feed
    /// starts on it, the Sodexo page shows it, and days are posted from it on.
    pub fn set_today(&self, today: Option<NaiveDate>) {
        self.core.shelf().change(|postings| postings.set_today(today));
    }

    /// The Pacific day that the vendors believe it is.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.core.shelf().postings.today_pacific()
    }

    /// What a right reader must serve for that day, were the documents read now. For Hoch it is
    /// what the menu says: a closed day is not posted there, only the location page knows better.
    #[must_use]
    pub fn expected(&self, hall: Hall, date: NaiveDate) -> Expected {
        self.core.shelf().expected(hall, date)
    }

    /// The day that Hoch's location page shows, and what a right reader must make of it.
    #[must_use]
    pub fn expected_on_page(&self) -> (NaiveDate, Expected) {
        self.core.shelf().expected_on_page()
    }

    /// How often the document of this name was read.
    #[must_use]
    pub fn reads(&self, document: &str) -> usize {
        self.core.journal.document(document).reads
    }

    /// How often any document was read; unknown paths count as well (`other`).
    #[must_use]
    pub fn total_reads(&self) -> usize {
        self.core.journal.total().reads
    }

    /// How often a vendor was read, and how hard: what politeness towards one site means.
    #[must_use]
    pub fn vendor(&self, vendor: Vendor) -> Count {
        self.core.journal.vendor(vendor.as_str())
    }

    /// Counts by document.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, Count> {
        self.core.journal.documents()
    }

    /// The most reads at one time, of all vendors together.
    #[must_use]
    pub fn max_concurrent(&self) -> usize {
        self.core.journal.total().max_concurrent
    }

    /// The most reads begun within one second, of all vendors together.
    #[must_use]
    pub fn peak_1s(&self) -> usize {
        self.core.journal.total().peak_1s
    }

    /// Every read, in order.
    #[must_use]
    pub fn journal(&self) -> Vec<Read> {
        self.core.journal.reads()
    }

    /// Counts from nought; reads that go on still count as going on.
    pub fn forget_reads(&self) {
        self.core.journal.forget();
    }
}

impl Drop for VendorStub {
    fn drop(&mut self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

/// What a right reader makes of a hall's day when nothing was posted by hand and the day is within
/// the vendor's reach.
#[must_use]
pub fn expected(hall: Hall, date: NaiveDate) -> Expected {
    menu::expected(&menu::day(hall, date, Posting::default()))
}

/// The text that lists the control calls.
#[must_use]
pub fn control_help() -> String {
    control::help()
}
