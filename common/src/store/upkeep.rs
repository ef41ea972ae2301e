//! What is done to the tables while nobody waits for it.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

/// Menus made searchable at once: some tens of milliseconds, in which a menu that is among them
/// cannot be saved.
const A_FEW: i32 = 16;

impl Store {
    /// Makes a few of the menus searchable that were saved since; tells how many. 0: there are none,
    /// or another process is at it.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn index_menus(&self) -> Result<i32, StoreError> {
        let indexed = sqlx::query_scalar!(r#"select index_menus($1) as "indexed!""#, A_FEW);
        self.within(indexed.fetch_one(&self.pool)).await
    }

    /// Forgets reads of vendors from before `oldest`.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn forget_runs_before(&self, oldest: DateTime<Utc>) -> Result<u64, StoreError> {
        let delete = sqlx::query!("delete from fetch_runs where started_at < $1", oldest);
        Ok(self.within(delete.execute(&self.pool)).await?.rows_affected())
    }
}
