//! What is done to the tables while nobody waits for it.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

impl Store {
    /// Makes so many of the menus searchable that were saved since; tells how many. 0: there are none,
    /// or another process is at it. None of them can be saved meanwhile.
    ///
    /// # Errors
    /// When Postgres cannot be asked, or does not get done with that many.
    pub async fn index_menus(&self, most: i32) -> Result<i32, StoreError> {
        let indexed = sqlx::query_scalar!(r#"select index_menus($1) as "indexed!""#, most);
        self.within(indexed.fetch_one(&self.pool)).await
    }

    /// Lets the menu wait that comes first, because it cannot be made searchable in time; tells which
    /// it is. `None`: there is none, or another process is at it.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn put_off_indexing(&self) -> Result<Option<String>, StoreError> {
        let key = sqlx::query_scalar!(r#"select put_off_indexing() as "key""#);
        self.within(key.fetch_one(&self.pool)).await
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
