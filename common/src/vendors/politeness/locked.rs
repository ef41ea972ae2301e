//! What processes agree on of a site by locks of Postgres, beside Redis and without it: how many
//! requests are open and how far apart they start. So who has Redis and who has not count together.

use std::time::Duration;

use super::Rules;
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
    start: Option<Lock>,
    slot: Lock,
}

impl Opening {
    /// Starts: nobody else may for so long.
    pub(super) fn start(self, gap: Duration) -> Lock {
        if let Some(start) = self.start {
            tokio::spawn(async move {
                tokio::time::sleep(gap).await;
                drop(start);
            });
        }
        self.slot
    }
}

/// Asks once, without waiting. `is_second`: Redis has said yes.
pub(super) async fn ask(locks: &Locks, site: &str, rules: &Rules, is_second: bool) -> Slot {
    let lock = async |what: String| {
        let name = format!("5c-menus {what} {site}");
        let asked =
            if is_second { locks.ask_beside_redis(&name).await } else { locks.ask(&name).await };
        asked.inspect_err(|error| tracing::debug!(site, %error, "Postgres counts no requests"))
    };
    let start = if rules.spacing.is_zero() {
        None
    } else {
        match lock("start".to_owned()).await {
            Ok(Some(start)) => Some(start),
            Ok(None) => return Slot::Busy,
            Err(_) => return Slot::Unknown,
        }
    };
    for number in 0..rules.at_once {
        match lock(format!("slot {number}")).await {
            Ok(Some(slot)) => return Slot::Ours(Opening { start, slot }),
            Ok(None) => {}
            Err(_) => return Slot::Unknown,
        }
    }
    Slot::Busy
}
