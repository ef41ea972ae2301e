//! Reads are counted right, and the control calls do what the library does.

use std::time::Duration;

use tests::stub::{Scope, Vendor};

use crate::ask::{COLLINS, FRARY, SODEXO, ask, get, get_with, json, monday};

#[tokio::test]
async fn reads_are_counted_by_document_and_at_once() {
    let stub = monday().await;
    stub.delay(Scope::All, Duration::from_millis(150));
    let three = tokio::join!(get(&stub, SODEXO), get(&stub, FRARY), get(&stub, FRARY));
    assert_eq!([three.0.status(), three.1.status(), three.2.status()], [200; 3]);
    assert_eq!((stub.total_reads(), stub.max_concurrent(), stub.peak_1s()), (3, 3, 3));
    assert_eq!(stub.reads("pomona:frary"), 2);
    assert_eq!(stub.counts()["pomona:frary"].max_concurrent, 2);
    assert_eq!(stub.counts()["sodexo:hoch:2026-02-09"].max_concurrent, 1);
    assert_eq!(stub.vendor(Vendor::Pomona).max_concurrent, 2);
    assert_eq!(stub.vendor(Vendor::Sodexo).peak_1s, 1);
    stub.heal();
    stub.forget_reads();
    for _ in 0..5 {
        get_with(&stub, FRARY, "if-none-match: \"x\"\r\n").await;
        get(&stub, COLLINS).await;
    }
    get(&stub, "/nowhere").await;
    assert_eq!((stub.total_reads(), stub.max_concurrent()), (11, 1), "one after another");
    let journal = stub.journal();
    assert!(journal[0].conditional && !journal[1].conditional);
    assert_eq!(journal[0].user_agent.as_deref(), Some("test/1"));
    assert_eq!(journal[0].api_key.as_deref(), Some("stub-key"));
    assert_eq!((journal[10].document.as_str(), journal[10].status), ("other", 404));
}

#[tokio::test]
async fn the_control_calls_do_the_same_and_say_what_is_wrong() {
    let stub = monday().await;
    let control = stub.control("127.0.0.1:0".parse().unwrap()).await.unwrap().to_string();
    let call = async |method: &str, path: &str, body: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(&control, &request, usize::MAX).await
    };
    let fault = r#"{"scope":"frary","mode":"status","value":503,"retry_after":7,"times":1}"#;
    assert_eq!(call("POST", "/fault", fault).await.status(), 200);
    assert_eq!(get(&stub, FRARY).await.header("retry-after"), Some("7"));
    let posted = r#"{"hall":"hoch","date":"2026-02-09","kind":"not_posted"}"#;
    assert_eq!(call("POST", "/post", posted).await.status(), 200);
    assert_eq!(get(&stub, SODEXO).await.text(), "[]");
    let expected = call("GET", "/expected?hall=frank&date=2026-02-13", "").await;
    assert_eq!(json(&expected.text())["state"], "closed");
    let reads = json(&call("GET", "/reads", "").await.text());
    assert_eq!(
        (&reads["total"], &reads["documents"]["pomona:frary"]["reads"]),
        (&2.into(), &1.into())
    );
    assert_eq!(call("DELETE", "/reads", "").await.status(), 200);
    assert_eq!(stub.total_reads(), 0);
    assert!(call("GET", "/", "").await.text().contains("POST   /fault"));
    for (path, body, says) in [
        ("/fault", "{", "no JSON"),
        ("/fault", r#"{"scope":"moon","mode":"hang"}"#, "unknown scope"),
        ("/fault", r#"{"scope":"all","mode":"sulk"}"#, "unknown mode"),
        ("/fault", r#"{"scope":"all","mode":"delay"}"#, "whole number"),
        ("/fault", r#"{"scope":"all","mod":"hang"}"#, "unknown field"),
        ("/post", r#"{"hall":"hoch","date":"2026-02-30"}"#, "no date"),
        ("/post", r#"{"hall":"hoch","date":"2026-02-09","kind":"odd"}"#, "unknown kind"),
    ] {
        let got = call("POST", path, body).await;
        assert_eq!(got.status(), 400, "{body}");
        assert!(got.text().contains(says), "{body}: {}", got.text());
    }
}
