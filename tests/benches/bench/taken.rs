//! Where, when and of what the figures are.

use std::process::Command;

use chrono::Utc;
use serde::{Deserialize, Serialize};

use crate::settings;

/// See the top of the file.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The day.
    on: String,
    /// What was measured.
    commit: String,
    /// On what.
    machine: String,
    /// Beside which servers.
    servers: String,
    /// Shorter than usual.
    cut: String,
}

impl Taken {
    pub(crate) fn now() -> Self {
        let cut = ["ROUNDS", "SECONDS_EACH"]
            .into_iter()
            .filter_map(|name| Some(format!("{name}={}", settings::given(name)?)))
            .collect::<Vec<_>>();
        Self {
            on: Utc::now().format("%-d %B %Y").to_string(),
            commit: settings::given("BENCH_COMMIT").unwrap_or_else(|| "unknown".to_owned()),
            machine: machine(),
            servers: servers(),
            cut: cut.join(" "),
        }
    }

    /// In a sentence or two.
    pub(crate) fn words(&self) -> String {
        let Self { on, commit, machine, servers, cut } = self;
        let cut = if cut.is_empty() { String::new() } else { format!(" A short run: {cut}.") };
        format!("{on}, commit `{commit}`, release builds. {machine}. {servers}.{cut}")
    }
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (cpu, memory, kernel) =
        (read("/proc/cpuinfo"), read("/proc/meminfo"), read("/proc/sys/kernel/osrelease"));
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total = total.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    let gib = total.unwrap_or_default() / 1024.0 / 1024.0;
    format!("{cores} cores ({model}), {gib:.0} GiB, Linux {}", kernel.trim())
}

fn servers() -> String {
    let folder = settings::given("PG_BIN").map(|folder| format!("{folder}/")).unwrap_or_default();
    let asked = [
        ("Redis", "redis-server".to_owned(), "--version"),
        ("Postgres", format!("{folder}postgres"), "--version"),
        ("nginx", "nginx".to_owned(), "-v"),
        ("Varnish", "varnishd".to_owned(), "-V"),
        ("wrk", "wrk".to_owned(), "-v"),
    ];
    let told = asked.map(|(name, program, flag)| {
        let output = Command::new(program).arg(flag).output();
        let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
        format!("{name} {}", version(&String::from_utf8_lossy(&text)))
    });
    told.join(", ")
}

/// The first word with a digit and a dot, without what is stuck to it.
fn version(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let mut words = text.split(|c: char| !is_part(c)).map(|word| word.trim_matches('.'));
    words.find(|word| word.contains('.')).unwrap_or("?").to_owned()
}
