//! What was read and could not be saved: the newest reading of each document is kept, and tried again
//! and again until Postgres has it. Saves only move forward in time, so it is never too late for one;
//! and it is weighed again then, because nobody could say what is usual when it was read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{task::JoinHandle, time::Instant};

use super::Gate;
use crate::{
    menu::KnownDay,
    store::{Store, StoreError},
    vendors::Document,
};

/// Between two tries, and by how much more at most, so that not all processes try at once.
const AGAIN: Duration = Duration::from_secs(2);
const JITTER: Duration = Duration::from_secs(1);
/// What has not been saved for so long is given up.
const LIFE: Duration = Duration::from_secs(86_400);

/// Of one process. There are no more readings than documents, so this needs no bound of its own.
#[derive(Clone)]
pub struct Unsaved(Arc<Inner>);

struct Inner {
    store: Store,
    gate: Gate,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    readings: HashMap<Document, Reading>,
    /// Tries again, while there is something to save.
    saving: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Reading {
    days: Arc<Vec<(KnownDay, Duration)>>,
    since: Instant,
}

impl Unsaved {
    /// Nothing yet.
    #[must_use]
    pub fn new(store: Store, gate: Gate) -> Self {
        Self(Arc::new(Inner { store, gate, waiting: Mutex::default() }))
    }

    /// Takes over what could not be saved, in place of what it had of this document.
    pub(super) fn keep(&self, document: Document, days: Vec<(KnownDay, Duration)>) {
        let mut waiting = self.waiting();
        let reading = Reading { days: Arc::new(days), since: Instant::now() };
        waiting.readings.insert(document, reading);
        if waiting.saving.as_ref().is_none_or(JoinHandle::is_finished) {
            let unsaved = self.clone();
            waiting.saving = Some(tokio::spawn(async move { unsaved.save_all().await }));
        }
    }

    /// Something newer was saved.
    pub(super) fn forget(&self, document: Document) {
        self.waiting().readings.remove(&document);
    }

    async fn save_all(&self) {
        loop {
            tokio::time::sleep(AGAIN + JITTER.mul_f64(fastrand::f64())).await;
            let readings = self.waiting().readings.clone();
            for (document, reading) in readings {
                self.try_again(document, &reading).await;
                if self.0.store.is_away() {
                    break;
                }
            }
            let mut waiting = self.waiting();
            if waiting.readings.is_empty() {
                waiting.saving = None;
                return;
            }
        }
    }

    async fn try_again(&self, document: Document, reading: &Reading) {
        match self.weigh_and_save(document, reading).await {
            Ok(_) => tracing::info!(document = %document, "saved after all"),
            Err(error) if reading.since.elapsed() > LIFE => {
                tracing::warn!(document = %document, %error, "never saved");
            }
            Err(error) => {
                tracing::debug!(document = %document, %error, "still not saved");
                return;
            }
        }
        let mut waiting = self.waiting();
        // A newer one may have come meanwhile, with the same fate.
        let same = |held: &Reading| Arc::ptr_eq(&held.days, &reading.days);
        if waiting.readings.get(&document).is_some_and(same) {
            waiting.readings.remove(&document);
        }
    }

    async fn weigh_and_save(
        &self,
        document: Document,
        reading: &Reading,
    ) -> Result<(), StoreError> {
        let (weighed, _) = self.0.gate.weigh_late(document, &reading.days).await?;
        let days = weighed.believed.iter().map(|(day, _)| day);
        self.0.store.save(document.hall(), days).await?;
        let figures = weighed.believed_figures();
        self.0.store.keep_figures(document.hall(), &figures, weighed.read_at).await
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
