//! Advisory locks of Postgres: what all processes agree on beside Redis, and without it. They are held
//! by one session of the process's own, beside the pool, so that no read of a vendor keeps a connection
//! of the pool; the session comes with the first question and goes when nobody wants it any more.

use std::{collections::HashSet, sync::Arc, time::Duration};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{MissedTickBehavior, interval, timeout},
};
use xxhash_rust::xxh3::xxh3_64;

use super::StoreError;
use crate::breaker::Breaker;

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
    Unlock(i64),
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
        let key = i64::from_ne_bytes(xxh3_64(name.as_bytes()).to_ne_bytes());
        let bounded = async {
            let asked = timeout(self.0.patience, self.0.ask(key)).await;
            asked.unwrap_or(Err(StoreError::Timeout))
        };
        let asked = self.0.breaker.ask(bounded, StoreError::is_trouble).await;
        asked.unwrap_or(Err(StoreError::Away))
    }

    /// The same where Redis has given what the lock stands for: nobody waits long for a second word.
    ///
    /// # Errors
    /// When Postgres cannot be asked, or not soon enough.
    pub async fn ask_beside_redis(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let asked = timeout(BESIDE_REDIS, self.ask(name)).await;
        asked.unwrap_or(Err(StoreError::Timeout))
    }

    /// Opens the session, and asks for a lock that nobody needs: the first takes longer than the next.
    pub(super) async fn warm_up(&self) -> Result<(), StoreError> {
        self.ask("5c-menus warm-up").await.map(drop)
    }
}

impl Desk {
    async fn ask(&self, key: i64) -> Result<Option<Lock>, StoreError> {
        // A session may end between being found and being asked: then the next one is asked.
        for _ in 0..2 {
            let (tell, told) = oneshot::channel();
            if self.session().await?.send(Wish::Lock(key, tell)).is_ok()
                && let Ok(lock) = told.await
            {
                return Ok(lock);
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
        // Before version 14 there is no such setting; then a frozen process keeps its locks.
        sqlx::query_scalar!(
            "select set_config(name, $1, false) from pg_settings where name = 'idle_session_timeout'",
            DEATH.as_millis().to_string(),
        )
        .fetch_optional(&mut link)
        .await?;
        // Not more wishes than tasks that wait for their answer, and locks that are given back.
        let (open, wishes) = mpsc::unbounded_channel();
        let holder =
            Holder { link, patience: self.patience, held: HashSet::new(), own: open.clone() };
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
                    Some(Wish::Lock(key, tell)) => {
                        idle = 0;
                        // Nobody may wait for it any more: then it comes back as a wish.
                        let _ = tell.send(self.lock(key).await?);
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
        if !bounded(self.patience, ask.fetch_one(&mut self.link)).await? {
            return Ok(None);
        }
        self.held.insert(key);
        Ok(Some(Lock { key, session: self.own.clone() }))
    }

    async fn unlock(&mut self, key: i64) -> Result<(), StoreError> {
        self.held.remove(&key);
        let give = sqlx::query_scalar!("select pg_advisory_unlock($1)", key);
        bounded(self.patience, give.fetch_one(&mut self.link)).await.map(|_| ())
    }
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
