//! One caller's connection: which document, how ill its vendor is, and the answer.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::document::Document;
use super::fault::{Fault, Faults};
use super::hall::{Hall, Vendor};
use super::http::{Answer, Connection, Request};
use super::journal::{Journal, Read};
use super::shelf::{Body, Shelf};
use super::text::{http_date, parse_http_date};
use super::{API_KEY, ill};

/// Everything that all connections share.
pub(crate) struct Core {
    shelf: Mutex<Shelf>,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

impl Core {
    pub(crate) fn new() -> Self {
        let shelf = Mutex::new(Shelf::new());
        Self { shelf, faults: Faults::default(), journal: Journal::default() }
    }

    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes connections until it is dropped, and every connection ends with it.
pub(crate) async fn accept<F, R>(listener: TcpListener, serve: F)
where
    F: Fn(TcpStream) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let mut callers = JoinSet::new();
    loop {
        while callers.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                callers.spawn(serve(stream));
            }
            // Out of file descriptors: wait for callers to leave.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

/// Serves one caller to the end; a caller that leaves early is no error.
pub(crate) async fn vendor(core: Arc<Core>, stream: TcpStream) {
    let mut connection = Connection::new(stream);
    while let Ok(Some(request)) = connection.request().await {
        if !matches!(answer(&core, &mut connection, &request).await, Ok(true)) {
            return;
        }
    }
}

/// Answers one request; `false` when the connection is done with.
async fn answer(core: &Core, connection: &mut Connection, request: &Request) -> io::Result<bool> {
    let document = Document::at(&request.path, &request.query);
    let name = document.map_or_else(|| "other".to_owned(), Document::name);
    let ticket = core.journal.begin(read(&name, document, request));
    let (delay, fault) = core.faults.decide(&name);
    if !delay.is_zero() && !connection.wait(rest(core, document, request, delay)).await {
        return Ok(false);
    }
    let answer = match &fault {
        Fault::Ok => healthy(core, document, request, 0, true),
        Fault::WrongDay => healthy(core, document, request, 1, false),
        Fault::Today => {
            let today = core.shelf().postings.today_pacific();
            healthy(core, document.map(|document| document.on(today)), request, 0, false)
        }
        fault => {
            let sound = healthy(core, document, request, 0, false);
            match ill::answer(core, fault, document, request, &sound) {
                Some(answer) => answer,
                None => {
                    ticket.answered(ill::status(fault));
                    return ill::misbehave(connection, fault, sound).await;
                }
            }
        }
    };
    ticket.answered(answer.status);
    // Before the caller can know that the answer is complete, and ask for more.
    drop(ticket);
    connection.send(&answer).await?;
    Ok(true)
}

/// What is left of a delay once the document is made: how long we take to make up a page that nobody
/// has asked for before is none of the vendor's time, nor of the reader's.
fn rest(core: &Core, document: Option<Document>, request: &Request, delay: Duration) -> Duration {
    let begun = Instant::now();
    healthy(core, document, request, 0, false);
    delay.saturating_sub(begun.elapsed())
}

fn read(name: &str, document: Option<Document>, request: &Request) -> Read {
    let header = |name: &str| request.header(name).map(str::to_owned);
    let mark = if request.query.is_empty() { "" } else { "?" };
    Read {
        document: name.to_owned(),
        target: format!("{}{mark}{}", request.path, request.query),
        vendor: document.map(|document| document.hall().vendor().as_str()),
        at: Utc::now(),
        user_agent: header("user-agent"),
        api_key: header("api-key"),
        status: 0,
        conditional: header("if-none-match").or_else(|| header("if-modified-since")).is_some(),
    }
}

/// What a vendor in good health answers. A fault needs the whole document to maim, so for it
/// (`!conditional`) nothing is ever unchanged.
fn healthy(
    core: &Core,
    document: Option<Document>,
    request: &Request,
    later: u64,
    conditional: bool,
) -> Answer {
    let Some(document) = document else {
        return Answer::new(404, "text/html; charset=UTF-8", "<h1>Not Found</h1>");
    };
    if request.method != "GET" {
        return Answer::new(405, "text/plain", "only GET").with("allow", "GET");
    }
    let needs_key = matches!(document, Document::Day(Hall::Hoch, _));
    if needs_key && request.header("api-key") != Some(API_KEY) {
        let body = r#"{"statusCode":401,"message":"no valid key"}"#;
        return Answer::new(401, "application/json", body);
    }
    let base = format!("http://{}", request.header("host").unwrap_or("127.0.0.1"));
    let body = core.shelf().body(document, later, &base);
    if conditional && unchanged(&body, request) {
        return validated(Answer::new(304, body.content_type, ""), &body, document);
    }
    let mut answer = Answer::new(200, body.content_type, "");
    answer.body = Arc::clone(&body.bytes);
    validated(answer, &body, document)
}

/// `If-None-Match` decides alone where it is sent and the vendor knows tags.
fn unchanged(body: &Body, request: &Request) -> bool {
    if let (Some(known), Some(etag)) = (request.header("if-none-match"), &body.etag) {
        return known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    }
    let since = request.header("if-modified-since").and_then(parse_http_date);
    matches!((since, body.last_modified), (Some(since), Some(last)) if since >= last)
}

fn validated(mut answer: Answer, body: &Body, document: Document) -> Answer {
    if let Some(etag) = &body.etag {
        answer = answer.with("etag", etag);
    }
    if let Some(last) = body.last_modified {
        answer = answer.with("last-modified", http_date(last));
    }
    if document.hall().vendor() == Vendor::BonAppetit {
        answer = answer.with("cache-control", "max-age=300");
    }
    answer
}
