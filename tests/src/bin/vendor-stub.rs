//! The three vendors as a program, for demos and load tests.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use tests::stub::{API_KEY, VendorStub, control_help};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
usage: vendor-stub [--help]

Replays the menus of Sodexo, Bon Appétit and Pomona for any date. Point SODEXO_BASE_URL,
BON_APPETIT_BASE_URL and POMONA_BASE_URL at the address printed as LISTENING.

STUB_ADDR          where the vendors answer (default 127.0.0.1:8082; port 0 takes a free one)
STUB_CONTROL_ADDR  where the stub is controlled (default 127.0.0.1:8083)
";

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(argument) = std::env::args().nth(1) {
        let known = matches!(argument.as_str(), "--help" | "-h");
        say(&format!(
            "{USAGE}\nThe Sodexo key is {API_KEY:?}. Control calls:\n\n{}",
            control_help()
        ));
        return ExitCode::from(if known { 0 } else { 2 });
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "vendor-stub: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Serves until a signal. Both listeners are up before a line is printed.
async fn run() -> Result<(), String> {
    let address = address("STUB_ADDR", "127.0.0.1:8082")?;
    let control = self::address("STUB_CONTROL_ADDR", "127.0.0.1:8083")?;
    let stopped = |kind| signal(kind).map_err(|error| format!("signals: {error}"));
    let (mut terminate, mut interrupt) =
        (stopped(SignalKind::terminate())?, stopped(SignalKind::interrupt())?);
    let stub = VendorStub::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
    let control = stub.control(control).await.map_err(|error| format!("{control}: {error}"))?;
    say(&format!("CONTROL http://{control}\nLISTENING {}\n", stub.url()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the stub shares no configuration with the product")]
fn address(variable: &str, default: &str) -> Result<SocketAddr, String> {
    let text = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    text.parse().map_err(|_| format!("{variable}={text:?} is no address: use HOST:PORT"))
}

/// A reader that has gone is no reason to stop.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
