//! A1 to A3, A8: more than anybody needs.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::{StreamExt, future::join_all, stream};
use tests::{
    Jobs, Metrics, Stack, eventually, measured, menu_path,
    stub::{Fault, Hall, Scope},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::costs::{Calm, MIB, SOON, client_at, connect_many, hits, memory, p99, peak_memory};

const MEALS: [&str; 6] = ["breakfast", "brunch", "lunch", "dinner", "late_night", "snack"];

/// Asks for all of them from one address, so many at once; how often each status came.
async fn flood(urls: impl IntoIterator<Item = String>, at_once: usize) -> BTreeMap<u16, usize> {
    let client = client_at("127.0.0.1");
    let asked = stream::iter(urls).map(|url| {
        let request = client.get(url).send();
        async move {
            let answer = request.await.expect("an answer");
            let status = answer.status().as_u16();
            let later = answer.headers().contains_key("retry-after");
            assert_eq!(later, [429, 503].contains(&status), "{answer:?}");
            answer.bytes().await.expect("a body");
            status
        }
    });
    let statuses: Vec<u16> = asked.buffer_unordered(at_once).collect().await;
    statuses.into_iter().fold(BTreeMap::new(), |mut counts, status| {
        *counts.entry(status).or_default() += 1;
        counts
    })
}

async fn queued(stack: &Stack) -> u64 {
    stack.jobs().await.queued
}

#[tokio::test]
async fn a1_ten_thousand_dates_fill_nothing() {
    let stack = Stack::start().await;
    let ask = async |date| {
        let answer = stack.get(&menu_path(Hall::Frary, date, "dinner")).await;
        assert_eq!(answer.problem(404).1, "out_of_range");
        answer.took
    };
    let mut calm = Vec::new();
    for _ in 0..300 {
        calm.push(ask(stack.in_days(20)).await);
    }
    let dates = stack.in_days(21).iter_days().take(10_000);
    // Two at a time, so that they are timed and not those that wait with them.
    let times: Vec<Duration> = stream::iter(dates).map(ask).buffer_unordered(2).collect().await;
    let (slowest, allowed) = (p99(times), Duration::from_millis(5).max(p99(calm) * 3));
    measured("A1", format!("p99 {slowest:?}, allowed {allowed:?}"));
    assert!(slowest <= allowed, "p99 {slowest:?}, allowed {allowed:?}");
    assert_eq!(stack.jobs().await, Jobs::NONE);
    let keys = stack.keys().await;
    assert!(keys.iter().all(|key| key.starts_with("fetch:workers")), "{keys:?}");
    assert_eq!(stack.vendor.total_reads(), 0);
}

#[tokio::test]
async fn a2_every_menu_there_is_at_once_from_one_address_hurts_no_other() {
    let limit = "requests=500/s:5000,misses=10/s:100,queries=50/s:500";
    let wanted = Stack::wanted().with("RATE_LIMIT", limit).with("MISS_WAIT_MS", 1500);
    let mut stack = wanted.with("FETCH_TIMEOUT_MS", 3000).start().await;
    stack.leftovers_are_fine();
    let hit = menu_path(Hall::Malott, stack.weekday(), "dinner");
    assert_eq!(stack.get(&hit).await.status, 200);
    stack.is_idle().await;
    let (url, other) = (stack.apis[0].url().to_owned(), client_at("127.0.0.2"));
    let hit = format!("{url}{hit}");
    let calm = Calm::of(&other, &hit).await;
    stack.vendor.fault(Scope::All, Fault::Hang);
    let halls = ["collins", "frank", "frary", "hoch", "malott", "mcconnell", "oldenborg"];
    let days = (0..15).map(|day| stack.in_days(day));
    let all = days.flat_map(|date| {
        halls.into_iter().flat_map(move |hall| {
            MEALS.map(|meal| format!("/api/v2/menus?hall_id={hall}&date={date}&meal={meal}"))
        })
    });
    let urls: Vec<String> = all.map(|path| format!("{url}{path}")).collect();
    let (all, began) = (urls.len(), Instant::now());
    let flood = flood(urls, 700);
    tokio::pin!(flood);
    let (mut times, mut most) = (Vec::new(), 0);
    let statuses = loop {
        tokio::select! {
            statuses = &mut flood => break statuses,
            more = hits(&other, &hit, 5) => times.extend(more),
        }
        most = most.max(queued(&stack).await);
    };
    let seen: Vec<u16> = statuses.keys().copied().collect();
    assert!(seen.iter().all(|status| [200, 404, 429, 503].contains(status)), "{statuses:?}");
    // The burst, and what came in meanwhile; the other meals of the one that was there were there too.
    let dear = statuses.get(&503).copied().unwrap_or_default();
    let allowance = 101 + 10 * usize::try_from(began.elapsed().as_secs() + 1).unwrap();
    assert!((50..=allowance).contains(&dear), "{statuses:?}, allowed {allowance}");
    let refused = statuses.get(&429).copied().unwrap_or_default();
    assert!(refused + dear + MEALS.len() >= all, "{statuses:?}");
    assert!(most <= u64::try_from(allowance).unwrap(), "{most} jobs waited");
    let (slowest, allowed) = (p99(times), calm.allows(Duration::from_millis(20)));
    measured("A2", format!("{most} jobs waited at most; hits of another p99 {slowest:?}"));
    assert!(slowest <= allowed, "p99 {slowest:?}, allowed {allowed:?}");
    stack.vendor.heal();
}

#[tokio::test]
async fn a2_jobs_over_the_bound_are_not_pushed_and_their_askers_told_at_once() {
    // One worker, with its hands full: with none the api reads for itself.
    let mut stack =
        Stack::wanted().with("WORKER_CONCURRENCY", 1).with("MAX_PENDING_JOBS", 20).start().await;
    stack.leftovers_are_fine();
    stack.vendor.fault(Scope::All, Fault::Hang);
    let days = (1..14).map(|day| stack.in_days(day));
    let paths: Vec<String> =
        days.flat_map(|date| MEALS.map(|meal| menu_path(Hall::Hoch, date, meal))).collect();
    let answers = join_all(paths.iter().map(|path| stack.get(path))).await;
    // The worker may have taken one or two into its hands since.
    let queued = queued(&stack).await;
    assert!((16..=20).contains(&queued), "{queued} wait");
    let at_once = answers.iter().filter(|answer| answer.took < Duration::from_secs(2));
    // And those that the worker has in its hands.
    assert!(at_once.count() >= paths.len() - 24, "who is over the bound does not wait");
    for answer in &answers {
        assert_eq!(
            (answer.problem(503).1, answer.header("retry-after")),
            ("pending".to_owned(), "1")
        );
    }
}

#[tokio::test]
async fn a3_five_thousand_at_one_cold_menu_fill_the_waiting_room_and_no_more() {
    let wanted = Stack::wanted().with("MAX_WAITERS", 1000).with("MISS_WAIT_MS", 30_000);
    let mut stack = wanted.with("METRICS_ADDR", "127.0.0.1:0").start().await;
    stack.leftovers_are_fine();
    let (client, hit) = (client_at("127.0.0.9"), format!("{}/api/v2/halls", stack.apis[0].url()));
    let calm = Calm::of(&client, &hit).await;
    stack.vendor.fault(Scope::All, Fault::Hang);
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let before = memory(&stack.apis[0]);
    let mut streams = connect_many(&stack, "127.0.0.1", 1000).await;
    let waiting = async || Metrics::of(&stack.apis[0]).await.value("menus5c_waiters");
    for stream in &mut streams {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    eventually("a thousand wait", SOON, async || (waiting().await == 1000.0).then_some(())).await;
    // More than there is a place for, of one address and of all.
    let mut others = connect_many(&stack, "127.0.0.2", 2000).await;
    others.extend(connect_many(&stack, "127.0.0.3", 2000).await);
    let asked = stream::iter(&mut others).map(async |stream| {
        let asked = Instant::now();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut heard = [0; 2048];
        let length = stream.read(&mut heard).await.unwrap();
        let heard = String::from_utf8_lossy(&heard[..length]).into_owned();
        assert!(heard.starts_with("HTTP/1.1 503 ") && heard.contains("retry-after: 1"), "{heard}");
        (asked.elapsed(), !heard.contains("connection: close"))
    });
    let told: Vec<(Duration, bool)> = asked.buffer_unordered(16).collect().await;
    let connected = told.iter().filter(|(_, connected)| *connected).count();
    assert!((3000..4000).contains(&connected), "{connected}: the rest had no connection");
    let slowest = p99(told.into_iter().map(|(took, _)| took).collect());
    let allowed = calm.allows(Duration::from_millis(50));
    assert!(slowest <= allowed, "p99 {slowest:?}, allowed {allowed:?}");
    assert_eq!(waiting().await, 1000.0);
    let grown = peak_memory(&stack.apis[0]).saturating_sub(before);
    measured("A3", format!("refused within p99 {slowest:?}; {} KiB more", grown / 1024));
    assert!(grown <= 64 * MIB, "{grown} bytes more at most");
    others.clear();
    streams.clear();
    eventually("who left waits no more", SOON, async || (waiting().await == 0.0).then_some(()))
        .await;
    hits(&client, &hit, 10).await;
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn a3_so_many_flights_and_no_more_and_who_joins_one_is_let_in() {
    let wanted = Stack::wanted().with("MAX_FLIGHTS", 2).with("FETCH_TIMEOUT_MS", 3000);
    let mut stack = wanted.with("MISS_WAIT_MS", 1500).start().await;
    stack.leftovers_are_fine();
    stack.vendor.fault(Scope::All, Fault::Hang);
    let paths: Vec<String> =
        (1..4).map(|day| menu_path(Hall::Hoch, stack.in_days(day), "lunch")).collect();
    let answers = join_all(paths.iter().flat_map(|path| [stack.get(path), stack.get(path)])).await;
    let types: Vec<String> = answers
        .iter()
        .map(|answer| {
            let _ = answer.problem(503);
            answer.json()["type"].as_str().unwrap().to_owned()
        })
        .collect();
    let overloaded = types.iter().filter(|kind| *kind == "/problems/overloaded").count();
    assert_eq!((overloaded, types.len()), (2, 6), "{types:?}");
    stack.vendor.heal();
    let other = menu_path(Hall::Malott, stack.weekday(), "dinner");
    assert_eq!(stack.get(&other).await.status, 200, "there is room again");
}

#[tokio::test]
async fn a8_hits_without_end_from_one_address_are_answered_or_refused() {
    let stack = Stack::wanted().with("RATE_LIMIT", "requests=200/s:1000").start().await;
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    assert_eq!(stack.get(&path).await.status, 200);
    let url = format!("{}{path}", stack.apis[0].url());
    flood(std::iter::repeat_n(url.clone(), 500), 64).await;
    let (before, began) = (memory(&stack.apis[0]), Instant::now());
    let statuses = flood(std::iter::repeat_n(url, 10_000), 64).await;
    let seconds = began.elapsed().as_secs() + 2;
    let seen: Vec<u16> = statuses.keys().copied().collect();
    assert_eq!(seen, [200, 429], "{statuses:?}");
    let most = 1000 + 200 * usize::try_from(seconds).unwrap();
    assert!(statuses[&200] <= most, "{statuses:?} in {seconds} s");
    let grown = memory(&stack.apis[0]).saturating_sub(before);
    measured("A8", format!("{statuses:?}; {} KiB more", grown / 1024));
    assert!(grown <= 8 * MIB, "{grown} bytes more");
    let other = client_at("127.0.0.2");
    let answer = other.get(format!("{}{path}", stack.apis[0].url())).send().await.unwrap();
    assert_eq!(answer.status(), 200, "nobody else is refused anything");
}
