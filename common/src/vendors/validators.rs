//! How a vendor marked a document, and what the document said: sent back, the vendor may answer "as
//! it was" (304) in place of a megabyte, and nothing is parsed anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{DATE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};
use tokio::time::Instant;

use super::Document;
use crate::menu::{Day, Reading};

/// So many readings are kept; seven halls have 67 documents at most.
const MOST: usize = 80;
/// All readings together are about as large at most.
const MOST_BYTES: usize = 16 << 20;
/// "As it was" is believed for so long; then the document is asked for whole.
const TRUSTED: Duration = Duration::from_secs(6 * 3600);
/// A longer mark is none that we send back.
const LONGEST: usize = 256;

/// A document's marks, as they are sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    /// The marks of an answer, if there are any that can be relied on.
    pub(super) fn of(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Self> {
        let short = |name: HeaderName| headers.get(name).filter(|value| value.len() <= LONGEST);
        let etag = short(ETAG).filter(|tag| is_etag(tag.as_bytes())).and_then(alone);
        let date = |value: &HeaderValue| DateTime::parse_from_rfc2822(value.to_str().ok()?).ok();
        let sent = headers.get(DATE).and_then(date).map_or(now, |date| date.to_utc());
        // Within the second in which it changed it may change again, and say the same time of both
        // (RFC 9110, 8.8.2.2).
        let has_settled = |value: &&HeaderValue| {
            date(value).is_some_and(|changed| sent - changed.to_utc() > TimeDelta::seconds(1))
        };
        let last_modified = short(LAST_MODIFIED).filter(has_settled).and_then(alone);
        (etag.is_some() || last_modified.is_some()).then_some(Self { etag, last_modified })
    }

    /// The headers that ask for the document only if it has changed.
    pub(super) fn conditions(&self) -> HeaderMap {
        use reqwest::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
        let etag = self.etag.clone().map(|tag| (IF_NONE_MATCH, tag));
        let since = self.last_modified.clone().map(|since| (IF_MODIFIED_SINCE, since));
        etag.into_iter().chain(since).collect()
    }
}

/// A copy of its own. A clone would be a part of the buffer in which the answer came, and keep all of it:
/// 400 KiB for each document that is known.
fn alone(value: &HeaderValue) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes()).ok()
}

fn is_etag(tag: &[u8]) -> bool {
    let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
    tag.len() >= 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"")
}

/// A document at an address. Both, because one address can serve many documents: a page without a
/// date shows another day tomorrow.
pub(super) type Place = (Document, String);

/// The last good readings of one process, with their marks.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<Place, Arc<Marked>>>);

/// A reading and the marks of the document that it was read from.
#[derive(Debug)]
pub(super) struct Marked {
    pub(super) validators: Validators,
    pub(super) reading: Reading,
    at: Instant,
    bytes: usize,
}

impl Known {
    pub(super) fn of(&self, place: &Place) -> Option<Arc<Marked>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(place).filter(|marked| marked.at.elapsed() < TRUSTED).cloned()
    }

    /// Keeps a good reading in place of an earlier one, if the document was marked.
    pub(super) fn keep(&self, place: Place, validators: Option<Validators>, reading: &Reading) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, marked| marked.at.elapsed() < TRUSTED);
        known.remove(&place);
        let Some(validators) = validators else { return };
        let (reading, at, bytes) = (reading.clone(), Instant::now(), size(reading));
        known.insert(place, Arc::new(Marked { validators, reading, at, bytes }));
        let too_much = |known: &HashMap<Place, Arc<Marked>>| {
            let bytes: usize = known.values().map(|marked| marked.bytes).sum();
            known.len() > MOST || bytes > MOST_BYTES
        };
        while too_much(&known) {
            let first = known.iter().min_by_key(|(_, marked)| marked.at);
            let Some(first) = first.map(|(place, _)| place.clone()) else { break };
            known.remove(&first);
        }
    }
}

/// About what a reading takes in memory.
fn size(reading: &Reading) -> usize {
    let menus = reading.days.values().flat_map(|day| match day {
        Day::Posted(menus) => menus.as_slice(),
        Day::Closed | Day::NotPosted => &[],
    });
    let items = menus.flat_map(|menu| &menu.stations).flat_map(|station| &station.items);
    let text = |item: &crate::menu::MenuItem| {
        item.name.len() + item.description.as_ref().map_or(0, String::len)
    };
    items.map(|item| text(item) + 300).sum::<usize>() + 1000
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};

    use super::*;
    use crate::hall::HallId;

    fn marks(headers: &[(HeaderName, &str)]) -> Option<Validators> {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Validators::of(&headers, "2026-02-09T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn marks_are_sent_back_as_they_came() {
        let since = "Mon, 09 Feb 2026 11:59:00 GMT";
        let both = marks(&[(ETAG, "W/\"a\""), (LAST_MODIFIED, since)]).unwrap().conditions();
        assert_eq!(
            (&both[IF_NONE_MATCH], &both[IF_MODIFIED_SINCE]),
            (&"W/\"a\"".parse().unwrap(), &since.parse().unwrap())
        );
        let one = marks(&[(ETAG, "\"a\"")]).unwrap().conditions();
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn marks_do_not_keep_the_buffer_that_they_came_in() {
        let buffer = Bytes::from("\"a\" Mon, 09 Feb 2026 11:59:00 GMT and a page".to_owned());
        let header = |part| HeaderValue::from_maybe_shared(buffer.slice(part)).unwrap();
        let headers = [(ETAG, header(0..3)), (LAST_MODIFIED, header(4..33))];
        let marks = Validators::of(&headers.into_iter().collect(), Utc::now()).unwrap();
        assert!(marks.etag.is_some() && marks.last_modified.is_some());
        assert!(buffer.is_unique(), "a mark of some bytes keeps all that was received with it");
    }

    #[test]
    fn a_mark_that_cannot_be_relied_on_is_none() {
        let long = format!("\"{}\"", "x".repeat(300));
        for tag in ["", "a", "\"", "W/a", long.as_str()] {
            assert_eq!(marks(&[(ETAG, tag)]), None, "{tag}");
        }
        for since in
            ["", "yesterday", "Mon, 09 Feb 2026 11:59:59 GMT", "Mon, 09 Feb 2026 12:00:30 GMT"]
        {
            assert_eq!(marks(&[(LAST_MODIFIED, since)]), None, "{since}");
        }
        let (date, since) = ("Mon, 09 Feb 2026 12:05:00 GMT", "Mon, 09 Feb 2026 12:04:00 GMT");
        assert!(marks(&[(DATE, date), (LAST_MODIFIED, since)]).is_some(), "by the vendor's clock");
    }

    #[tokio::test(start_paused = true)]
    async fn readings_are_few_and_not_believed_for_ever() {
        let (known, validators) = (Known::default(), marks(&[(ETAG, "\"a\"")]));
        let place = |number: usize| (Document::Feed(HallId::Frank), number.to_string());
        known.keep(place(0), validators.clone(), &Reading::default());
        assert!(known.of(&place(0)).is_some() && known.of(&place(1)).is_none());
        known.keep(place(0), None, &Reading::default());
        assert!(known.of(&place(0)).is_none(), "what has no marks replaces what had");
        for number in 0..=MOST {
            known.keep(place(number), validators.clone(), &Reading::default());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(known.of(&place(0)).is_none() && known.of(&place(1)).is_some());
        tokio::time::advance(TRUSTED).await;
        assert!(known.of(&place(MOST)).is_none());
    }
}
