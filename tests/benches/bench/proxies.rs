//! nginx and Varnish as Debian has them, as caches that ask their origin once: each a process of this
//! one, on a free port, with all its files in a folder that goes with it.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tests::eventually;

/// A running cache; ends with the value.
pub(crate) struct Proxy {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Proxy {
    /// `proxy_cache` with its lock, in front of this origin. As many processes as cores, as for every
    /// other server here; what is open stays open, no access log.
    pub(crate) async fn nginx(origin: &str) -> Self {
        let (folder, port) = (folder("nginx"), free_port());
        let (place, upstream) = (folder.display(), origin.trim_start_matches("http://"));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Temporary files of modules that Debian builds in must not go where only root may write.
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|module| format!("{module}_temp_path {place}/{module};\n"))
            .concat();
        let settings = format!(
            "daemon off; worker_processes {cores}; pid {place}/pid; error_log {place}/log warn;
             user {user};
             events {{ worker_connections 8192; }}
             http {{
                 {temporary}
                 access_log off; sendfile on; tcp_nopush on;
                 keepalive_requests 100000000;
                 open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h;
                 proxy_cache_path {place}/cache levels=1:2 keys_zone=menus:16m use_temp_path=off;
                 upstream origin {{ server {upstream}; keepalive 256; }}
                 server {{
                     listen 127.0.0.1:{port} backlog=4096;
                     location / {{
                         proxy_pass http://origin;
                         proxy_http_version 1.1;
                         proxy_set_header Connection \"\";
                         proxy_cache menus;
                         proxy_cache_lock on;
                     }}
                 }}
             }}",
            user = user(),
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, settings).expect("nginx.conf");
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(&folder).arg("-e").arg(folder.join("log")).arg("-c").arg(&file);
        Self::start(nginx, folder, port).await
    }

    /// Its own rules, memory for all of it, in front of this origin.
    pub(crate) async fn varnish(origin: &str) -> Self {
        let (folder, port) = (folder("varnish"), free_port());
        let mut varnish = Command::new("varnishd");
        varnish
            .args(["-F", "-j", "none", "-s", "malloc,1g", "-p", "listen_depth=4096"])
            .args(["-a", &format!("127.0.0.1:{port}")])
            .args(["-b", origin.trim_start_matches("http://")])
            .arg("-n")
            .arg(&folder);
        Self::start(varnish, folder, port).await
    }

    async fn start(mut command: Command, folder: PathBuf, port: u16) -> Self {
        let log = std::fs::File::create(folder.join("output")).expect("a file for the log");
        let again = log.try_clone().expect("a file");
        let child = command.stdin(Stdio::null()).stdout(log).stderr(again).spawn();
        let name = command.get_program().to_string_lossy().into_owned();
        let child = child.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut proxy = Self { child, folder, url: format!("http://127.0.0.1:{port}") };
        let connects = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        eventually(&format!("{name} listens"), Duration::from_secs(20), async || {
            connects().then_some(())
        })
        .await;
        let said = std::fs::read_to_string(proxy.folder.join("output")).unwrap_or_default();
        let ended = proxy.child.try_wait().expect("its state");
        assert!(ended.is_none(), "{name} ended: {said}");
        proxy
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Proxy {
    /// By a signal that it passes on to its own processes.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-s", "TERM", &self.pid().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn folder(name: &str) -> PathBuf {
    // In memory where there is such a place: nginx keeps bodies in files.
    let shared = Path::new("/dev/shm");
    let place = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
    let folder = place.join(format!("menus5c-{name}-{:016x}", fastrand::u64(..)));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Who runs this: nginx, started by root, would else become somebody who may not enter its folder.
fn user() -> String {
    let name = Command::new("id").arg("-un").output().expect("id").stdout;
    String::from_utf8_lossy(&name).trim().to_owned()
}
