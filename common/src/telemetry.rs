//! What a program says of itself: the log's form, its spans to a collector, and the one line on stdout
//! that it is ready.

use std::{io::Write, net::SocketAddr};

use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::{
    config::{LogSettings, TraceSettings},
    traces::{self, Exporting},
};

/// Opens the line that a program prints once it answers; what follows is its address.
pub const LISTENING: &str = "LISTENING ";

type Log = Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync>;

/// Starts the log on stderr, so that stdout holds the ready line alone; and what tells spans to a
/// collector, if there is one, whatever the log leaves out. Needs a runtime.
#[must_use]
pub fn start(log: &LogSettings, spans: &TraceSettings, program: &'static str) -> Exporting {
    let filter = EnvFilter::new(&log.filter);
    let written = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let written: Log = if log.json {
        written.json().flatten_event(true).boxed()
    } else {
        written.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed()
    };
    match traces::start(spans, program) {
        Some((told, exporting)) => {
            let told = told.boxed();
            Registry::default().with(written.with_filter(filter).and_then(told)).init();
            exporting
        }
        // A filter for all is the cheaper one.
        None => {
            Registry::default().with(written).with(filter).init();
            Exporting::default()
        }
    }
}

/// Prints the ready line. A stdout that nobody reads is no reason to stop.
pub fn listening(address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{LISTENING}http://{address}").and_then(|()| out.flush());
}

/// Says in the log where metrics are: the ready line is the only one on stdout.
pub fn metrics_at(address: SocketAddr) {
    tracing::info!(metrics.address = %address, "metrics");
}
