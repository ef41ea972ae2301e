//! Stores for one test: a database copied from a migrated template, a namespace in a shared Redis,
//! or servers of its own that may be killed.

mod own_postgres;
mod own_redis;

use std::{net::TcpListener, str::FromStr, time::Duration};

use common::{
    config::{SecretUrl, Vars},
    store::Store,
};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

pub use own_postgres::OwnPostgres;
pub use own_redis::OwnRedis;

/// Names the template by the migrations it was made of.
const TEMPLATE: &str = "menus5c_template";
/// Taken while the template is made (any number will do, if it is always the same).
const TEMPLATE_LOCK: i64 = 0x5c_3e_05;

#[expect(clippy::panic, clippy::disallowed_methods, reason = "a test cannot go on without")]
pub(crate) fn required(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests with `make test`, which starts what they need")
    })
}

/// A database of one test; dropped with the value.
pub struct Database {
    server: PgConnectOptions,
    name: String,
    url: String,
}

impl Database {
    /// A fresh copy of the migrated template of this server.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub(crate) async fn create(server_url: &str) -> Self {
        let server = PgConnectOptions::from_str(server_url)
            .expect("DATABASE_URL")
            .disable_statement_logging();
        let mut link = server.connect().await.expect("the Postgres of DATABASE_URL");
        let template = template(&mut link, server_url).await;
        let name = format!("menus5c_test_{:016x}", fastrand::u64(..));
        run(&mut link, &format!("create database {name} template {template}")).await;
        let _ = link.close().await;
        Self { url: with_database(server_url, &name), server, name }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection of the test's own.
    ///
    /// # Panics
    /// When Postgres is away.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the test's database")
    }

    /// Runs a statement.
    ///
    /// # Panics
    /// When Postgres refuses it.
    pub async fn run(&self, sql: &str) {
        run(&mut self.connect().await, sql).await;
    }

    /// The same, if Postgres is there.
    pub(crate) async fn try_run(&self, sql: &str) {
        let connecting =
            tokio::time::timeout(Duration::from_secs(2), PgConnection::connect(&self.url));
        if let Ok(Ok(mut link)) = connecting.await {
            let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut link).await;
        }
    }

    /// The one number that a question gives.
    ///
    /// # Panics
    /// When Postgres refuses it.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&mut self.connect().await).await.expect("a number")
    }

    /// The database as a program has it.
    ///
    /// # Panics
    /// When its URL is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub fn store(&self) -> Store {
        Store::new(&secret(&self.url), 1, Duration::from_secs(5)).expect("a URL")
    }

    /// Makes what was saved searchable, as a worker does once a second.
    pub async fn index_menus(&self) {
        while self.number("select index_menus(1000)::bigint").await > 0 {}
    }

    /// The one text that a question gives.
    ///
    /// # Panics
    /// When Postgres refuses it.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn text(&self, sql: &str) -> String {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&mut self.connect().await).await.expect("a text")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        block_on(async move {
            // It may be a server of the test's own, and away.
            let connecting = tokio::time::timeout(Duration::from_secs(5), server.connect());
            if let Ok(Ok(mut link)) = connecting.await {
                let drop = format!("drop database if exists {name} with (force)");
                let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut link).await;
            }
        });
    }
}

#[expect(clippy::expect_used, reason = "a test cannot go on without")]
fn secret(url: &str) -> SecretUrl {
    let get = |asked: &str| (asked == "DATABASE_URL").then(|| url.to_owned());
    Vars::new(&get)
        .required_url("DATABASE_URL", &["postgres", "postgresql"], "")
        .expect("a URL of Postgres")
}

/// Makes the template once for all tests, whichever process comes first.
#[expect(clippy::expect_used, reason = "a test cannot go on without")]
async fn template(link: &mut PgConnection, server_url: &str) -> String {
    let newest = Store::newest_migration();
    let name = format!("{TEMPLATE}_{newest}");
    sqlx::query("select pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *link)
        .await
        .expect("the lock");
    let made: bool = sqlx::query_scalar(
        "select exists (select from pg_database where datname = $1 and datistemplate)",
    )
    .bind(&name)
    .fetch_one(&mut *link)
    .await
    .expect("a list of databases");
    if !made {
        run(link, &format!("drop database if exists {name}")).await;
        run(link, &format!("create database {name}")).await;
        let url = with_database(server_url, &name);
        Store::migrate(&secret(&url)).await.expect("the migrations");
        run(link, &format!("alter database {name} is_template true")).await;
    }
    sqlx::query("select pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(link)
        .await
        .expect("the lock");
    name
}

#[expect(clippy::panic, reason = "a test cannot go on without")]
async fn run(link: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(link).await {
        panic!("{sql}: {error}");
    }
}

#[expect(clippy::expect_used, reason = "a test cannot go on without")]
fn with_database(server_url: &str, name: &str) -> String {
    let mut url = reqwest::Url::parse(server_url).expect("DATABASE_URL");
    url.set_path(name);
    url.to_string()
}

/// Runs to the end from where nothing can be awaited.
pub(crate) fn block_on(work: impl Future<Output = ()> + Send + 'static) {
    let done = std::thread::spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(work);
        }
    });
    let _ = done.join();
}

/// A port that nobody has, below the range that the kernel gives to outgoing connections.
#[expect(clippy::expect_used, reason = "a test cannot go on without")]
pub(crate) fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (0..100).map(|_| fastrand::u16(20_000..32_000)).find(is_free).expect("a free port")
}
