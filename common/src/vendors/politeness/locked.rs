//! What processes agree on of a site while there is no Redis: how many requests are open and how far
//! apart they start, by locks of Postgres. Quiet and failures each process then keeps for itself.

use std::time::Duration;

use crate::store::{Lock, Locks};

/// Nobody is told when a lock becomes free: whoever wants one asks again after this.
pub(super) const ASK_AGAIN: Duration = Duration::from_millis(40);

/// What became of asking for leave.
pub(super) enum Slot {
    /// May be asked now, and counts as open until dropped.
    Ours(Opening),
    /// Others have it all, or somebody has started only just now.
    Busy,
    /// Postgres could not say.
    Unknown,
}

/// One of a site's slots, with the right to start now.
pub(super) struct Opening {
    start: Lock,
    slot: Lock,
}

impl Opening {
    /// Starts: nobody else may for so long.
    pub(super) fn start(self, gap: Duration) -> Lock {
        let start = self.start;
        tokio::spawn(async move {
            tokio::time::sleep(gap).await;
            drop(start);
        });
        self.slot
    }
}

pub(super) async fn ask(locks: &Locks, site: &str, at_once: usize) -> Slot {
    let lock = async |what: String| {
        let asked = locks.ask(&format!("5c-menus {what} {site}")).await;
        asked.inspect_err(
            |error| tracing::debug!(site, %error, "each process keeps its own manners"),
        )
    };
    let start = match lock("start".to_owned()).await {
        Ok(Some(start)) => start,
        Ok(None) => return Slot::Busy,
        Err(_) => return Slot::Unknown,
    };
    for number in 0..at_once {
        match lock(format!("slot {number}")).await {
            Ok(Some(slot)) => return Slot::Ours(Opening { start, slot }),
            Ok(None) => {}
            Err(_) => return Slot::Unknown,
        }
    }
    Slot::Busy
}
