//! The documents as bytes: made when first asked for, kept until what they say changes.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::document::Document;
use super::hall::{Hall, Vendor};
use super::menu::{self, Day, Expected};
use super::picker::Fnv;
use super::posting::{FEED_DAYS, Posting, Postings};
use super::{bon_appetit, pomona, sodexo, sodexo_page};

/// A document as it goes over the wire, with the validators that its vendor sends.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) content_type: &'static str,
    pub(crate) last_modified: Option<i64>,
    pub(crate) etag: Option<String>,
}

/// How many bodies are kept; at a megabyte each, more would cost more than making them again.
const KEPT: usize = 128;

/// The postings and the bodies made of them.
pub(crate) struct Shelf {
    pub(crate) postings: Postings,
    made: HashMap<(Document, NaiveDate), Body>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self { postings: Postings::new(), made: HashMap::new() }
    }

    /// Changes what is posted; bodies are made anew.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Postings)) {
        change(&mut self.postings);
        self.made.clear();
    }

    /// The document, or the same of some days later. `base` is where the vendors' sites are.
    pub(crate) fn body(&mut self, document: Document, later: u64, base: &str) -> Body {
        let day = self.day_of(document) + Days::new(later);
        if let (Document::Page(hall), Vendor::Pomona) = (document, document.hall().vendor()) {
            return Body {
                bytes: Arc::new(pomona::page(hall, base).into_bytes()),
                content_type: "text/html; charset=UTF-8",
                last_modified: None,
                etag: None,
            };
        }
        if let Some(body) = self.made.get(&(document, day)) {
            return body.clone();
        }
        let body = self.make(document, day);
        if self.made.len() >= KEPT {
            self.made.clear();
        }
        self.made.insert((document, day), body.clone());
        body
    }

    /// The document as it is when its vendor has nothing for the day.
    pub(crate) fn not_posted(&self, document: Document) -> Vec<u8> {
        let date = self.day_of(document);
        let text = match document {
            Document::Feed(hall) => pomona::feed(hall, &[]),
            Document::Day(Hall::Hoch, _) => "[]".to_owned(),
            Document::Day(hall, _) => {
                bon_appetit::page(hall, date, &Day::NotPosted, Default::default())
            }
            Document::Page(_) => sodexo_page::page(date, &Day::NotPosted, Default::default()),
        };
        text.into_bytes()
    }

    /// The day that a document is about: the first of a feed.
    fn day_of(&self, document: Document) -> NaiveDate {
        match document {
            Document::Day(_, date) => date,
            Document::Feed(_) => self.postings.today_pacific(),
            Document::Page(_) => self.postings.today_utc(),
        }
    }

    fn posted(&self, hall: Hall, date: NaiveDate) -> (Day, Posting) {
        let posting = self.postings.of(hall, date);
        (menu::day(hall, date, posting), posting)
    }

    fn make(&self, document: Document, date: NaiveDate) -> Body {
        let hall = document.hall();
        let (day, posting) = self.posted(hall, date);
        let changed = Some(self.postings.changed(hall));
        let (text, content_type, last_modified) = match (document, day) {
            (Document::Feed(_), _) => {
                (self.feed(hall, date), "application/json; charset=utf-8", changed)
            }
            (Document::Page(_), day) => {
                (sodexo_page::page(date, &day, posting.kind), "text/html; charset=utf-8", None)
            }
            (Document::Day(Hall::Hoch, _), Day::Menu(meals)) => {
                (sodexo::api(&meals), "application/json; charset=utf-8", None)
            }
            (Document::Day(Hall::Hoch, _), _) => {
                ("[]".to_owned(), "application/json; charset=utf-8", None)
            }
            (Document::Day(..), day) => {
                let page = bon_appetit::page(hall, date, &day, posting.kind);
                (page, "text/html; charset=UTF-8", changed)
            }
        };
        let etag = (hall.vendor() == Vendor::Pomona).then(|| etag(&text));
        Body { bytes: Arc::new(text.into_bytes()), content_type, last_modified, etag }
    }

    fn feed(&self, hall: Hall, first: NaiveDate) -> String {
        let days: Vec<(NaiveDate, Day)> = first
            .iter_days()
            .zip(0..FEED_DAYS)
            .map(|(date, _)| (date, self.posted(hall, date).0))
            .collect();
        pomona::feed(hall, &days)
    }

    /// What a right reader must make of the day, were it read now.
    pub(crate) fn expected(&self, hall: Hall, date: NaiveDate) -> Expected {
        if hall.vendor() == Vendor::Pomona && !self.postings.in_feed(date) {
            return Expected::NotPosted;
        }
        match menu::expected(&self.posted(hall, date).0) {
            // Sodexo's menu cannot say "closed"; only the hours on its location page can.
            Expected::Closed if hall == Hall::Hoch => Expected::NotPosted,
            expected => expected,
        }
    }

    /// The day that the location page shows, and what it says of it.
    pub(crate) fn expected_on_page(&self) -> (NaiveDate, Expected) {
        let date = self.postings.today_utc();
        (date, menu::expected(&self.posted(Hall::Hoch, date).0))
    }
}

/// Eight bytes at a time: a feed is a megabyte, and a tag need not be more than different.
fn etag(text: &str) -> String {
    let mut hash = Fnv::new();
    for eight in text.as_bytes().chunks(8) {
        hash.fold(eight.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte)));
    }
    format!("\"{:016x}\"", hash.0)
}
