//! Which documents failed, while there is no cache to remember it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::vendors::Document;

/// Which documents are not read again for a while, when nobody else can remember it.
#[derive(Debug, Default)]
pub struct Failing(Mutex<HashMap<Document, Instant>>);

impl Failing {
    pub(super) fn note(&self, document: Document, life: Duration) {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, until| *until > Instant::now());
        until.insert(document, Instant::now() + life);
    }

    /// For how long it is still not to be read.
    pub(super) fn left(&self, document: Document) -> Option<Duration> {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(&document)?.checked_duration_since(Instant::now())
    }
}
