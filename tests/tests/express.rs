//! A hit goes by a lane of its own, past the router. Nobody can tell by the answer: the same request
//! with a slash at the end goes the common way, and is answered in the same words.
#![expect(clippy::unwrap_used, reason = "a test may fail in any way")]

use std::collections::BTreeMap;

use reqwest::Method;
use tests::{Answer, Stack, menu_path, stub::Hall};

/// What an answer says, without what differs from one second and one request to the next.
fn said(answer: &Answer) -> (u16, BTreeMap<String, Vec<String>>, String) {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &answer.headers {
        let value = value.to_str().unwrap().to_owned();
        let value = match name.as_str() {
            "date" | "x-request-id" => continue,
            "cache-control" | "cache-status" => value.replace(|c: char| c.is_ascii_digit(), ""),
            _ => value,
        };
        headers.entry(name.to_string()).or_default().push(value);
    }
    headers.values_mut().for_each(|values| values.sort());
    (answer.status, headers, answer.text.clone())
}

#[tokio::test]
async fn a_hit_is_answered_the_same_by_either_way() {
    for origins in ["", "https://a.example,https://b.example"] {
        let stack = Stack::wanted().with("ALLOWED_ORIGINS", origins).start().await;
        let path = menu_path(Hall::Hoch, stack.weekday(), "dinner");
        let common = path.replace("/menus?", "/menus/?");
        assert_eq!(stack.get(&path).await.status, 200);
        let etag = stack.get(&path).await.header("etag").to_owned();
        for headers in [
            vec![],
            vec![("origin", "https://a.example")],
            vec![("origin", "https://b.example"), ("accept-encoding", "br")],
            vec![("origin", "https://c.example"), ("accept-encoding", "gzip")],
            vec![("if-none-match", etag.as_str())],
            vec![("if-none-match", "*"), ("accept-encoding", "gzip, br;q=0.5")],
            vec![("x-request-id", "not sane")],
        ] {
            let [express, common] =
                [&path, &common].map(|path| stack.ask(0, Method::GET, path, &headers));
            let (express, common) = (express.await, common.await);
            assert!(express.header("cache-status").starts_with("menus5c; hit"), "{express:?}");
            assert_eq!(said(&express), said(&common), "{headers:?} {origins}");
            assert_eq!(express.header("x-request-id").len(), 24);
        }
        let named = [("x-request-id", "a-name.of_mine")];
        let answer = stack.ask(0, Method::GET, &path, &named).await;
        assert_eq!(answer.header("x-request-id"), "a-name.of_mine");
    }
}

#[tokio::test]
async fn what_is_not_plainly_a_hit_goes_the_common_way() {
    let stack = Stack::start().await;
    let path = menu_path(Hall::Hoch, stack.weekday(), "dinner");
    assert_eq!(stack.get(&path).await.status, 200);
    let body = stack.get(&path).await.text;
    let head = stack.ask(0, Method::HEAD, &path, &[]).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(stack.ask(0, Method::POST, &path, &[]).await.status, 405);
    for (change, status) in [
        ("hall_id=hoch&hall_id=hoch", 400),
        ("hall_id=nowhere", 404),
        (&format!("hall_id=hoch&x={}", "y".repeat(3000)), 414),
    ] {
        let answer = stack.get(&path.replace("hall_id=hoch", change)).await;
        assert_eq!(answer.status, status, "{change}");
    }
    for same in ["hall_id=hoch&utm=1", "h%61ll_id=hoch"] {
        let answer = stack.get(&path.replace("hall_id=hoch", same)).await;
        assert_eq!((answer.status, &answer.text), (200, &body), "{same}");
    }
}
