//! One POST to an address that the operator names: bounded in time, without redirects, and whatever
//! is answered, nothing but its status is read. Signed as Standard Webhooks has it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    config::{AlertSettings, Secret, SecretUrl},
    store::DueAlert,
};
use reqwest::{Client, header::CONTENT_TYPE, redirect::Policy};
use ring::hmac;

/// For a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// For the whole exchange.
const EXCHANGE: Duration = Duration::from_secs(5);

/// Where alerts go.
pub(crate) struct Webhook {
    client: Client,
    url: SecretUrl,
    secret: Option<Secret>,
    /// The pause after the first try in vain.
    pub(crate) retry: Duration,
}

/// Why an alert was not taken. Says nothing of the address, which may hold a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    #[error("status {0}")]
    Status(u16),
    #[error("no answer in time")]
    Timeout,
    #[error("no connection")]
    Connect,
    #[error("no whole answer")]
    Broken,
    #[error("the client cannot be built: {0}")]
    Client(String),
}

impl Webhook {
    /// `None` where no address is set.
    pub(crate) fn new(settings: &AlertSettings) -> Result<Option<Self>, PostError> {
        let Some(url) = settings.url.clone() else { return Ok(None) };
        let client = Client::builder()
            .user_agent(concat!("5c-menus/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(EXCHANGE)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| PostError::Client(error.to_string()))?;
        let (secret, retry) = (settings.secret.clone(), settings.retry);
        Ok(Some(Self { client, url, secret, retry }))
    }

    /// Posts it; only a status of 2xx is a yes.
    pub(crate) async fn post(&self, alert: &DueAlert) -> Result<(), PostError> {
        let (id, body) = (alert.id.to_string(), alert.event.to_string());
        let timestamp = chrono::Utc::now().timestamp().to_string();
        let mut request = self
            .client
            .post(self.url.reveal())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", &timestamp);
        if let Some(secret) = &self.secret {
            request =
                request.header("webhook-signature", signature(secret, &id, &timestamp, &body));
        }
        // Dropped with its body unread.
        let answer = request.body(body).send().await.map_err(|error| refused(&error))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(PostError::Status(status.as_u16())) }
    }
}

fn signature(secret: &Secret, id: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_id_time_and_body() {
        // Made with: printf '%s' 'ID.TIME.BODY' | openssl dgst -sha256 -hmac SECRET -binary | base64
        let secret = Secret::new("0123456789abcdef".to_owned());
        let signed = signature(&secret, "17", "1795199999", "{\"kind\":\"drift\"}");
        assert_eq!(signed, "v1,02s8Y2QzdPVQULBiP3EwOGPAeUPjLjDLpFcGasNQvk4=");
    }
}
