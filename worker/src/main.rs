//! `worker`: see the library.

use std::process::ExitCode;

use anyhow::Context;
use common::{
    config::{self, Stores, Vars},
    program,
    store::Store,
    telemetry,
};
use tokio_util::sync::CancellationToken;
use worker::config::{Login, WorkerConfig};

/// A document is a thousand small texts, and with this one they cost a fifth of what it takes to read it less.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let usage = "worker: takes jobs, reads vendors, saves, fills the cache.\n\n\
        worker              work until SIGTERM\n\
        worker migrate      bring the database's schema up to date and stop\n\
        worker healthcheck  ask the worker on OPS_ADDR whether it is alive\n\n\
        Variables [default]:\n";
    let command =
        match program::start(usage, &WorkerConfig::variables(), &["migrate", "healthcheck"]) {
            Ok(command) => command,
            Err(code) => return Ok(code),
        };
    if command.as_deref() == Some("migrate") {
        return migrate().await;
    }
    let settings = match WorkerConfig::from_lookup(&config::environment) {
        Ok(settings) => settings,
        Err(problems) => return Ok(program::refuse(&problems)),
    };
    if command.is_some() {
        return Ok(program::health(
            settings.ops.addr,
            settings.ops.login.as_ref().map(Login::header),
        )
        .await);
    }
    let spans = telemetry::start(&settings.log, &settings.traces, "worker");
    let stop = CancellationToken::new();
    tokio::spawn(program::stop_on_signal(stop.clone()));
    worker::run(settings, stop).await?;
    spans.end().await;
    Ok(ExitCode::SUCCESS)
}

/// Needs the database and nothing else.
async fn migrate() -> anyhow::Result<ExitCode> {
    let mut vars = Vars::new(&config::environment);
    let stores = Stores::read(&mut vars, false);
    match vars.finish(stores) {
        Ok(Some(stores)) => {
            Store::migrate(&stores.database_url).await.context("migrating")?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(None) => Ok(ExitCode::FAILURE),
        Err(problems) => Ok(program::refuse(&problems)),
    }
}
