//! Ends of an entry's life: is anybody made to wait, is a document read more than once?

use std::time::{Duration, Instant};

use tests::{
    Stack, menu_path,
    stub::{Hall, Scope},
};

use super::{TIMES, row};
use crate::{field::LOG, numbers::Spread, report::Report, settings};

const DELAY: Duration = Duration::from_millis(200);
const LIFE: Duration = Duration::from_secs(5);
const ENDS: u32 = 5;
const SLOW_MS: f64 = 20.0;

pub(super) async fn measure(report: &mut Report) {
    expired(report).await;
    let stack = Stack::wanted()
        .with("CACHE_TTL_SECS", LIFE.as_secs())
        .with("CACHE_TTL_JITTER_SECS", 0)
        .with("LOG", "info")
        .start()
        .await;
    stack.vendor.delay(Scope::All, DELAY);
    let path = menu_path(Hall::Hoch, stack.weekday(), "dinner");
    stack.get(&path).await;
    let until = Instant::now() + LIFE * ENDS + Duration::from_secs(2);
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
    let (spread, reads) = (Spread::of(took), stack.vendor.total_reads());
    let note = format!(
        "A popular key, four clients without a pause, over {ENDS} ends of its life of {} s, delay {} ms: {reads} reads, {} answers:",
        LIFE.as_secs(),
        DELAY.as_millis(),
        spread.count()
    );
    report.table("misses-life", note, &TIMES, vec![row("an answer", &spread)]);
    let slow = spread.over(SLOW_MS);
    let got = format!("{slow} of {}", spread.count());
    report.goal("answers over 20 ms across five ends of a life", "0 in 10⁵", got, slow == 0);
}

/// The same key after its end, with nobody to refresh it before: one read each.
async fn expired(report: &mut Report) {
    const CLIENTS: usize = 300;
    let stack = Stack::wanted().apis(3).workers(2).with("LOG", LOG).start().await;
    let (path, rounds) = (menu_path(Hall::Malott, stack.weekday(), "lunch"), settings::times(5));
    for round in 1..=rounds {
        let answers = stack.get_many(CLIENTS, &path).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(stack.vendor.total_reads(), round);
        stack.grow_old().await;
    }
    let what = format!("{CLIENTS} on a key after its end, {rounds} times: reads");
    report.goal(&what, "1 each", "1 each".to_owned(), true);
}
