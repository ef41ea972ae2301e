//! A line to a Redis channel that is kept up: it connects again whenever it is lost, and says so,
//! because whoever listens must look for itself after every gap.

use std::time::Duration;

use futures::StreamExt;
use redis::aio::PubSub;

use crate::config::SecretUrl;

/// What happens on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineEvent {
    /// Subscribed (again): what was said before was not heard.
    Up,
    /// Somebody said this.
    Said(String),
    /// Nothing is heard until the next [`LineEvent::Up`].
    Down,
}

/// For a connection and its subscription.
const CONNECT: Duration = Duration::from_secs(2);
/// Between two proofs that the other end is there.
const PROOF_EVERY: Duration = Duration::from_secs(1);
/// For such a proof.
const PROOF: Duration = Duration::from_secs(1);
/// Between two tries to connect.
const AGAIN: Duration = Duration::from_millis(100);

/// Follows a channel for ever.
pub async fn follow(url: SecretUrl, channel: String, mut on: impl FnMut(LineEvent)) {
    let mut was_up = true;
    loop {
        match subscribe(&url, &channel).await {
            Ok(line) => {
                if !was_up {
                    tracing::info!(channel, "line is back");
                }
                was_up = true;
                on(LineEvent::Up);
                listen(line, &mut on).await;
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

async fn subscribe(url: &SecretUrl, channel: &str) -> redis::RedisResult<PubSub> {
    let connecting = async {
        let mut line = redis::Client::open(url.reveal())?.get_async_pubsub().await?;
        line.subscribe(channel).await?;
        Ok(line)
    };
    match tokio::time::timeout(CONNECT, connecting).await {
        Ok(line) => line,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

/// Until the line is lost. A peer that is frozen or cut off without a word is found by asking.
async fn listen(line: PubSub, on: &mut impl FnMut(LineEvent)) {
    let (mut ask, mut heard) = line.split();
    let ended = async {
        while let Some(message) = heard.next().await {
            if let Ok(said) = message.get_payload::<String>() {
                on(LineEvent::Said(said));
            }
        }
    };
    let gone = async {
        loop {
            tokio::time::sleep(PROOF_EVERY).await;
            let proof = tokio::time::timeout(PROOF, ask.ping::<redis::Value>()).await;
            if !matches!(proof, Ok(Ok(_))) {
                return;
            }
        }
    };
    tokio::select! {
        () = ended => {}
        () = gone => {}
    }
}
