//! The only SQL. Every question is bounded in time, and saving only moves forward in time.

mod alerts;
mod audit;
mod changes;
mod columns;
mod copies;
mod days;
mod drift;
mod hours;
mod lists;
mod locks;
mod overrides;
mod past;
mod runs;
mod save;
mod schema;
mod search;
mod stats;
mod status;
mod upkeep;

use std::{str::FromStr, sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate};
use futures::future::join_all;
use sqlx::{
    Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{breaker::Breaker, config::SecretUrl, hall::HallId};
pub use alerts::DueAlert;
pub use audit::AuditRow;
pub(crate) use columns::content_hash;
pub use copies::Copy;
pub use drift::Judged;
pub use lists::{HallRow, MenuRow};
pub use locks::{Lock, Locks};
pub use overrides::OverrideRow;
pub use past::{Past, PastDay};
pub use runs::{FetchRun, RunState};
pub use search::{FoundDishes, FoundItem, Place, Span};
pub use stats::Outlook;

/// `query_canceled`: what a statement timeout ends with.
const CANCELED: &str = "57014";

/// A connection that was used so shortly ago is not asked whether it is still there before it is asked
/// what is to be known: that would be one more round trip for who waits.
const TRUSTED: Duration = Duration::from_secs(1);

/// Postgres could not be asked, or refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The driver's own error.
    #[error("Postgres: {0}")]
    Sql(#[from] sqlx::Error),
    /// The migrations could not be applied.
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// No answer in time.
    #[error("Postgres: no answer in time")]
    Timeout,
    /// It has not answered for a while, and is not asked at the moment.
    #[error("Postgres is away")]
    Away,
    /// A value that is none of ours.
    #[error("Postgres holds {0}")]
    Foreign(String),
}

/// The database of one deployment. Connects at first use.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    patience: Duration,
    breaker: Arc<Breaker>,
    locks: Locks,
}

impl Store {
    /// A pool that connects when first asked. `patience`: for one question, the wait for a
    /// connection included.
    ///
    /// # Errors
    /// When the URL is not one that the driver understands.
    pub fn new(url: &SecretUrl, connections: u32, patience: Duration) -> Result<Self, StoreError> {
        // The server gives up a little before we do: then the connection stays usable.
        let statement_timeout = (patience * 9 / 10).as_millis().to_string();
        let options = PgConnectOptions::from_str(url.reveal())?
            .options([
                ("statement_timeout", statement_timeout.as_str()),
                // One plan for any number of days is a bad one for a year.
                ("plan_cache_mode", "force_custom_plan"),
                // It would take longer than the longest of our questions.
                ("jit", "off"),
            ])
            .application_name("5c-menus");
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(patience / 2)
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for >= TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options.clone());
        let breaker = Arc::<Breaker>::default();
        let locks = Locks::new(options, patience, Arc::clone(&breaker));
        Ok(Self { pool, patience, breaker, locks })
    }

    /// Opens the connections, and asks on them what a job asks: the first question on a connection
    /// costs ten times the next. Asks nothing that is anybody's.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn warm_up(&self) -> Result<(), StoreError> {
        let (hall, never) = (HallId::Hoch, [NaiveDate::default()]);
        let asked = (0..self.pool.options().get_max_connections()).map(async |_| {
            self.fresh_days(hall, &never, DateTime::default()).await?;
            self.past(hall, &never).await?;
            self.days(hall, &never).await?;
            self.save(hall, std::iter::empty()).await.map(|_| ())
        });
        let (asked, locks) = tokio::join!(join_all(asked), self.locks.warm_up());
        asked.into_iter().chain([locks]).collect()
    }

    /// Opens so many connections, if they are not open yet. Asks nothing.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn connect(&self, connections: usize) -> Result<(), StoreError> {
        let opened = join_all((0..connections).map(|_| self.pool.acquire()));
        self.within(async { opened.await.into_iter().try_for_each(|opened| opened.map(drop)) })
            .await
    }

    /// What processes agree on by way of this database.
    #[must_use]
    pub fn locks(&self) -> Locks {
        self.locks.clone()
    }

    /// Whether Postgres is taken for away.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.breaker.is_open()
    }

    async fn within<T>(
        &self,
        question: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        self.bounded(self.patience, question).await
    }

    async fn bounded<T>(
        &self,
        patience: Duration,
        question: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        // Boxed: each future round it would have room for it once more.
        let question = Box::pin(question);
        let bounded = async {
            match tokio::time::timeout(patience, question).await {
                Ok(answer) => Ok(answer?),
                Err(_) => Err(StoreError::Timeout),
            }
        };
        let asked = self.breaker.ask(bounded, StoreError::is_trouble).await;
        if self.breaker.is_open() {
            self.look_after();
        }
        asked.unwrap_or(Err(StoreError::Away))
    }

    fn look_after(&self) {
        let (pool, patience) = (self.pool.clone(), self.patience);
        self.breaker.probe_while_open(move || {
            let pool = pool.clone();
            async move {
                let answer = tokio::time::timeout(patience, sqlx::query("select 1").execute(&pool));
                let answer = answer.await.map(|answer| answer.map_err(StoreError::from));
                answer.is_ok_and(|answer| !answer.is_err_and(|error| error.is_trouble()))
            }
        });
    }
}

impl StoreError {
    /// Whether the question took longer than it may: less of it may be answered in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout => true,
            Self::Sql(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code == CANCELED)
            }
            _ => false,
        }
    }

    /// Whether Postgres did not answer, rather than with an error.
    const fn is_trouble(&self) -> bool {
        matches!(
            self,
            Self::Timeout
                | Self::Sql(
                    sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed
                )
        )
    }
}
