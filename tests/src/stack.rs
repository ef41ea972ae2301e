//! The whole system for one test: its own database, its own names in Redis, its own vendors, and
//! the real programs on free ports.

use std::{path::PathBuf, time::Duration};

use chrono::{Datelike, Days, NaiveDate, Utc, Weekday};
use redis::aio::MultiplexedConnection;

use crate::{
    answer::Answer,
    eventually,
    process::{Program, binary},
    stores::{Database, OwnRedis, block_on, required},
    stub::{API_KEY, Hall, VendorStub},
};

/// A running system; stopped, checked and cleaned up with the value.
pub struct Stack {
    /// The vendors.
    pub vendor: VendorStub,
    /// The database.
    pub database: Database,
    /// The Redis of this test alone, if it asked for one.
    pub own_redis: Option<OwnRedis>,
    /// The running apis.
    pub apis: Vec<Program>,
    /// The running workers.
    pub workers: Vec<Program>,
    http: reqwest::Client,
    redis_url: String,
    prefix: String,
    variables: Vec<(String, String)>,
    logs: PathBuf,
    leftovers_are_fine: bool,
}

/// What a test wants of its system.
pub struct Wanted {
    apis: usize,
    workers: usize,
    own_redis: bool,
    no_redis: bool,
    variables: Vec<(String, String)>,
}

impl Wanted {
    /// So many apis.
    #[must_use]
    pub const fn apis(mut self, count: usize) -> Self {
        self.apis = count;
        self
    }

    /// So many workers.
    #[must_use]
    pub const fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// A Redis that may be killed.
    #[must_use]
    pub const fn own_redis(mut self) -> Self {
        self.own_redis = true;
        self
    }

    /// Apis that know of no Redis.
    #[must_use]
    pub const fn no_redis(mut self) -> Self {
        self.no_redis = true;
        self
    }

    /// A variable for all programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When any part of it does not start.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn start(self) -> Stack {
        let own_redis = if self.own_redis { Some(OwnRedis::start().await) } else { None };
        let redis_url = own_redis.as_ref().map_or_else(|| required("REDIS_URL"), OwnRedis::url);
        let (vendor, database) = (VendorStub::start().await, Database::create().await);
        let prefix = format!("t{:012x}:", fastrand::u64(..) >> 16);
        let logs = std::env::temp_dir().join(format!("menus5c-{}", prefix.trim_end_matches(':')));
        std::fs::create_dir_all(&logs).expect("a folder for logs");
        let mut variables: Vec<(String, String)> = [
            ("DATABASE_URL", database.url()),
            ("REDIS_KEY_PREFIX", &prefix),
            ("API_ADDR", "127.0.0.1:0"),
            ("OPS_ADDR", "127.0.0.1:0"),
            ("SODEXO_BASE_URL", &vendor.url()),
            ("BON_APPETIT_BASE_URL", &vendor.url()),
            ("POMONA_BASE_URL", &vendor.url()),
            ("SODEXO_API_KEY", API_KEY),
            // As if time were no object: tests of manners ask for manners.
            ("VENDOR_SPACING_MS", "0"),
            ("VENDOR_PROBE_SECS", "0"),
            // All that a test asks comes from one address.
            ("RATE_LIMIT", "off"),
            ("LOG", "debug,hyper_util=info,reqwest=info,apalis_core=info,sqlx=info"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if !self.no_redis {
            variables.push(("REDIS_URL".to_owned(), redis_url.clone()));
        }
        variables.extend(self.variables);
        // Fails only where it was done already, by another test of this process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let mut stack = Stack {
            vendor,
            database,
            own_redis,
            apis: Vec::new(),
            workers: Vec::new(),
            http,
            redis_url,
            prefix,
            variables,
            logs,
            leftovers_are_fine: false,
        };
        (0..self.workers).for_each(|_| stack.add_worker());
        if self.workers > 0 {
            stack.somebody_works().await;
        }
        (0..self.apis).for_each(|_| stack.add_api());
        stack
    }
}

impl Stack {
    /// One api and one worker.
    pub async fn start() -> Self {
        Self::wanted().start().await
    }

    /// As [`Stack::start`], with wishes.
    #[must_use]
    pub const fn wanted() -> Wanted {
        Wanted { apis: 1, workers: 1, own_redis: false, no_redis: false, variables: Vec::new() }
    }

    /// One more api.
    pub fn add_api(&mut self) {
        let log = self.logs.join(format!("api-{}.log", self.apis.len()));
        self.apis.push(Program::start(&binary("api"), &self.variables, log));
    }

    /// One more worker.
    pub fn add_worker(&mut self) {
        let log = self.logs.join(format!("worker-{}.log", self.workers.len()));
        self.workers.push(Program::start(&binary("worker"), &self.variables, log));
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

    /// Jobs that stay behind when the test ends are part of it.
    pub const fn leftovers_are_fine(&mut self) {
        self.leftovers_are_fine = true;
    }

    /// Asks the first api.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(0, reqwest::Method::GET, path, &[]).await
    }

    /// Asks an api in any way.
    ///
    /// # Panics
    /// When no answer comes: law G of this service is that one always does.
    #[expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test cannot go on without")]
    pub async fn ask(
        &self,
        api: usize,
        method: reqwest::Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = format!("{}{path}", self.apis[api].url());
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request).await.expect("an answer")
    }

    /// A menu from the first api.
    pub async fn menu(&self, hall: Hall, date: NaiveDate, meal: &str) -> Answer {
        self.get(&menu_path(hall, date, meal)).await
    }

    /// The same path asked so many times at once, spread over all apis.
    ///
    /// # Panics
    /// When an answer does not come.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn get_many(&self, count: usize, path: &str) -> Vec<Answer> {
        let urls = self.apis.iter().cycle().take(count).map(|api| format!("{}{path}", api.url()));
        let asked = urls.map(|url| tokio::spawn(Answer::of(self.http.get(url))));
        futures::future::join_all(asked)
            .await
            .into_iter()
            .map(|answer| answer.expect("no panic").expect("an answer"))
            .collect()
    }

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

    /// The halls' own today.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.vendor.today()
    }

    /// The next day from tomorrow on that is one of these.
    #[must_use]
    pub fn next(&self, fits: impl Fn(Weekday) -> bool) -> NaiveDate {
        let mut days = self.today().iter_days().skip(1);
        days.find(|date| fits(date.weekday())).unwrap_or_else(|| self.today())
    }

    /// The first day from today on, within a week, on which the hall serves dinner.
    #[must_use]
    pub fn vendor_day(&self, hall: Hall) -> NaiveDate {
        let serves =
            |date: &NaiveDate| self.vendor.expected(hall, *date).stations("dinner").is_some();
        self.today().iter_days().take(7).find(serves).unwrap_or_else(|| self.today())
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

    /// The next Monday to Thursday, from tomorrow on.
    #[must_use]
    pub fn weekday(&self) -> NaiveDate {
        self.next(|day| matches!(day, Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu))
    }

    /// So many days from today.
    #[must_use]
    pub fn in_days(&self, days: u64) -> NaiveDate {
        self.today().checked_add_days(Days::new(days)).unwrap_or_else(|| Utc::now().date_naive())
    }
}

/// `GET /api/v2/menus` with these parameters.
#[must_use]
pub fn menu_path(hall: Hall, date: NaiveDate, meal: &str) -> String {
    format!("/api/v2/menus?hall_id={}&date={date}&meal={meal}", hall.as_str())
}

/// Jobs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the state of that name")]
pub struct Jobs {
    pub queued: u64,
    pub running: u64,
    pub scheduled: u64,
    pub dead: u64,
}

impl Jobs {
    /// None.
    pub const NONE: Self = Self { queued: 0, running: 0, scheduled: 0, dead: 0 };

    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    async fn count(redis: &mut MultiplexedConnection, prefix: &str) -> Self {
        let name = |part: &str| format!("{prefix}fetch:{part}");
        let mut running = 0;
        let held: Vec<String> =
            redis::cmd("KEYS").arg(name("inflight:*")).query_async(redis).await.expect("keys");
        for key in held {
            running += redis::cmd("SCARD").arg(key).query_async::<u64>(redis).await.expect("SCARD");
        }
        let (queued, scheduled, dead) = redis::pipe()
            .cmd("LLEN")
            .arg(name("active"))
            .cmd("ZCARD")
            .arg(name("scheduled"))
            .cmd("ZCARD")
            .arg(name("dead"))
            .query_async(redis)
            .await
            .expect("counts");
        Self { queued, running, scheduled, dead }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        if failed {
            for (name, program) in self
                .apis
                .iter()
                .map(|api| ("api", api))
                .chain(self.workers.iter().map(|worker| ("worker", worker)))
            {
                let log = program.log();
                let lines: Vec<&str> = log.lines().collect();
                let tail =
                    lines.iter().skip(lines.len().saturating_sub(150)).copied().collect::<Vec<_>>();
                eprintln!("---- {name} ({})\n{}", program.pid(), tail.join("\n"));
            }
        }
        let check = !failed && !self.leftovers_are_fine && !self.workers.is_empty();
        let (url, prefix) = (self.redis_url.clone(), self.prefix.clone());
        let (tell, left) = std::sync::mpsc::channel();
        block_on(async move {
            let Ok(client) = redis::Client::open(url.as_str()) else { return };
            let Ok(mut redis) = client.get_multiplexed_async_connection().await else { return };
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            let mut jobs = Jobs::count(&mut redis, &prefix).await;
            while check && jobs != Jobs::NONE && std::time::Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(20)).await;
                jobs = Jobs::count(&mut redis, &prefix).await;
            }
            let _ = tell.send(jobs);
        });
        self.apis.clear();
        self.workers.clear();
        let (url, prefix) = (self.redis_url.clone(), self.prefix.clone());
        block_on(async move {
            let Ok(client) = redis::Client::open(url.as_str()) else { return };
            let Ok(mut redis) = client.get_multiplexed_async_connection().await else { return };
            let mut list = redis::cmd("KEYS");
            list.arg(format!("{prefix}*"));
            for key in list.query_async::<Vec<String>>(&mut redis).await.unwrap_or_default() {
                let _ = redis::cmd("DEL").arg(key).query_async::<()>(&mut redis).await;
            }
        });
        let _ = std::fs::remove_dir_all(&self.logs);
        if let (true, Ok(jobs)) = (check, left.try_recv()) {
            assert_eq!(jobs, Jobs::NONE, "jobs were left behind");
        }
    }
}
