//! The jobs that a worker really has. Redis may think of more: an answer that got lost on the way
//! gave a job to a worker that never heard of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Shared by who fetches, who acknowledges and who beats. Counted: a job may come again while the end of its
/// last run is still being told.
#[derive(Clone, Default)]
pub(crate) struct HeldJobs(Arc<Mutex<HashMap<String, u32>>>);

impl HeldJobs {
    pub(super) fn take(&self, id: String) {
        *self.jobs().entry(id).or_default() += 1;
    }

    pub(super) fn drop(&self, id: &str) {
        let mut jobs = self.jobs();
        if let Some(runs) = jobs.get_mut(id) {
            *runs -= 1;
            if *runs == 0 {
                jobs.remove(id);
            }
        }
    }

    pub(super) fn list(&self) -> Vec<String> {
        self.jobs().keys().cloned().collect()
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
