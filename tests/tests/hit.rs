//! A menu that was asked for once is served from the cache, byte for byte, with honest headers.

use std::time::Duration;

use reqwest::Method;
use tests::{Stack, eventually, menu_path, stub::Hall};

#[tokio::test]
async fn a_second_request_within_the_lifetime_reads_no_vendor_and_redis_holds_that_very_body() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let first = stack.menu(Hall::Hoch, day, "lunch").await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.header("cache-status"), "menus5c; fwd=miss; stored");
    let second = stack.menu(Hall::Hoch, day, "lunch").await;
    assert_eq!((second.status, &second.text), (200, &first.text));
    assert!(second.header("cache-status").starts_with("menus5c; hit; ttl="), "{second:?}");
    assert_eq!(stack.vendor.total_reads(), 1);

    let key = stack.key(&format!("menu:hoch:{day}:lunch"));
    let mut redis = stack.redis().await;
    let (body, ttl): (String, u64) = redis::pipe()
        .cmd("GET")
        .arg(&key)
        .cmd("TTL")
        .arg(&key)
        .query_async(&mut redis)
        .await
        .unwrap();
    assert_eq!(body, second.text);
    assert!((1500..=2100).contains(&ttl), "{ttl}");
    let max_age = second.max_age().unwrap();
    assert!(max_age.abs_diff(ttl) <= 1, "max-age is what is left: {max_age} beside {ttl}");
}

#[tokio::test]
async fn fresh_lifetimes_lie_in_1500_to_2100_seconds_and_spread_over_them() {
    let stack = Stack::start().await;
    let halls = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
    for hall in halls {
        for day in 0..=14 {
            let answer = stack.menu(hall, stack.in_days(day), "dinner").await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
    let mut redis = stack.redis().await;
    let mut lives = Vec::new();
    for key in stack.keys().await.iter().filter(|key| key.starts_with("menu:")) {
        let (body, ttl): (String, u64) = redis::pipe()
            .cmd("GET")
            .arg(stack.key(key))
            .cmd("TTL")
            .arg(stack.key(key))
            .query_async(&mut redis)
            .await
            .unwrap();
        if body.contains("\"stations\":") {
            lives.push(ttl);
        } else {
            assert!((1..=350).contains(&ttl), "{key}: a negative entry lives {ttl} s");
        }
    }
    assert!(lives.len() >= 150, "{} menus", lives.len());
    // Some seconds pass while they are made.
    assert!(lives.iter().all(|life| (1470..=2100).contains(life)), "{lives:?}");
    let (low, high) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
    assert!(*low < 1600 && *high > 2000, "60 draws leave no 100 s at either end: {low}..{high}");
}

#[tokio::test]
async fn headers_say_how_long_an_answer_holds_and_spare_the_body_to_who_has_it() {
    let stack = Stack::start().await;
    let path = menu_path(Hall::Collins, stack.weekday(), "lunch");
    stack.get(&path).await;
    let answer = stack.get(&path).await;
    let etag = answer.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 10, "strong: {etag}");
    let control = answer.header("cache-control");
    assert!(
        control.starts_with("public, max-age=")
            && control.ends_with(", stale-while-revalidate=60, stale-if-error=86400")
    );
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("vary"), "accept-encoding");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(
        answer.header("last-modified").ends_with(" GMT") && answer.headers.get("age").is_none()
    );

    for known in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let unchanged = stack.ask(0, Method::GET, &path, &[("if-none-match", &known)]).await;
        assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""), "{known}");
        assert_eq!(unchanged.header("etag"), etag);
        assert!(unchanged.max_age().is_some());
        assert_eq!(unchanged.header("access-control-allow-origin"), "*");
    }
    let other = stack.ask(0, Method::GET, &path, &[("if-none-match", "\"other\"")]).await;
    assert_eq!(other.status, 200);

    let head = stack.ask(0, Method::HEAD, &path, &[]).await;
    assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", etag.as_str()));
    let slash = stack.get(&path.replace("/menus?", "/menus/?")).await;
    assert_eq!((slash.status, slash.text), (200, answer.text));
}

#[tokio::test]
async fn a_value_that_we_did_not_write_is_a_miss_and_is_replaced() {
    let mut stack = Stack::start().await;
    let day = stack.weekday();
    let good = stack.menu(Hall::Hoch, day, "dinner").await.text;
    let key = stack.key(&format!("menu:hoch:{day}:dinner"));
    let mut redis = stack.redis().await;
    let other_day = good.replace(&day.to_string(), "2020-01-01");
    let old_shape = good.replace("\"is_stale\":false", "\"stale\":false");
    for foreign in [
        b"\xff{".as_slice(),
        other_day.as_bytes(),
        old_shape.as_bytes(),
        b"",
        b"\0LIST",
        b"\0NO LIFE",
    ] {
        stack.write(redis::cmd("DEL").arg(&key)).await;
        let write = match foreign {
            b"\0LIST" => redis::cmd("LPUSH").arg(&key).arg("x").clone(),
            b"\0NO LIFE" => redis::cmd("SET").arg(&key).arg(&good).clone(),
            _ => redis::cmd("SET").arg(&key).arg(foreign).arg("EX").arg(900).clone(),
        };
        stack.write(&write).await;
        let answer = stack.menu(Hall::Hoch, day, "dinner").await;
        assert!(answer.took < Duration::from_millis(500), "no wake-up is lost: {:?}", answer.took);
        assert_eq!(
            (answer.status, &answer.text),
            (200, &good),
            "{:?}",
            String::from_utf8_lossy(foreign)
        );
        let ttl: i64 = redis::cmd("TTL").arg(&key).query_async(&mut redis).await.unwrap();
        assert!((1..=2100).contains(&ttl), "it has a lifetime again: {ttl}");
    }
    assert_eq!(stack.vendor.total_reads(), 1, "Postgres had a fresh copy all the time");
    assert!(stack.apis[0].log().contains("not an entry of ours"), "it is logged");
    stack.leftovers_are_fine();
}

#[tokio::test]
async fn an_answer_is_traceable_from_the_request_through_the_job_to_the_vendor() {
    let stack = Stack::start().await;
    let path = menu_path(Hall::Frary, stack.today(), "dinner");
    let answer = stack.ask(0, Method::GET, &path, &[("x-request-id", "visitor-42")]).await;
    assert_eq!(answer.header("x-request-id"), "visitor-42");
    eventually("both logs name the request", Duration::from_secs(5), async || {
        let named = |log: String, what: &str| {
            log.lines().any(|line| line.contains("visitor-42") && line.contains(what))
        };
        (named(stack.apis[0].log(), "answered") && named(stack.workers[0].log(), "vendor read"))
            .then_some(())
    })
    .await;
    for insane in ["a b", "x".repeat(65).as_str(), "<script>", ""] {
        let answer = stack.ask(0, Method::GET, &path, &[("x-request-id", insane)]).await;
        let id = answer.header("x-request-id");
        assert!(id != insane && id.len() == 24, "{insane:?} became {id:?}");
    }
}
