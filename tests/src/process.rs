//! One of our programs, started as a user would: from its built file, with an environment of its
//! own, ready once it says so.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{OnceLock, mpsc},
    time::{Duration, Instant},
};

use common::telemetry::LISTENING;

/// For a program to say that it is ready.
const READY: Duration = Duration::from_secs(30);

/// A running program; killed with the value.
pub struct Program {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Program {
    /// Starts a program with these variables and no others, and waits for its address.
    ///
    /// # Panics
    /// When it does not start: its log says why.
    #[expect(
        clippy::expect_used,
        clippy::panic,
        reason = "a test without its programs cannot go on"
    )]
    #[must_use]
    pub fn start(binary: &Path, variables: &[(String, String)], log: PathBuf) -> Self {
        let sink = File::create(&log).expect("a file for the log");
        let mut child = Command::new(binary)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(sink)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let stdout = child.stdout.take().expect("piped");
        let (tell, ready) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(url) = line.strip_prefix(LISTENING) {
                    let _ = tell.send(url.to_owned());
                }
            }
        });
        let mut program = Self { child, url: String::new(), log };
        match ready.recv_timeout(READY) {
            Ok(url) => program.url = url,
            Err(_) => panic!("{} is not ready:\n{}", binary.display(), program.log()),
        }
        program
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How many files and connections it has open.
    #[must_use]
    pub fn files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }

    /// The memory that it holds, in KiB.
    #[must_use]
    pub fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// All that it said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal by name (`TERM`, `STOP`, `CONT`).
    ///
    /// # Panics
    /// When there is no `kill` command.
    #[expect(clippy::expect_used, reason = "every machine has one")]
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.pid().to_string()]).status().expect("a kill command");
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGTERM, and how it ended within the time.
    pub async fn terminate(&mut self, within: Duration) -> Option<ExitStatus> {
        self.signal("TERM");
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The built file of one of our programs: named by `API_BIN`, `WORKER_BIN` or `VENDOR_STUB_BIN`, or
/// built now.
///
/// # Panics
/// When it cannot be built.
#[expect(clippy::expect_used, clippy::disallowed_methods, reason = "a test cannot go on without")]
pub fn binary(name: &str) -> PathBuf {
    let variable = format!("{}_BIN", name.to_uppercase().replace('-', "_"));
    if let Ok(path) = std::env::var(variable) {
        return path.into();
    }
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let mut build = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
        let built = build
            .current_dir(top)
            .args(["build", "--bins", "-p", "api", "-p", "worker", "-p", "tests"]);
        assert!(built.status().expect("cargo").success(), "the programs do not build");
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| top.join("target"), PathBuf::from);
        target.join("debug")
    });
    folder.join(name)
}
