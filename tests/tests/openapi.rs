//! What `/openapi.json` says is what the api does: every answer here is held against it, and every
//! answer that it names is provoked. An endpoint that is added is tested by what its description
//! says of its parameters.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail in any way"
)]

#[path = "openapi/document.rs"]
mod document;
#[path = "openapi/pages.rs"]
mod pages;

use std::{collections::BTreeSet, time::Duration};

use document::{Document, Operation};
use reqwest::Method;
use tests::{
    Answer, Stack, menu_path,
    stub::{Fault, Hall, Kind, Scope},
};

/// What is described and cannot be made to happen from outside.
const NEVER_SEEN: [(u16, &str); 1] = [(500, "no cause is known; what is known has its own answer")];

/// It is given by an answer, and can have no example that is good for ever.
const CURSOR: &str = "cursor";

/// Asks, and holds the answer against the description.
struct Checked<'a> {
    stack: &'a Stack,
    document: &'a Document,
    seen: &'a mut BTreeSet<(String, u16)>,
}

impl Checked<'_> {
    async fn ask(&mut self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let answer = self.stack.ask(0, method.clone(), path, headers).await;
        let operation = self.document.operation_at(path);
        self.document.check(&operation, &method, &answer);
        self.seen.insert((operation.path, answer.status));
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    /// All that can be asked of any endpoint, by what is said of it.
    async fn whatever_is_described(&mut self, operation: &Operation) {
        let day = self.stack.weekday().to_string();
        let path = operation.example(&day);
        let found = self.get(&path).await;
        assert_eq!(found.status, 200, "the examples of {path} find something: {found:?}");
        assert_eq!(self.ask(Method::HEAD, &path, &[]).await.status, 200, "{path}");
        assert_eq!(self.ask(Method::POST, &path, &[]).await.status, 405, "{path}");
        let more = if path.contains('?') { '&' } else { '?' };
        let long = format!("{path}{more}x={}", "x".repeat(2048));
        assert_eq!(self.get(&long).await.status, 414, "{path}");
        if operation.answers(304) {
            let known = found.header("etag").to_owned();
            let unchanged = self.ask(Method::GET, &path, &[("if-none-match", &known)]).await;
            assert_eq!(unchanged.status, 304, "{path}");
        }
        for name in operation.query() {
            let (empty, detail) =
                (operation.with(&day, &name, ""), format!("Parameter {name} is empty"));
            assert_eq!(self.get(&empty).await.problem(400).0, detail, "{empty}");
            if name == CURSOR {
                self.next_page(operation, &day).await;
                continue;
            }
            for value in operation.examples_of(&name) {
                let path = operation.with(&day, &name, &value);
                let status = self.get(&path).await.status;
                assert!([200, 404].contains(&status), "an example of {name}: {path}: {status}");
            }
        }
        if operation.answers(404) {
            let nowhere = operation.with(&day, "hall_id", "nowhere");
            assert_eq!(self.get(&nowhere).await.problem(404).0, "Unknown hall_id: nowhere");
        }
    }

    /// A page that another leads to, and a cursor that leads nowhere.
    async fn next_page(&mut self, operation: &Operation, day: &str) {
        self.get(&menu_path(Hall::Malott, self.stack.weekday(), "dinner")).await;
        self.stack.is_indexed().await;
        let path = operation.with(day, "q", "c").replace("q=c", "q=c&limit=1");
        let page = self.get(&path).await.json();
        let cursor = page["next_cursor"].as_str().expect("two dishes have a word with c");
        assert_eq!(self.get(&format!("{path}&cursor={cursor}")).await.status, 200);
        assert_eq!(self.get(&format!("{path}&cursor=x")).await.status, 400);
    }

    /// Why there is no menu.
    async fn reasons(&mut self) {
        // Days that no example has asked for.
        let (closed, silent) = (self.stack.in_days(12), self.stack.in_days(13));
        self.stack.vendor.post(Hall::Collins, closed, Kind::Closed, 0);
        self.stack.vendor.post(Hall::Collins, silent, Kind::NotPosted, 0);
        for (date, meal, reason) in [
            (closed, "dinner", "closed"),
            (silent, "dinner", "not_posted"),
            (self.stack.weekday(), "tea", "meal_not_served"),
            (self.stack.in_days(400), "lunch", "out_of_range"),
        ] {
            let answer = self.get(&menu_path(Hall::Collins, date, meal)).await;
            assert_eq!(answer.problem(404).1, reason);
        }
        let wrong = self.get("/api/v2/menus?hall_id=hoch&date=2026-02-30&meal=lunch").await;
        assert_eq!(wrong.json()["type"], "/problems/invalid-date");
    }

    /// A stale menu, a vendor that fails, one that hangs.
    async fn failures(&mut self) {
        let path = self.document.at("/api/v2/menus").example(&self.stack.weekday().to_string());
        self.stack.grow_old().await;
        self.stack.vendor.fault(Scope::All, Fault::Status(500, None));
        assert_eq!(self.get(&path).await.json()["is_stale"], true);
        let failed = self.get(&menu_path(Hall::Malott, self.stack.in_days(5), "lunch")).await;
        assert_eq!(failed.problem(503).1, "vendor_error");
        self.stack.vendor.fault(Scope::All, Fault::Hang);
        let pending = self.get(&menu_path(Hall::Malott, self.stack.in_days(6), "lunch")).await;
        assert_eq!(pending.problem(503).1, "pending");
        self.stack.vendor.heal();
    }
}

#[tokio::test]
async fn every_answer_is_described_and_every_described_answer_is_given() {
    let stack = Stack::wanted()
        .with("MISS_WAIT_MS", 1200)
        .with("SOFT_WAIT_MS", 600)
        .with("FETCH_TIMEOUT_MS", 6000)
        .start()
        .await;
    let away = Stack::wanted()
        .workers(0)
        .with("REDIS_URL", "redis://127.0.0.1:1")
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .start()
        .await;
    let document = Document::of(&stack).await;
    let mut seen = BTreeSet::new();
    let mut checked = Checked { stack: &stack, document: &document, seen: &mut seen };
    for operation in document.operations() {
        checked.whatever_is_described(&operation).await;
    }
    checked.get("/api/v2/open-now?include_closed=true").await;
    checked.reasons().await;
    checked.failures().await;

    away.vendor.fault(Scope::All, Fault::Status(500, None));
    let mut checked = Checked { stack: &away, document: &document, seen: &mut seen };
    for operation in document.operations().iter().filter(|operation| operation.answers(503)) {
        let day = away.weekday().to_string();
        let mut paths = vec![operation.example(&day)];
        // A screen is there whatever happens; what only a store can tell is not.
        if operation.query().iter().any(|name| name == "college") {
            paths.push(operation.with(&day, "college", "Pomona"));
        }
        let mut statuses = Vec::new();
        for path in &paths {
            statuses.push(checked.get(path).await.status);
        }
        assert!(statuses.contains(&503), "{paths:?}: {statuses:?}");
    }

    let limited = Stack::wanted().workers(0).with("RATE_LIMIT", "requests=1/h:1").start().await;
    assert_eq!(limited.get("/api/v2/halls").await.status, 200);
    let mut checked = Checked { stack: &limited, document: &document, seen: &mut seen };
    for operation in document.operations().iter().filter(|operation| operation.answers(429)) {
        checked.get(&operation.example(&limited.weekday().to_string())).await;
    }

    let missing: Vec<_> = document
        .answers()
        .into_iter()
        .filter(|answer| !seen.contains(answer))
        .filter(|(_, status)| !NEVER_SEEN.iter().any(|(never, _)| never == status))
        .collect();
    assert_eq!(missing, [], "described, and never seen");
}

#[tokio::test]
async fn what_is_said_of_the_service_is_true_of_every_answer() {
    let stack = Stack::wanted().workers(0).start().await;
    let described = "</openapi.json>; rel=\"service-desc\", </docs>; rel=\"service-doc\"";
    for (method, path) in [
        (Method::GET, "/api/v2/halls"),
        (Method::HEAD, "/api/v2/halls?page=1"),
        (Method::POST, "/api/v2/halls"),
        (Method::GET, "/nothing"),
        (Method::GET, "/api/v2/menus"),
        (Method::GET, "/openapi.json"),
        (Method::GET, "/docs"),
    ] {
        let answer = stack.ask(0, method, path, &[]).await;
        let mut links = answer.headers.get_all("link").iter();
        assert!(links.any(|line| line == described), "{path}: {answer:?}");
    }
    let document = stack.get("/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    assert!(document.max_age().is_some() && document.took < Duration::from_millis(100));
    let known = document.header("etag").to_owned();
    let again = [("if-none-match", known.as_str())];
    for path in ["/openapi.json", "/openapi.json/"] {
        let unchanged = stack.ask(0, Method::GET, path, &again).await;
        assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
    }
    let all = document.json();
    assert_eq!(
        (&all["openapi"], &all["info"]["version"]),
        (&"3.1.0".into(), &env!("CARGO_PKG_VERSION").into())
    );
}
