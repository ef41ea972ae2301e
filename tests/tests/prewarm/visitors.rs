//! Visitors come while two workers' schedulers warm a week of all halls: each document is read once,
//! and nobody waits for it.

use std::time::Duration;

use tests::{
    Stack, Wanted, menu_path,
    stub::{Hall, Scope},
};

use super::{
    SECOND, add_worker,
    days::{DOCUMENTS, past_four},
};

/// What warming may take from a visitor at most: one turn with a vendor.
const MOST: Duration = Duration::from_millis(300);
const VENDORS_DELAY: Duration = Duration::from_millis(50);

/// As shipped: two requests at once with a vendor, a quarter of a second apart.
fn polite() -> Wanted {
    Stack::wanted().with("VENDOR_SPACING_MS", 250).with("VENDOR_CONCURRENCY", 2)
}

/// A visitor every quarter of a second, to each vendor's site in turn, so that none has to wait for
/// the one before. Tells how long each waited.
async fn visitors(stack: &Stack, days: std::ops::Range<u64>) -> Vec<Duration> {
    let first = super::day_at(4);
    let mut turns = tokio::time::interval(Duration::from_millis(250));
    let mut waited = Vec::new();
    for day in days {
        let date = first + chrono::Days::new(day);
        for hall in [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell] {
            turns.tick().await;
            let answer = stack.get(&menu_path(hall, date, "dinner")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            waited.push(answer.took);
        }
    }
    waited
}

#[tokio::test]
async fn nobody_waits_for_what_nobody_asked_for() {
    let alone = polite().with("TIMEZONE", super::zone_at(4)).start().await;
    alone.vendor.delay(Scope::All, VENDORS_DELAY);
    let mut fault_free = visitors(&alone, 8..12).await;
    fault_free.sort();
    drop(alone);

    let mut stack = past_four(polite()).await;
    stack.vendor.delay(Scope::All, VENDORS_DELAY);
    add_worker(&mut stack).await;
    stack.add_worker();
    tests::eventually("the days are asked for", SECOND * 20, async || {
        (stack.jobs().await.queued > 20).then_some(())
    })
    .await;
    // Days that are not warmed, then days that are: waiting, running or done.
    let mut waited = visitors(&stack, 8..10).await;
    waited.extend(visitors(&stack, 5..7).await);
    assert!(stack.jobs().await.queued > 0, "it went on all the while");
    waited.sort();
    let most = *waited.last().unwrap();
    let usual = *fault_free.last().unwrap();
    println!("visitors waited {usual:?} at most, and {most:?} beside the warming of a week");
    println!("alone {fault_free:?}\nbeside {waited:?}");
    assert!(most <= usual + MOST, "{most:?}, without {usual:?}");

    stack.is_idle().await;
    let counts = stack.vendor.counts();
    assert_eq!(counts.len(), DOCUMENTS + 2 * 4, "{counts:?}");
    assert!(counts.values().all(|count| count.reads == 1), "one read a document: {counts:?}");
    for vendor in [tests::stub::Vendor::Sodexo, tests::stub::Vendor::BonAppetit] {
        assert!(stack.vendor.vendor(vendor).max_concurrent <= 2);
    }
}
