//! The jobs that a worker really has. Redis may think of more: an answer that got lost on the way
//! gave a job to a worker that never heard of it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Shared by who fetches, who acknowledges and who beats.
#[derive(Clone, Default)]
pub(crate) struct HeldJobs(Arc<Mutex<HashSet<String>>>);

impl HeldJobs {
    pub(super) fn take(&self, id: String) {
        self.jobs().insert(id);
    }

    pub(super) fn drop(&self, id: &str) {
        self.jobs().remove(id);
    }

    pub(super) fn list(&self) -> Vec<String> {
        self.jobs().iter().cloned().collect()
    }

    fn jobs(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
