//! What a program says of itself: the log's form, and the one line on stdout that it is ready.

use std::{io::Write, net::SocketAddr};

use crate::config::LogSettings;

/// Opens the line that a program prints once it answers; what follows is its address.
pub const LISTENING: &str = "LISTENING ";

/// Starts the log on stderr, so that stdout holds the ready line alone.
pub fn start(settings: &LogSettings) {
    let filter = tracing_subscriber::EnvFilter::new(&settings.filter);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if settings.json {
        log.json().flatten_event(true).init();
    } else {
        log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
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
