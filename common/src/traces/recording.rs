//! What is noted of a span while it lasts. The layer hangs it on the span, and hands it on when the
//! span closes, without ever waiting.

use std::time::SystemTime;

use tokio::sync::mpsc::Sender;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::{Sampler, TraceParent};
use crate::metrics;

/// Of one span. More is not kept.
const MOST_ATTRIBUTES: usize = 16;
/// Of one text, in characters.
const LONGEST_TEXT: usize = 256;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// What is known of a span so far.
#[derive(Debug)]
pub struct Recording {
    pub(super) name: &'static str,
    pub(super) context: TraceParent,
    pub(super) parent: Option<u64>,
    pub(super) started: SystemTime,
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) failed: bool,
    sampler: Sampler,
}

impl Recording {
    /// A text of ours, or one that may stand in a log.
    pub fn text(&mut self, name: &'static str, text: &str) {
        self.add(name, || Value::Text(text.chars().take(LONGEST_TEXT).collect()));
    }

    /// A number, with its unit in the name.
    pub fn number(&mut self, name: &'static str, number: impl TryInto<i64>) {
        self.add(name, || Value::Number(number.try_into().unwrap_or(i64::MAX)));
    }

    /// What it was for did not succeed.
    pub const fn failed(&mut self) {
        self.failed = true;
    }

    pub(super) const fn context(&self) -> TraceParent {
        self.context
    }

    pub(super) fn adopt(&mut self, parent: TraceParent) {
        self.context.trace = parent.trace;
        self.context.sampled = self.sampler.samples(parent.trace, Some(parent.sampled));
        self.parent = Some(parent.span);
    }

    fn add(&mut self, name: &'static str, value: impl FnOnce() -> Value) {
        let has_room = self.attributes.len() < MOST_ATTRIBUTES;
        match self.attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value(),
            None if has_room => self.attributes.push((name, value())),
            None => {}
        }
    }
}

impl Visit for Recording {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), value);
    }
}

/// A span that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) recording: Recording,
    pub(super) at: SystemTime,
}

/// The layer.
pub(super) struct Recorder {
    pub(super) to: Sender<Ended>,
    pub(super) sampler: Sampler,
}

impl Recorder {
    fn begin(&self, name: &'static str, above: Option<TraceParent>) -> Recording {
        let trace = above.map_or_else(|| fastrand::u128(1..), |above| above.trace);
        let sampled =
            above.map_or_else(|| self.sampler.samples(trace, None), |above| above.sampled);
        Recording {
            name,
            context: TraceParent { trace, span: fastrand::u64(1..), sampled },
            parent: above.map(|above| above.span),
            started: SystemTime::now(),
            attributes: Vec::new(),
            failed: false,
            sampler: self.sampler,
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, given: &Attributes<'_>, id: &Id, all: Context<'_, S>) {
        let Some(span) = all.span(id) else { return };
        let above = span.parent().as_ref().and_then(super::context_of);
        let mut recording = self.begin(span.name(), above);
        given.record(&mut recording);
        span.extensions_mut().insert(recording);
    }

    fn on_record(&self, id: &Id, given: &Record<'_>, all: Context<'_, S>) {
        let Some(span) = all.span(id) else { return };
        if let Some(recording) = span.extensions_mut().get_mut::<Recording>() {
            given.record(recording);
        }
    }

    fn on_close(&self, id: Id, all: Context<'_, S>) {
        let ended = all.span(&id).and_then(|span| span.extensions_mut().remove::<Recording>());
        let Some(recording) = ended.filter(|recording| recording.context.sampled) else { return };
        let ended = Ended { recording, at: SystemTime::now() };
        if self.to.try_send(ended).is_err() {
            metrics::SPANS.one(&["dropped"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traces::{adopt, current, note};
    use tokio::sync::mpsc;
    use tracing_subscriber::layer::SubscriberExt;

    /// More than a span may have.
    const NAMES: [&str; 20] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
        "s", "t",
    ];

    fn recorder(name: &str, room: usize) -> (Recorder, mpsc::Receiver<Ended>) {
        super::super::ON.store(true, std::sync::atomic::Ordering::Relaxed);
        let (to, ended) = mpsc::channel(room);
        (Recorder { to, sampler: Sampler::named(name, 1.0).unwrap() }, ended)
    }

    #[test]
    fn a_span_within_a_span_is_its_child_and_an_adopted_one_that_of_a_stranger() {
        let (recorder, mut ended) = recorder("parentbased_always_off", 8);
        let log = tracing_subscriber::registry().with(recorder);
        let stranger = TraceParent { trace: 7, span: 8, sampled: true };
        tracing::subscriber::with_default(log, || {
            let outer = tracing::info_span!("outer", request.id = "r-1");
            adopt(&outer, Some(stranger));
            note(&outer, |outer| outer.number("http.status", 200_u16));
            outer.in_scope(|| {
                let carried = current().unwrap();
                assert_eq!((carried.trace, carried.sampled), (7, true));
                tracing::info_span!("inner", size = tracing::field::Empty).record("size", 5_u64);
            });
            tracing::info_span!("nobody wants this one").in_scope(|| {
                assert!(!current().unwrap().sampled, "who comes after need not ask again");
            });
        });
        let (inner, outer) = (ended.try_recv().unwrap(), ended.try_recv().unwrap());
        assert!(ended.try_recv().is_err());
        let (inner, outer) = (inner.recording, outer.recording);
        assert_eq!((outer.parent, outer.context.trace), (Some(8), 7));
        assert_eq!((inner.parent, inner.context.trace), (Some(outer.context.span), 7));
        assert_eq!(inner.attributes, [("size", Value::Number(5))]);
        let said =
            [("request.id", Value::Text("r-1".to_owned())), ("http.status", Value::Number(200))];
        assert_eq!(outer.attributes, said);
    }

    #[test]
    fn what_nobody_takes_is_dropped_and_what_is_long_is_cut() {
        let (recorder, mut ended) = recorder("always_on", 1);
        let log = tracing_subscriber::registry().with(recorder);
        tracing::subscriber::with_default(log, || {
            for _ in 0..100 {
                let span = tracing::info_span!("one", text = "x".repeat(10_000));
                note(&span, |span| {
                    for name in NAMES {
                        span.number(name, 1);
                    }
                });
            }
        });
        let Ended { recording, .. } = ended.try_recv().unwrap();
        assert!(ended.try_recv().is_err());
        assert_eq!(recording.attributes.len(), MOST_ATTRIBUTES);
        assert_eq!(recording.attributes[0], ("text", Value::Text("x".repeat(LONGEST_TEXT))));
    }
}
