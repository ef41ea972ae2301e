//! The session that holds the locks of a process: one task has it, and grants wishes in their order.

use std::{collections::HashSet, time::Duration};

use sqlx::{Connection, PgConnection, error::DatabaseError};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{Day, Lock, Wish};
use crate::store::StoreError;

/// Between two signs of life of a session.
const BEAT: Duration = Duration::from_secs(1);
/// A session that holds nothing stays for so many beats, for who comes next: to open one takes longer
/// than all else that comes before a read.
const LINGER: u32 = 600;
/// After a look that a table did not allow nobody looks for so long.
const LOOKS_AGAIN: Duration = Duration::from_secs(1);

/// Who has the session.
pub(super) struct Holder {
    link: PgConnection,
    patience: Duration,
    held: HashSet<i64>,
    looks_from: Instant,
    own: mpsc::UnboundedSender<Wish>,
}

impl Holder {
    /// `own`: where wishes are sent to.
    pub(super) fn of(
        link: PgConnection,
        patience: Duration,
        own: mpsc::UnboundedSender<Wish>,
    ) -> Self {
        Self { link, patience, held: HashSet::new(), looks_from: Instant::now(), own }
    }

    /// Until nothing was held for a while, or the session is lost: then so are its locks.
    pub(super) async fn serve(
        mut self,
        mut wishes: mpsc::UnboundedReceiver<Wish>,
    ) -> Result<(), StoreError> {
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut idle = 0;
        while idle < LINGER {
            tokio::select! {
                wish = wishes.recv() => match wish {
                    // Who wished for it has gone.
                    Some(Wish::Lock(_, tell)) if tell.is_closed() => {}
                    Some(Wish::LockAndLook(_, _, tell)) if tell.is_closed() => {}
                    Some(Wish::Lock(key, tell)) => {
                        idle = 0;
                        // Nobody may wait for it any more: then it comes back as a wish.
                        let _ = tell.send(self.lock(key).await?);
                    }
                    Some(Wish::LockAndLook(key, day, tell)) => {
                        idle = 0;
                        let _ = tell.send(self.lock_and_look(key, day).await?);
                    }
                    Some(Wish::Unlock(key)) => self.unlock(key).await?,
                    None => break,
                },
                _ = beats.tick() => {
                    idle = if self.held.is_empty() { idle + 1 } else { 0 };
                    bounded(self.patience, self.link.ping()).await?;
                }
            }
        }
        Ok(())
    }

    async fn lock(&mut self, key: i64) -> Result<Option<Lock>, StoreError> {
        // To the server one session may have a lock many times.
        if self.held.contains(&key) {
            return Ok(None);
        }
        let ask = sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "taken!""#, key);
        let taken = bounded(self.patience, ask.fetch_one(&mut self.link)).await?;
        Ok(taken.then(|| self.hold(key)))
    }

    async fn lock_and_look(
        &mut self,
        key: i64,
        day: Day,
    ) -> Result<(Option<Lock>, Option<bool>), StoreError> {
        if self.held.contains(&key) || Instant::now() < self.looks_from {
            return Ok((self.lock(key).await?, None));
        }
        let ask = sqlx::query!(
            r#"select pg_try_advisory_lock($1) as "taken!",
                      exists (
                          select from menu_days where hall_id = $2 and date = $3 and fresh_until > $4
                      ) as "is_fresh!""#,
            key,
            day.hall.as_str(),
            day.date,
            day.after,
        );
        match bounded(self.patience, ask.fetch_one(&mut self.link)).await {
            Ok(answer) => Ok((answer.taken.then(|| self.hold(key)), Some(answer.is_fresh))),
            // The table is not there yet, or somebody keeps it for himself: that is no reason to have no
            // lock.
            Err(StoreError::Sql(sqlx::Error::Database(error))) => {
                tracing::debug!(%error, "a lock without a look");
                self.looks_from = Instant::now() + LOOKS_AGAIN;
                if !comes_before_all(error.as_ref()) {
                    // It may have been given before that was found.
                    self.unlock(key).await?;
                }
                Ok((self.lock(key).await?, None))
            }
            Err(error) => Err(error),
        }
    }

    fn hold(&mut self, key: i64) -> Lock {
        self.held.insert(key);
        Lock { key, session: self.own.clone() }
    }

    async fn unlock(&mut self, key: i64) -> Result<(), StoreError> {
        self.held.remove(&key);
        let give = sqlx::query_scalar!("select pg_advisory_unlock($1)", key);
        bounded(self.patience, give.fetch_one(&mut self.link)).await.map(|_| ())
    }
}

/// Whether the error comes before anything of a question is done: it names what is not there or not for
/// us (class 42), or a table could not be locked to be read.
fn comes_before_all(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("42") || code == "55P03")
}

async fn bounded<T>(
    patience: Duration,
    question: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(patience, question).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Timeout),
    }
}
