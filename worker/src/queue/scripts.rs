//! The workers' side of the queue in Redis: one function a script.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use chrono::Utc;
use common::{cache::Names, entry::instant, link::Link};
use redis::{RedisResult, Script, Value, aio::ConnectionManager};

use super::ack::FAILURE_LIFE;

/// How many jobs of each end are kept for the dashboard.
const KEEP: usize = 500;

macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("lib.lua"), include_str!($file))));
    };
}
script!(REGISTER, "register.lua");
script!(BEAT, "beat.lua");
script!(FETCH, "fetch.lua");
script!(BURY, "bury.lua");
script!(ACK, "ack.lua");
script!(RELEASE, "release.lua");
script!(DEPTH, "depth.lua");
script!(FIGURES, "figures.lua");
script!(DEAD, "dead.lua");
script!(FORGET, "forget.lua");

/// How a job ended.
#[derive(Debug)]
pub(super) struct Ack<'a> {
    pub(super) id: &'a str,
    pub(super) status: &'static str,
    pub(super) attempts: usize,
    pub(super) result: &'a str,
    /// Before the next attempt, should there be one.
    pub(super) pause: Duration,
    /// What the job's entry holds if this was the last attempt and it failed.
    pub(super) failure_entry: &'a [u8],
    pub(super) failure_life: Duration,
}

/// How many jobs are in which state, and how many workers live.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depths {
    pub(super) pending: u64,
    pub(super) running: u64,
    pub(super) scheduled: u64,
    pub(super) dead: u64,
    pub(super) done: u64,
    pub(super) workers: u64,
}

/// Counts.
pub(super) async fn depth(
    redis: &mut ConnectionManager,
    names: &Names,
    death: Duration,
) -> RedisResult<Depths> {
    let mut call = DEPTH.key(names.queue());
    let counts: [u64; 6] = call.arg(death.as_secs_f64()).invoke_async(redis).await?;
    let [pending, running, scheduled, dead, done, workers] = counts;
    Ok(Depths { pending, running, scheduled, dead, done, workers })
}

/// How long the job that waits longest has waited (ms, -1: none waits), and what became of today's
/// pushes.
pub(super) async fn figures(
    redis: &mut ConnectionManager,
    names: &Names,
) -> RedisResult<(i64, BTreeMap<String, u64>)> {
    FIGURES.key(names.queue()).invoke_async(redis).await
}

/// A dead letter: id, when it died, arguments, attempts, result.
pub(super) type DeadRow = (Vec<u8>, i64, Vec<u8>, u64, Vec<u8>);

/// The newest dead letters.
pub(super) async fn dead(
    redis: &mut ConnectionManager,
    names: &Names,
    most: usize,
) -> RedisResult<Vec<DeadRow>> {
    DEAD.key(names.queue()).arg(most).invoke_async(redis).await
}

/// Forgets a dead letter; tells whether it was there.
pub(super) async fn forget(
    redis: &mut ConnectionManager,
    names: &Names,
    id: &str,
) -> RedisResult<bool> {
    FORGET.key(names.queue()).arg(id).invoke_async(redis).await
}

/// How many dead letters were found on the way to the next job, that job, and how many wait besides.
pub(super) type Found = (u64, Option<Vec<Value>>, u64);

/// The scripts on one connection.
#[derive(Clone)]
pub(super) struct Scripts {
    link: Link,
    names: Names,
}

impl Scripts {
    pub(super) const fn new(link: Link, names: Names) -> Self {
        Self { link, names }
    }

    pub(super) async fn register(&self, worker: &str, layers: &str) -> RedisResult<()> {
        let mut call = REGISTER.key(self.names.queue());
        call.arg(worker).arg(layers);
        self.link.insist(async |redis| call.invoke_async(redis).await).await
    }

    /// `held`: the jobs that the worker really has; others that it was given for `longest_answer` by now it
    /// will never hear of. Tells how many went back (those, and those of dead workers), and how many were
    /// given up.
    pub(super) async fn beat(
        &self,
        worker: &str,
        death: Duration,
        held: &[String],
        longest_answer: Duration,
    ) -> RedisResult<(u64, u64)> {
        let mut call = BEAT.key(self.names.queue());
        call.key(self.names.ready());
        call.arg(worker).arg(death.as_secs_f64()).arg(KEEP).arg(longest_answer.as_secs_f64());
        call.arg(self.names.prefix()).arg(instant(Utc::now()));
        call.arg(FAILURE_LIFE.as_millis().to_string());
        for id in held {
            call.arg(id);
        }
        self.link.insist(async |redis| call.invoke_async(redis).await).await
    }

    /// Looks for the next job, and takes it.
    pub(super) async fn fetch(&self, worker: &str) -> RedisResult<Found> {
        let mut call = FETCH.key(self.names.queue());
        call.arg(worker).arg(KEEP);
        self.link.insist(async |redis| call.invoke_async(redis).await).await
    }

    pub(super) async fn bury(&self, worker: &str, id: &[u8], why: &str) -> RedisResult<()> {
        let mut call = BURY.key(self.names.queue());
        call.arg(worker).arg(id).arg(why).arg(KEEP);
        self.link.insist(async |redis| call.invoke_async(redis).await).await
    }

    /// `fenced`, `again` or `ended`.
    pub(super) async fn ack(
        &self,
        worker: &str,
        ack: &Ack<'_>,
        entry: &str,
    ) -> RedisResult<String> {
        let mut call = ACK.key(self.names.queue());
        call.key(entry).key(self.names.ready());
        call.arg(worker).arg(ack.id).arg(ack.status).arg(ack.attempts).arg(ack.result);
        call.arg(ack.pause.as_millis().to_string()).arg(KEEP);
        call.arg(ack.failure_entry).arg(ack.failure_life.as_millis().to_string());
        self.link.insist(async |redis| call.invoke_async(redis).await).await
    }

    /// Gives back these jobs, or with none named all, and then leaves. Tells how many.
    pub(super) async fn release(&self, worker: &str, ids: &[String]) -> RedisResult<u64> {
        let mut call = RELEASE.key(self.names.queue());
        call.arg(worker);
        for id in ids {
            call.arg(id);
        }
        self.link.insist(async |redis| call.invoke_async(redis).await).await
    }
}
