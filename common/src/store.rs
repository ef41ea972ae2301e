//! The only SQL. Every question is bounded in time, and saving only moves forward in time.

mod alerts;
mod audit;
mod changes;
mod columns;
mod copies;
mod drift;
mod hours;
mod lists;
mod locks;
mod overrides;
mod past;
mod runs;
mod search;
mod stats;
mod status;
mod upkeep;

use std::{
    str::FromStr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{NaiveDate, NaiveTime};
use futures::future::join_all;
use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    types::Json,
};

use crate::{
    breaker::Breaker,
    config::SecretUrl,
    hall::HallId,
    meal::Meal,
    menu::{DayState, KnownDay, KnownMenu, MealMenu, Station},
};
pub use alerts::DueAlert;
pub use audit::AuditRow;
pub(crate) use columns::content_hash;
use columns::{DayColumns, MenuColumns};
pub use copies::Copy;
pub use drift::Judged;
pub use lists::{HallRow, MenuRow};
pub use locks::{Lock, Locks};
pub use overrides::OverrideRow;
pub use past::{Past, PastDay};
pub use runs::{FetchRun, RunState};
pub use search::{FoundDishes, FoundItem, Place, Span};
pub use stats::Outlook;

/// For what is saved of a day: a visitor may be waiting, whoever asks.
const LOOK: Duration = Duration::from_millis(750);

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

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("../migrations");
    // A newer release may have migrated already, and runs beside this one for a while.
    migrations.set_ignore_missing(true);
    migrations
});

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
            .connect_lazy_with(options.clone());
        let breaker = Arc::<Breaker>::default();
        let locks = Locks::new(options, patience, Arc::clone(&breaker));
        Ok(Self { pool, patience, breaker, locks })
    }

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

    /// What is known of these days of a hall, with the menus that count: of a posted day those of
    /// its last reading, of a day that is not posted all that were kept, of a closed day none.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn days(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
    ) -> Result<Vec<KnownDay>, StoreError> {
        let rows = sqlx::query!(
            r#"select d.date, d.state, d.fetched_at, d.fresh_until,
                      m.meal as "meal?", m.stations as "stations?: Json<Vec<Station>>",
                      m.start_time as "start_time?", m.end_time as "end_time?",
                      m.fetched_at as "menu_fetched_at?"
               from menu_days d
               left join menus m
                 on m.hall_id = d.hall_id and m.date = d.date
                and m.fetched_at = d.menus_read_at
               where d.hall_id = $1 and d.date = any($2)
               order by d.date, m.start_time nulls last, m.meal"#,
            hall.as_str(),
            dates,
        );
        let rows = self.bounded(self.patience.min(LOOK), rows.fetch_all(&self.pool)).await?;
        let mut days: Vec<KnownDay> = Vec::new();
        for row in rows {
            if days.last().is_none_or(|day| day.date != row.date) {
                let (date, state) = (row.date, state(&row.state)?);
                let (fetched_at, fresh_until) = (row.fetched_at, row.fresh_until);
                days.push(KnownDay { date, state, fetched_at, fresh_until, menus: Vec::new() });
            }
            let menu = row.meal.zip(row.stations).zip(row.menu_fetched_at);
            if let (Some(day), Some(((meal, stations), fetched_at))) = (days.last_mut(), menu) {
                let Some(meal) = Meal::parse(&meal) else {
                    return Err(StoreError::Foreign(format!("meal {meal:?}")));
                };
                let (start, end, stations) = (row.start_time, row.end_time, stations.0);
                let menu = MealMenu { meal, start, end, stations };
                day.menus.push(KnownMenu { menu, fetched_at });
            }
        }
        Ok(days)
    }

    /// Those of the days on which our own hours say that the hall is shut all day.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn shut_days(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
    ) -> Result<Vec<NaiveDate>, StoreError> {
        let days = sqlx::query_scalar!(
            r#"select asked.date as "date!"
               from unnest($2::date[]) as asked (date)
               where (exists (select from halls h where h.id = $1 and h.closed_since <= asked.date)
                      and not exists (select from dining_hours_overrides o
                                      where o.hall_id = $1 and o.date = asked.date
                                        and o.start_time is not null))
                  or exists (select from dining_hours_overrides o
                             where o.hall_id = $1 and o.date = asked.date
                               and o.meal is null and o.start_time is null)"#,
            hall.as_str(),
            dates,
        );
        self.within(days.fetch_all(&self.pool)).await
    }

    /// Saves what was read of a hall's days and every menu in them, all or nothing; a day that was
    /// read later already keeps what it has. Tells how many days changed.
    ///
    /// # Errors
    /// When Postgres cannot be asked or refuses.
    pub async fn save<'a>(
        &self,
        hall: HallId,
        days: impl Iterator<Item = &'a KnownDay>,
    ) -> Result<i64, StoreError> {
        let mut day = DayColumns::default();
        let mut menu = MenuColumns::default();
        for known in days {
            day.push(known);
            for one in &known.menus {
                menu.push(known.date, one);
            }
        }
        // One statement is one transaction, and one round trip.
        let saved = sqlx::query_scalar!(
            r#"with incoming as (
                   select * from unnest($2::date[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
                       as day (date, state, fetched_at, fresh_until, content_hash)
               ),
               before as (
                   select date, content_hash from menu_days where hall_id = $1 and date = any($2)
               ),
               moved as (
                   insert into menu_days as held (hall_id, date, state, fetched_at, fresh_until, content_hash, menus_read_at)
                   select $1, date, state, fetched_at, fresh_until, content_hash,
                          case when state = 'posted' then fetched_at end
                   from incoming
                   on conflict (hall_id, date) do update
                   set state = excluded.state, fetched_at = excluded.fetched_at,
                       fresh_until = excluded.fresh_until, content_hash = excluded.content_hash,
                       menus_read_at = case when excluded.state = 'not_posted' then held.menus_read_at
                                            else excluded.menus_read_at end
                   where held.fetched_at <= excluded.fetched_at
                   returning date
               ),
               kept as (
                   insert into menus as held (hall_id, date, meal, stations, station_count, item_count, start_time, end_time, fetched_at)
                   select $1, menu.date, menu.meal, menu.stations, menu.station_count, menu.item_count,
                          menu.start_time, menu.end_time, menu.fetched_at
                   from unnest($7::date[], $8::text[], $9::jsonb[], $10::int[], $11::int[], $12::time[], $13::time[], $14::timestamptz[])
                       as menu (date, meal, stations, station_count, item_count, start_time, end_time, fetched_at)
                   join moved using (date)
                   on conflict (hall_id, date, meal) do update
                   set stations = excluded.stations, station_count = excluded.station_count,
                       item_count = excluded.item_count, start_time = excluded.start_time,
                       end_time = excluded.end_time, fetched_at = excluded.fetched_at
                   where held.fetched_at <= excluded.fetched_at
               )
               select count(*) filter (where before.content_hash is distinct from incoming.content_hash) as "changed!"
               from moved join incoming using (date) left join before using (date)"#,
            hall.as_str(),
            &day.date,
            &day.state as &[&str],
            &day.fetched_at,
            &day.fresh_until,
            &day.content_hash,
            &menu.date,
            &menu.meal as &[&str],
            &menu.stations as &[Json<&[Station]>],
            &menu.station_count,
            &menu.item_count,
            &menu.start_time as &[Option<NaiveTime>],
            &menu.end_time as &[Option<NaiveTime>],
            &menu.fetched_at,
        );
        self.within(saved.fetch_one(&self.pool)).await
    }

    /// Opens the connections, and asks on them what a job asks: the first question on a connection
    /// costs ten times the next. Asks nothing that is anybody's.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn warm_up(&self) -> Result<(), StoreError> {
        let (hall, never) = (HallId::Hoch, [NaiveDate::default()]);
        let asked = (0..self.pool.options().get_max_connections()).map(async |_| {
            self.past(hall, &never).await?;
            self.days(hall, &never).await?;
            self.save(hall, std::iter::empty()).await.map(|_| ())
        });
        join_all(asked).await.into_iter().collect()
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

fn state(word: &str) -> Result<DayState, StoreError> {
    [DayState::Posted, DayState::Closed, DayState::NotPosted]
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| StoreError::Foreign(format!("day state {word:?}")))
}
