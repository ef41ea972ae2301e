//! The connection to Redis of one process, behind its breaker. Everybody who asks Redis while a
//! visitor may be waiting asks through it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{
    Client, IntoConnectionInfo, ProtocolVersion, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

use crate::{breaker::Breaker, config::SecretUrl};

/// How a program waits for Redis.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For an answer.
    pub response: Duration,
}

/// See the top of the file. Cheap to clone.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    client: Client,
    config: ConnectionManagerConfig,
    current: Mutex<Current>,
    breaker: Arc<Breaker>,
}

/// The connection in use, and how many there were before.
#[derive(Clone)]
struct Current {
    redis: ConnectionManager,
    number: u64,
}

/// Redis did not answer, or answered with an error.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The client's own error.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// It has not answered for a while, and is not asked at the moment.
    #[error("Redis is away")]
    Away,
}

impl Link {
    /// A connection that is made at first use and again whenever it is lost. Each failed command
    /// reports at once: whoever asked decides whether to ask again.
    ///
    /// # Errors
    /// When the URL is not one that the client understands.
    pub fn new(url: &SecretUrl, patience: Patience) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(patience.connect))
            .set_response_timeout(Some(patience.response));
        // A peer that vanished without a word is given up after seconds, not when the kernel does.
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(patience.response * 2);
        let info = url.reveal().into_connection_info()?.set_tcp_settings(tcp);
        // The client is told of a connection that ends only in this protocol; in the older one the next
        // question finds out, and is the one that fails.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let info = info.set_redis_settings(settings);
        let client = Client::open(info)?;
        let redis = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
        let current = Mutex::new(Current { redis, number: 0 });
        Ok(Self(Arc::new(Inner { client, config, current, breaker: Arc::default() })))
    }

    /// Asks through the breaker.
    ///
    /// # Errors
    /// When Redis does not answer, or answers with an error.
    pub async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> Result<T, LinkError> {
        let answer = self.0.breaker.ask(self.insist(question), is_trouble).await;
        if self.0.breaker.is_open() {
            self.look_after();
        }
        match answer {
            Some(answer) => Ok(answer?),
            None => Err(LinkError::Away),
        }
    }

    fn look_after(&self) {
        let link = self.clone();
        self.0.breaker.probe_while_open(move || {
            let link = link.clone();
            async move {
                let ping =
                    link.insist(async |redis| redis::cmd("PING").query_async::<()>(redis).await);
                !ping.await.is_err_and(|error| is_trouble(&error))
            }
        });
    }

    /// Asks past the breaker, for who has the time to wait and its own way to try again.
    ///
    /// # Errors
    /// When Redis does not answer, or answers with an error.
    pub async fn insist<T>(
        &self,
        question: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let Current { mut redis, number } = self.0.current().clone();
        let answer = question(&mut redis).await;
        if answer.as_ref().is_err_and(may_be_the_connections) {
            self.0.replace(number);
        }
        answer
    }

    /// Redis was heard of in another way: the next question goes through.
    pub fn heard_of(&self) {
        self.0.breaker.close();
    }

    /// Whether Redis is taken for away.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.0.breaker.is_open()
    }
}

impl Inner {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that failed is not asked again: a peer that answers nothing would answer nothing
    /// for ever, and a failed try to connect would be the next question's answer too.
    fn replace(&self, number: u64) {
        let mut current = self.current();
        if current.number == number
            && let Ok(redis) =
                ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone())
        {
            *current = Current { redis, number: number + 1 };
        }
    }
}

/// Whether the connection may be to blame, rather than the question: a handshake of which half came,
/// or that was refused, would be the answer to every later question as well.
fn may_be_the_connections(error: &redis::RedisError) -> bool {
    error.code().is_none_or(|code| ["ERR", "NOAUTH", "WRONGPASS"].contains(&code))
}

fn is_trouble(error: &redis::RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
}
