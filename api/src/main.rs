//! `api`: see the library.

use std::process::ExitCode;

use api::config::ApiConfig;
use common::{config, program, telemetry};
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let usage = "api: answers what is for lunch at the Claremont Colleges, read-only over HTTP.\n\n\
        api              answer until SIGTERM\n\
        api healthcheck  ask the api on API_ADDR whether it is alive\n\n\
        Variables [default]:\n";
    let command = match program::start(usage, &ApiConfig::variables(), &["healthcheck"]) {
        Ok(command) => command,
        Err(code) => return Ok(code),
    };
    let settings = match ApiConfig::from_lookup(&config::environment) {
        Ok(settings) => settings,
        Err(problems) => return Ok(program::refuse(&problems)),
    };
    if command.is_some() {
        return Ok(program::health(settings.addr, None).await);
    }
    let spans = telemetry::start(&settings.log, &settings.traces, "api");
    let stop = CancellationToken::new();
    tokio::spawn(program::stop_on_signal(stop.clone()));
    api::run(settings, stop).await?;
    spans.end().await;
    Ok(ExitCode::SUCCESS)
}
