//! One caller who asks one thing after the other, on a connection and a thread of its own: a client of many
//! tasks takes as long to be woken as a bare server takes to answer, and that would be charged to whoever is
//! measured.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// For any answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// See the top of the file.
pub(crate) struct Caller {
    stream: TcpStream,
    /// What it can read besides plain text: the value of `accept-encoding`.
    codings: &'static str,
    buffer: Vec<u8>,
}

impl Caller {
    /// Connects to the server at this URL.
    pub(crate) fn to(url: &str, codings: &'static str) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Self { stream, codings, buffer: vec![0; 64 * 1024] }
    }

    /// From the request to the last byte of its answer, which must be 200.
    pub(crate) fn ask(&mut self, path: &str) -> Duration {
        let Self { stream, codings, buffer } = self;
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: menus\r\naccept-encoding: {codings}\r\n\r\n");
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).expect("sent");
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).expect("an answer");
            assert!(read > 0, "{path}: the connection ended, or no room: {filled} bytes came");
            filled += read;
            if whole(path, &buffer[..filled]) {
                return asked.elapsed();
            }
        }
    }
}

/// Whether that is a head and as many bytes as it says.
fn whole(path: &str, came: &[u8]) -> bool {
    let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&came[..end]).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.unwrap_or_else(|| panic!("{path}: no length: {head}"));
    came.len() >= end + 4 + length.trim().parse::<usize>().expect("a number")
}
