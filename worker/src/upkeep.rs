//! What the worker does to the database while nobody waits for it: migrates, makes what was saved
//! searchable, forgets old records.

use std::time::Duration;

use common::{
    config::SecretUrl,
    store::{Store, StoreError},
};
use tokio::{sync::oneshot, time::MissedTickBehavior};

/// Between two tries to migrate a database that cannot be reached.
const MIGRATE_AGAIN: Duration = Duration::from_secs(1);
/// Between two looks for menus that were saved. Long enough for a screenful of cold menus to be
/// read and answered before their dishes take the processor.
const INDEX_EVERY: Duration = Duration::from_secs(1);
/// Between two rounds of forgetting.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// Reads of vendors, and what is done at the ops side, stay on record this long.
const RUNS_KEPT: chrono::Days = chrono::Days::new(400);

/// Goes on for ever. Tells when the first try to migrate is over, however it ended.
pub(crate) async fn run(database: SecretUrl, store: Store, tried: oneshot::Sender<()>) {
    migrate(&database, &store, tried).await;
    let every = |period| {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut to_index, mut to_forget) = (every(INDEX_EVERY), every(FORGET_EVERY));
    loop {
        let done = tokio::select! {
            _ = to_index.tick() => index(&store).await,
            _ = to_forget.tick() => forget(&store).await,
        };
        if let Err(error) = done {
            tracing::debug!(%error, "upkeep waits for its next turn");
        }
    }
}

async fn migrate(database: &SecretUrl, store: &Store, tried: oneshot::Sender<()>) {
    let mut tried = Some(tried);
    while let Err(error) = migrate_if_needed(database, store).await {
        if let Some(tried) = tried.take() {
            tracing::error!(%error, "the schema is not up to date; trying until it is");
            let _ = tried.send(());
        }
        tokio::time::sleep(MIGRATE_AGAIN).await;
    }
    tracing::info!("the schema is up to date");
}

/// Where somebody else has migrated, a role that may read and write is enough.
async fn migrate_if_needed(database: &SecretUrl, store: &Store) -> Result<(), StoreError> {
    match store.schema_is_current().await {
        Ok(true) => Ok(()),
        _ => Store::migrate(database).await,
    }
}

async fn index(store: &Store) -> Result<(), StoreError> {
    while store.index_menus().await? > 0 {}
    Ok(())
}

async fn forget(store: &Store) -> Result<(), StoreError> {
    let now = chrono::Utc::now();
    let oldest = now.checked_sub_days(RUNS_KEPT).unwrap_or_default();
    let forgotten = async {
        store.forget_runs_before(oldest).await?;
        store.forget_audit_before(oldest).await?;
        store.forget_verdicts_before(now).await.map(|_| ())
    };
    forgotten.await.inspect_err(|error| tracing::warn!(%error, "old records stay for now"))
}
