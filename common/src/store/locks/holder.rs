//! The session that holds the locks of a process: one task has it, and grants wishes in their order.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{Connection, PgConnection, error::DatabaseError};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{Day, Lock, Wanted, Wish};
use crate::store::StoreError;

/// Between two signs of life of a session.
const BEAT: Duration = Duration::from_secs(1);
/// A session that holds nothing stays for so many beats, for who comes next: to open one takes longer
/// than all else that comes before a read.
const LINGER: u32 = 600;
/// So many wishes are granted in one question.
const AT_ONCE: usize = 64;
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
        let (mut idle, mut batch) = (0, Vec::new());
        while idle < LINGER {
            tokio::select! {
                count = wishes.recv_many(&mut batch, AT_ONCE) => {
                    if count == 0 {
                        break;
                    }
                    idle = 0;
                    self.grant(&mut batch).await?;
                }
                _ = beats.tick() => {
                    idle = if self.held.is_empty() { idle + 1 } else { 0 };
                    bounded(self.patience, self.link.ping()).await?;
                }
            }
        }
        Ok(())
    }

    /// All that are there in one question: of two the second would wait for the first.
    async fn grant(&mut self, wishes: &mut Vec<Wish>) -> Result<(), StoreError> {
        let mut wanted = Vec::<Wanted>::new();
        for wish in wishes.drain(..) {
            match wish {
                Wish::Unlock(key) => self.unlock(key).await?,
                // Who wished for it has gone.
                Wish::Lock(one) if one.tell.is_closed() => {}
                Wish::Lock(one) => {
                    // To the server one session may have a lock many times.
                    let is_other = |other: &Wanted| other.key != one.key;
                    if self.held.contains(&one.key) || !wanted.iter().all(is_other) {
                        let _ = one.tell.send((None, None));
                    } else {
                        wanted.push(one);
                    }
                }
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let told = self.ask(&wanted).await?;
        for (Wanted { key, day, tell }, (is_ours, is_fresh)) in wanted.into_iter().zip(told) {
            let lock = is_ours.then(|| self.hold(key));
            // Nobody may wait for it any more: then it comes back as a wish.
            let _ = tell.send((lock, is_fresh.filter(|_| day.is_some())));
        }
        Ok(())
    }

    /// Of each whether it is ours now, and whether its day is fresh.
    async fn ask(&mut self, wanted: &[Wanted]) -> Result<Vec<(bool, Option<bool>)>, StoreError> {
        let keys: Vec<i64> = wanted.iter().map(|one| one.key).collect();
        if wanted.iter().any(|one| one.day.is_some()) && Instant::now() >= self.looks_from {
            match self.lock_and_look(&keys, wanted).await {
                // The table is not there yet, or somebody keeps it for himself: that is no reason to have no
                // lock.
                Err(StoreError::Sql(sqlx::Error::Database(error))) => {
                    tracing::debug!(%error, "a lock without a look");
                    self.looks_from = Instant::now() + LOOKS_AGAIN;
                    if !comes_before_all(error.as_ref()) {
                        // They may have been given before that was found.
                        for key in &keys {
                            self.unlock(*key).await?;
                        }
                    }
                }
                answer => return answer,
            }
        }
        self.lock(&keys).await
    }

    async fn lock(&mut self, keys: &[i64]) -> Result<Vec<(bool, Option<bool>)>, StoreError> {
        let ask = sqlx::query_scalar!(
            r#"select pg_try_advisory_lock(key) as "is_ours!"
               from unnest($1::bigint[]) with ordinality as wanted (key, number)
               order by number"#,
            keys,
        );
        let answer = bounded(self.patience, ask.fetch_all(&mut self.link)).await?;
        Ok(answer.into_iter().map(|is_ours| (is_ours, None)).collect())
    }

    async fn lock_and_look(
        &mut self,
        keys: &[i64],
        wanted: &[Wanted],
    ) -> Result<Vec<(bool, Option<bool>)>, StoreError> {
        let days = || wanted.iter().map(|one| one.day.unwrap_or_else(Day::none));
        let halls: Vec<&str> = days().map(|day| day.hall.as_str()).collect();
        let dates: Vec<NaiveDate> = days().map(|day| day.date).collect();
        let afters: Vec<DateTime<Utc>> = days().map(|day| day.after).collect();
        let ask = sqlx::query!(
            r#"select pg_try_advisory_lock(key) as "is_ours!",
                      exists (
                          select from menu_days d
                          where d.hall_id = wanted.hall and d.date = wanted.date and d.fresh_until > wanted.after
                      ) as "is_fresh!"
               from unnest($1::bigint[], $2::text[], $3::date[], $4::timestamptz[])
                   with ordinality as wanted (key, hall, date, after, number)
               order by number"#,
            keys,
            &halls as &[&str],
            &dates,
            &afters,
        );
        let answer = bounded(self.patience, ask.fetch_all(&mut self.link)).await?;
        Ok(answer.into_iter().map(|one| (one.is_ours, Some(one.is_fresh))).collect())
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
