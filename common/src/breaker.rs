//! A circuit breaker: a store that does not answer is not asked by every request, but by one of
//! them a second, until it answers again.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

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
    next_probe: Option<Instant>,
}

impl Breaker {
    /// Asks, if the breaker lets it through; `None` where it does not. `is_trouble` tells a store
    /// that does not answer from one that answers with an error.
    pub async fn ask<T, E>(
        &self,
        question: impl Future<Output = Result<T, E>>,
        is_trouble: impl FnOnce(&E) -> bool,
    ) -> Option<Result<T, E>> {
        if !self.lets_through() {
            return None;
        }
        let answer = question.await;
        self.note(!answer.as_ref().is_err_and(is_trouble));
        Some(answer)
    }

    /// Whether the store is taken for away.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_probe.is_some()
    }

    /// The store was heard of in another way.
    pub fn close(&self) {
        self.note(true);
    }

    fn lets_through(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match state.next_probe {
            None => true,
            Some(at) if now < at => false,
            Some(_) => {
                state.next_probe = Some(now + PROBE_EVERY);
                true
            }
        }
    }

    fn note(&self, answered: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= OPENS_AFTER {
            state.next_probe = Some(Instant::now() + PROBE_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(breaker: &Breaker, answer: Result<(), ()>) -> Option<Result<(), ()>> {
        breaker.ask(async { answer }, |()| true).await
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_open_it_one_probe_a_second_closes_it() {
        let breaker = Breaker::default();
        for _ in 0..3 {
            assert_eq!(ask(&breaker, Err(())).await, Some(Err(())));
        }
        assert_eq!(ask(&breaker, Ok(())).await, None, "open");
        assert!(breaker.is_open());
        tokio::time::advance(PROBE_EVERY).await;
        let (probe, other) = tokio::join!(
            breaker.ask(
                async {
                    tokio::task::yield_now().await;
                    Err::<(), ()>(())
                },
                |()| true
            ),
            ask(&breaker, Ok(())),
        );
        assert_eq!((probe, other), (Some(Err(())), None), "one of them only");
        tokio::time::advance(PROBE_EVERY).await;
        assert_eq!(ask(&breaker, Ok(())).await, Some(Ok(())));
        assert!(!breaker.is_open());
        assert_eq!(ask(&breaker, Err(())).await, Some(Err(())), "closed again");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_is_an_answer_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            assert!(breaker.ask(async { Err::<(), ()>(()) }, |()| false).await.is_some());
        }
    }
}
