//! What people did at the ops side, as it goes on record: a row before the deed, its end after it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Store, StoreError};
use crate::hall::Vendor;

/// The longest name, and the longest result, that a row holds.
const LONGEST_NAME: usize = 64;
const LONGEST_RESULT: usize = 500;

/// One deed.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRow {
    /// Counts up.
    pub id: i64,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The user of the log-in, or `loopback`.
    pub who: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub arguments: Value,
    /// When it was over; `None`: it is under way, or nobody knows.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether it was done.
    pub succeeded: Option<bool>,
    /// What came of it, or why it was not done.
    pub result: Option<String>,
}

impl Store {
    /// Puts on record that somebody is about to do something; gives the row's id.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn begin_audit(
        &self,
        who: &str,
        action: &str,
        arguments: &Value,
    ) -> Result<i64, StoreError> {
        let insert = sqlx::query_scalar!(
            "insert into ops_audit (who, action, arguments) values ($1, $2, $3) returning id",
            cut(who, LONGEST_NAME),
            action,
            arguments,
        );
        self.within(insert.fetch_one(&self.pool)).await
    }

    /// Puts on record how it ended.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn end_audit(
        &self,
        id: i64,
        succeeded: bool,
        result: &str,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "update ops_audit set ended_at = now(), succeeded = $2, result = $3 where id = $1",
            id,
            succeeded,
            cut(result, LONGEST_RESULT),
        );
        self.within(update.execute(&self.pool)).await.map(|_| ())
    }

    /// The newest deeds, or the newest of those before one of them.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn audit(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query_as!(
            AuditRow,
            "select id, at, who, action, arguments, ended_at, succeeded, result from ops_audit
             where $1::bigint is null or id < $1
             order by id desc limit $2",
            before,
            limit,
        );
        self.within(rows.fetch_all(&self.pool)).await
    }

    /// One deed.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn audit_row(&self, id: i64) -> Result<Option<AuditRow>, StoreError> {
        let row = sqlx::query_as!(
            AuditRow,
            "select id, at, who, action, arguments, ended_at, succeeded, result from ops_audit
             where id = $1",
            id,
        );
        self.within(row.fetch_optional(&self.pool)).await
    }

    /// What was said last of pausing each vendor in the last day, and so long does it hold; no time:
    /// it is not paused. A deed that broke off may have been done.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn said_pauses(&self) -> Result<Vec<(Vendor, Duration)>, StoreError> {
        let rows = sqlx::query!(
            r#"select distinct on (arguments ->> 'vendor')
                      arguments ->> 'vendor' as "vendor!",
                      case when action = 'pause-vendor'
                           then extract(epoch from at - now())::float8
                                + 60 * (arguments ->> 'minutes')::float8
                           else 0 end as "left!"
               from ops_audit
               where at > now() - interval '1 day' and action in ('pause-vendor', 'resume-vendor')
                 and succeeded is distinct from false
               order by arguments ->> 'vendor', id desc"#,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?;
        let said = rows.into_iter().filter_map(|row| {
            let vendor = Vendor::ALL.into_iter().find(|vendor| vendor.as_str() == row.vendor)?;
            Some((vendor, Duration::try_from_secs_f64(row.left).unwrap_or_default()))
        });
        Ok(said.collect())
    }

    /// Forgets deeds from before `oldest`.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn forget_audit_before(&self, oldest: DateTime<Utc>) -> Result<u64, StoreError> {
        let delete = sqlx::query!("delete from ops_audit where at < $1", oldest);
        Ok(self.within(delete.execute(&self.pool)).await?.rows_affected())
    }
}

/// What fits into a column, without what Postgres takes for no text.
fn cut(text: &str, longest: usize) -> String {
    text.chars().filter(|one| *one != '\0').take(longest).collect()
}
