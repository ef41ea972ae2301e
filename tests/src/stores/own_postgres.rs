//! A Postgres server of one test's own: to be stopped, killed and frozen with all of its processes.

use std::{
    fs::File,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{Connection, PgConnection};

use super::free_port;
use crate::eventually;

/// What is safe from a crash of the server is enough, and room for few.
const SETTINGS: [&str; 5] = [
    "fsync=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "max_parallel_workers=0",
];
/// The user of the server's own, which is nobody's but its.
const USER: &str = "menus";

/// See the top of the file; ends with the value.
pub struct OwnPostgres {
    child: Option<Child>,
    port: u16,
    folder: PathBuf,
    frozen: Vec<u32>,
}

impl OwnPostgres {
    /// Starts one on a free port, on a copy of a data folder that was made once.
    ///
    /// # Panics
    /// When there is no Postgres on this machine.
    pub async fn start() -> Self {
        let name = format!("menus5c-postgres-{:016x}", fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        done(Command::new("cp").arg("-a").arg(data_template()).arg(&folder));
        let mut own = Self { child: None, port: free_port(), folder, frozen: Vec::new() };
        own.restart().await;
        own
    }

    /// The URL of its first database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Ends it and all that it serves at once, as after a crash (`pg_ctl stop -m immediate`).
    pub fn stop(&mut self) {
        self.thaw();
        if let Some(mut child) = self.child.take() {
            signal("QUIT", &[child.id()]);
            let _ = child.wait();
        }
    }

    /// Starts it (again) on the same port; what was saved is there.
    ///
    /// # Panics
    /// When it does not answer.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn restart(&mut self) {
        self.stop();
        let mut server = as_its_user("postgres");
        server.arg("-D").arg(&self.folder).args(["-h", "127.0.0.1", "-k", ""]);
        server.args(["-p", &self.port.to_string()]);
        SETTINGS.iter().for_each(|setting| {
            server.args(["-c", setting]);
        });
        let log = File::create(self.folder.join("log")).expect("a file for the log");
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(server.spawn().expect("postgres"));
        let url = self.url();
        eventually("Postgres answers", Duration::from_secs(20), async || {
            PgConnection::connect(&url).await.ok().map(|_| ())
        })
        .await;
    }

    /// Freezes it with every process of its own: connections stay up and nothing answers.
    pub fn freeze(&mut self) {
        let Some(server) = self.child.as_ref().map(Child::id) else { return };
        // The server first: it must not start another meanwhile.
        signal("STOP", &[server]);
        self.frozen = children(server);
        signal("STOP", &self.frozen);
        self.frozen.push(server);
    }

    /// The end of that.
    pub fn thaw(&mut self) {
        signal("CONT", &std::mem::take(&mut self.frozen));
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn signal(name: &str, processes: &[u32]) {
    if !processes.is_empty() {
        let ids = processes.iter().map(ToString::to_string);
        let _ = Command::new("kill").args(["-s", name]).args(ids).stderr(Stdio::null()).status();
    }
}

fn children(parent: u32) -> Vec<u32> {
    let parent_of = |process: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|process| parent_of(*process) == Some(parent)).collect()
}

/// A data folder without anything in it, made by whichever test comes first and copied by all.
#[expect(clippy::expect_used, reason = "a test cannot go on without")]
fn data_template() -> PathBuf {
    let us = std::fs::metadata("/proc/self").expect("/proc").uid();
    let path = std::env::temp_dir().join(format!("menus5c-initdb-{us}"));
    let lock = File::create(path.with_extension("lock")).expect("a lock");
    lock.lock().expect("a lock");
    if !path.join("whole").exists() {
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        if us == 0 {
            done(Command::new("chown").arg("postgres:").arg(&path));
        }
        let mut make = as_its_user("initdb");
        make.args(["-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        done(make.args(["--wal-segsize=1", "-D"]).arg(&path).stdout(Stdio::null()));
        File::create(path.join("whole")).expect("a mark");
    }
    path
}

/// A program of Postgres, which refuses to be root.
fn as_its_user(program: &str) -> Command {
    let program = binaries().join(program);
    let mut command = match std::fs::metadata("/proc/self").map(|of| of.uid()) {
        Ok(0) => {
            let mut other = Command::new("setpriv");
            other.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            other
        }
        _ => Command::new(program),
    };
    // The caller's PGHOST and the like are about another server.
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
    command
}

/// Where its programs are; Debian keeps them out of PATH, one folder for each version.
#[expect(clippy::expect_used, clippy::disallowed_methods, reason = "a test cannot go on without")]
fn binaries() -> PathBuf {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    folders.sort();
    folders.extend(std::env::var("PG_BIN").ok().map(PathBuf::from));
    let in_path = std::env::var("PATH").unwrap_or_default();
    let has_both =
        |folder: &Path| ["postgres", "initdb"].iter().all(|one| folder.join(one).exists());
    let folders = folders.into_iter().rev().chain(in_path.split(':').map(PathBuf::from));
    folders.into_iter().find(|folder| has_both(folder)).expect("Postgres: see scripts/stores.sh")
}

#[expect(clippy::panic, reason = "a test cannot go on without")]
fn done(command: &mut Command) {
    if !command.status().is_ok_and(|status| status.success()) {
        panic!("{command:?}");
    }
}
