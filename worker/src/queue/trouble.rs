//! Trouble that is met several times a second is told of twice: when it begins, and when it is over.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// See the top of this file. Clones are the same trouble.
#[derive(Clone, Default)]
pub(super) struct Trouble(Arc<AtomicBool>);

impl Trouble {
    /// It is met: whether for the first time since it was over.
    pub(super) fn begins(&self) -> bool {
        !self.0.swap(true, Relaxed)
    }

    /// Whether it is met at the moment.
    pub(super) fn is_met(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// It is not met: whether it was until now.
    pub(super) fn ends(&self) -> bool {
        self.0.swap(false, Relaxed)
    }
}
