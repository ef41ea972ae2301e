//! Each api keeps ready-made answers of its own, and never one that has been written over.
#![expect(clippy::unwrap_used, reason = "that is what a test does")]

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use redis::cmd;
use reqwest::Method;
use tests::{Answer, Stack, menu_path, stub::Hall};

/// How often Redis was asked for a value so far.
async fn reads(stack: &Stack) -> u64 {
    let stats: String =
        cmd("INFO").arg("commandstats").query_async(&mut stack.redis().await).await.unwrap();
    let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_get:calls="));
    calls.and_then(|calls| calls.split(',').next()?.parse().ok()).unwrap_or_default()
}

/// The entry with another time of reading, as a later refresh would write it.
fn later(body: &str, round: u32) -> String {
    let (rest, read_at) = body.rsplit_once("\"fetched_at\":").unwrap();
    let read_at: DateTime<Utc> = read_at.trim_matches(['"', '}']).parse().unwrap();
    let later = read_at + TimeDelta::seconds(i64::from(round) + 1);
    format!("{rest}\"fetched_at\":\"{}\"}}", later.to_rfc3339_opts(SecondsFormat::Secs, true))
}

async fn warm(stack: &Stack) -> (NaiveDate, String, Answer) {
    let day = stack.weekday();
    let path = menu_path(Hall::Hoch, day, "lunch");
    stack.get(&path).await;
    let answer = stack.get(&path).await;
    assert!(answer.header("cache-status").starts_with("menus5c; hit"), "{answer:?}");
    // What is listed of the hall is forgotten when the menu is saved.
    stack.is_idle().await;
    (day, path, answer)
}

#[tokio::test]
async fn a_hit_asks_redis_for_nothing() {
    let stack = Stack::wanted().own_redis().start().await;
    let (_, menu, _) = warm(&stack).await;
    let paths = [
        menu.as_str(),
        "/api/v2/halls",
        "/api/v2/halls?page=2&page_size=3",
        "/api/v2/halls/hoch/menus",
        "/api/v2/open-now",
        "/api/v2/stats/dashboard",
    ];
    for path in paths {
        // The first makes it, the second fetches it from Redis.
        stack.get(path).await;
        stack.heard().await;
        stack.get(path).await;
    }
    let before = reads(&stack).await;
    for path in paths {
        for answer in stack.get_many(30, path).await {
            assert!(answer.header("cache-status").starts_with("menus5c; hit"), "{path} {answer:?}");
        }
    }
    assert_eq!(reads(&stack).await, before);
}

#[tokio::test]
async fn what_is_written_over_is_served_by_no_api_any_more() {
    let stack = Stack::wanted().apis(2).start().await;
    let (day, path, first) = warm(&stack).await;
    let key = stack.key(&format!("menu:hoch:{day}:lunch"));
    let (mut redis, mut slowest) = (stack.redis().await, Duration::ZERO);
    for round in 0..100 {
        let body = later(&first.text, round);
        let mut set = cmd("SET");
        set.arg(&key).arg(&body).arg("EX").arg(900);
        set.query_async::<()>(&mut redis).await.unwrap();
        let written = Instant::now();
        for api in [0, 1] {
            while stack.ask(api, Method::GET, &path, &[]).await.text != body {
                assert!(written.elapsed() < Duration::from_millis(500), "an old read, {round}");
            }
        }
        slowest = slowest.max(written.elapsed());
    }
    eprintln!("the slowest of 100 writes was seen by both apis after {slowest:?}");
}

#[tokio::test]
async fn what_is_removed_or_runs_out_is_a_miss() {
    let stack = Stack::start().await;
    let (day, path, first) = warm(&stack).await;
    let key = stack.key(&format!("menu:hoch:{day}:lunch"));
    stack.write(cmd("DEL").arg(&key)).await;
    assert_eq!(stack.get(&path).await.header("cache-status"), "menus5c; fwd=miss; stored");
    let entry = later(&first.text, 1);
    stack.write(cmd("SET").arg(&key).arg(&entry).arg("PX").arg(300)).await;
    assert_eq!(stack.get(&path).await.text, entry);
    tests::eventually("it has run out", Duration::from_secs(5), async || {
        (stack.get(&path).await.text != entry).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_cut_again_and_again_never_lets_an_old_answer_live() {
    let stack = Stack::wanted().own_redis().start().await;
    let (day, path, first) = warm(&stack).await;
    let key = stack.key(&format!("menu:hoch:{day}:lunch"));
    let mut redis = stack.redis().await;
    for round in 0..20 {
        let body = later(&first.text, round);
        let killed: u64 = cmd("CLIENT")
            .arg("KILL")
            .arg("TYPE")
            .arg("pubsub")
            .query_async(&mut redis)
            .await
            .unwrap();
        assert!(killed >= 1, "the lines of the api and of the worker");
        let mut set = cmd("SET");
        set.arg(&key).arg(&body).arg("EX").arg(900);
        set.query_async::<()>(&mut redis).await.unwrap();
        let written = Instant::now();
        while stack.get(&path).await.text != body {
            assert!(written.elapsed() < Duration::from_millis(500), "an old read, {round}");
        }
        // Until the line is back: then there is something to cut.
        stack.heard().await;
        assert_eq!(stack.get(&path).await.text, body, "{round}");
    }
}

#[tokio::test]
async fn a_redis_that_does_not_tell_of_writes_is_asked_again() {
    let stack = Stack::wanted().own_redis().workers(0).start().await;
    // From now on no new line may track.
    let rules = ["SETUSER", "default", "-client|tracking"];
    stack.write(cmd("ACL").arg(&rules)).await;
    let mut redis = stack.redis().await;
    cmd("CLIENT")
        .arg("KILL")
        .arg("TYPE")
        .arg("pubsub")
        .query_async::<u64>(&mut redis)
        .await
        .unwrap();
    stack.heard().await;
    assert!(stack.apis[0].log().contains("does not tell of writes"), "it is logged");
    let first = stack.get("/api/v2/halls").await;
    for _ in 0..3 {
        assert_eq!(stack.get("/api/v2/halls").await.text, first.text);
    }
}

#[tokio::test]
async fn bodies_come_in_the_coding_that_is_asked_for_with_an_etag_of_its_own() {
    let stack = Stack::start().await;
    let (_, path, plain) = warm(&stack).await;
    let url = format!("{}{path}", stack.apis[0].url());
    // One that shows what came over the wire.
    let client = reqwest::Client::builder().no_proxy().no_gzip().no_brotli().build().unwrap();
    let mut etags = Vec::new();
    for (accepted, coding) in [("identity", None), ("gzip", Some("gzip")), ("gzip, br", Some("br"))]
    {
        let ask = || client.get(&url).header("accept-encoding", accepted);
        let answer = ask().send().await.unwrap();
        let header =
            |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(header("content-encoding").as_deref(), coding);
        assert_eq!(header("vary").as_deref(), Some("accept-encoding"));
        let etag = header("etag").unwrap();
        let wire = answer.bytes().await.unwrap();
        if coding.is_some() {
            assert!(wire.len() * 2 < plain.text.len(), "{} of {}", wire.len(), plain.text.len());
        }
        let known = ask().header("if-none-match", &etag).send().await.unwrap();
        assert_eq!(known.status(), 304, "{accepted}");
        assert_eq!(known.headers().get("etag").unwrap().to_str().unwrap(), etag);
        assert!(!etags.contains(&etag), "strong: one for each coding");
        etags.push(etag);
    }
    // This client asks for, and takes off, both codings by itself.
    for accepted in ["gzip", "br", "gzip;q=0.5, br;q=0.1", "*"] {
        let answer = stack.ask(0, Method::GET, &path, &[("accept-encoding", accepted)]).await;
        assert_eq!(answer.text, plain.text, "{accepted}");
    }
    let head = client.head(&url).header("accept-encoding", "br").send().await.unwrap();
    assert_eq!(head.headers().get("content-encoding").unwrap(), "br");
}
