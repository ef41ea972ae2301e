//! A7, A10, A11: what can be asked for, in all the wrong ways.

use reqwest::Method;
use tests::{Jobs, Stack, menu_path, stub::Hall};

use crate::costs::{says, status};

/// Every path of the api that is described, and some that are not.
async fn paths(stack: &Stack) -> Vec<String> {
    let described = stack.get("/openapi.json").await.json();
    let paths = described["paths"].as_object().unwrap().keys();
    let mut paths: Vec<String> = paths.map(|path| path.replace("{hall_id}", "hoch")).collect();
    paths.extend(["/openapi.json", "/docs", "/problems"].map(str::to_owned));
    paths
}

async fn nothing_happened(stack: &Stack) {
    assert_eq!(stack.jobs().await, Jobs::NONE);
    let keys = stack.keys().await;
    assert!(keys.iter().all(|key| key.starts_with("fetch:workers")), "{keys:?}");
    assert_eq!(stack.vendor.total_reads(), 0);
}

#[tokio::test]
async fn a7_tricks_with_paths_and_words_make_no_key() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let long = "x".repeat(1500);
    for path in [
        "/api/v2/%00",
        "/api/v2/%2e%2e/%2e%2e/etc/passwd",
        "/api/v2/..;/menus",
        "/api/v2/menus;x=y",
        "/api/v2/menus%0d%0aSET%20x",
        "/API/V2/MENUS",
        "//api/v2/menus",
        "/api/v2//menus",
        "/%ff",
        "/api/v2/halls/menu:hoch/menus",
        "/api/v2/halls/..%2fhoch/menus",
        "/api/v2/halls/%00/menus",
        "/api/v2/halls/HOCH/menus",
        "/api/v2/halls/hoch%20/menus",
    ] {
        let answer = stack.get(path).await;
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        let _ = answer.problem(answer.status);
    }
    let words = [
        "",
        "%00",
        "hoch%00",
        "%0d%0aSET%20x%201",
        "menu:hoch",
        "hoch:2026-02-09",
        "HOCH",
        "%20hoch",
        "hoch%20",
        "ho%63h%c0%80",
        "*",
        "..",
        "%ef%bd%88och",
        "%D9%A2026-02-09",
        "{hoch}",
        "hoch,frary",
        &long,
    ];
    for word in words {
        for query in [
            format!("hall_id={word}&date={day}&meal=lunch"),
            format!("hall_id=hoch&date={word}&meal=lunch"),
            format!("hall_id=hoch&date={day}{word}x&meal=lunch"),
            format!("hall_id=hoch&date={day}&meal={word}%21"),
            format!("hall_id=hoch&hall_id={word}&date={day}&meal=lunch"),
            format!("hall_id[]=hoch&date={day}&meal={word}"),
        ] {
            let answer = stack.get(&format!("/api/v2/menus?{query}")).await;
            assert!([400, 404].contains(&answer.status), "{query}: {answer:?}");
            let _ = answer.problem(answer.status);
        }
    }
    let large =
        format!("GET /api/v2/menus?hall_id={} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(1 << 20));
    let heard = says(&stack, large.as_bytes()).await;
    assert!(["414", "431"].contains(&status(&heard)), "{heard}");
    nothing_happened(&stack).await;
}

#[tokio::test]
async fn a10_only_reading_is_answered_and_changes_nothing() {
    let stack = Stack::start().await;
    let paths = paths(&stack).await;
    for path in &paths {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let overrides = [("x-http-method-override", "GET"), ("x-method-override", "PUT")];
            let answer = stack.ask(0, method.clone(), path, &overrides).await;
            let _ = answer.problem(405);
            assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS", "{method} {path}");
        }
    }
    for request in [
        "CONNECT 127.0.0.1:80 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "CONNECT /api/v2/halls HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "GET http://169.254.169.254/latest HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ] {
        let heard = says(&stack, request.as_bytes()).await;
        assert!(["400", "404", "405"].contains(&status(&heard)), "{request}: {heard}");
    }
    let post = "POST /api/v2/halls HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
        content-length: 3\r\n\r\nxyz";
    assert_eq!(status(&says(&stack, post.as_bytes()).await), "405", "its body is no matter");
    nothing_happened(&stack).await;
}

#[tokio::test]
async fn a11_headers_that_ask_for_parts_forms_and_changes_do_no_harm() {
    let stack = Stack::start().await;
    let path = menu_path(Hall::Malott, stack.weekday(), "dinner");
    let plain = stack.get(&path).await;
    assert_eq!(plain.status, 200);
    let etag = plain.header("etag").to_owned();
    let many = format!("{}{etag}", "\"x\", ".repeat(1000));
    for (name, value, status) in [
        ("if-none-match", etag.as_str(), 304),
        ("if-none-match", "*", 304),
        ("if-none-match", &many, 304),
        ("if-none-match", "\"", 200),
        ("if-none-match", ",,,\"\u{fc}\"", 200),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("if-match", "\"nothing\"", 200),
        ("if-range", "\"nothing\"", 200),
        ("range", "bytes=0-10", 200),
        ("range", "bytes=9-1,0-0,-99999999999999999999", 200),
        ("accept", "text/html", 200),
        ("accept", "application/nothing;q=1e99", 200),
        ("accept-encoding", "identity;q=0, *;q=0", 200),
        ("accept-encoding", "gzip;q=99999999999999999999, br;q=nan", 200),
        ("accept-language", "tlh", 200),
        ("expect", "100-continue", 200),
        ("upgrade", "h2c", 200),
        ("x-request-id", "\u{fc}", 200),
        ("cookie", "a=b", 200),
        ("authorization", "Bearer x", 200),
    ] {
        let answer = stack.ask(0, Method::GET, &path, &[(name, value)]).await;
        assert_eq!(answer.status, status, "{name}: {value}: {answer:?}");
        let head = stack.ask(0, Method::HEAD, &path, &[(name, value)]).await;
        assert_eq!((head.status, head.text.as_str()), (status, ""), "HEAD, {name}: {value}");
        assert_eq!(head.header("etag"), answer.header("etag"), "HEAD, {name}: {value}");
    }
}
