//! Just enough HTTP/1.1 by hand: a served library would not let an answer go wrong on purpose.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures_timer::Delay;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest request, head and body.
const MAX_REQUEST: usize = 256 * 1024;

/// A request that has been read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let (path, query) = (path.to_owned(), query.to_owned());
        Some(Self { method, path, query, headers, body: Vec::new() })
    }

    /// The header of this name (small letters).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn is_last(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// An answer before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Arc<Vec<u8>>,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: Arc::new(body.into()) }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The head, with the body's true length unless the headers tell of another.
    pub(crate) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = |name: &str| matches!(name, "content-length" | "transfer-encoding");
        if self.status != 304 && !self.headers.iter().any(|(name, _)| framed(name)) {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head + "\r\n"
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

/// A caller's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
    last: bool,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Without it a last small packet waits for the peer's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        Self { stream, unread: Vec::new(), last: false }
    }

    /// The next request; `None` when the caller has gone or asked for the last time.
    pub(crate) async fn request(&mut self) -> io::Result<Option<Request>> {
        if self.last {
            return Ok(None);
        }
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if !self.more().await? {
                return Ok(None);
            }
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let head = String::from_utf8_lossy(head.get(..end).unwrap_or_default()).into_owned();
        let mut request = Request::parse(&head).ok_or_else(|| bad("no request line"))?;
        let length = request.header("content-length").map_or(Ok(0), str::parse).map_err(bad)?;
        while self.unread.len() < length {
            if !self.more().await? {
                return Ok(None);
            }
        }
        request.body = self.unread.drain(..length).collect();
        self.last = request.is_last();
        Ok(Some(request))
    }

    /// Reads on; `false` at the end.
    async fn more(&mut self) -> io::Result<bool> {
        if self.unread.len() > MAX_REQUEST {
            return Err(bad("request too long"));
        }
        Ok(self.stream.read_buf(&mut self.unread).await? > 0)
    }

    /// Waits; `false` as soon as the caller hangs up. By a clock of its own: tokio's is late by up to two
    /// milliseconds, which callers would be charged for.
    pub(crate) async fn wait(&mut self, time: Duration) -> bool {
        let mut delay = Delay::new(time);
        loop {
            tokio::select! {
                () = &mut delay => return true,
                more = self.more() => if !matches!(more, Ok(true)) { return false },
            }
        }
    }

    /// Writes the answer, in one piece: of two, the second would be late where the caller takes the processor,
    /// who would be charged for it.
    pub(crate) async fn send(&mut self, answer: &Answer) -> io::Result<()> {
        let head = answer.head();
        // As they are: a page of a megabyte takes a millisecond to copy.
        let mut whole = Buf::chain(head.as_bytes(), answer.body.as_slice());
        self.stream.write_all_buf(&mut whole).await
    }
}

fn bad(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}
