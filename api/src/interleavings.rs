//! Files that threads meet in, once more: compiled with the locks of `shuttle`, which runs their
//! threads one at a time and chooses at each lock and each atomic who goes on. So it is the code that
//! is shipped, line by line, that is run in every order here, or in thousands where there are too many.

mod keeping;
mod leaving;
mod waking;

/// What those files take from `super::sync`.
mod sync {
    pub(super) use shuttle::sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    };
    pub(super) use std::sync::PoisonError;
}

#[path = "near_cache.rs"]
mod near_cache;
#[path = "waiters.rs"]
mod waiters;
