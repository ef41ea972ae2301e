//! A Redis server of one test's own: to be killed, frozen, filled and told what to do.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use redis::aio::MultiplexedConnection;

use super::free_port;
use crate::eventually;

/// For an answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// See the top of the file; ends with the value.
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
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with further settings (`--appendonly yes`), until it is killed.
    ///
    /// # Panics
    /// When it does not start.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn start_with(settings: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("menus5c-redis-{:016x}", fastrand::u64(..)));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut own = Self { child: None, port: free_port(), folder };
        own.restart_with(settings).await;
        own
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// `kill -9`: it keeps nothing, but for what it was told to write to disk.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it (again) on the same port, empty unless it wrote to disk.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn restart(&mut self) {
        self.restart_with(&[]).await;
    }

    /// The same with further settings.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn restart_with(&mut self, settings: &[&str]) {
        self.spawn(settings);
        eventually("Redis answers", Duration::from_secs(20), async || {
            let mut redis = self.try_connect().await?;
            redis::cmd("PING").query_async::<String>(&mut redis).await.ok()
        })
        .await;
    }

    /// The same without waiting for its first answer.
    ///
    /// # Panics
    /// When there is no `redis-server`.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub fn spawn(&mut self, settings: &[&str]) {
        self.kill();
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--daemonize", "no", "--dir"])
            .arg(&self.folder)
            .args(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server");
        self.child = Some(child);
    }

    /// Freezes (`STOP`) or thaws (`CONT`) it.
    pub fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            let _ = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
        }
    }

    /// Says a command, given as its words, and gives the answer.
    ///
    /// # Panics
    /// When Redis is away or refuses.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn says(&self, words: &[&str]) -> redis::Value {
        self.try_says(words).await.expect("an answer of Redis")
    }

    /// The same, if it is there.
    pub(crate) async fn try_says(&self, words: &[&str]) -> Option<redis::Value> {
        let mut redis = self.try_connect().await?;
        let (name, arguments) = words.split_first()?;
        redis::cmd(name).arg(arguments).query_async(&mut redis).await.ok()
    }

    async fn try_connect(&self) -> Option<MultiplexedConnection> {
        let client = redis::Client::open(self.url()).ok()?;
        // What a test asks of it may take a busy machine a second.
        let patient = redis::AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        client.get_multiplexed_async_connection_with_config(&patient).await.ok()
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.signal("CONT");
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
