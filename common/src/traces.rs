//! Traces: spans of ours, told to a collector over OTLP if there is one, and the `traceparent` that
//! goes with a request into its job. Without a collector nothing of it is done: nothing is read,
//! made, carried or sent.

mod export;
mod otlp;
mod parent;
mod recording;
mod sampler;

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Span;
use tracing_subscriber::{
    Layer, Registry,
    filter::filter_fn,
    registry::{LookupSpan, SpanRef},
};

use crate::config::TraceSettings;
use export::Exporter;
pub use parent::{HEADER, TraceParent, lenient};
use recording::Recorder;
pub use recording::Recording;
pub use sampler::Sampler;

/// Spans that wait to be sent; one more is dropped and counted.
const MOST_WAITING: usize = 2048;
/// For what is left at the end of a program.
const FLUSH: Duration = Duration::from_secs(1);
/// Whose spans are told: libraries have their own.
const OURS: [&str; 3] = ["api", "common", "worker"];

/// Whether there is a collector.
static ON: AtomicBool = AtomicBool::new(false);

/// The task that sends; ends with [`Exporting::end`].
#[derive(Default)]
pub struct Exporting {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Exporting {
    /// Sends what is left, if that is done in a second.
    pub async fn end(self) {
        self.stop.cancel();
        let Some(mut task) = self.task else { return };
        if tokio::time::timeout(FLUSH, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// What makes and sends spans; `None` where nobody wants them.
pub(crate) fn start<S>(
    settings: &TraceSettings,
    program: &'static str,
) -> Option<(impl Layer<S> + use<S>, Exporting)>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let exporter = Exporter::new(settings, program)?;
    let (to, spans) = tokio::sync::mpsc::channel(MOST_WAITING);
    let stop = CancellationToken::new();
    let task = tokio::spawn(exporter.run(spans, settings.delay, stop.clone()));
    ON.store(true, Relaxed);
    let ours = filter_fn(|about| {
        let program = about.target().split("::").next().unwrap_or_default();
        about.is_span() && *about.level() <= tracing::Level::INFO && OURS.contains(&program)
    });
    let recorder = Recorder { to, sampler: settings.sampler };
    Some((recorder.with_filter(ours), Exporting { stop, task: Some(task) }))
}

/// Whether spans are told to anybody.
#[must_use]
pub fn is_on() -> bool {
    ON.load(Relaxed)
}

/// Makes a new span the child of one elsewhere. To be done before it has children of its own.
pub fn adopt(span: &Span, parent: Option<TraceParent>) {
    if let Some(parent) = parent {
        note(span, |recording| recording.adopt(parent));
    }
}

/// Says more of a span than stands in the log. What says it must not log.
pub fn note(span: &Span, say: impl FnOnce(&mut Recording)) {
    if !is_on() {
        return;
    }
    span.with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        span.extensions_mut().get_mut::<Recording>().map(say)
    });
}

/// What a job says of the span that it is pushed in, so that its own span continues it.
#[must_use]
pub fn current() -> Option<TraceParent> {
    if !is_on() {
        return None;
    }
    let found = Span::current().with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        span.scope().find_map(|span| context_of(&span))
    });
    found.flatten()
}

fn context_of<'a, R: LookupSpan<'a>>(span: &SpanRef<'a, R>) -> Option<TraceParent> {
    span.extensions().get::<Recording>().map(Recording::context)
}
