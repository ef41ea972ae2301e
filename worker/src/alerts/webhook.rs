//! One POST of an alert, signed as Standard Webhooks has it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    config::{AlertSettings, Secret},
    recipient::{Patience, PostError, Recipient},
    store::DueAlert,
};
use ring::hmac;

const PATIENCE: Patience =
    Patience { connect: Duration::from_secs(2), exchange: Duration::from_secs(5) };

/// Where alerts go.
pub(crate) struct Webhook {
    recipient: Recipient,
    secret: Option<Secret>,
    /// The pause after the first try in vain.
    pub(crate) retry: Duration,
}

impl Webhook {
    /// `None` where no address is set.
    pub(crate) fn new(settings: &AlertSettings) -> Result<Option<Self>, PostError> {
        let Some(url) = settings.url.clone() else { return Ok(None) };
        let recipient = Recipient::new(url, &[], PATIENCE)?;
        let (secret, retry) = (settings.secret.clone(), settings.retry);
        Ok(Some(Self { recipient, secret, retry }))
    }

    pub(crate) async fn post(&self, alert: &DueAlert) -> Result<(), PostError> {
        let (id, body) = (alert.id.to_string(), alert.event.to_string());
        let timestamp = chrono::Utc::now().timestamp().to_string();
        let signed = self.secret.as_ref().map(|secret| signature(secret, &id, &timestamp, &body));
        let mut headers = vec![("webhook-id", id.as_str()), ("webhook-timestamp", &timestamp)];
        headers.extend(signed.as_deref().map(|signed| ("webhook-signature", signed)));
        self.recipient.post(&headers, body).await
    }
}

fn signature(secret: &Secret, id: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
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
