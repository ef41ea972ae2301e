//! Who is told something as JSON, at an address that an operator names: a collector of spans, a
//! webhook. Bounded in time and without redirects; of what is answered the status alone counts.

use std::time::Duration;

use reqwest::{
    Client, Response,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    redirect::Policy,
};

use crate::config::{Secret, SecretUrl};

/// Of an answer so much is read, so that its connection can be used again.
const LONGEST_ANSWER: usize = 64 << 10;

/// How long a recipient is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the whole exchange.
    pub exchange: Duration,
}

/// See the top of the file.
pub struct Recipient {
    client: Client,
    url: SecretUrl,
}

/// Why it was not taken. Says nothing of the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Any but 2xx.
    #[error("status {0}")]
    Status(u16),
    /// Too slow.
    #[error("no answer in time")]
    Timeout,
    /// Nobody is there.
    #[error("no connection")]
    Connect,
    /// It broke off.
    #[error("no whole answer")]
    Broken,
    /// Not even tried.
    #[error("the client cannot be built: {0}")]
    Client(String),
}

impl Recipient {
    /// `shown` is what it wants to be shown each time.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(
        url: SecretUrl,
        shown: &[(String, Secret)],
        patience: Patience,
    ) -> Result<Self, PostError> {
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("5c-menus/", env!("CARGO_PKG_VERSION")))
            .default_headers(shown.iter().filter_map(header).collect())
            .connect_timeout(patience.connect)
            .timeout(patience.exchange)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| PostError::Client(error.to_string()))?;
        Ok(Self { client, url })
    }

    /// Posts it once; only a status of 2xx is a yes.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn post(&self, headers: &[(&str, &str)], json: String) -> Result<(), PostError> {
        let mut request = self.client.post(self.url.reveal()).body(json);
        request = request.header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.map_err(|error| refused(&error))?;
        let status = answer.status();
        drain(answer).await;
        if status.is_success() { Ok(()) } else { Err(PostError::Status(status.as_u16())) }
    }
}

/// `None` for what can be no header.
fn header((name, value): &(String, Secret)) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(value.reveal()).ok()?;
    value.set_sensitive(true);
    Some((name.parse().ok()?, value))
}

async fn drain(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > LONGEST_ANSWER {
            return;
        }
    }
}

fn refused(error: &reqwest::Error) -> PostError {
    if error.is_timeout() {
        PostError::Timeout
    } else if error.is_connect() {
        PostError::Connect
    } else {
        PostError::Broken
    }
}
