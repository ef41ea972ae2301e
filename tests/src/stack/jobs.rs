//! Jobs of one system, counted.

use redis::aio::MultiplexedConnection;

/// Jobs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the state of that name")]
pub struct Jobs {
    pub queued: u64,
    pub running: u64,
    pub scheduled: u64,
    pub dead: u64,
}

/// In one go: a job that is taken between two questions would be seen by neither.
const COUNT: &str = "
    local name, running = ARGV[1], 0
    for _, held in ipairs(redis.call('KEYS', name .. 'inflight:*')) do
        running = running + redis.call('SCARD', held)
    end
    local queued = redis.call('LLEN', name .. 'active') + redis.call('LLEN', name .. 'later')
    return { queued, running, redis.call('ZCARD', name .. 'scheduled'), redis.call('ZCARD', name .. 'dead') }";

impl Jobs {
    /// None.
    pub const NONE: Self = Self { queued: 0, running: 0, scheduled: 0, dead: 0 };

    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub(super) async fn count(redis: &mut MultiplexedConnection, prefix: &str) -> Self {
        let mut count = redis::cmd("EVAL");
        count.arg(COUNT).arg(0).arg(format!("{prefix}fetch:"));
        let (queued, running, scheduled, dead) = count.query_async(redis).await.expect("counts");
        Self { queued, running, scheduled, dead }
    }
}
