//! A system before its fault: every entry is there, and it is known what is usual.

use std::time::Duration;

use crate::{Load, Seen, Stack};

/// Waits until every key of the load is there, and tells what its visitors meet while nothing is
/// wrong: the measure of the bounds.
pub async fn warm(stack: &Stack, load: &Load) -> Seen {
    load.at_once(1).await.all_ok();
    stack.is_idle().await;
    let calm = load.lasting(Duration::from_secs(1)).await;
    calm.all_ok();
    calm
}
