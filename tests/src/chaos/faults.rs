//! The faults: of Redis, of the queue's workers, of vendors, of Postgres.

use std::{fmt, time::Duration};

use super::Scene;
use crate::{
    OwnPostgres, Stack, Trouble,
    stub::{Fault as Illness, Hall, Scope},
};

/// One thing that is broken, and mended again.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    RedisKilled,
    RedisFrozen,
    /// One command; no mending needed.
    RedisTold(&'static [&'static str]),
    /// A setting, and the one that is right.
    RedisSet(&'static [&'static str], &'static [&'static str]),
    /// Which of the four lines.
    Line(usize, Trouble),
    WorkerKilled,
    WorkerStopped,
    WorkerFrozen,
    VendorIll(Scope, Illness),
    PostgresStopped,
    PostgresFrozen,
    PostgresCut,
}

impl Fault {
    pub(super) fn any(random: &mut fastrand::Rng) -> Self {
        match random.u8(0..20) {
            0 => Self::RedisKilled,
            1 => Self::RedisFrozen,
            2..4 => Self::told(random),
            4 => Self::set(random),
            5..9 => Self::Line(random.usize(0..4), trouble(random)),
            9 => Self::WorkerKilled,
            10 => Self::WorkerStopped,
            11 => Self::WorkerFrozen,
            12..17 => Self::VendorIll(scope(random), illness(random)),
            17 => Self::PostgresStopped,
            18 => Self::PostgresFrozen,
            _ => Self::PostgresCut,
        }
    }

    fn told(random: &mut fastrand::Rng) -> Self {
        const COMMANDS: [&[&str]; 6] = [
            &["FLUSHALL"],
            &["CLIENT", "KILL", "TYPE", "pubsub"],
            &["CLIENT", "KILL", "TYPE", "normal"],
            &["CLIENT", "PAUSE", "1500", "ALL"],
            &["CLIENT", "PAUSE", "1500", "WRITE"],
            &["SCRIPT", "FLUSH"],
        ];
        Self::RedisTold(random.choice(COMMANDS).unwrap_or(&["SCRIPT", "FLUSH"]))
    }

    fn set(random: &mut fastrand::Rng) -> Self {
        if random.bool() {
            let full = &["CONFIG", "SET", "maxmemory", "1"];
            Self::RedisSet(full, &["CONFIG", "SET", "maxmemory", "0"])
        } else {
            Self::RedisSet(&["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"])
        }
    }

    pub(super) async fn begin(&self, scene: &mut Scene) {
        let stack = &mut scene.stack;
        match self {
            Self::RedisKilled => stack.own_redis.iter_mut().for_each(crate::OwnRedis::kill),
            Self::RedisFrozen => stack.own_redis.iter().for_each(|redis| redis.signal("STOP")),
            Self::RedisTold(words) | Self::RedisSet(words, _) => say(scene, words).await,
            Self::Line(which, trouble) => {
                scene.lines.get(*which).iter().for_each(|line| line.set(*trouble));
            }
            Self::WorkerKilled => {
                stack.workers.remove(0).kill();
                start_worker(stack);
            }
            Self::WorkerStopped => {
                stack.workers.iter().take(1).for_each(|worker| worker.signal("TERM"));
            }
            Self::WorkerFrozen => {
                stack.workers.iter().take(1).for_each(|worker| worker.signal("STOP"));
            }
            Self::VendorIll(scope, illness) => stack.vendor.fault(scope.clone(), illness.clone()),
            Self::PostgresStopped => {
                tokio::task::block_in_place(|| {
                    stack.own_postgres.iter_mut().for_each(OwnPostgres::stop);
                });
            }
            Self::PostgresFrozen => stack.own_postgres.iter_mut().for_each(OwnPostgres::freeze),
            Self::PostgresCut => {
                let cut = "select pg_terminate_backend(pid) from pg_stat_activity
                           where application_name = '5c-menus'";
                stack.database.try_run(cut).await;
            }
        }
    }

    /// Whether ending it again does nothing more.
    pub(super) const fn can_end_twice(&self) -> bool {
        !matches!(self, Self::RedisKilled | Self::PostgresStopped | Self::WorkerStopped)
    }

    pub(super) async fn end(&self, scene: &mut Scene) {
        let stack = &mut scene.stack;
        match self {
            Self::RedisKilled => {
                if let Some(redis) = &mut stack.own_redis {
                    redis.restart().await;
                }
            }
            Self::RedisFrozen => stack.own_redis.iter().for_each(|redis| redis.signal("CONT")),
            Self::RedisSet(_, right) => say(scene, right).await,
            Self::Line(which, _) => {
                scene.lines.get(*which).iter().for_each(|line| line.set(Trouble::None));
            }
            Self::WorkerStopped => {
                let mut stopped = stack.workers.remove(0);
                start_worker(stack);
                // It has time to drain; should it not, it is killed, as a supervisor does.
                tokio::spawn(async move { stopped.terminate(Duration::from_secs(25)).await });
            }
            Self::WorkerFrozen => stack.workers.iter().for_each(|worker| worker.signal("CONT")),
            Self::VendorIll(..) => stack.vendor.heal(),
            Self::PostgresStopped => {
                if let Some(postgres) = &mut stack.own_postgres {
                    postgres.restart().await;
                }
            }
            Self::PostgresFrozen => stack.own_postgres.iter_mut().for_each(OwnPostgres::thaw),
            Self::RedisTold(_) | Self::WorkerKilled | Self::PostgresCut => {}
        }
    }
}

/// The visitors go on meanwhile.
fn start_worker(stack: &mut Stack) {
    tokio::task::block_in_place(|| stack.add_worker());
}

/// With two faults at once, Redis may be away.
async fn say(scene: &Scene, words: &[&str]) {
    if let Some(redis) = &scene.stack.own_redis {
        let saying = tokio::time::timeout(Duration::from_secs(2), redis.try_says(words));
        let _ = saying.await;
    }
}

fn trouble(random: &mut fastrand::Rng) -> Trouble {
    const PAUSE: Duration = Duration::from_millis(20);
    let all = [
        Trouble::Hold,
        Trouble::Blackhole,
        Trouble::LoseAnswers,
        Trouble::LoseQuestions,
        Trouble::Drip(1, PAUSE),
        Trouble::CutAfter(1),
        Trouble::CutAfter(100),
        Trouble::Cut,
        Trouble::Reset,
        Trouble::Refuse,
    ];
    random.choice(all).unwrap_or(Trouble::Cut)
}

fn scope(random: &mut fastrand::Rng) -> Scope {
    let halls = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
    random.choice(halls).filter(|_| random.bool()).map_or(Scope::All, Scope::Hall)
}

fn illness(random: &mut fastrand::Rng) -> Illness {
    let all = [
        Illness::Delay(Duration::from_millis(700)),
        Illness::Hang,
        Illness::Reset,
        Illness::Status(500, None),
        Illness::Status(429, Some(1)),
        Illness::Status(403, None),
        Illness::CutBody,
        Illness::BadLength,
        Illness::Garbage,
        Illness::BadLayout,
        Illness::Empty,
        // Not `WrongDay`: nobody vouches for a day of Sodexo's that was never read.
        Illness::LoginPage,
        Illness::Flapping,
        Illness::GzipBomb(20),
    ];
    random.choice(all).unwrap_or(Illness::Hang)
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::RedisKilled
            | Self::RedisFrozen
            | Self::RedisTold(_)
            | Self::RedisSet(..)
            | Self::Line(0 | 2, _) => "Redis",
            Self::WorkerKilled | Self::WorkerStopped | Self::WorkerFrozen => "worker",
            Self::VendorIll(..) => "vendor",
            _ => "Postgres",
        };
        to.write_str(name)
    }
}
