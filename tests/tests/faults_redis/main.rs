//! Redis dies, freezes, forgets, refuses, loads and loses words, with visitors at the door: one test
//! a row of the faults that are survived (`docs/operations.md`, "Faults"). What is not here: Redis
//! killed and restarted empty (`workers.rs`, `no_redis.rs`), values that are none of ours (`hit.rs`).

#![expect(clippy::print_stdout, reason = "figures that are worth reading")]
#![expect(clippy::expect_used, reason = "a test cannot go on without")]

mod data;
mod memory;
mod silent;
mod wake_ups;

use std::time::Duration;

use tests::{Load, OwnRedis, Proxy, Stack, Wanted, eventually, warm};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Programs over a Redis of their own, each kind on a line of its own.
struct Lines {
    stack: Stack,
    api: Proxy,
}

/// The apis' line to Redis can be made ill, the workers' is healthy.
async fn behind_a_line(wanted: Wanted) -> Lines {
    let redis = OwnRedis::start().await;
    let api = Proxy::to(redis.address()).await;
    let url = api.url(&redis.url());
    Lines { stack: wanted.redis(redis).for_apis("REDIS_URL", url).start().await, api }
}

fn redis(stack: &Stack) -> &OwnRedis {
    stack.own_redis.as_ref().expect("a Redis of its own")
}

/// How long until hits come from Redis, not from what a process reads for itself.
async fn hits_come_back(load: &Load) -> Duration {
    let begun = std::time::Instant::now();
    eventually("hits again", SECOND * 10, async || {
        let sample = load.one(0).await;
        assert_eq!((sample.status, &sample.wrong), (200, &None), "{sample:?}");
        sample.from.starts_with("menus5c; hit").then_some(())
    })
    .await;
    begun.elapsed()
}

fn lines(stack: &Stack, words: &str) -> usize {
    let programs = stack.apis.iter().chain(&stack.workers);
    programs.map(|program| program.log().matches(words).count()).sum()
}
