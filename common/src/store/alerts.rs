//! Alerts that wait to be told, and what became of them. A row is the one thing that all workers
//! agree on: who moves its next try has it for that long.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Store, StoreError};

/// An alert that is this process's to tell, for a while.
#[derive(Debug, Clone)]
pub struct DueAlert {
    /// The same at every try: receivers know a repeat by it.
    pub id: i64,
    /// What sort of thing changed.
    pub kind: String,
    /// What is told.
    pub event: Value,
    /// Tries so far, this one included.
    pub tries: i32,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

impl Store {
    /// Takes the oldest alert that nobody has told yet, if its time has come; for `claim` nobody else
    /// gets it. The oldest alone: a receiver must not hear of the end before the beginning.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn take_alert(&self, claim: Duration) -> Result<Option<DueAlert>, StoreError> {
        let taken = sqlx::query_as!(
            DueAlert,
            "update alerts
             set tries = tries + 1, next_try_at = now() + make_interval(secs => $1)
             where id = (select id from alerts where ended_at is null order by id limit 1)
               and ended_at is null and next_try_at <= now()
             returning id, kind, event, tries, made_at",
            claim.as_secs_f64(),
        );
        self.within(taken.fetch_optional(&self.pool)).await
    }

    /// It was told, or will never be.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn end_alert(&self, alert: &DueAlert, error: Option<&str>) -> Result<(), StoreError> {
        let end = sqlx::query!(
            "update alerts
             set ended_at = now(), error = $3,
                 outcome = case when $3::text is null then 'delivered' else 'given_up' end
             where id = $1 and tries = $2 and ended_at is null",
            alert.id,
            alert.tries,
            error,
        );
        self.within(end.execute(&self.pool)).await.map(|_| ())
    }

    /// It is to be told again after `pause`.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn retry_alert(
        &self,
        alert: &DueAlert,
        pause: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        let retry = sqlx::query!(
            "update alerts set next_try_at = now() + make_interval(secs => $3), error = $4
             where id = $1 and tries = $2 and ended_at is null",
            alert.id,
            alert.tries,
            pause.as_secs_f64(),
            error,
        );
        self.within(retry.execute(&self.pool)).await.map(|_| ())
    }

    /// Gives up alerts that are older than `oldest`, and all but the newest `most`.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn give_up_alerts(&self, oldest: Duration, most: i64) -> Result<u64, StoreError> {
        let give_up = sqlx::query!(
            "update alerts set ended_at = now(), outcome = 'given_up', error = 'waited for too long'
             where ended_at is null
               and (made_at < now() - make_interval(secs => $1)
                    or id <= (select id from alerts where ended_at is null
                              order by id desc limit 1 offset $2))",
            oldest.as_secs_f64(),
            most,
        );
        Ok(self.within(give_up.execute(&self.pool)).await?.rows_affected())
    }
}
