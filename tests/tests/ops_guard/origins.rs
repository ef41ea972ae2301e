//! Pages elsewhere, whose browsers would send the password along: they cannot read, and they cannot
//! change anything.

use reqwest::Method;
use serde_json::json;
use tests::{Jobs, Stack};

use crate::client::{Asked, ask, from, guarded, is_hardened};

#[tokio::test]
async fn only_our_own_names_are_answered() {
    let stack = guarded().with("OPS_HOSTS", "ops.example, Other.Example").start().await;
    let client = from(1);
    let url = stack.workers[0].url();
    let port = url.rsplit(':').next().unwrap();
    for (host, expected) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        ("localhost:9000".to_owned(), 200),
        ("LOCALHOST".to_owned(), 200),
        ("board.localhost:1".to_owned(), 200),
        ("[::1]:9000".to_owned(), 200),
        ("ops.example".to_owned(), 200),
        ("OTHER.example:8081".to_owned(), 200),
        ("evil.test".to_owned(), 421),
        (format!("evil.test:{port}"), 421),
        ("localhost.evil.test".to_owned(), 421),
        ("evil-localhost".to_owned(), 421),
        ("127.0.0.1.evil.test".to_owned(), 421),
        ("192.0.2.7".to_owned(), 421),
        ("x@localhost".to_owned(), 421),
    ] {
        let asked = ask(&client, &stack, Method::GET, "/api/v1/overview").header("host", &host);
        let answer = asked.right().answer().await;
        assert_eq!(answer.status(), expected, "{host}");
        is_hardened(&answer);
    }
}

#[tokio::test]
async fn what_would_change_something_must_come_from_a_page_of_ours() {
    let stack = guarded().start().await;
    let client = from(1);
    let ours = stack.workers[0].url().to_owned();
    // Nothing is to be changed at this path: 405 means that the request got there.
    for (headers, expected) in [
        (vec![("origin", ours.as_str())], 405),
        (vec![("sec-fetch-site", "same-origin")], 405),
        (vec![], 403),
        (vec![("origin", "https://evil.test")], 403),
        (vec![("origin", "http://127.0.0.1")], 403),
        (vec![("origin", "null")], 403),
        (vec![("origin", "https://evil.test"), ("sec-fetch-site", "same-origin")], 403),
        (vec![("origin", ours.as_str()), ("origin", "https://evil.test")], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("sec-fetch-site", "none")], 403),
        (vec![("content-type", "text/plain")], 403),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let mut asked = ask(&client, &stack, method, "/healthz").right();
            for (name, value) in &headers {
                asked = asked.header(*name, *value);
            }
            let answer = asked.answer().await;
            assert_eq!(answer.status(), expected, "{headers:?}");
            is_hardened(&answer);
        }
    }
    let asked = ask(&client, &stack, Method::OPTIONS, "/healthz").right();
    let preflight = asked.header("origin", "https://evil.test").answer().await;
    assert!(preflight.status().is_client_error(), "{preflight:?}");
    is_hardened(&preflight);
}

/// The dashboard's own way to push a job takes its id, its time and its state from the caller.
#[tokio::test]
async fn the_dashboard_pushes_no_job_whatever_is_sent() {
    let stack = guarded().start().await;
    let client = from(1);
    let ours = stack.workers[0].url().to_owned();
    let job = json!({"key": "menu:hoch:2026-02-09:lunch", "reason": "manual", "request_id": null});
    let before = keys(&stack).await;
    for path in ["/api/v1/queues/fetch/tasks", "/api/v1/tasks", "/queues/fetch", "/", "/nothing"] {
        for method in [Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
            for origin in [ours.as_str(), "https://evil.test"] {
                let asked = ask(&client, &stack, method.clone(), path).right();
                let asked = asked
                    .header("origin", origin)
                    .header("x-task-id", "menu:hoch")
                    .header("content-type", "application/json")
                    .body(job.to_string());
                let answer = asked.answer().await;
                assert_eq!(answer.status(), 405, "{method} {path} from {origin}");
                is_hardened(&answer);
            }
            let bare = ask(&client, &stack, method.clone(), path).right().body("text");
            assert_eq!(bare.answer().await.status(), 405, "{method} {path}");
        }
    }
    assert_eq!(stack.jobs().await, Jobs::NONE);
    assert_eq!(keys(&stack).await, before);
}

/// But those that come and go by themselves.
async fn keys(stack: &Stack) -> Vec<String> {
    let mut keys = stack.keys().await;
    keys.retain(|key| !key.starts_with("fetch:workers"));
    keys.sort();
    keys
}
