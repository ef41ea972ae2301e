//! The pages for people: they load nothing from elsewhere, and there is one for every problem.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use tests::{Answer, Stack};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The addresses that a page refers to.
fn addresses(page: &str) -> Vec<&str> {
    let attributes = ["href=\"", "src=\""];
    let parts = attributes.iter().flat_map(|attribute| page.split(attribute).skip(1));
    parts.map(|rest| rest.split('"').next().unwrap()).collect()
}

fn is_a_safe_page(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("content-security-policy"), POLICY);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let (page, all) = (&answer.text, addresses(&answer.text));
    assert!(page.contains("<title>") && page.contains("name=\"viewport\""), "{page}");
    assert!(all.iter().all(|address| address.starts_with('/') || *address == "data:,"), "{all:?}");
    for inline in ["<script>", "<style", " style=", " onclick=", "javascript:"] {
        assert!(!page.contains(inline), "{inline}: {page}");
    }
}

#[tokio::test]
async fn the_page_to_try_the_api_comes_from_the_api_alone() {
    let stack = Stack::wanted().workers(0).start().await;
    let page = stack.get("/docs").await;
    is_a_safe_page(&page);
    assert_eq!(stack.get("/docs/").await.text, page.text);
    let loaded: BTreeSet<&str> =
        addresses(&page.text).into_iter().filter(|path| path.starts_with("/docs/")).collect();
    assert_eq!(loaded.len(), 6, "{loaded:?}");
    for path in loaded {
        let file = stack.get(path).await;
        let kind = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        assert_eq!((file.status, file.header("content-type")), (200, kind), "{path}");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(file.header("x-content-type-options"), "nosniff", "{path}");
        let plain = stack.ask(0, Method::GET, path, &[("accept-encoding", "identity")]).await;
        assert_eq!((plain.status, &plain.text), (200, &file.text), "{path}");
        assert!(plain.headers.get("content-encoding").is_none() && !plain.text.is_empty());
        for coding in ["gzip", "identity"] {
            let file = stack.ask(0, Method::GET, path, &[("accept-encoding", coding)]).await;
            let again = [("accept-encoding", coding), ("if-none-match", file.header("etag"))];
            let again = stack.ask(0, Method::GET, path, &again).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}, {coding}");
        }
    }
}

#[tokio::test]
async fn every_problem_has_a_page_that_says_what_to_do() {
    let stack = Stack::wanted().workers(0).start().await;
    let document = stack.get("/openapi.json").await.json();
    let mut types = BTreeSet::new();
    for response in document["components"]["responses"].as_object().unwrap().values() {
        let examples = &response["content"]["application/problem+json"]["examples"];
        for example in examples.as_object().into_iter().flat_map(serde_json::Map::values) {
            types.insert(example["value"]["type"].as_str().unwrap().to_owned());
        }
    }
    // What is answered where nothing is described.
    types.insert(stack.get("/nothing").await.json()["type"].as_str().unwrap().to_owned());
    assert_eq!(types.len(), 13, "{types:?}");

    let list = stack.get("/problems").await;
    is_a_safe_page(&list);
    let listed: BTreeSet<String> = addresses(&list.text)
        .into_iter()
        .filter(|path| path.starts_with("/problems/"))
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(listed, types);
    for path in &types {
        let page = stack.get(path).await;
        is_a_safe_page(&page);
        for heading in ["When it comes", "What to do", "How it looks"] {
            assert!(page.text.contains(heading), "{path}");
        }
        let example = page.text.split("<pre>").nth(1).unwrap().split("</pre>").next().unwrap();
        let example: Value = serde_json::from_str(&example.replace("&quot;", "\"")).unwrap();
        assert_eq!(example["type"], **path);
        let known = page.header("etag").to_owned();
        let again = stack.ask(0, Method::GET, path, &[("if-none-match", &known)]).await;
        assert_eq!(again.status, 304, "{path}");
    }
    let style = addresses(&list.text).into_iter().find(|path| path.ends_with(".css")).unwrap();
    assert_eq!(stack.get(style).await.status, 200);
    for unknown in ["/problems/nothing", "/problems/no-menu/x", "/docs/nothing.js"] {
        let _ = stack.get(unknown).await.problem(404);
    }
}
