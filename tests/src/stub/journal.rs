//! Who read what and when, and how many at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// Entries kept; older ones still count.
const KEPT: usize = 100_000;

/// One read of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The document's name; `other` for a path that no vendor has.
    pub document: String,
    /// The path and query as asked.
    pub target: String,
    /// The vendor's word; `None` for a path that no vendor has.
    pub vendor: Option<&'static str>,
    /// When the request was complete.
    pub at: DateTime<Utc>,
    /// The reader's `User-Agent`.
    pub user_agent: Option<String>,
    /// The reader's `API-Key`.
    pub api_key: Option<String>,
    /// The status answered; 0 while there is none, and for good if the fault was to answer nothing.
    pub status: u16,
    /// Whether it asked for a change only (`If-None-Match`, `If-Modified-Since`).
    pub conditional: bool,
}

/// How often something was read, and how hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Reads begun.
    pub reads: usize,
    /// The most at one time.
    pub max_concurrent: usize,
    /// The most begun within one second.
    pub peak_1s: usize,
}

#[derive(Debug, Default)]
struct Tally {
    count: Count,
    now: usize,
    last_second: VecDeque<Instant>,
}

impl Tally {
    fn begin(&mut self) {
        let begun = Instant::now();
        let old = |at: &Instant| begun.duration_since(*at) >= Duration::from_secs(1);
        while self.last_second.front().is_some_and(old) {
            self.last_second.pop_front();
        }
        self.last_second.push_back(begun);
        self.now += 1;
        self.count.reads += 1;
        self.count.max_concurrent = self.count.max_concurrent.max(self.now);
        self.count.peak_1s = self.count.peak_1s.max(self.last_second.len());
    }

    fn end(&mut self) {
        self.now = self.now.saturating_sub(1);
    }

    /// Reads still going on are not forgotten: they end later.
    fn forget(&mut self) {
        self.last_second.clear();
        self.count = Count { reads: 0, max_concurrent: self.now, peak_1s: 0 };
    }
}

#[derive(Debug, Default)]
struct Pages {
    total: Tally,
    vendors: BTreeMap<&'static str, Tally>,
    documents: BTreeMap<String, Tally>,
    reads: VecDeque<(u64, Read)>,
    begun: u64,
}

impl Pages {
    /// Everything that a read of this document counts for.
    fn each(
        &mut self,
        document: &str,
        vendor: Option<&'static str>,
        mut change: impl FnMut(&mut Tally),
    ) {
        change(&mut self.total);
        if let Some(vendor) = vendor {
            change(self.vendors.entry(vendor).or_default());
        }
        change(self.documents.entry(document.to_owned()).or_default());
    }
}

/// All reads since the start or the last [`Journal::forget`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Pages>>);

impl Journal {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a read that goes on until the ticket is dropped.
    pub(crate) fn begin(&self, read: Read) -> Ticket {
        let mut pages = self.pages();
        pages.begun += 1;
        let (id, document, vendor) = (pages.begun, read.document.clone(), read.vendor);
        pages.each(&document, vendor, Tally::begin);
        if pages.reads.len() >= KEPT {
            pages.reads.pop_front();
        }
        pages.reads.push_back((id, read));
        Ticket { journal: self.clone(), id, document, vendor }
    }

    pub(crate) fn forget(&self) {
        let mut pages = self.pages();
        pages.total.forget();
        pages.vendors.values_mut().for_each(Tally::forget);
        pages.documents.retain(|_, tally| {
            tally.forget();
            tally.now > 0
        });
        pages.reads.clear();
    }

    pub(crate) fn total(&self) -> Count {
        self.pages().total.count
    }

    pub(crate) fn vendor(&self, vendor: &str) -> Count {
        self.pages().vendors.get(vendor).map(|tally| tally.count).unwrap_or_default()
    }

    pub(crate) fn document(&self, name: &str) -> Count {
        self.pages().documents.get(name).map(|tally| tally.count).unwrap_or_default()
    }

    pub(crate) fn documents(&self) -> BTreeMap<String, Count> {
        let pages = self.pages();
        pages.documents.iter().map(|(name, tally)| (name.clone(), tally.count)).collect()
    }

    pub(crate) fn reads(&self) -> Vec<Read> {
        self.pages().reads.iter().map(|(_, read)| read.clone()).collect()
    }
}

/// A read that goes on.
#[derive(Debug)]
pub(crate) struct Ticket {
    journal: Journal,
    id: u64,
    document: String,
    vendor: Option<&'static str>,
}

impl Ticket {
    /// Notes the status that the reader is about to see.
    pub(crate) fn answered(&self, status: u16) {
        let mut pages = self.journal.pages();
        if let Some((_, read)) = pages.reads.iter_mut().rev().find(|(id, _)| *id == self.id) {
            read.status = status;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.journal.pages().each(&self.document, self.vendor, Tally::end);
    }
}
