//! One round of `wrk`, and what it cost the server.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

/// As many as `wrk` has unless it is told otherwise: with one it takes a core to itself and is the slowest
/// of all that is measured, so that every server looks alike.
const THREADS: usize = 2;

/// What came of a round; times in ms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Processor time of the server a request, in µs.
    pub(crate) cpu: f64,
}

/// How hard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    /// A script for `wrk` that chooses paths.
    pub(crate) script: Option<&'a Path>,
    /// Among the answers may be 404s.
    pub(crate) negative: bool,
}

impl Load<'_> {
    /// On one path.
    pub(crate) const fn of(connections: usize, seconds: u64) -> Self {
        Self { connections, seconds, script: None, negative: false }
    }
}

/// Asks that URL of the server whose processes are this one and its children.
pub(crate) async fn round(url: &str, pid: u32, load: Load<'_>) -> Round {
    let before = cpu_of_family(pid);
    let Load { connections, seconds, script, negative } = load;
    let mut wrk = Command::new("wrk");
    let threads = THREADS.min(connections);
    wrk.args(["--latency", &format!("-t{threads}")]);
    wrk.args([format!("-c{connections}"), format!("-d{seconds}s")]);
    if let Some(script) = script {
        wrk.arg("-s").arg(script);
    }
    let wrk = wrk.arg(url).stdin(Stdio::null()).output().await.expect("wrk");
    let used = cpu_of_family(pid).saturating_sub(before);
    let text = String::from_utf8_lossy(&wrk.stdout).into_owned();
    assert!(!text.contains("Socket errors"), "{url}: {text}");
    assert!(negative || !text.contains("Non-2xx"), "{url}: {text}");
    let requests = text
        .lines()
        .find(|line| line.contains("requests in"))
        .and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
        .unwrap_or_else(|| panic!("{url}: {text}{}", String::from_utf8_lossy(&wrk.stderr)));
    Round {
        per_second: word(&text, "Requests/sec:").parse().expect("a number"),
        p50: milliseconds(word(&text, "50%")),
        p99: milliseconds(word(&text, "99%")),
        cpu: used.as_secs_f64() * 1e6 / requests,
    }
}

/// The last word of the line that begins so.
fn word<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text.lines().find(|line| line.trim_start().starts_with(label));
    line.and_then(|line| line.split_whitespace().last()).unwrap_or_else(|| panic!("{text}"))
}

fn milliseconds(text: &str) -> f64 {
    let in_units =
        |unit: &str, factor: f64| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor);
    let found = in_units("us", 0.001).or_else(|| in_units("ms", 1.0));
    found.or_else(|| in_units("s", 1000.0)).unwrap_or_else(|| panic!("{text} is no time"))
}

/// Processor time of a process and of its children so far; Linux counts in hundredths of a second.
fn cpu_of_family(pid: u32) -> Duration {
    let all = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let members = all.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let own: u32 = entry.file_name().to_str()?.parse().ok()?;
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let is_of_it = own == pid || number(1)? == u64::from(pid);
        is_of_it.then_some(number(11)? + number(12)?)
    });
    Duration::from_millis(members.sum::<u64>() * 10)
}
