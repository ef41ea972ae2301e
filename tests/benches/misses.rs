//! What a miss costs: the real programs over real stores, the stub in the vendors' place. Prints one
//! line a figure; fails where a count is wrong (counts have no slack, times are for reading).

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::Utc;
use common::{
    cache::Names,
    config::Vars,
    link::{Link, Patience},
    queue::{Pushed, Queue, Reason, RefreshMenu},
};
use tests::{
    Jobs, Stack, eventually, menu_path,
    stub::{Hall, Scope},
};

const DELAY: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() {
    thousand_on_a_cold_key().await;
    the_same_key_again().await;
    one_by_one().await;
    push_to_vendor().await;
    screens().await;
    over_expiries().await;
}

/// p50, p99 and the largest, in milliseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1;
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms, n {}",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    )
}

async fn thousand_on_a_cold_key() {
    let stack = Stack::wanted().apis(3).workers(2).start().await;
    stack.vendor.delay(Scope::All, DELAY);
    let (mut over, mut equal) = (Vec::new(), 0);
    for round in 0..20 {
        let hall = if round < 10 { Hall::Hoch } else { Hall::Collins };
        let path = menu_path(hall, stack.in_days(round % 10), "dinner");
        stack.vendor.forget_reads();
        let answers = stack.get_many(1000, &path).await;
        assert_eq!(stack.vendor.total_reads(), 1, "round {round}");
        assert!(answers.iter().all(|answer| answer.status == 200), "round {round}");
        let bodies: BTreeSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
        equal += usize::from(bodies.len() == 1);
        over.extend(answers.iter().map(|answer| answer.took.saturating_sub(DELAY)));
    }
    assert_eq!(equal, 20, "equal bodies");
    println!(
        "1000 clients on one cold key, 3 api, 2 worker, delay 200 ms, 20 rounds: 1 read and 1000 x 200 with equal bodies in 20/20; over the delay: {}",
        spread(over)
    );
}

/// A day of all halls and a week of one, cold, with as many reads at once as there are documents.
async fn screens() {
    for (what, path) in [
        ("a day of all halls", "/api/v2/menus/day?date="),
        ("a week of Hoch", "/api/v2/menus/week?hall_id=hoch&start="),
        ("a week of Collins", "/api/v2/menus/week?hall_id=collins&start="),
        ("a week of Frary", "/api/v2/menus/week?hall_id=frary&start="),
    ] {
        let mut over = Vec::new();
        for _ in 0..10 {
            let stack = Stack::wanted().with("VENDOR_CONCURRENCY", 8).start().await;
            stack.get("/api/v2/menus/day?date=2020-01-01").await;
            stack.vendor.delay(Scope::All, DELAY);
            let answer = stack.get(&format!("{path}{}", stack.in_days(1))).await;
            assert!(answer.status == 200 && answer.text.contains("\"ok\""), "{answer:?}");
            assert!(!answer.text.contains("\"pending\""), "{answer:?}");
            over.push(answer.took.saturating_sub(DELAY));
        }
        println!("{what}, cold, over the delay of 200 ms: {}", spread(over));
    }
}

/// A popular key over five ends of its life: is anybody made to wait?
async fn over_expiries() {
    const LIFE: u64 = 6;
    let stack =
        Stack::wanted().with("CACHE_TTL_SECS", LIFE).with("CACHE_TTL_JITTER_SECS", 0).start().await;
    stack.vendor.delay(Scope::All, DELAY);
    let path = menu_path(Hall::Hoch, stack.weekday(), "dinner");
    stack.get(&path).await;
    let until = Instant::now() + Duration::from_secs(LIFE * 5 + 2);
    let visitor = async || {
        let mut took = Vec::new();
        while Instant::now() < until {
            let answer = stack.get(&path).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            took.push(answer.took);
        }
        took
    };
    let took = futures::future::join_all([(); 4].map(|()| visitor())).await.concat();
    let slow = took.iter().filter(|took| **took > Duration::from_millis(20)).count();
    println!(
        "a popular key over {} reads of it, delay 200 ms: {slow} answers over 20 ms; {}",
        stack.vendor.total_reads(),
        spread(took)
    );
}

async fn the_same_key_again() {
    let stack = Stack::wanted().apis(3).workers(2).start().await;
    let day = stack.weekday();
    for round in 1..=5 {
        let answers = stack.get_many(300, &menu_path(Hall::Malott, day, "lunch")).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(stack.vendor.total_reads(), round);
        stack.grow_old().await;
    }
    println!("the same key after expiry, 5 rounds of 300: exactly 1 read each");
}

async fn one_by_one() {
    let stack = Stack::start().await;
    let delay = Duration::from_millis(50);
    stack.vendor.delay(Scope::All, delay);
    let mut over = Vec::new();
    let halls = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
    let mut keys = Vec::new();
    for hall in halls {
        for day in 0..15 {
            keys.push((hall, stack.in_days(day)));
        }
    }
    // Twice over the 60 documents, cold each time.
    for turn in 0..2 {
        for (hall, day) in &keys {
            let answer = stack.menu(*hall, *day, "dinner").await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if over.len() < 100 {
                over.push(answer.took.saturating_sub(delay));
            }
        }
        assert_eq!(stack.vendor.total_reads(), keys.len() * (turn + 1));
        stack.grow_old().await;
    }
    println!("100 cold misses one by one, over the delay of 50 ms: {}", spread(over));
}

/// From before the push to the vendor having the whole request: the start of the job, its look into
/// both stores and its lease included, so more than the push-to-start that it bounds.
async fn push_to_vendor() {
    let stack = Stack::wanted().apis(0).workers(2).start().await;
    let url = stack.redis_url();
    let get = |name: &str| (name == "REDIS_URL").then(|| url.clone());
    let mut vars = Vars::new(&get);
    let Some(url) = vars.required_url("REDIS_URL", &["redis"], "") else { return };
    let patience = Patience { connect: Duration::from_secs(2), response: Duration::from_secs(2) };
    let Ok(link) = Link::new(&url, patience) else { return };
    let queue = Queue::new(link, Names::new(stack.key("")));
    let halls = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
    let mut waits = Vec::new();
    while waits.len() < 1000 {
        for hall in halls {
            for day in 0..15 {
                let name = format!("menu:{}:{}:dinner", hall.as_str(), stack.in_days(day));
                let Ok(key) = name.parse() else { return };
                let reads = stack.vendor.journal().len();
                let asked = Utc::now();
                let job =
                    RefreshMenu { key, reason: Reason::Miss, request_id: None, traceparent: None };
                let pushed = queue.push(&job, false).await;
                assert!(
                    matches!(pushed, Ok(answer) if answer.pushed == Pushed::Enqueued),
                    "{pushed:?}"
                );
                let read = eventually("the vendor is asked", Duration::from_secs(5), async || {
                    stack.vendor.journal().get(reads).cloned()
                })
                .await;
                waits.push((read.at - asked).to_std().unwrap_or_default());
                // Spaced: the next push meets idle workers.
                let idle = Instant::now() + Duration::from_millis(fastrand::u64(2..20));
                eventually("nothing is under way", Duration::from_secs(5), async || {
                    (Instant::now() > idle && stack.jobs().await == Jobs::NONE).then_some(())
                })
                .await;
            }
        }
        stack.vendor.forget_reads();
        stack.grow_old().await;
    }
    println!("push to the vendor's request, spaced pushes, 2 workers: {}", spread(waits));
}
