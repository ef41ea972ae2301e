//! Where a test makes a job panic in the running program. In builds without debug assertions, as all
//! that are shipped, there is nothing here.

/// Panics if the environment's `FAILPOINT` is this place and this job: `handler menu:…`.
#[cfg(debug_assertions)]
#[expect(clippy::disallowed_methods, clippy::panic, reason = "no setting, and not in a release")]
pub(crate) fn panic_at(place: &str, job: &str) {
    let set = std::env::var("FAILPOINT").unwrap_or_default();
    if set.split_once(' ') == Some((place, job)) {
        panic!("a test wants it: {set}");
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) const fn panic_at(_place: &str, _job: &str) {}
