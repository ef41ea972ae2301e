//! Sends spans to the collector, some at a time, beside all other work: nobody waits for it, and what
//! it does not take is dropped and counted.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{otlp, recording::Ended};
use crate::{
    config::TraceSettings,
    metrics,
    recipient::{Patience, PostError, Recipient},
};

/// Spans in one request.
const MOST: usize = 512;

/// The collector, and what it is told with every request.
pub(super) struct Exporter {
    collector: Recipient,
    resource: Json,
    /// Whether the last request was taken: each change is told once.
    is_well: bool,
}

impl Exporter {
    /// `None` where there is no collector.
    pub(super) fn new(settings: &TraceSettings, program: &str) -> Option<Self> {
        let url = settings.endpoint.clone()?;
        let patience = Patience { connect: settings.timeout, exchange: settings.timeout };
        let collector = Recipient::new(url, &settings.headers, patience).ok()?;
        let own = format!("5c-menus-{program}");
        let resource = otlp::resource(settings.service.as_deref().unwrap_or(&own));
        Some(Self { collector, resource, is_well: true })
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

    async fn post(&self, batch: &[Ended]) -> Result<(), PostError> {
        let body = otlp::request(&self.resource, batch).to_string();
        self.collector.post(&[], body).await
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
