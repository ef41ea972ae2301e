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

impl Jobs {
    /// None.
    pub const NONE: Self = Self { queued: 0, running: 0, scheduled: 0, dead: 0 };

    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub(super) async fn count(redis: &mut MultiplexedConnection, prefix: &str) -> Self {
        let name = |part: &str| format!("{prefix}fetch:{part}");
        let mut running = 0;
        let held: Vec<String> =
            redis::cmd("KEYS").arg(name("inflight:*")).query_async(redis).await.expect("keys");
        for key in held {
            running += redis::cmd("SCARD").arg(key).query_async::<u64>(redis).await.expect("SCARD");
        }
        let (queued, scheduled, dead, later): (u64, u64, u64, u64) = redis::pipe()
            .cmd("LLEN")
            .arg(name("active"))
            .cmd("ZCARD")
            .arg(name("scheduled"))
            .cmd("ZCARD")
            .arg(name("dead"))
            .cmd("LLEN")
            .arg(name("later"))
            .query_async(redis)
            .await
            .expect("counts");
        Self { queued: queued + later, running, scheduled, dead }
    }
}
