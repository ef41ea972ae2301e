//! Sends spans to the collector, some at a time, beside all other work: nobody waits for it, and what
//! it does not take is dropped and counted.

use std::time::Duration;

use reqwest::{
    Client, Response,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::Value as Json;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{otlp, recording::Ended};
use crate::{
    config::{SecretUrl, TraceSettings},
    metrics,
};

/// Spans in one request.
const MOST: usize = 512;
/// Of an answer so much is read, so that its connection can be used again.
const LONGEST_ANSWER: usize = 64 << 10;

/// The client, and what it says with every request.
pub(super) struct Exporter {
    client: Client,
    url: SecretUrl,
    headers: HeaderMap,
    resource: Json,
    /// Whether the last request was taken: each change is told once.
    is_well: bool,
}

/// Why spans were not taken. Says nothing of the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("status {0}")]
    Status(u16),
    #[error("no answer in time")]
    Timeout,
    #[error("no connection")]
    Connect,
    #[error("no whole answer")]
    Broken,
}

impl Exporter {
    /// `None` where there is no collector.
    pub(super) fn new(settings: &TraceSettings, program: &str) -> Option<Self> {
        let url = settings.endpoint.clone()?;
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("5c-menus/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .ok()?;
        let header = |(name, value): &(String, _)| {
            let value: &crate::config::Secret = value;
            let mut value = HeaderValue::from_str(value.reveal()).ok()?;
            value.set_sensitive(true);
            Some((name.parse::<HeaderName>().ok()?, value))
        };
        let headers = settings.headers.iter().filter_map(header).collect();
        let own = format!("5c-menus-{program}");
        let resource = otlp::resource(settings.service.as_deref().unwrap_or(&own));
        Some(Self { client, url, headers, resource, is_well: true })
    }

    /// Until it is told to stop; then it sends what is there.
    pub(super) async fn run(
        mut self,
        mut spans: Receiver<Ended>,
        delay: Duration,
        stop: CancellationToken,
    ) {
        let mut batch = Vec::with_capacity(MOST);
        while stop.run_until_cancelled(gather(&mut spans, &mut batch, delay)).await.is_some() {
            self.send(&mut batch).await;
        }
        loop {
            while batch.len() < MOST
                && let Ok(span) = spans.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                return;
            }
            self.send(&mut batch).await;
        }
    }

    /// Once: spans are worth less than the memory that would have to keep them.
    async fn send(&mut self, batch: &mut Vec<Ended>) {
        let sent = self.post(batch).await;
        let result = if sent.is_ok() { "exported" } else { "failed" };
        metrics::SPANS.add(&[result], batch.len() as u64);
        batch.clear();
        match sent {
            Err(error) if self.is_well => {
                tracing::warn!(%error, "the collector does not take spans; they are dropped");
            }
            Ok(()) if !self.is_well => tracing::info!("the collector takes spans again"),
            _ => {}
        }
        self.is_well = result == "exported";
    }

    async fn post(&self, batch: &[Ended]) -> Result<(), SendError> {
        let body = otlp::request(&self.resource, batch).to_string();
        let request = self.client.post(self.url.reveal()).headers(self.headers.clone());
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.map_err(|error| refused(&error))?;
        let status = answer.status();
        drain(answer).await;
        if status.is_success() { Ok(()) } else { Err(SendError::Status(status.as_u16())) }
    }
}

/// Waits for a span, and then a while for more.
async fn gather(spans: &mut Receiver<Ended>, batch: &mut Vec<Ended>, delay: Duration) {
    let Some(first) = spans.recv().await else { return std::future::pending().await };
    batch.push(first);
    let until = Instant::now() + delay;
    while batch.len() < MOST {
        let room = MOST - batch.len();
        match timeout_at(until, spans.recv_many(batch, room)).await {
            Ok(more) if more > 0 => {}
            _ => return,
        }
    }
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

fn refused(error: &reqwest::Error) -> SendError {
    if error.is_timeout() {
        SendError::Timeout
    } else if error.is_connect() {
        SendError::Connect
    } else {
        SendError::Broken
    }
}
