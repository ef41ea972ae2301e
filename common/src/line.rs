//! A line to Redis that says what others do there: what they publish on one channel, and which keys
//! they write (`CLIENT TRACKING` with `BCAST`, RESP3). It connects again whenever it is lost, and says
//! so, because whoever listens must look for itself after every gap.

use std::{sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisResult,
    Value, aio::MultiplexedConnection, from_redis_value,
};
use tokio::sync::Notify;

use crate::config::SecretUrl;

/// What happens on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineEvent {
    /// It is up (again): what happened before was not heard.
    Up {
        /// Whether writes are told of; a server may refuse.
        tracking: bool,
    },
    /// Somebody published this.
    Said(String),
    /// These keys were written, removed or have expired.
    Written(Vec<String>),
    /// All keys were removed.
    Flushed,
    /// Nothing is heard until the next [`LineEvent::Up`].
    Down,
}

/// What a line is to tell of.
#[derive(Debug, Clone)]
pub struct Interests {
    /// The channel.
    pub channel: String,
    /// How the keys begin whose writes are told of. None may be the beginning of another.
    pub prefixes: Vec<String>,
}

/// For a connection and its subscription.
const CONNECT: Duration = Duration::from_secs(2);
/// Between two proofs that the other end is there.
const PROOF_EVERY: Duration = Duration::from_secs(1);
/// For such a proof.
const PROOF: Duration = Duration::from_secs(1);
/// Between two tries to connect.
const AGAIN: Duration = Duration::from_millis(100);

/// Follows a line for ever. `on` is called by the task that reads the connection, so that nothing
/// stands between a message and whoever waits for it: it must not block.
pub async fn follow(
    url: SecretUrl,
    interests: Interests,
    on: impl Fn(LineEvent) + Send + Sync + 'static,
) {
    let (on, channel) = (Arc::new(on), &interests.channel);
    let mut was_up = true;
    loop {
        let lost = Arc::new(Notify::new());
        match connect(&url, &interests, Arc::clone(&on), Arc::clone(&lost)).await {
            Ok((line, tracking)) => {
                if !was_up {
                    tracing::info!(channel, "line is back");
                }
                was_up = true;
                on(LineEvent::Up { tracking });
                until_lost(line, &lost).await;
                on(LineEvent::Down);
            }
            Err(error) if was_up => {
                tracing::warn!(channel, %error, "line is down");
                was_up = false;
            }
            Err(_) => {}
        }
        tokio::time::sleep(AGAIN + Duration::from_millis(fastrand::u64(0..50))).await;
    }
}

async fn connect(
    url: &SecretUrl,
    interests: &Interests,
    on: Arc<impl Fn(LineEvent) + Send + Sync + 'static>,
    lost: Arc<Notify>,
) -> RedisResult<(MultiplexedConnection, bool)> {
    let heard = move |push: PushInfo| {
        match event(push) {
            Some(LineEvent::Down) => lost.notify_one(),
            Some(event) => on(event),
            None => {}
        }
        Ok::<(), redis::RedisError>(())
    };
    let info = url.reveal().into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = redis::Client::open(info.set_redis_settings(settings))?;
    let config =
        AsyncConnectionConfig::new().set_push_sender(heard).set_response_timeout(Some(CONNECT));
    let connecting = async {
        let mut line = client.get_multiplexed_async_connection_with_config(&config).await?;
        let tracking = track(&mut line, &interests.prefixes).await;
        line.subscribe(&interests.channel).await?;
        Ok((line, tracking))
    };
    match tokio::time::timeout(CONNECT, connecting).await {
        Ok(line) => line,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

/// Whether the server will tell of writes.
async fn track(line: &mut MultiplexedConnection, prefixes: &[String]) -> bool {
    if prefixes.is_empty() {
        return false;
    }
    let mut track = redis::cmd("CLIENT");
    track.arg("TRACKING").arg("ON").arg("BCAST");
    for prefix in prefixes {
        track.arg("PREFIX").arg(prefix);
    }
    let tracked = track.query_async::<()>(line).await;
    if let Err(error) = &tracked {
        tracing::warn!(%error, "Redis does not tell of writes: entries are looked up more often");
    }
    tracked.is_ok()
}

fn event(push: PushInfo) -> Option<LineEvent> {
    let mut data = push.data.into_iter();
    match push.kind {
        PushKind::Disconnection => Some(LineEvent::Down),
        PushKind::Message => Some(LineEvent::Said(from_redis_value(data.nth(1)?).ok()?)),
        PushKind::Invalidate => match data.next()? {
            Value::Nil => Some(LineEvent::Flushed),
            keys => Some(LineEvent::Written(from_redis_value(keys).ok()?)),
        },
        _ => None,
    }
}

/// Until the line is lost. A peer that is frozen or cut off without a word is found by asking.
async fn until_lost(mut line: MultiplexedConnection, lost: &Notify) {
    let gone = async {
        loop {
            tokio::time::sleep(PROOF_EVERY).await;
            let ping = redis::cmd("PING");
            let proof = tokio::time::timeout(PROOF, ping.query_async::<Value>(&mut line)).await;
            if !matches!(proof, Ok(Ok(_))) {
                return;
            }
        }
    };
    tokio::select! {
        () = lost.notified() => {}
        () = gone => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn told(kind: PushKind, data: Vec<Value>) -> Option<LineEvent> {
        event(PushInfo { kind, data })
    }

    #[test]
    fn each_push_of_the_server_is_one_event() {
        let said = told(PushKind::Message, vec![text("ready"), text("a\nb")]);
        assert_eq!(said, Some(LineEvent::Said("a\nb".to_owned())));
        let written =
            told(PushKind::Invalidate, vec![Value::Array(vec![text("menu:a"), text("menu:b")])]);
        let keys = vec!["menu:a".to_owned(), "menu:b".to_owned()];
        assert_eq!(written, Some(LineEvent::Written(keys)));
        assert_eq!(told(PushKind::Invalidate, vec![Value::Nil]), Some(LineEvent::Flushed));
        assert_eq!(told(PushKind::Disconnection, vec![]), Some(LineEvent::Down));
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        assert_eq!(told(PushKind::Subscribe, vec![text("ready"), Value::Int(1)]), None);
        assert_eq!(told(PushKind::Message, vec![text("ready")]), None);
        assert_eq!(told(PushKind::Invalidate, vec![]), None);
        assert_eq!(told(PushKind::Invalidate, vec![Value::Int(1)]), None);
    }
}
