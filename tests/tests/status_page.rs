//! How it stands is told in one sentence, to ops and to everybody, and it is true.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail in any way")]

use serde_json::Value;
use tests::{
    OpsSide, Stack,
    stub::{Fault, Hall, Scope},
};

/// `/ops/status.json` of the first worker.
async fn ops(stack: &Stack) -> Value {
    OpsSide::of(stack.workers.first().unwrap()).get("/ops/status.json").await.json()
}

async fn page(url: &str) -> (u16, String, String) {
    let answer = reqwest::get(url).await.unwrap();
    let policy = answer.headers().get("content-security-policy").unwrap();
    let policy = policy.to_str().unwrap().to_owned();
    (answer.status().as_u16(), policy, answer.text().await.unwrap())
}

/// The cell of a hall's meal today.
fn today<'a>(status: &'a Value, hall: &str, meal: &str) -> &'a Value {
    let find = |list: &'a Value, name: &str, word: &str| {
        list.as_array().unwrap().iter().find(|one| one[name] == word).unwrap()
    };
    &find(&find(&status["halls"], "id", hall)["meals"], "meal", meal)["days"][0]
}

#[tokio::test]
async fn a_vendor_that_fails_is_named_with_the_copy_that_serves() {
    let stack = Stack::start().await;
    let date = stack.today();
    let before = ops(&stack).await;
    assert_eq!(before["troubles"], serde_json::json!([]), "{before:#}");
    assert_eq!(before["halls"].as_array().unwrap().len(), 7);
    assert_eq!(before["dates"].as_array().unwrap().len(), 7);
    stack.menu(Hall::Hoch, date, "dinner").await;
    stack.is_idle().await;
    let fresh = ops(&stack).await;
    assert!(
        ["fresh", "not_served"]
            .contains(&today(&fresh, "hoch", "dinner")["state"].as_str().unwrap())
    );
    assert_eq!(fresh["level"], "ok");
    assert!(fresh["queue"]["pushes"]["enqueued"].as_u64().unwrap() >= 1, "{}", fresh["queue"]);
    assert_eq!(fresh["queue"]["pending"], 0);

    stack.grow_old().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    stack.menu(Hall::Hoch, date, "dinner").await;
    stack.is_idle().await;
    let failing = ops(&stack).await;
    let sentence = failing["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("Hoch"), "{sentence}");
    assert!(sentence.contains("Sodexo failing for ") && sentence.contains(" s, "), "{sentence}");
    let copy = &failing["troubles"][0]["copy"];
    let (level, words) =
        if copy.is_null() { ("bad", "nothing to serve") } else { ("warn", " copy") };
    assert_eq!(failing["level"], level);
    assert!(sentence.ends_with(words), "{sentence}");
    let sodexo =
        failing["vendors"].as_array().unwrap().iter().find(|one| one["vendor"] == "sodexo");
    let hour = &sodexo.unwrap()["hour"];
    assert_eq!((&hour["reads"], &hour["ok"]), (&2.into(), &1.into()), "{hour}");
    assert!(hour["http"]["5xx"].as_u64().unwrap() >= 1, "{hour}");

    let url = stack.workers.first().unwrap().url().to_owned();
    let (status, policy, html) = page(&format!("{url}/ops/status")).await;
    assert_eq!(status, 200);
    assert!(html.contains(&sentence.replace('&', "&amp;")), "{html}");
    assert!(
        !html.contains("<script")
            && !html.contains("style=")
            && policy.contains("default-src 'none'")
    );
}

#[tokio::test]
async fn everybody_is_told_the_same_without_what_is_inside() {
    let stack = Stack::start().await;
    stack.menu(Hall::Collins, stack.today(), "dinner").await;
    stack.is_idle().await;
    let api = stack.apis.first().unwrap().url().to_owned();
    let (status, policy, html) = page(&format!("{api}/status")).await;
    assert_eq!(status, 200);
    assert!(html.contains("class=\"heat\"") && html.contains("as of "), "{html}");
    assert!(!html.contains("<script") && policy.contains("default-src 'none'"));
    let sheet = html.split("href=\"").find(|part| part.starts_with("/docs/status-")).unwrap();
    let sheet = sheet.split('"').next().unwrap();
    assert_eq!(stack.get(sheet).await.status, 200);
    let told = stack.get("/status.json").await;
    assert_eq!((told.status, told.max_age()), (200, Some(10)));
    let told = told.json();
    assert_eq!(told["vendors"], serde_json::json!([]));
    assert!(told["sentence"].as_str().unwrap().len() > 5 && told["level"] == "ok", "{told:#}");
    assert!(told["halls"].to_string().contains("\"verdict\":null"));
    assert!(!told.to_string().contains("\"signs\""));
}

#[tokio::test]
async fn without_postgres_it_says_that_it_does_not_know() {
    let stack =
        Stack::wanted().with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none").start().await;
    let answer = stack.get("/status").await;
    assert_eq!(answer.problem(503).0, "Temporarily unavailable");
    let url = format!("{}/ops/status", stack.workers.first().unwrap().url());
    let (status, _, html) = page(&url).await;
    assert_eq!(status, 503);
    assert!(html.contains("Postgres cannot be asked"), "{html}");
}
