//! What both programs do before and after their work: arguments, problems, signals, health.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::config::{Problems, Secret, Variable, help};

/// The exit code for wrong arguments or a wrong environment.
const WRONG: u8 = 2;

/// The command that the arguments name, if any.
///
/// # Errors
/// The code to leave with: after `--help`, and where the arguments name no command.
pub fn start(
    usage: &str,
    variables: &[Variable],
    commands: &[&str],
) -> Result<Option<String>, ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let (first, more) = (arguments.next(), arguments.next());
    match first.as_deref() {
        None => Ok(None),
        Some("-h" | "--help" | "help") => {
            say(&mut std::io::stdout(), &format!("{usage}{}", help(variables)));
            Err(ExitCode::SUCCESS)
        }
        Some(command) if more.is_none() && commands.contains(&command) => Ok(first),
        Some(other) => {
            say(&mut std::io::stderr(), &format!("no such command: {other} (see --help)\n"));
            Err(ExitCode::from(WRONG))
        }
    }
}

/// Says what is wrong with the environment, one problem a line.
#[must_use]
pub fn refuse(problems: &Problems) -> ExitCode {
    say(&mut std::io::stderr(), &format!("{problems}\n"));
    ExitCode::from(WRONG)
}

fn say(to: &mut dyn std::io::Write, text: &str) {
    // Nobody may be listening; that is no reason to fail.
    let _ = to.write_all(text.as_bytes());
}

/// Cancels the token on SIGTERM or Ctrl-C.
pub async fn stop_on_signal(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("no signals: only a kill stops this program");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    stop.cancel();
}

/// Asks the program that listens there whether it is alive: for containers, which have no client. Who
/// must log in there says so with this value of `authorization`.
pub async fn health(mut at: SocketAddr, authorization: Option<Secret>) -> ExitCode {
    if at.ip().is_unspecified() {
        at.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let asking = async {
        let mut stream = TcpStream::connect(at).await?;
        let login = authorization
            .map(|login| format!("authorization: {}\r\n", login.reveal()))
            .unwrap_or_default();
        let request =
            format!("GET /healthz HTTP/1.1\r\nhost: {at}\r\n{login}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.ends_with(b" 200"))
    };
    match tokio::time::timeout(Duration::from_secs(2), asking).await {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
