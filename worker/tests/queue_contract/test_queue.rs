//! A queue of one test, under a name of its own in the Redis of `REDIS_URL`: the scripts as the
//! programs run them.

mod seen;

use std::time::Duration;

use apalis_redis::{
    Config,
    queries::{CompactTask, deserialize_with_meta},
};
use common::{
    cache::Names,
    config::Vars,
    entry::MenuKey,
    link::{Link, Patience},
    queue::{Pushed, Queue, Reason, RefreshMenu},
};
use redis::{
    FromRedisValue, RedisResult, Script, ScriptInvocation, ToRedisArgs, Value,
    aio::{ConnectionManager, PubSub},
};

/// No test waits longer than this for anything.
const DEADLINE: Duration = Duration::from_secs(3);
/// As in `jobs.rs`: four heartbeats of a second.
pub(crate) const DEATH: f64 = 4.0;
/// As in `scripts.rs`: seconds that an answer of Redis may take.
const LONGEST_ANSWER: f64 = 5.0;
/// Before a failed job is tried again.
pub(crate) const PAUSE: Duration = Duration::from_secs(7);

/// See the top of this file. Dropping it removes all its keys.
pub(crate) struct TestQueue {
    pub(crate) redis: ConnectionManager,
    pub(crate) names: Names,
    /// As the library names things.
    pub(crate) config: Config,
    pub(crate) pushes: Queue,
    /// How many jobs of each end are kept.
    keep: usize,
    prefix: String,
}

/// One menu a day, so that tests have as many ids as they like.
pub(crate) fn id(day: usize) -> String {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 2, 9).unwrap()
        + chrono::Days::new(u64::try_from(day).unwrap());
    format!("menu:hoch:{day}:lunch")
}

/// The job of this id.
pub(crate) fn job(id: &str) -> RefreshMenu {
    RefreshMenu {
        key: id.parse::<MenuKey>().unwrap(),
        reason: Reason::Miss,
        request_id: None,
        traceparent: None,
    }
}

/// What it gives, unless that takes too long.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("not within the deadline")
}

#[expect(clippy::disallowed_methods, reason = "tests share no configuration with the programs")]
pub(crate) fn redis_url() -> String {
    std::env::var("REDIS_URL").unwrap_or_else(|_| {
        panic!("REDIS_URL is not set: run the tests with `make test`, which starts what they need")
    })
}

impl TestQueue {
    pub(crate) async fn new() -> Self {
        let prefix = format!("queue-contract-{:016x}-", fastrand::u64(..));
        let get = |name: &str| (name == "REDIS_URL").then(redis_url);
        let url = Vars::new(&get).required_url("REDIS_URL", &["redis", "rediss"], "").unwrap();
        let patience = Patience { connect: DEADLINE, response: DEADLINE };
        let link = Link::new(&url, patience).unwrap();
        let names = Names::new(prefix.clone());
        let config = Config::default().queue(names.queue());
        let client = redis::Client::open(redis_url()).unwrap();
        let redis = in_time(client.get_connection_manager()).await.unwrap();
        let pushes = Queue::new(link, names.clone());
        Self { redis, names, config, pushes, keep: 500, prefix }
    }

    /// One that keeps so few ended jobs that a test can reach the limit.
    pub(crate) async fn keeping(keep: usize) -> Self {
        let mut queue = Self::new().await;
        queue.keep = keep;
        queue
    }

    /// A name of the queue's, such as `scheduled`.
    pub(crate) fn key(&self, part: &str) -> String {
        format!("{}:{part}", self.names.queue())
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &str, args: impl ToRedisArgs) -> T {
        let mut asked = redis::cmd(command);
        asked.arg(args);
        in_time(asked.query_async(&mut self.redis.clone())).await.unwrap()
    }

    pub(crate) async fn do_all(&self, pipe: &redis::Pipeline) {
        in_time(pipe.query_async::<()>(&mut self.redis.clone())).await.unwrap();
    }

    /// The time as the scripts know it.
    pub(crate) async fn now(&self) -> f64 {
        let (seconds, micros): (f64, f64) = self.ask("TIME", &[""; 0]).await;
        seconds + micros / 1e6
    }

    /// Hears what is said on a channel from now on.
    pub(crate) async fn hear(&self, channel: &str) -> PubSub {
        let client = redis::Client::open(redis_url()).unwrap();
        let mut line = in_time(client.get_async_pubsub()).await.unwrap();
        in_time(line.subscribe(channel)).await.unwrap();
        line
    }

    pub(crate) async fn push(&self, id: &str) -> Pushed {
        in_time(self.pushes.push(&job(id), false)).await.unwrap().pushed
    }

    /// A push for which nobody waits.
    pub(crate) async fn push_later(&self, id: &str) -> Pushed {
        let job = RefreshMenu { reason: Reason::Prewarm, ..job(id) };
        in_time(self.pushes.push(&job, false)).await.unwrap().pushed
    }

    /// Jobs that are pending, running, scheduled and dead, and workers that live.
    pub(crate) async fn depth(&self) -> Vec<u64> {
        let file = include_str!("../../src/queue/depth.lua");
        self.run(file, |call| _ = call.arg(DEATH)).await.unwrap()
    }

    /// What `file` answers to `fill`'s arguments; its first key is the queue.
    async fn run<T: FromRedisValue>(
        &self,
        file: &str,
        fill: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> RedisResult<T> {
        let script = Script::new(&format!("{}{file}", include_str!("../../src/queue/lib.lua")));
        let mut call = script.key(self.names.queue());
        fill(&mut call);
        in_time(call.invoke_async(&mut self.redis.clone())).await
    }

    pub(crate) async fn register(&self, worker: &str) {
        let file = include_str!("../../src/queue/register.lua");
        self.run::<()>(file, |call| _ = call.arg(worker).arg("layers")).await.unwrap();
    }

    /// The next job as the script gives it.
    pub(crate) async fn fetch_raw(&self, worker: &str) -> Option<Vec<Value>> {
        self.fetch_counting(worker).await.1
    }

    /// How many dead letters were on the way to the next job, that job, and how many wait besides.
    pub(crate) async fn fetch_counting(&self, worker: &str) -> (u64, Option<Vec<Value>>, u64) {
        let file = include_str!("../../src/queue/fetch.lua");
        self.run(file, |call| _ = call.arg(worker).arg(self.keep)).await.unwrap()
    }

    /// The next job as the library reads it.
    pub(crate) async fn fetch(&self, worker: &str) -> Option<CompactTask> {
        deserialize_with_meta(self.fetch_raw(worker).await?).unwrap().pop()
    }

    /// The id of the next job.
    pub(crate) async fn fetch_id(&self, worker: &str) -> Option<String> {
        Some(self.fetch(worker).await?.task_id.to_string())
    }

    pub(crate) async fn bury(&self, worker: &str, id: &[u8]) {
        let file = include_str!("../../src/queue/bury.lua");
        let why = r#"{"Err":"why"}"#;
        self.run::<()>(file, |call| _ = call.arg(worker).arg(id).arg(why).arg(self.keep))
            .await
            .unwrap();
    }

    pub(crate) async fn ack(&self, worker: &str, id: &str, status: &str, attempts: u32) -> String {
        let file = include_str!("../../src/queue/ack.lua");
        let fill = |call: &mut ScriptInvocation<'_>| {
            call.key(self.entry(id)).key(self.names.ready());
            call.arg(worker).arg(id).arg(status).arg(attempts).arg(format!(r#"{{"{status}":1}}"#));
            call.arg(PAUSE.as_millis().to_string()).arg(self.keep);
            call.arg("failure entry").arg(10_000);
        };
        self.run(file, fill).await.unwrap()
    }

    /// A heartbeat of a worker that has all that it was given: how many jobs went back.
    pub(crate) async fn beat(&self, worker: &str) -> u64 {
        self.beat_counting(worker).await.0
    }

    /// The same, and how many were given up.
    pub(crate) async fn beat_counting(&self, worker: &str) -> (u64, u64) {
        let held = self.held(worker).await;
        self.beat_script(worker, &held, LONGEST_ANSWER).await
    }

    /// A heartbeat of a worker that has these jobs, and knows of no other.
    pub(crate) async fn beat_with(&self, worker: &str, held: &[String]) -> u64 {
        self.beat_script(worker, held, LONGEST_ANSWER).await.0
    }

    /// The same of one whose last look failed: no answer to it is on its way any more.
    pub(crate) async fn beat_after_a_failed_look(&self, worker: &str, held: &[String]) -> u64 {
        self.beat_script(worker, held, 0.0).await.0
    }

    async fn beat_script(&self, worker: &str, held: &[String], longest_answer: f64) -> (u64, u64) {
        let file = include_str!("../../src/queue/beat.lua");
        let fill = |call: &mut ScriptInvocation<'_>| {
            call.key(self.names.ready());
            call.arg(worker).arg(DEATH).arg(self.keep).arg(longest_answer);
            call.arg(self.names.prefix()).arg("2026-02-09T19:02:11Z").arg(10_000).arg(held);
        };
        self.run(file, fill).await.unwrap()
    }

    pub(crate) async fn release(&self, worker: &str, ids: &[&str]) -> u64 {
        let file = include_str!("../../src/queue/release.lua");
        self.run(file, |call| _ = call.arg(worker).arg(ids)).await.unwrap()
    }
}

impl Drop for TestQueue {
    fn drop(&mut self) {
        let script = Script::new(
            "local cursor = '0'
             repeat
               local found = redis.call('SCAN', cursor, 'MATCH', ARGV[1] .. '*', 'COUNT', 1000)
               cursor = found[1]
               for _, key in ipairs(found[2]) do redis.call('UNLINK', key) end
             until cursor == '0'
             redis.call('ZREM', 'core:apalis:queues:list', ARGV[2])",
        );
        let redis = redis::Client::open(redis_url()).and_then(|client| client.get_connection());
        if let Ok(mut redis) = redis {
            let mut call = script.prepare_invoke();
            let _ = call.arg(&self.prefix).arg(self.config.workers_set()).invoke::<()>(&mut redis);
        }
    }
}
