//! `worker`: see the library.

use anyhow::Context;
use common::{config, store::Store, telemetry};
use tokio_util::sync::CancellationToken;
use worker::config::WorkerConfig;

#[tokio::main]
async fn main() -> anyhow::Result<std::process::ExitCode> {
    let usage = "worker: takes jobs, reads vendors, saves, fills the cache.\n\n\
        worker              work until SIGTERM\n\
        worker migrate      bring the database's schema up to date and stop\n\
        worker healthcheck  ask the worker on OPS_ADDR whether it is alive\n\n\
        Variables [default]:\n";
    let command = match common::program::start(
        usage,
        &WorkerConfig::variables(),
        &["migrate", "healthcheck"],
    ) {
        Ok(command) => command,
        Err(code) => return Ok(code),
    };
    let settings = match WorkerConfig::from_lookup(&config::environment) {
        Ok(settings) => settings,
        Err(problems) => return Ok(common::program::refuse(&problems)),
    };
    match command.as_deref() {
        Some("healthcheck") => return Ok(common::program::health(settings.ops_addr).await),
        Some(_) => {
            Store::migrate(&settings.stores.database_url).await.context("migrating")?;
            return Ok(std::process::ExitCode::SUCCESS);
        }
        None => telemetry::start(&settings.log),
    }
    let stop = CancellationToken::new();
    tokio::spawn(common::program::stop_on_signal(stop.clone()));
    worker::run(settings, stop).await?;
    Ok(std::process::ExitCode::SUCCESS)
}
