//! Everything that can go wrong, at random and from a seed, with visitors at the door: whatever
//! happens, law G holds, and in the end everything is as it was.

mod faults;
mod figures;

use std::time::{Duration, Instant};

use crate::{Asked, Load, OwnPostgres, OwnRedis, Proxy, Stack, dinners, load::is_fresh};
use faults::Fault;
pub use figures::Figures;

/// How many menus are asked for, and how often a second any of them.
const KEYS: usize = 30;
const RATE: u32 = 50;
/// So long without a fault, to know what that costs.
const CALM: Duration = Duration::from_secs(12);
/// Longest life of an entry: short, so that there is always something to be made again.
const LIFE: Duration = Duration::from_secs(10);
/// Over the waiting budget: all of this runs on one machine.
const LATE: Duration = Duration::from_secs(2);
/// For every key to be fresh again in the end.
const FRESH_WITHIN: Duration = Duration::from_secs(15);

/// A system of which everything can be broken.
struct Scene {
    stack: Stack,
    /// Lines to Redis and to Postgres, of apis and of workers.
    lines: [Proxy; 4],
    random: fastrand::Rng,
}

/// Breaks things for that long. Says what it does on stderr.
///
/// # Panics
/// When the system does not start.
pub async fn run(seed: u64, time: Duration) -> Figures {
    let mut scene = Scene::set(seed).await;
    let keys: Vec<Asked> = dinners(&scene.stack, 1..9).into_iter().take(KEYS).collect();
    let load = Load::of(&scene.stack, &keys).rate(RATE).life(LIFE).late(LATE);
    let mut figures = Figures::new(seed, time);
    load.at_once(1).await;
    figures.calm(load.lasting(CALM).await, CALM, scene.reads());
    // What a program holds after it has seen trouble once must do for all that follows.
    for half in 0..2 {
        let reads = scene.reads();
        let (seen, ()) = load.during(scene.break_things(time / 2, &mut figures.faults)).await;
        figures.stormy(seen, scene.reads() - reads);
        figures.fresh_after = all_fresh(&load, keys.len()).await;
        figures.held(half, &scene.stack).await;
    }
    figures
}

/// How long until each of them is fresh; `None` where that takes too long.
async fn all_fresh(load: &Load, keys: usize) -> Option<Duration> {
    let begun = Instant::now();
    for key in 0..keys {
        while !is_fresh(&load.one(key).await) {
            if begun.elapsed() > FRESH_WITHIN {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Some(begun.elapsed())
}

impl Scene {
    async fn set(seed: u64) -> Self {
        let (redis, postgres) = (OwnRedis::start().await, OwnPostgres::start().await);
        let lines = [
            Proxy::to(redis.address()).await,
            Proxy::to(postgres.address()).await,
            Proxy::to(redis.address()).await,
            Proxy::to(postgres.address()).await,
        ];
        let [api_redis, api_postgres, worker_redis, worker_postgres] = &lines;
        let redis_url = redis.url();
        let wanted = Stack::wanted()
            .for_apis("REDIS_URL", api_redis.url(&redis_url))
            .for_workers("REDIS_URL", worker_redis.url(&redis_url))
            .redis(redis)
            .postgres(postgres)
            .with("CACHE_TTL_SECS", LIFE.as_secs() - 2)
            .with("CACHE_TTL_JITTER_SECS", 2)
            .with("STALE_TTL_SECS", 2)
            .with("FAILURE_TTL_SECS", 1)
            .with("FETCH_TIMEOUT_MS", 3000)
            .with("MISS_WAIT_MS", 3000)
            .with("VENDOR_PROBE_SECS", 2)
            .with("LOG", "info,sqlx=error");
        let mut stack = wanted.apis(0).workers(0).start().await;
        let database = stack.database.url().to_owned();
        stack.for_apis("DATABASE_URL", &api_postgres.url(&database));
        stack.for_workers("DATABASE_URL", &worker_postgres.url(&database));
        stack.add_worker();
        stack.add_worker();
        stack.somebody_works().await;
        stack.add_api();
        stack.add_api();
        stack.leftovers_are_fine();
        Self { stack, lines, random: fastrand::Rng::with_seed(seed) }
    }

    fn reads(&self) -> usize {
        self.stack.vendor.total_reads()
    }

    /// One fault after the other, and every third time two at once.
    async fn break_things(&mut self, time: Duration, done: &mut Vec<String>) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let mut at_work = vec![Fault::any(&mut self.random)];
            if self.random.u8(0..3) == 0 {
                at_work.push(Fault::any(&mut self.random));
            }
            let lasts = Duration::from_millis(self.random.u64(500..3000));
            let pause = Duration::from_millis(self.random.u64(200..2000));
            eprintln!("{:6.1} s: {at_work:?} for {lasts:?}", begun.elapsed().as_secs_f64());
            for fault in &at_work {
                fault.begin(self).await;
                done.push(fault.to_string());
            }
            tokio::time::sleep(lasts).await;
            // Twice: who was frozen by one fault does not hear that the other is over.
            for fault in at_work.iter().chain(&at_work).filter(|fault| fault.can_end_twice()) {
                fault.end(self).await;
            }
            for fault in at_work.iter().filter(|fault| !fault.can_end_twice()) {
                fault.end(self).await;
            }
            tokio::time::sleep(pause).await;
        }
    }
}
