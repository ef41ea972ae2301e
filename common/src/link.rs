//! The connection to Redis of one process, behind its breaker. Everybody who asks Redis while a
//! visitor may be waiting asks through it.

use std::{sync::Arc, time::Duration};

use redis::{IntoConnectionInfo, RedisResult, aio::ConnectionManager, io::tcp::TcpSettings};

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
pub struct Link {
    redis: ConnectionManager,
    breaker: Arc<Breaker>,
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
        let config = redis::aio::ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(patience.connect))
            .set_response_timeout(Some(patience.response));
        // A peer that vanished without a word is given up after seconds, not when the kernel does.
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(patience.response * 2);
        let info = url.reveal().into_connection_info()?.set_tcp_settings(tcp);
        let client = redis::Client::open(info)?;
        let redis = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self { redis, breaker: Arc::default() })
    }

    /// Asks through the breaker.
    ///
    /// # Errors
    /// When Redis does not answer, or answers with an error.
    pub async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> Result<T, LinkError> {
        let mut redis = self.redis.clone();
        let answer = self.breaker.ask(question(&mut redis), is_trouble).await;
        if self.breaker.is_open() {
            self.look_after();
        }
        match answer {
            Some(answer) => Ok(answer?),
            None => Err(LinkError::Away),
        }
    }

    fn look_after(&self) {
        let redis = self.redis.clone();
        self.breaker.probe_while_open(move || {
            let mut redis = redis.clone();
            async move {
                let answer = redis::cmd("PING").query_async::<()>(&mut redis).await;
                !answer.is_err_and(|error| is_trouble(&error))
            }
        });
    }

    /// Whether Redis is taken for away.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.breaker.is_open()
    }

    /// The bare connection, for who has the time to wait and its own way to try again.
    #[must_use]
    pub fn patient(&self) -> ConnectionManager {
        self.redis.clone()
    }
}

fn is_trouble(error: &redis::RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
}
