//! The one job, its id, and how it is pushed: claim, enqueue and wake in one script. Workers' side
//! of the queue is in `worker/src/queue/`; both follow the key layout of apalis-redis.

use std::{sync::LazyLock, time::Duration};

use redis::Script;
use serde::{Deserialize, Serialize};

use crate::{
    cache::Names,
    entry::MenuKey,
    link::{Link, LinkError},
    metrics,
    traces::{TraceParent, lenient},
};

/// How often one job is tried before it is dead.
pub const MAX_ATTEMPTS: usize = 3;
/// More jobs than this do not wait: who asks for one more is told to come back.
pub const MAX_PENDING: u32 = 2_000;
/// A claimed id that is in no list for this long was lost.
const HEAL_AFTER: Duration = Duration::from_secs(5);

/// Why a menu is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A visitor found no entry.
    Miss,
    /// A meal is about to begin.
    Prewarm,
    /// An entry is about to expire.
    Refresh,
    /// Somebody at the ops side asked.
    Manual,
}

impl Reason {
    /// The word in columns and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Miss => "miss",
            Self::Prewarm => "prewarm",
            Self::Refresh => "refresh",
            Self::Manual => "manual",
        }
    }

    /// Whether nobody waits for the job: then it waits behind all that somebody waits for.
    #[must_use]
    pub const fn can_wait(self) -> bool {
        matches!(self, Self::Prewarm)
    }
}

/// Ask for a menu. The job's id is its cache key: asking twice is asking once. Its arguments name
/// a menu and nothing else: never an address, so a forged job can make us read nothing new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshMenu {
    /// Which menu.
    pub key: MenuKey,
    /// Why.
    pub reason: Reason,
    /// The visitor's request, so that one search of the logs shows a miss from end to end.
    pub request_id: Option<String>,
    /// The span of that request, where spans are told to anybody. One that is none is no reason to
    /// refuse the job.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub traceparent: Option<TraceParent>,
}

impl RefreshMenu {
    /// The job's id.
    #[must_use]
    pub fn id(&self) -> String {
        self.key.to_string()
    }
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// A new job.
    Enqueued,
    /// That job is pending or running already.
    Coalesced,
    /// The entry is there: no job.
    Cached,
    /// The id was claimed by a job that was nowhere; it is enqueued again.
    Healed,
    /// Too many jobs wait: none was added.
    Full,
}

/// What became of a push, and whether anybody works.
#[derive(Debug, Clone, Copy)]
pub struct PushAnswer {
    /// What became of it.
    pub pushed: Pushed,
    /// How long ago a worker was last heard of; `None`: never.
    pub worker_silence: Option<Duration>,
}

/// The pushing side of the queue.
#[derive(Clone)]
pub struct Queue {
    link: Link,
    names: Names,
    max_pending: u32,
}

static PUSH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("queue/push.lua")));

impl Queue {
    /// The queue behind this link.
    #[must_use]
    pub const fn new(link: Link, names: Names) -> Self {
        Self { link, names, max_pending: MAX_PENDING }
    }

    /// The same with another bound on the jobs that wait.
    #[must_use]
    pub fn with_max_pending(self, max_pending: u32) -> Self {
        Self { max_pending, ..self }
    }

    /// Asks for a job. `even_if_cached`: also where an entry is there (to replace it).
    ///
    /// # Errors
    /// When Redis cannot be asked or refuses.
    pub async fn push(
        &self,
        job: &RefreshMenu,
        even_if_cached: bool,
    ) -> Result<PushAnswer, LinkError> {
        let arguments = serde_json::to_string(job)
            .map_err(|error| redis::RedisError::from(std::io::Error::other(error)))?;
        let mut call = PUSH.key(self.names.queue());
        call.key(self.names.entry(&job.key)).arg(job.id()).arg(arguments).arg(MAX_ATTEMPTS);
        call.arg(u8::from(!even_if_cached)).arg(self.max_pending).arg(HEAL_AFTER.as_secs());
        call.arg(u8::from(job.reason.can_wait()));
        let answer =
            self.link.ask(async |redis| call.invoke_async::<(String, i64)>(redis).await).await;
        metrics::PUSHES.one(&[answer.as_ref().map_or("error", |(pushed, _)| pushed)]);
        let (pushed, silence) = answer?;
        let pushed = match pushed.as_str() {
            "enqueued" => Pushed::Enqueued,
            "coalesced" => Pushed::Coalesced,
            "cached" => Pushed::Cached,
            "healed" => Pushed::Healed,
            _ => Pushed::Full,
        };
        Ok(PushAnswer {
            pushed,
            worker_silence: u64::try_from(silence).ok().map(Duration::from_secs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_names_a_menu_and_its_id_is_the_cache_key() {
        let job = RefreshMenu {
            key: "menu:hoch:2026-02-09:lunch".parse().unwrap(),
            reason: Reason::Miss,
            request_id: Some("r-1".to_owned()),
            traceparent: None,
        };
        assert_eq!(job.id(), "menu:hoch:2026-02-09:lunch");
        let json = serde_json::to_string(&job).unwrap();
        assert_eq!(
            json,
            r#"{"key":"menu:hoch:2026-02-09:lunch","reason":"miss","request_id":"r-1"}"#
        );
        assert_eq!(serde_json::from_str::<RefreshMenu>(&json).unwrap(), job);
    }

    #[test]
    fn a_job_carries_the_span_of_its_request_and_is_done_without_one() {
        let span = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let with = |said: &str| {
            let known = r#""key":"menu:hoch:2026-02-09:lunch","reason":"miss","request_id":null"#;
            format!("{{{known}{said}}}")
        };
        let json = with(&format!(r#","traceparent":"{span}""#));
        let job: RefreshMenu = serde_json::from_str(&json).unwrap();
        assert_eq!(job.traceparent, TraceParent::parse(span));
        assert_eq!(serde_json::to_string(&job).unwrap(), json);
        // Of an older api; of a forger.
        let odd = ["", r#","traceparent":null"#, r#","traceparent":7"#, r#","traceparent":"00-x""#];
        for said in odd {
            let job: RefreshMenu = serde_json::from_str(&with(said)).unwrap();
            assert_eq!(job.traceparent, None, "{said}");
        }
    }

    #[test]
    fn a_forged_job_does_not_decode() {
        for forged in [
            "",
            "{}",
            "[]",
            r#"{"url":"http://127.0.0.1/"}"#,
            r#"{"key":"menu:hoch:2026-02-09:LUNCH","reason":"miss"}"#,
            r#"{"key":"menu:nowhere:2026-02-09:lunch","reason":"miss"}"#,
            r#"{"key":"menu:hoch:2026-02-09:lunch","reason":"fun"}"#,
        ] {
            assert!(serde_json::from_str::<RefreshMenu>(forged).is_err(), "{forged}");
        }
    }
}
