//! Stores for one test: a database copied from a migrated template, a namespace in a shared Redis,
//! or a Redis of its own that may be killed.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    str::FromStr,
    time::Duration,
};

use common::{config::Vars, store::Store};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use crate::eventually;

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
    /// A fresh copy of the migrated template.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub(crate) async fn create() -> Self {
        let server_url = required("DATABASE_URL");
        let server = PgConnectOptions::from_str(&server_url)
            .expect("DATABASE_URL")
            .disable_statement_logging();
        let mut link = server.connect().await.expect("the Postgres of DATABASE_URL");
        let template = template(&mut link, &server_url).await;
        let name = format!("menus5c_test_{:016x}", fastrand::u64(..));
        run(&mut link, &format!("create database {name} template {template}")).await;
        let _ = link.close().await;
        Self { url: with_database(&server_url, &name), server, name }
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

    /// The one number that a question gives.
    ///
    /// # Panics
    /// When Postgres refuses it.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&mut self.connect().await).await.expect("a number")
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
            if let Ok(mut link) = server.connect().await {
                let drop = format!("drop database if exists {name} with (force)");
                let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut link).await;
            }
        });
    }
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
        let get = |asked: &str| (asked == "DATABASE_URL").then(|| url.clone());
        let mut vars = Vars::new(&get);
        let url =
            vars.required_url("DATABASE_URL", &["postgres", "postgresql"], "").expect("a URL");
        Store::migrate(&url).await.expect("the migrations");
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

/// A Redis server of one test's own.
pub struct OwnRedis {
    child: Option<Child>,
    port: u16,
    folder: PathBuf,
}

impl OwnRedis {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When there is no `redis-server` or no free port.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("menus5c-redis-{:016x}", fastrand::u64(..)));
        std::fs::create_dir_all(&folder).expect("a folder");
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut own = Self { child: None, port, folder };
        own.restart().await;
        own
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `kill -9`: it keeps nothing.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it (again), empty, on the same port.
    ///
    /// # Panics
    /// When it does not answer.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn restart(&mut self) {
        self.kill();
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--daemonize", "no", "--dir"])
            .arg(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server");
        self.child = Some(child);
        let url = self.url();
        eventually("Redis answers", Duration::from_secs(10), async || {
            let client = redis::Client::open(url.as_str()).ok()?;
            client.get_multiplexed_async_connection().await.ok().map(|_| ())
        })
        .await;
    }

    /// Freezes (`STOP`) or thaws (`CONT`) it.
    pub fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            let _ = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.signal("CONT");
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
