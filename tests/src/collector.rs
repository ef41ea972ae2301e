//! Stands in for a collector of traces: takes OTLP in JSON, as strictly as it is written, and may be
//! told to refuse or to keep silent.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    eventually,
    stub::{
        http::{Answer, Connection, Request},
        serve::accept,
    },
};

/// In place of a status: no answer at all.
const SILENT: u16 = 0;

/// A span that was sent.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is what OTLP calls so")]
pub struct Span {
    pub service: String,
    pub name: String,
    pub trace: String,
    pub id: String,
    pub parent: Option<String>,
    pub kind: u64,
    pub is_error: bool,
    pub begin: u128,
    pub end: u128,
    pub attributes: BTreeMap<String, String>,
}

/// A request with spans in it.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where to.
    pub path: String,
    /// The header of that name.
    pub authorization: Option<String>,
    /// What was in it.
    pub spans: Vec<Span>,
}

/// See the top of the file; ends with the value.
pub struct Collector {
    address: SocketAddr,
    inside: Arc<Inside>,
    serving: JoinHandle<()>,
}

struct Inside {
    told: Mutex<Vec<Told>>,
    status: AtomicU16,
}

impl Inside {
    fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector {
    /// On a free port, in good health.
    ///
    /// # Panics
    /// When the machine has no free port.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let inside = Arc::new(Inside { told: Mutex::default(), status: AtomicU16::new(200) });
        let shared = Arc::clone(&inside);
        let serve = move |stream| take(Arc::clone(&shared), stream);
        Self { address, inside, serving: tokio::spawn(accept(listener, serve)) }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers so, and keeps nothing unless that is 200.
    pub fn answers(&self, status: u16) {
        self.inside.status.store(status, Relaxed);
    }

    /// From now on it takes requests and never answers.
    pub fn is_silent(&self) {
        self.answers(SILENT);
    }

    /// Every request that it took or refused, in order.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.inside.told().clone()
    }

    /// Every span so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.told().into_iter().flat_map(|told| told.spans).collect()
    }

    /// The spans of a trace, in the order in which they began, once there are so many.
    pub async fn trace(&self, trace: &str, count: usize) -> Vec<Span> {
        let what = format!("{count} spans of {trace}");
        eventually(&what, Duration::from_secs(20), async || {
            let all = self.spans().into_iter();
            let mut spans: Vec<Span> = all.filter(|span| span.trace == trace).collect();
            spans.sort_by_key(|span| span.begin);
            (spans.len() == count).then_some(spans)
        })
        .await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(inside: Arc<Inside>, stream: TcpStream) {
    let mut connection = Connection::new(stream);
    while let Ok(Some(request)) = connection.request().await {
        let status = inside.status.load(Relaxed);
        if status == SILENT {
            return std::future::pending().await;
        }
        inside.told().push(read(&request));
        let answer = Answer::new(status, "application/json", "{}");
        if connection.send(&answer).await.is_err() {
            return;
        }
    }
}

#[expect(clippy::expect_used, reason = "whatever is not OTLP fails the test that waits for it")]
fn read(request: &Request) -> Told {
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    let mut spans = Vec::new();
    for of_resource in list(&body, "resourceSpans") {
        let resource = attributes(of_resource.get("resource").expect("a resource"));
        let service = resource.get("service.name").expect("a name").clone();
        for of_scope in list(of_resource, "scopeSpans") {
            spans.extend(list(of_scope, "spans").iter().map(|told| span(&service, told)));
        }
    }
    let authorization = request.header("authorization").map(str::to_owned);
    Told { path: request.path.clone(), authorization, spans }
}

#[expect(clippy::expect_used, reason = "as above")]
fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of.get(name).and_then(Value::as_array).expect(name)
}

#[expect(clippy::expect_used, reason = "as above")]
fn span(service: &str, told: &Value) -> Span {
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| told.get(name).and_then(Value::as_u64);
    let nanos = |name: &str| text(name).and_then(|text| text.parse().ok()).expect(name);
    let hex = |name: &str, digits: usize| {
        let id = text(name)?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(id.len() == digits && id.bytes().all(is_hex), "{name}: {id}");
        Some(id)
    };
    Span {
        service: service.to_owned(),
        name: text("name").expect("a name"),
        trace: hex("traceId", 32).expect("a trace"),
        id: hex("spanId", 16).expect("an id"),
        parent: hex("parentSpanId", 16),
        kind: number("kind").expect("a kind"),
        is_error: told.pointer("/status/code").and_then(Value::as_u64) == Some(2),
        begin: nanos("startTimeUnixNano"),
        end: nanos("endTimeUnixNano"),
        attributes: attributes(told),
    }
}

/// Numbers are texts there, too.
#[expect(clippy::expect_used, reason = "as above")]
fn attributes(of: &Value) -> BTreeMap<String, String> {
    let one = |pair: &Value| {
        let key = pair.get("key").and_then(Value::as_str).expect("a key").to_owned();
        let value = pair.get("value").and_then(Value::as_object).expect("a value");
        let (kind, value) = value.iter().next().expect("a kind of value");
        assert!(["stringValue", "intValue"].contains(&kind.as_str()), "{kind}");
        (key, value.as_str().expect("a text").to_owned())
    };
    list(of, "attributes").iter().map(one).collect()
}
