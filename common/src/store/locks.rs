//! Advisory locks of Postgres: what all processes agree on beside Redis, and without it. They are held
//! by one session of the process's own, beside the pool, so that no read of a vendor keeps a connection
//! of the pool; the session comes with the first question and goes when nobody wants it any more.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{
    ConnectOptions, Connection, PgConnection, error::DatabaseError, postgres::PgConnectOptions,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use xxhash_rust::xxh3::xxh3_64;

use super::StoreError;
use crate::{breaker::Breaker, entry::MenuKey, hall::HallId};

/// Between two signs of life of a session.
const BEAT: Duration = Duration::from_secs(1);
/// A session that is silent for so long is ended by the server, and its locks with it: its process
/// is frozen, or the way to it is cut. (One that died is ended at once.)
const DEATH: Duration = Duration::from_secs(4);
/// A session that holds nothing stays for so many beats, for who comes next: to open one takes longer
/// than all else that comes before a read.
const LINGER: u32 = 600;
/// So long is waited for a lock where Redis has said yes already.
const BESIDE_REDIS: Duration = Duration::from_millis(300);
/// So long a look beside a lock waits for a table that somebody keeps for himself: less than is waited for
/// the lock.
const LOOK: Duration = Duration::from_millis(100);
/// After such a look nobody looks for so long.
const LOOKS_AGAIN: Duration = Duration::from_secs(1);

/// The locks of one process. Cheap to clone.
#[derive(Clone)]
pub struct Locks(Arc<Desk>);

struct Desk {
    options: PgConnectOptions,
    patience: Duration,
    breaker: Arc<Breaker>,
    session: Mutex<Option<mpsc::UnboundedSender<Wish>>>,
}

/// A lock that is held until the value is dropped, or its process dies.
#[derive(Debug)]
pub struct Lock {
    key: i64,
    session: mpsc::UnboundedSender<Wish>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A session that has ended holds nothing any more.
        let _ = self.session.send(Wish::Unlock(self.key));
    }
}

#[derive(Debug)]
enum Wish {
    /// Answered with the lock itself: if nobody waits for the answer any more, it is given back.
    Lock(i64, oneshot::Sender<Option<Lock>>),
    /// The same, and with whether a day is fresh, if that could be seen.
    LockAndLook(i64, Day, oneshot::Sender<(Option<Lock>, Option<bool>)>),
    Unlock(i64),
}

/// A day of which it is asked whether what is saved of it is fresh after an instant.
#[derive(Debug, Clone, Copy)]
struct Day {
    hall: HallId,
    date: NaiveDate,
    after: DateTime<Utc>,
}

impl Locks {
    pub(super) fn new(
        options: PgConnectOptions,
        patience: Duration,
        breaker: Arc<Breaker>,
    ) -> Self {
        Self(Arc::new(Desk { options, patience, breaker, session: Mutex::default() }))
    }

    /// The lock of this name, if nobody has it, be it in this process or another.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn ask(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let key = key(name);
        self.wish(|tell| Wish::Lock(key, tell)).await
    }

    /// The same where Redis has given what the lock stands for: nobody waits long for a second word.
    ///
    /// # Errors
    /// When Postgres cannot be asked, or not soon enough.
    pub async fn ask_beside_redis(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let asked = timeout(BESIDE_REDIS, self.ask(name)).await;
        asked.unwrap_or(Err(StoreError::Timeout))
    }

    /// The same, and in the same question whether what is saved of a menu's day is still fresh (`None`: it
    /// cannot be asked for). Of two questions the second would wait for the first, where both want the
    /// same core.
    ///
    /// # Errors
    /// When Postgres cannot be asked, or not soon enough.
    pub async fn ask_and_look_beside_redis(
        &self,
        name: &str,
        menu: &MenuKey,
    ) -> Result<(Option<Lock>, Option<bool>), StoreError> {
        let (key, day) = (key(name), Day { hall: menu.hall, date: menu.date, after: Utc::now() });
        let asked = self.wish(|tell| Wish::LockAndLook(key, day, tell));
        timeout(BESIDE_REDIS, asked).await.unwrap_or(Err(StoreError::Timeout))
    }

    /// Opens the session, and asks for a lock that nobody needs: the first takes longer than the next.
    pub(super) async fn warm_up(&self) -> Result<(), StoreError> {
        let (key, day) = (
            key("5c-menus warm-up"),
            Day { hall: HallId::Hoch, date: NaiveDate::default(), after: DateTime::default() },
        );
        self.wish(|tell| Wish::Lock(key, tell)).await?;
        self.wish(|tell| Wish::LockAndLook(key, day, tell)).await.map(drop)
    }

    async fn wish<T>(&self, wish: impl Fn(oneshot::Sender<T>) -> Wish) -> Result<T, StoreError> {
        let bounded = async {
            let asked = timeout(self.0.patience, self.0.wish(wish)).await;
            asked.unwrap_or(Err(StoreError::Timeout))
        };
        let asked = self.0.breaker.ask(bounded, StoreError::is_trouble).await;
        asked.unwrap_or(Err(StoreError::Away))
    }
}

fn key(name: &str) -> i64 {
    i64::from_ne_bytes(xxh3_64(name.as_bytes()).to_ne_bytes())
}

impl Desk {
    async fn wish<T>(&self, wish: impl Fn(oneshot::Sender<T>) -> Wish) -> Result<T, StoreError> {
        // A session may end between being found and being asked: then the next one is asked.
        for _ in 0..2 {
            let (tell, told) = oneshot::channel();
            if self.session().await?.send(wish(tell)).is_ok()
                && let Ok(answer) = told.await
            {
                return Ok(answer);
            }
        }
        Err(StoreError::Timeout)
    }

    async fn session(&self) -> Result<mpsc::UnboundedSender<Wish>, StoreError> {
        let mut session = self.session.lock().await;
        if let Some(open) = session.as_ref().filter(|session| !session.is_closed()) {
            return Ok(open.clone());
        }
        let mut link = self.options.connect().await?;
        // Before version 14 there is no `idle_session_timeout`; then a frozen process keeps its locks. What
        // is asked here always has the same plan, and a table that is locked may not take the session's time.
        sqlx::query_scalar!(
            r#"select set_config(name, setting, false)
               from unnest(
                   array['idle_session_timeout', 'lock_timeout', 'plan_cache_mode'],
                   array[$1, $2, 'force_generic_plan']
               ) as wanted (name, setting)
               where name in (select s.name from pg_settings s)"#,
            DEATH.as_millis().to_string(),
            LOOK.as_millis().to_string(),
        )
        .fetch_all(&mut link)
        .await?;
        // Not more wishes than tasks that wait for their answer, and locks that are given back.
        let (open, wishes) = mpsc::unbounded_channel();
        let holder = Holder {
            link,
            patience: self.patience,
            held: HashSet::new(),
            looks_from: Instant::now(),
            own: open.clone(),
        };
        tokio::spawn(async move {
            if let Err(error) = holder.serve(wishes).await {
                tracing::warn!(%error, "the session that holds locks ended");
            }
        });
        *session = Some(open.clone());
        Ok(open)
    }
}

/// Who has the session.
struct Holder {
    link: PgConnection,
    patience: Duration,
    held: HashSet<i64>,
    looks_from: Instant,
    own: mpsc::UnboundedSender<Wish>,
}

impl Holder {
    /// Until nothing was held for a while, or the session is lost: then so are its locks.
    async fn serve(mut self, mut wishes: mpsc::UnboundedReceiver<Wish>) -> Result<(), StoreError> {
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
