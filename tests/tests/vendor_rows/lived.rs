//! A vendor that is back after a long illness.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tests::{
    Answer, Stack, measured, menu_path,
    stub::{Fault, Hall, Scope, Vendor},
};

use crate::is_stale;

/// Between two probes; `V17_PROBE_SECS=30` takes as long as it does in life.
#[expect(clippy::disallowed_methods, reason = "the tests share no configuration with the product")]
fn probe() -> Duration {
    let secs = std::env::var("V17_PROBE_SECS").map(|secs| secs.parse().unwrap());
    Duration::from_secs(secs.unwrap_or(6))
}

const KEYS: u32 = 40;

/// All keys, fifty a second.
async fn round(stack: &Stack, paths: &[String]) -> Vec<Answer> {
    let start = Instant::now();
    let asked = paths.iter().zip(0..).map(async |(path, turn)| {
        tokio::time::sleep_until((start + Duration::from_millis(20) * turn).into()).await;
        stack.get(path).await
    });
    futures::future::join_all(asked).await
}

fn fresh(answers: &[Answer]) -> usize {
    let is_fresh = |answer: &&Answer| answer.json()["is_stale"] == false;
    answers.iter().filter(is_fresh).count()
}

#[tokio::test]
async fn v17_after_an_outage_forty_stale_menus_are_fresh_in_turn_and_the_vendor_is_not_overrun() {
    let probe = probe();
    let polite = Stack::wanted().workers(2).with("VENDOR_SPACING_MS", 250);
    // Entries of a failure live shortly, or the probe would be nobody's.
    let stack =
        polite.with("VENDOR_PROBE_SECS", probe.as_secs()).with("STALE_TTL_SECS", 1).start().await;
    let cafes = [Hall::Collins, Hall::Malott, Hall::Mcconnell];
    let days = (1..=14).flat_map(|ahead| cafes.map(|hall| (hall, stack.in_days(ahead))));
    let paths: Vec<String> =
        days.map(|(hall, date)| menu_path(hall, date, "dinner")).take(KEYS as usize).collect();
    let start = Instant::now();
    while fresh_or_not(&round(&stack, &paths).await) < paths.len() {
        assert!(start.elapsed() < Duration::from_secs(40), "warm at all");
    }
    stack.grow_old().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let outage = Instant::now();
    while outage.elapsed() < probe * 2 {
        round(&stack, &paths).await.iter().for_each(is_stale);
    }
    stack.vendor.heal();
    stack.vendor.forget_reads();
    let back = Instant::now();
    let mut closed = None;
    loop {
        let answers = round(&stack, &paths).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let fresh = fresh(&answers);
        if fresh > 0 {
            closed.get_or_insert(back.elapsed());
        }
        if fresh == paths.len() {
            break;
        }
        // As slow as four a second, once a probe has found it well.
        let bound = probe + Duration::from_secs(1) * KEYS / 4 + Duration::from_secs(8);
        assert!(back.elapsed() < bound, "{fresh} fresh after {:?}", back.elapsed());
    }
    let second = Duration::from_secs(2);
    let all = back.elapsed();
    measured("V17", format!("probe {probe:?}: first fresh after {closed:?}, all after {all:?}"));
    assert!(closed.unwrap() <= probe + second, "the breaker closed after {closed:?}");
    let journal = stack.vendor.journal();
    let at: Vec<DateTime<Utc>> = journal.iter().map(|read| read.at).collect();
    let apart = |five: &[DateTime<Utc>]| five[4] - five[0] >= TimeDelta::milliseconds(950);
    assert!(at.windows(5).all(apart), "{at:?}");
    assert_eq!(stack.vendor.vendor(Vendor::BonAppetit).reads, paths.len(), "once each");
}

fn fresh_or_not(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}
