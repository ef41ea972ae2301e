//! What the worker does to the database while nobody waits for it: migrates, makes what was saved
//! searchable, forgets old records.

use std::time::Duration;

use common::{
    config::SecretUrl,
    metrics::UPKEEP_FAILURES,
    store::{Store, StoreError},
};
use tokio::{sync::oneshot, time::MissedTickBehavior};

/// Between two tries to migrate a database that cannot be reached.
const MIGRATE_AGAIN: Duration = Duration::from_secs(1);
/// Between two looks for menus that were saved. Long enough for a screenful of cold menus to be
/// read and answered before their dishes take the processor.
const INDEX_EVERY: Duration = Duration::from_secs(1);
/// Menus made searchable at once: some tens of milliseconds, in which a menu that is among them cannot
/// be saved.
const A_FEW: i32 = 16;
/// Between two rounds of keeping connections open and warm; shorter than what an idle one lives.
const WARM_UP_EVERY: Duration = Duration::from_secs(300);
/// Between two rounds of forgetting.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// Reads of vendors, and what is done at the ops side, stay on record this long.
const RUNS_KEPT: chrono::Days = chrono::Days::new(400);

/// Goes on for ever. Tells when jobs may begin: the schema is there and the connections are warm, or
/// the first try to migrate has failed.
pub(crate) async fn run(database: SecretUrl, store: Store, ready: oneshot::Sender<()>) {
    let ready = migrate(&database, &store, ready).await;
    let warm = store.warm_up().await;
    if let Err(error) = warm {
        tracing::debug!(%error, "the first jobs open the connections");
    }
    drop(ready);
    let every = |period| {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut to_index, mut to_forget) = (every(INDEX_EVERY), every(FORGET_EVERY));
    let mut to_warm_up = every(WARM_UP_EVERY);
    to_warm_up.reset();
    let (mut indexing, mut forgetting) = (Chore::new("search"), Chore::new("forget"));
    let (mut warming_up, mut batch) = (Chore::new("warm_up"), Batch(A_FEW));
    loop {
        tokio::select! {
            _ = to_warm_up.tick() => warming_up.ended(store.warm_up().await),
            _ = to_index.tick() => indexing.ended(index(&store, &mut batch).await),
            _ = to_forget.tick() => forgetting.ended(forget(&store).await),
        }
    }
}

/// What is done again and again. That it fails is told once, and once that it works again.
struct Chore {
    name: &'static str,
    is_well: bool,
}

impl Chore {
    const fn new(name: &'static str) -> Self {
        Self { name, is_well: true }
    }

    fn ended(&mut self, done: Result<(), StoreError>) {
        match &done {
            Err(error) => {
                UPKEEP_FAILURES.one(&[self.name]);
                if self.is_well {
                    tracing::warn!(upkeep = self.name, %error, "upkeep fails; trying until it works");
                }
            }
            Ok(()) if !self.is_well => tracing::info!(upkeep = self.name, "upkeep works again"),
            Ok(()) => {}
        }
        self.is_well = done.is_ok();
    }
}

/// Returns the sender if it succeeds at the first try.
async fn migrate(
    database: &SecretUrl,
    store: &Store,
    failed: oneshot::Sender<()>,
) -> Option<oneshot::Sender<()>> {
    let mut failed = Some(failed);
    while let Err(error) = migrate_if_needed(database, store).await {
        if let Some(failed) = failed.take() {
            tracing::error!(%error, "the schema is not up to date; trying until it is");
            let _ = failed.send(());
        }
        tokio::time::sleep(MIGRATE_AGAIN).await;
    }
    tracing::info!("the schema is up to date");
    failed
}

/// Where somebody else has migrated, a role that may read and write is enough.
async fn migrate_if_needed(database: &SecretUrl, store: &Store) -> Result<(), StoreError> {
    match store.schema_is_current().await {
        Ok(true) => Ok(()),
        _ => Store::migrate(database).await,
    }
}

/// How many menus are made searchable at once.
struct Batch(i32);

impl Batch {
    /// Doubled with each batch that is done, halved with each that takes too long, until one menu by
    /// itself does: that one is put off.
    async fn ended(&mut self, store: &Store, done: &Result<i32, StoreError>) {
        match done {
            Ok(_) => self.0 = (self.0 * 2).min(A_FEW),
            Err(error) if !error.is_timeout() => {}
            Err(_) if self.0 > 1 => self.0 /= 2,
            Err(error) => match store.put_off_indexing().await {
                Ok(Some(key)) => {
                    tracing::warn!(cache.key = key, %error, "a menu cannot be made searchable in time: put off");
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "not put off"),
            },
        }
    }
}

async fn index(store: &Store, batch: &mut Batch) -> Result<(), StoreError> {
    loop {
        let done = store.index_menus(batch.0).await;
        if matches!(done, Ok(0)) {
            return Ok(());
        }
        batch.ended(store, &done).await;
        done?;
    }
}

async fn forget(store: &Store) -> Result<(), StoreError> {
    let now = chrono::Utc::now();
    let oldest = now.checked_sub_days(RUNS_KEPT).unwrap_or_default();
    store.forget_runs_before(oldest).await?;
    store.forget_audit_before(oldest).await?;
    store.forget_verdicts_before(now).await.map(|_| ())
}
