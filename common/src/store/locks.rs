//! Advisory locks of Postgres: what all processes agree on beside Redis, and without it. They are held
//! by one session of the process's own, beside the pool, so that no read of a vendor keeps a connection
//! of the pool; the session comes with the first question and goes when nobody wants it any more.

mod holder;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};
use xxhash_rust::xxh3::xxh3_64;

use super::{StoreError, days};
use crate::{breaker::Breaker, entry::MenuKey, hall::HallId};
use holder::Holder;

/// A session that is silent for so long is ended by the server, and its locks with it: its process
/// is frozen, or the way to it is cut. (One that died is ended at once.)
const DEATH: Duration = Duration::from_secs(4);
/// So long is waited for a lock where Redis has said yes already.
const BESIDE_REDIS: Duration = Duration::from_millis(300);
/// So long a look beside a lock waits for a table that somebody keeps for himself: less than is waited for
/// the lock.
const TABLE: Duration = Duration::from_millis(100);

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
    Lock(Wanted),
    Unlock(i64),
}

/// A lock that somebody wants, and perhaps what is known of a day.
#[derive(Debug)]
struct Wanted {
    key: i64,
    day: Option<Day>,
    tell: oneshot::Sender<Granted>,
}

/// The lock itself, if nobody else has it (should nobody wait for the answer any more, it is given back), and
/// whether the day is fresh, if that could be seen.
type Granted = (Option<Lock>, Option<bool>);

/// A day of which it is asked whether what is saved of it is fresh after an instant.
#[derive(Debug, Clone, Copy)]
struct Day {
    hall: HallId,
    date: NaiveDate,
    after: DateTime<Utc>,
}

impl Day {
    /// For who wants to know of none.
    fn none() -> Self {
        Self { hall: HallId::Hoch, date: NaiveDate::default(), after: DateTime::default() }
    }
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
        Ok(self.wish(self.0.patience, key(name), None).await?.0)
    }

    /// The same where Redis has given what the lock stands for: nobody waits long for a second word.
    ///
    /// # Errors
    /// When Postgres cannot be asked, or not soon enough.
    pub async fn ask_beside_redis(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let asked = timeout(BESIDE_REDIS, self.ask(name)).await;
        asked.unwrap_or(Err(StoreError::Timeout))
    }

    /// The lock, and in the same question whether what is saved of a menu's day is still fresh (`None`: it
    /// cannot be asked for). Of two questions the second would wait for the first, where both want the
    /// same core.
    ///
    /// # Errors
    /// When Postgres cannot be asked, or not as soon as any look must be answered.
    pub async fn ask_and_look(
        &self,
        name: &str,
        menu: &MenuKey,
    ) -> Result<(Option<Lock>, Option<bool>), StoreError> {
        let (key, day) = (key(name), Day { hall: menu.hall, date: menu.date, after: Utc::now() });
        self.wish(self.0.patience.min(days::LOOK), key, Some(day)).await
    }

    /// Opens the session, and asks for a lock that nobody needs: the first takes longer than the next.
    pub(super) async fn warm_up(&self) -> Result<(), StoreError> {
        let key = key("5c-menus warm-up");
        self.wish(self.0.patience, key, None).await?;
        self.wish(self.0.patience, key, Some(Day::none())).await.map(drop)
    }

    async fn wish(
        &self,
        patience: Duration,
        key: i64,
        day: Option<Day>,
    ) -> Result<Granted, StoreError> {
        let bounded = async {
            let asked = timeout(patience, self.0.wish(key, day)).await;
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
    async fn wish(&self, key: i64, day: Option<Day>) -> Result<Granted, StoreError> {
        // A session may end between being found and being asked: then the next one is asked.
        for _ in 0..2 {
            let (tell, told) = oneshot::channel();
            if self.session().await?.send(Wish::Lock(Wanted { key, day, tell })).is_ok()
                && let Ok(answer) = told.await
            {
                return Ok(answer);
            }
        }
        Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()).into())
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
            TABLE.as_millis().to_string(),
        )
        .fetch_all(&mut link)
        .await?;
        // Not more wishes than tasks that wait for their answer, and locks that are given back.
        let (open, wishes) = mpsc::unbounded_channel();
        let holder = Holder::of(link, self.patience, open.clone());
        tokio::spawn(async move {
            if let Err(error) = holder.serve(wishes).await {
                tracing::warn!(%error, "the session that holds locks ended");
            }
        });
        *session = Some(open.clone());
        Ok(open)
    }
}
