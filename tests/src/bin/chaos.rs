//! Faults at random from a seed, for as long as is wished: `make chaos`.

use std::{io::Write, process::ExitCode, time::Duration};

use tests::chaos;

#[tokio::main]
async fn main() -> ExitCode {
    let seed = number("SEED").unwrap_or_else(|| fastrand::u64(..10_000));
    let time = Duration::from_secs(number("SECONDS").unwrap_or(300));
    let figures = chaos::run(seed, time).await;
    let _ = writeln!(std::io::stdout(), "{figures}");
    figures.hold();
    ExitCode::SUCCESS
}

#[expect(clippy::disallowed_methods, reason = "the tests share no configuration with the product")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
