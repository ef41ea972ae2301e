//! What a test looks at in the stores while its system runs, and what it waits for there.

use std::time::Duration;

use chrono::NaiveDate;
use redis::aio::MultiplexedConnection;

use super::{Jobs, Stack};
use crate::{Program, eventually, stub::Hall};

impl Stack {
    /// Where this test's Redis is.
    #[must_use]
    pub fn redis_url(&self) -> String {
        self.redis_url.clone()
    }

    /// The name of a key of this test.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// A connection of the test's own.
    ///
    /// # Panics
    /// When Redis is away.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn redis(&self) -> MultiplexedConnection {
        self.try_redis().await.expect("Redis")
    }

    async fn try_redis(&self) -> Option<MultiplexedConnection> {
        let client = redis::Client::open(self.redis_url.as_str()).ok()?;
        client.get_multiplexed_async_connection().await.ok()
    }

    /// Every key of this test.
    ///
    /// # Panics
    /// When Redis is away.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn keys(&self) -> Vec<String> {
        let mut redis = self.redis().await;
        let mut list = redis::cmd("KEYS");
        list.arg(format!("{}*", self.prefix));
        let keys: Vec<String> = list.query_async(&mut redis).await.expect("the keys");
        keys.into_iter()
            .filter_map(|key| Some(key.strip_prefix(&self.prefix)?.to_owned()))
            .collect()
    }

    /// Forgets entries, as if they had expired.
    ///
    /// # Panics
    /// When Redis is away.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn expire(&self, pattern: &str) {
        let mut redis = self.redis().await;
        for key in self.keys().await.iter().filter(|key| key.starts_with(pattern)) {
            redis::cmd("DEL").arg(self.key(key)).query_async::<()>(&mut redis).await.expect("DEL");
        }
        self.heard().await;
    }

    /// Writes to Redis past the programs, as an operator may.
    ///
    /// # Panics
    /// When Redis is away or refuses.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn write(&self, command: &redis::Cmd) {
        command.query_async::<()>(&mut self.redis().await).await.expect("written");
        self.heard().await;
    }

    /// Waits until every api has heard of all that was done in Redis so far: it is told in order,
    /// so a word said now is the last of it.
    pub async fn heard(&self) {
        if !self.variables.iter().any(|(name, _)| name == "REDIS_URL") {
            return;
        }
        let (channel, word) = (self.key("ready"), format!("test:{:016x}", fastrand::u64(..)));
        eventually("every api has heard of it", Duration::from_secs(10), async || {
            let mut redis = self.try_redis().await?;
            let mut say = redis::cmd("PUBLISH");
            say.arg(&channel).arg(&word).query_async::<()>(&mut redis).await.ok()?;
            self.apis.iter().all(|api| api.log().contains(&word)).then_some(())
        })
        .await;
    }

    /// Waits until no job is under way.
    pub async fn is_idle(&self) {
        eventually("no job is under way", Duration::from_secs(30), async || {
            (self.jobs().await == Jobs::NONE).then_some(())
        })
        .await;
    }

    /// Every wait so far was ended by a call, be it one that a look of the back-stop overtook.
    ///
    /// # Panics
    /// When a call did not come.
    pub async fn lost_no_wake_up(&self) {
        let logs = || self.apis.iter().map(Program::log).collect::<String>();
        let word = "the call came as well, or never did";
        let log = eventually(word, Duration::from_secs(5), async || {
            let log = logs();
            let told = |what: &str| log.matches(what).count();
            let judged = told("no wake-up was lost") + told("a wake-up was lost");
            (told("found by the back-stop") == judged).then_some(log)
        })
        .await;
        assert!(!log.contains(": a wake-up was lost"), "{log}");
    }

    /// Waits until what was read can be searched.
    pub async fn is_indexed(&self) {
        self.is_idle().await;
        eventually("the worker has made it searchable", Duration::from_secs(30), async || {
            let left = self.database.number("select count(*) from menus_to_index").await;
            (left == 0).then_some(())
        })
        .await;
    }

    /// As if nothing had been fetched recently: every entry expired, every saved day stale. Not
    /// while a job is under way, which would rightly make again what is gone.
    pub async fn grow_old(&self) {
        self.is_idle().await;
        self.expire("menu:").await;
        self.database.run("update menu_days set fresh_until = now() - interval '1 second'").await;
    }

    /// Jobs that are queued, running, waiting for their next attempt, or dead.
    pub async fn jobs(&self) -> Jobs {
        Jobs::count(&mut self.redis().await, &self.prefix).await
    }

    /// Waits until the key holds an entry and no job is under way.
    pub async fn settled(&self, hall: Hall, date: NaiveDate, meal: &str) {
        let key = self.key(&format!("menu:{}:{date}:{meal}", hall.as_str()));
        eventually("the entry is there", Duration::from_secs(30), async || {
            let mut redis = self.try_redis().await?;
            let there: bool = redis::cmd("EXISTS").arg(&key).query_async(&mut redis).await.ok()?;
            (there && self.jobs().await == Jobs::NONE).then_some(())
        })
        .await;
    }

    /// Waits until a worker is on the queue's list.
    pub async fn somebody_works(&self) {
        let workers = self.key("fetch:workers");
        eventually("a worker is on the list", Duration::from_secs(10), async || {
            let mut redis = self.try_redis().await?;
            let count: i64 =
                redis::cmd("ZCARD").arg(&workers).query_async(&mut redis).await.ok()?;
            (count > 0).then_some(())
        })
        .await;
    }
}
