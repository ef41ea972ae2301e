//! When what was read is saved: after those who wait for menus. Keeping a screenful of menus takes the
//! database as long as reading and serving them takes everybody else.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, SemaphorePermit, watch},
    time::{sleep, timeout},
};

/// For those who were woken to be answered.
const HEAD_START: Duration = Duration::from_millis(30);
/// A save waits no longer than this for reads that are under way.
const PATIENCE: Duration = Duration::from_millis(150);
/// Saves at once. A look at the copies, for which somebody may be waiting, finds a connection free.
const AT_ONCE: usize = 2;

/// The saves of one process.
pub struct Saves {
    reads: watch::Sender<usize>,
    turns: Semaphore,
    stands_back: bool,
}

/// A read that somebody may wait for, until it is dropped.
pub(super) struct Awaited<'a>(&'a watch::Sender<usize>);

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|reads| *reads = reads.saturating_sub(1));
    }
}

impl Saves {
    /// Saves stand back, a few at once: for a process whose readers wait elsewhere.
    #[must_use]
    pub fn after_readers() -> Self {
        Self::new(true)
    }

    /// Saves begin at once: for a process that answers only when a menu is saved.
    #[must_use]
    pub fn immediate() -> Self {
        Self::new(false)
    }

    fn new(stands_back: bool) -> Self {
        Self { reads: watch::Sender::new(0), turns: Semaphore::new(AT_ONCE), stands_back }
    }

    /// Notes a read, until its entries are written.
    pub(super) fn awaited(&self) -> Awaited<'_> {
        self.reads.send_modify(|reads| *reads += 1);
        Awaited(&self.reads)
    }

    /// Waits until it is a save's turn.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        if !self.stands_back {
            return None;
        }
        let mut reads = self.reads.subscribe();
        let quiet = async {
            // The sender is ours, so this ends by a count of nothing alone.
            let _ = reads.wait_for(|reads| *reads == 0).await;
            sleep(HEAD_START).await;
        };
        let _ = timeout(PATIENCE, quiet).await;
        self.turns.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_save_comes_after_the_reads_that_are_under_way() {
        let saves = Saves::after_readers();
        let read = saves.awaited();
        let begun = Instant::now();
        let landed = async {
            sleep(Duration::from_millis(40)).await;
            drop(read);
        };
        let (turn, ()) = tokio::join!(saves.turn(), landed);
        assert!(turn.is_some());
        assert_eq!(begun.elapsed(), Duration::from_millis(70));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_vendor_holds_no_save_up() {
        let saves = Saves::after_readers();
        let _read = saves.awaited();
        let begun = Instant::now();
        let _turn = saves.turn().await;
        assert_eq!(begun.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn saves_are_few_at_once() {
        let saves = Saves::after_readers();
        let (first, _second) = (saves.turn().await, saves.turn().await);
        assert!(timeout(Duration::from_secs(1), saves.turn()).await.is_err(), "a third one");
        drop(first);
        assert!(timeout(Duration::from_secs(1), saves.turn()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_answers_when_it_is_saved_saves_at_once() {
        let saves = Saves::immediate();
        let _read = saves.awaited();
        let begun = Instant::now();
        saves.turn().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
