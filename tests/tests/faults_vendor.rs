//! We are guests at the vendors': few requests at a time, quiet where it is asked for, hardly any
//! while a vendor fails. Of all our processes together, or of each where there is no Redis.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail in any way, and so may what it stands on"
)]

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tests::{
    Answer, Stack, Wanted, eventually, measured, menu_path,
    stub::{Fault, Hall, Scope, Vendor},
};

/// One site for three halls.
const CAFES: [Hall; 3] = [Hall::Collins, Hall::Malott, Hall::Mcconnell];

/// A dinner of each of the cafés on so many days from tomorrow on.
fn dinners(stack: &Stack, days: u64) -> Vec<(Hall, NaiveDate)> {
    CAFES
        .into_iter()
        .flat_map(|hall| (1..=days).map(move |ahead| (hall, ahead)))
        .map(|(hall, ahead)| (hall, stack.in_days(ahead)))
        .collect()
}

/// All at once, spread over the apis.
async fn ask_all(stack: &Stack, dinners: &[(Hall, NaiveDate)]) -> Vec<Answer> {
    let asked = dinners.iter().enumerate().map(async |(turn, (hall, date))| {
        let api = turn % stack.apis.len();
        stack.ask(api, reqwest::Method::GET, &menu_path(*hall, *date, "dinner"), &[]).await
    });
    futures::future::join_all(asked).await
}

/// When the cafés' site was asked, in order.
fn asked_at(stack: &Stack) -> Vec<DateTime<Utc>> {
    let cafes = |read: &tests::stub::Read| read.vendor == Some(Vendor::BonAppetit.as_str());
    stack.vendor.journal().iter().filter(|read| cafes(read)).map(|read| read.at).collect()
}

fn is_asked_politely(stack: &Stack, requests: usize) {
    let count = stack.vendor.vendor(Vendor::BonAppetit);
    assert_eq!(count.reads, requests);
    assert_eq!(count.max_concurrent, 2, "as many as are allowed, and no more");
    // Four a second, but for the few milliseconds by which requests differ on their way.
    let asked = asked_at(stack);
    let apart = |five: &[DateTime<Utc>]| five[4] - five[0] >= TimeDelta::milliseconds(950);
    assert!(asked.windows(5).all(apart), "{asked:?}");
}

async fn wants_quiet_and_gets_it(stack: &Stack, status: u16) {
    const QUIET: u64 = 3;
    let days: Vec<NaiveDate> = (1..=14).map(|ahead| stack.in_days(ahead)).collect();
    stack.vendor.fault(Scope::All, Fault::Status(status, Some(QUIET)));
    let first = stack.menu(Hall::Malott, days[0], "dinner").await;
    let began = Instant::now();
    assert_eq!(first.problem(503).1, "vendor_error");
    assert!(first.header("retry-after").parse::<u64>().unwrap() >= QUIET, "{first:?}");
    assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, 1);
    stack.vendor.heal();
    let mut turn = 0;
    while began.elapsed() < Duration::from_millis(QUIET * 1000 - 500) {
        turn += 1;
        let path = menu_path(CAFES[turn % 3], days[turn % 14], "dinner");
        let left = Duration::from_secs(QUIET).saturating_sub(began.elapsed());
        let api = turn % stack.apis.len();
        let answer = stack.ask(api, reqwest::Method::GET, &path, &[]).await;
        assert_eq!(answer.problem(503).1, "vendor_error");
        assert!(answer.took < Duration::from_millis(500), "nobody waits in vain: {answer:?}");
        let wait: f64 = answer.header("retry-after").parse().unwrap();
        assert!(wait + 0.2 >= left.as_secs_f64(), "{wait} s told, {left:?} left");
    }
    assert!(turn >= 40, "every document was asked for: {turn}");
    assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, 1, "{status}: not one more");
    let other = stack.menu(Hall::Frary, stack.vendor_day(Hall::Frary), "dinner").await;
    assert_eq!(other.status, 200, "other vendors did not ask for quiet: {other:?}");
    eventually("the quiet ends", Duration::from_secs(10), async || {
        (stack.menu(Hall::Collins, days[1], "dinner").await.status == 200).then_some(())
    })
    .await;
    let asked = asked_at(stack);
    assert!(asked[1] - asked[0] >= TimeDelta::seconds(3), "{asked:?}");
}

#[tokio::test]
async fn v4_a_vendor_that_wants_quiet_gets_it_from_every_process() {
    for status in [429, 503] {
        // Without workers the apis read for themselves: the one that was told, and the other.
        let stack = Stack::wanted().apis(2).workers(0).start().await;
        wants_quiet_and_gets_it(&stack, status).await;
    }
}

#[tokio::test]
async fn v4_workers_keep_quiet_and_serve_the_last_good_copy() {
    let stack = Stack::wanted().workers(2).start().await;
    let dinners = dinners(&stack, 3);
    let before = ask_all(&stack, &dinners).await;
    assert!(before.iter().all(|answer| answer.status == 200));
    stack.grow_old().await;
    stack.vendor.forget_reads();
    stack.vendor.fault(Scope::All, Fault::Status(429, Some(600)));
    let (hall, date) = dinners[0];
    assert_eq!(stack.menu(hall, date, "dinner").await.json()["is_stale"], true);
    stack.settled(hall, date, "dinner").await;
    for _ in 0..3 {
        let answers = ask_all(&stack, &dinners).await;
        assert!(answers.iter().all(|answer| answer.json()["is_stale"] == true));
        stack.grow_old().await;
    }
    assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, 1);
    let on_record = "select count(*) from fetch_runs where error_class in ('throttled', 'quiet')";
    assert_eq!(stack.database.number(on_record).await, 1, "what was not asked is no read");
}

#[tokio::test]
async fn v4_without_redis_each_process_keeps_quiet() {
    let stack = Stack::wanted().no_redis().workers(0).start().await;
    wants_quiet_and_gets_it(&stack, 429).await;
}

#[tokio::test]
async fn v4_quiet_that_redis_has_forgotten_is_said_again_by_who_was_told() {
    let stack = Stack::wanted().apis(2).workers(0).start().await;
    let asks = async |api: usize, ahead: u64| {
        let path = menu_path(Hall::Malott, stack.in_days(ahead), "dinner");
        stack.ask(api, reqwest::Method::GET, &path, &[]).await.problem(503).1
    };
    stack.vendor.fault(Scope::All, Fault::Status(429, Some(600)));
    assert_eq!(asks(0, 1).await, "vendor_error");
    stack.vendor.heal();
    stack.write(redis::cmd("UNLINK").arg(stack.key("quiet:cafebonappetit.com"))).await;
    assert_eq!(asks(0, 2).await, "vendor_error", "who was told");
    assert_eq!(asks(1, 3).await, "vendor_error", "and so the other");
    assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, 1);
}

#[tokio::test]
async fn v4_too_many_requests_without_a_time_is_a_minute_of_quiet_for_the_site() {
    let stack = Stack::wanted().workers(0).start().await;
    stack.vendor.fault(Scope::All, Fault::Status(429, None));
    let first = stack.menu(Hall::Malott, stack.in_days(1), "dinner").await;
    assert_eq!(first.problem(503).1, "vendor_error");
    let wait: u64 = first.header("retry-after").parse().unwrap();
    assert!((55..=75).contains(&wait), "{first:?}");
    stack.vendor.heal();
    for (hall, date) in dinners(&stack, 5) {
        assert_eq!(stack.menu(hall, date, "dinner").await.problem(503).1, "vendor_error");
    }
    assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, 1, "not one more");
}

#[tokio::test]
async fn s11_a_vendor_is_told_who_asks_and_whom_to_write_to() {
    for (contact, told) in [(None, ""), (Some("dining@example.edu"), "; dining@example.edu")] {
        let mut wanted = Stack::wanted();
        if let Some(contact) = contact {
            wanted = wanted.with("VENDOR_CONTACT", contact);
        }
        let stack = wanted.start().await;
        assert_eq!(stack.menu(Hall::Malott, stack.in_days(1), "dinner").await.status, 200);
        let user_agent = stack.vendor.journal()[0].user_agent.clone().unwrap();
        let (name, comment) = user_agent.split_once(' ').unwrap();
        assert!(name.starts_with("5c-menus/"), "{user_agent}");
        assert_eq!(comment, format!("(Claremont dining menus{told})"));
    }
}

/// The manners that are shipped.
fn polite() -> Wanted {
    Stack::wanted().with("VENDOR_SPACING_MS", 250).with("MISS_WAIT_MS", 30_000)
}

#[tokio::test]
async fn r3_s11_all_processes_together_ask_a_vendor_two_at_once_and_four_a_second() {
    let stack = polite().apis(2).workers(3).start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(400));
    let dinners = dinners(&stack, 5);
    let answers = ask_all(&stack, &dinners).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    is_asked_politely(&stack, dinners.len());
}

#[tokio::test]
async fn r3_without_redis_a_process_is_polite_by_itself() {
    let stack = polite().no_redis().workers(0).start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(400));
    let dinners = dinners(&stack, 4);
    let answers = ask_all(&stack, &dinners).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    is_asked_politely(&stack, dinners.len());
}

fn lines(stack: &Stack, words: &str) -> usize {
    let programs = stack.apis.iter().chain(&stack.workers);
    programs.map(|program| program.log().matches(words).count()).sum()
}

#[tokio::test]
async fn v3_v17_a_vendor_that_fails_is_only_probed_until_it_answers() {
    const PROBE: Duration = Duration::from_secs(2);
    let stack = polite()
        .with("VENDOR_SPACING_MS", 0)
        .with("VENDOR_PROBE_SECS", PROBE.as_secs())
        .workers(2)
        .start()
        .await;
    let dinners = dinners(&stack, 8);
    let fresh = ask_all(&stack, &dinners).await;
    assert!(fresh.iter().all(|answer| answer.status == 200), "{fresh:?}");
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    stack.grow_old().await;
    stack.vendor.forget_reads();
    for (hall, date) in &dinners[..3] {
        assert_eq!(stack.menu(*hall, *date, "dinner").await.json()["is_stale"], true);
    }
    stack.is_idle().await;
    assert_eq!(asked_at(&stack).len(), 3, "three failures open it");
    let last_failure = asked_at(&stack)[2];
    let rounds = async |until: usize| {
        eventually("the next probe", PROBE * 4, async || {
            let answers = ask_all(&stack, &dinners).await;
            assert!(answers.iter().all(|answer| answer.json()["is_stale"] == true));
            stack.grow_old().await;
            (asked_at(&stack).len() >= until).then_some(())
        })
        .await;
    };
    rounds(5).await;
    let asked = asked_at(&stack);
    assert_eq!(asked.len(), 5, "two probes, whoever asked meanwhile");
    let gap = TimeDelta::from_std(PROBE).unwrap() - TimeDelta::milliseconds(50);
    assert!(asked[3] - last_failure >= gap && asked[4] - asked[3] >= gap, "{asked:?}");

    stack.vendor.heal();
    eventually("all are fresh again", PROBE * 4, async || {
        let answers = ask_all(&stack, &dinners).await;
        stack.expire("menu:").await;
        answers.iter().all(|answer| answer.json()["is_stale"] == false).then_some(())
    })
    .await;
    assert_eq!(asked_at(&stack).len(), 5 + dinners.len(), "one probe closes it, then one each");
    assert_eq!(lines(&stack, "site given up"), 1, "said once, not by every request");
    assert_eq!(lines(&stack, "site answers again"), 1);
}

#[tokio::test]
async fn v3_a_document_that_is_wrong_is_no_vendor_that_is_down() {
    let stack = polite().with("VENDOR_SPACING_MS", 0).with("VENDOR_PROBE_SECS", 60).start().await;
    for (day, fault) in
        (1..).zip([Fault::Garbage, Fault::Status(404, None), Fault::Status(403, None)])
    {
        stack.vendor.fault(Scope::All, fault);
        for hall in CAFES {
            assert_eq!(
                stack.menu(hall, stack.in_days(day), "dinner").await.problem(503).1,
                "vendor_error"
            );
        }
    }
    assert_eq!(asked_at(&stack).len(), 9, "each was asked for");
    stack.vendor.heal();
    assert_eq!(stack.menu(Hall::Malott, stack.in_days(5), "dinner").await.status, 200);
    assert_eq!(lines(&stack, "site given up"), 0);
}

#[tokio::test]
async fn v18_a_vendor_that_flaps_is_seldom_tried_twice() {
    let stack = Stack::start().await;
    stack.vendor.fault(Scope::All, Fault::Flapping);
    let dinners = dinners(&stack, 14);
    for _ in 0..3 {
        ask_all(&stack, &dinners).await;
        stack.grow_old().await;
    }
    let firsts = "select count(*) from fetch_runs where vendor = 'bon_appetit'";
    let firsts = usize::try_from(stack.database.number(firsts).await).unwrap();
    let retries = asked_at(&stack).len() - firsts;
    measured("V18", format!("{retries} retries of {firsts} reads"));
    assert!(firsts >= 100, "{firsts}");
    assert!((1..=firsts / 10).contains(&retries), "{retries} retries of {firsts}");
    let most = stack.vendor.counts().into_values().map(|count| count.reads).max();
    assert!(most <= Some(2 * 3), "two tries a read: {most:?}");
}
