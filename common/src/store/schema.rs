//! The schema: which migrations there are, and whether they were applied.

use std::{str::FromStr, sync::LazyLock, time::Duration};

use sqlx::{
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Store, StoreError};
use crate::config::SecretUrl;

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("../migrations");
    // A newer release may have migrated already, and runs beside this one for a while.
    migrations.set_ignore_missing(true);
    migrations
});

impl Store {
    /// Brings the schema up to date. Waits for another process that is at it.
    ///
    /// # Errors
    /// When Postgres cannot be asked or a migration fails.
    pub async fn migrate(url: &SecretUrl) -> Result<(), StoreError> {
        let options =
            PgConnectOptions::from_str(url.reveal())?.application_name("5c-menus migrate");
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(2))
            .connect_with(options)
            .await?;
        Ok(MIGRATIONS.run(&pool).await?)
    }

    /// The version of the schema that this program was built for.
    #[must_use]
    pub fn newest_migration() -> i64 {
        MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
    }

    /// Whether Postgres answers and holds the schema that this program was built for.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let ours: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        let applied = self
            .within(
                sqlx::query_scalar::<_, i64>(
                    "select count(*) from _sqlx_migrations where success and version = any($1)",
                )
                .bind(&ours)
                .fetch_one(&self.pool),
            )
            .await;
        match applied {
            Ok(applied) => Ok(usize::try_from(applied).is_ok_and(|applied| applied >= ours.len())),
            // No such table: reachable, never migrated.
            Err(StoreError::Sql(sqlx::Error::Database(error)))
                if error.code().as_deref() == Some("42P01") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
