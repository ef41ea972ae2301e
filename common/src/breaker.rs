//! A circuit breaker: a store that does not answer is asked by nobody who waits for an answer, until
//! a look into it once a second has found it back.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// So many failures in a row open it.
const OPENS_AFTER: u32 = 3;
/// Between two probes while it is open.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// One breaker a store and process.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    is_probed: bool,
}

impl State {
    const fn is_open(&self) -> bool {
        self.failures >= OPENS_AFTER
    }
}

impl Breaker {
    /// Asks, if the breaker lets it through; `None` where it does not. `is_trouble` tells a store
    /// that does not answer from one that answers with an error.
    pub async fn ask<T, E>(
        &self,
        question: impl Future<Output = Result<T, E>>,
        is_trouble: impl FnOnce(&E) -> bool,
    ) -> Option<Result<T, E>> {
        if self.is_open() {
            return None;
        }
        let answer = question.await;
        self.note(!answer.as_ref().is_err_and(is_trouble));
        Some(answer)
    }

    /// Whether the store is taken for away.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state().is_open()
    }

    /// The store was heard of in another way.
    pub fn close(&self) {
        self.note(true);
    }

    /// While it is open, `probe` tells each second whether the store answers; in a task of its own,
    /// one of them however often this is called. No visitor pays for a probe that way.
    pub fn probe_while_open<F>(self: &Arc<Self>, probe: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = bool> + Send,
    {
        {
            let mut state = self.state();
            if !state.is_open() || state.is_probed {
                return;
            }
            state.is_probed = true;
        }
        let breaker = Arc::clone(self);
        tokio::spawn(async move {
            while breaker.goes_on() {
                tokio::time::sleep(PROBE_EVERY).await;
                breaker.note(probe().await);
            }
        });
    }

    /// Whether there is something to probe still; if not, who opens it next starts anew.
    fn goes_on(&self) -> bool {
        let mut state = self.state();
        state.is_probed = state.is_open();
        state.is_probed
    }

    fn note(&self, answered: bool) {
        let mut state = self.state();
        state.failures = if answered { 0 } else { state.failures.saturating_add(1) };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

    use super::*;

    async fn ask(breaker: &Breaker, answer: Result<(), ()>) -> Option<Result<(), ()>> {
        breaker.ask(async { answer }, |()| true).await
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_open_it_and_one_probe_a_second_closes_it() {
        let breaker = Arc::new(Breaker::default());
        let (back, probes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let look_after = || {
            let (back, probes) = (Arc::clone(&back), Arc::clone(&probes));
            breaker.probe_while_open(move || {
                probes.fetch_add(1, Relaxed);
                let back = back.load(Relaxed);
                async move { back }
            });
        };
        for opened in 1..=2 {
            look_after();
            for _ in 0..3 {
                assert_eq!(ask(&breaker, Err(())).await, Some(Err(())), "{opened}");
            }
            probes.store(0, Relaxed);
            look_after();
            look_after();
            tokio::time::sleep(PROBE_EVERY * 5 / 2).await;
            assert_eq!(ask(&breaker, Ok(())).await, None, "no visitor is a probe");
            assert_eq!(probes.load(Relaxed), 2, "one of them only");
            back.store(true, Relaxed);
            tokio::time::sleep(PROBE_EVERY).await;
            assert_eq!(ask(&breaker, Ok(())).await, Some(Ok(())));
            back.store(false, Relaxed);
            tokio::time::sleep(PROBE_EVERY * 3).await;
            assert_eq!(probes.load(Relaxed), 3, "closed: nothing to probe");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_is_an_answer_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            assert!(breaker.ask(async { Err::<(), ()>(()) }, |()| false).await.is_some());
        }
    }
}
