//! A reader without a client library, which would hide what the stub does wrong on purpose.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

use serde_json::Value;
use tests::stub::VendorStub;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const MONDAY: &str = "2026-02-09";
pub(crate) const SODEXO: &str = "/v0.2/data/menu/13147001/15258?date=2026-02-09";
pub(crate) const COLLINS: &str = "/cafe/collins/2026-02-09/";
pub(crate) const FRARY: &str = "/eatec/Frary.json";

/// What came back, as far as it came.
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) error: Option<std::io::ErrorKind>,
}

impl Got {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks once and reads to the end, or to `limit` bytes.
pub(crate) async fn ask(url: &str, request: &str, limit: usize) -> Got {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut all, mut error) = (Vec::new(), None);
    while all.len() < limit {
        match stream.read_buf(&mut all).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(failed) => {
                error = Some(failed.kind());
                break;
            }
        }
    }
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").map_or(all.len(), |at| at + 4);
    let body = all.split_off(end);
    Got { head: String::from_utf8_lossy(&all).into_owned(), body, error }
}

pub(crate) async fn get_with(stub: &VendorStub, path: &str, headers: &str) -> Got {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: stub.test\r\napi-key: stub-key\r\nuser-agent: test/1\r\n\
         connection: close\r\n{headers}\r\n"
    );
    ask(&stub.url(), &request, usize::MAX).await
}

pub(crate) async fn get(stub: &VendorStub, path: &str) -> Got {
    get_with(stub, path, "").await
}

pub(crate) async fn monday() -> VendorStub {
    let stub = VendorStub::start().await;
    stub.set_today(Some(MONDAY.parse().unwrap()));
    stub
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
