//! Redis may lose a pause: it may come back empty, or drop the key for want of room. What was said at
//! the ops side is on record in Postgres, and is said again.

use std::time::Duration;

use common::{
    store::{Store, StoreError},
    vendors::Pauses,
};
use tokio_util::sync::CancellationToken;

/// Who has not heard of a pause asks its vendor for so long at most once Redis has lost it.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks until the token is cancelled.
pub(crate) async fn keep(store: Store, pauses: Pauses, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        restore(&store, &pauses).await;
    }
}

/// Says again what Redis knows nothing of. A store that is away is asked again in a moment.
pub(crate) async fn restore(store: &Store, pauses: &Pauses) {
    let said = match store.said_pauses().await {
        Ok(said) => said,
        Err(StoreError::Away) => return,
        Err(error) => return tracing::debug!(%error, "not known which vendors are paused"),
    };
    for (vendor, left) in said {
        match pauses.restore(vendor, left).await {
            Ok(true) if !left.is_zero() => {
                let left_secs = left.as_secs();
                tracing::warn!(vendor.name = %vendor, left_secs, "Redis had lost a pause: said again");
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "pauses are not said again"),
        }
    }
}
