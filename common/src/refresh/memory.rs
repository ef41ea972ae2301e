//! What this process has read while there was no store that could keep it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{cache::Settled, entry::Entry, vendors::Document};

/// All documents together are not larger. The menus of two weeks of all halls are about 4 MB.
const MOST_BYTES: usize = 16 << 20;
/// What an entry takes besides its body.
const OVERHEAD: usize = 200;

/// The entries of documents that neither the cache nor Postgres could take, for as long as they
/// hold. Bounded: what was read first is forgotten first.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<Document, Kept>>);

#[derive(Debug)]
struct Kept {
    settled: Vec<Settled>,
    at: Instant,
    bytes: usize,
}

impl Memory {
    pub(super) fn keep(&self, document: Document, settled: &[Settled]) {
        let bytes = settled.iter().map(size).sum();
        let kept = Kept { settled: settled.to_vec(), at: Instant::now(), bytes };
        let mut documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        documents.retain(|_, kept| !kept.left().is_empty());
        documents.insert(document, kept);
        while documents.values().map(|kept| kept.bytes).sum::<usize>() > MOST_BYTES {
            let first = documents.iter().min_by_key(|(_, kept)| kept.at);
            let Some(first) = first.map(|(document, _)| *document) else { break };
            documents.remove(&first);
        }
    }

    /// What still holds of a document's entries, each with the rest of its lifetime.
    pub(super) fn of(&self, document: Document) -> Vec<Settled> {
        let documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        documents.get(&document).map(Kept::left).unwrap_or_default()
    }

    pub(super) fn forget(&self, document: Document) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&document);
    }
}

impl Kept {
    fn left(&self) -> Vec<Settled> {
        let age = self.at.elapsed();
        let left = |one: &Settled| {
            let lifetime = one.lifetime.checked_sub(age).filter(|left| *left > Duration::ZERO)?;
            Some(Settled { lifetime, ..one.clone() })
        };
        self.settled.iter().filter_map(left).collect()
    }
}

fn size(one: &Settled) -> usize {
    let body = if let Entry::Menu { body, .. } = &one.entry { body.len() } else { 0 };
    body + OVERHEAD
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::{NaiveDate, Utc};

    use super::*;
    use crate::{cache::Overwrite, entry::MenuKey, hall::HallId, meal::Meal};

    fn day(number: u32) -> Document {
        Document::Day(HallId::Hoch, NaiveDate::from_ymd_opt(2026, 2, number).unwrap())
    }

    fn menu(bytes: usize, seconds: u64) -> Vec<Settled> {
        let date = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
        let key = MenuKey { hall: HallId::Hoch, date, meal: Meal::SIX[0].clone() };
        let body = Bytes::from(vec![b' '; bytes]);
        let entry = Entry::Menu { body, is_stale: false, fetched_at: Utc::now() };
        let lifetime = Duration::from_secs(seconds);
        vec![Settled { key, entry, lifetime, over: Overwrite::Older }]
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_kept_for_its_lifetime_and_tells_what_is_left_of_it() {
        let memory = Memory::default();
        memory.keep(day(1), &menu(10, 60));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(memory.of(day(1))[0].lifetime, Duration::from_secs(40));
        assert!(memory.of(day(2)).is_empty());
        tokio::time::advance(Duration::from_secs(40)).await;
        assert!(memory.of(day(1)).is_empty());
        memory.keep(day(2), &menu(10, 60));
        assert_eq!(memory.0.lock().unwrap().len(), 1, "what is over is gone");
        memory.forget(day(2));
        assert!(memory.of(day(2)).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_first_makes_room() {
        let memory = Memory::default();
        for number in 1..=20 {
            memory.keep(day(number), &menu(1 << 20, 600));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let kept: Vec<u32> = (1..=20).filter(|n| !memory.of(day(*n)).is_empty()).collect();
        assert_eq!(
            kept,
            (6..=20).collect::<Vec<_>>(),
            "fifteen and a little each fit into sixteen"
        );
    }
}
