//! How often a site may be tried again: seldom compared with what is asked of it, or a site that is
//! half ill gets twice the requests.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// What is counted.
const WINDOW: Duration = Duration::from_secs(600);
/// One retry for so many first tries in the window.
const FIRSTS_PER_RETRY: usize = 10;

/// One a process.
#[derive(Debug, Default)]
pub(super) struct Retries(Mutex<HashMap<&'static str, Tries>>);

#[derive(Debug, Default)]
struct Tries {
    firsts: VecDeque<Instant>,
    retries: VecDeque<Instant>,
}

impl Retries {
    /// Notes a first try.
    pub(super) fn first(&self, site: &'static str) {
        self.with(site, |tries| tries.firsts.push_back(Instant::now()));
    }

    /// Whether the site may be tried once more now; if so, that is noted.
    pub(super) fn may_retry(&self, site: &'static str) -> bool {
        self.with(site, |tries| {
            let may = (tries.retries.len() + 1) * FIRSTS_PER_RETRY <= tries.firsts.len();
            if may {
                tries.retries.push_back(Instant::now());
            }
            may
        })
    }

    fn with<T>(&self, site: &'static str, change: impl FnOnce(&mut Tries) -> T) -> T {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = sites.entry(site).or_default();
        let now = Instant::now();
        for list in [&mut tries.firsts, &mut tries.retries] {
            while list.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
                list.pop_front();
            }
        }
        change(tries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_retry_for_ten_first_tries_within_the_window() {
        let retries = Retries::default();
        let mut granted = 0;
        for tried in 1..=100 {
            retries.first("a");
            granted += usize::from(retries.may_retry("a"));
            assert!(granted * 10 <= tried);
        }
        assert_eq!(granted, 10);
        assert!(!retries.may_retry("b"), "each site for itself");
        tokio::time::advance(WINDOW).await;
        assert!(!retries.may_retry("a"), "what is long ago pays for nothing");
    }
}
