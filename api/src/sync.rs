//! What threads share, by names that `interleavings` can put a scheduler's in the place of: a file
//! whose locks come from `super::sync` is compiled once more there, and run in every order.

pub(crate) use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
