//! At four in the morning the coming days.

use chrono::{TimeDelta, Timelike, Utc};
use tests::{Stack, Wanted, eventually};

use super::{SECOND, add_worker, schedule, zone_at};

/// A system in whose zone it is past four. It must stay so for a while: in the last minute of an hour
/// the next one is waited for.
pub(crate) async fn past_four(wanted: Wanted) -> Stack {
    eventually("an hour that goes on", SECOND * 70, async || {
        (Utc::now().minute() < 59).then_some(())
    })
    .await;
    // Every minute would be the meals' turn as well; they have theirs elsewhere.
    let wanted = wanted.workers(0).with("PREWARM_LEAD_MINS", 30);
    let wanted = wanted.with("PREWARM_CRON", "0 0 0 1 1 *").with("TIMEZONE", zone_at(4));
    wanted.start().await
}

/// Documents that hold a week of all halls: four of a day each, two feeds; Oldenborg is shut.
pub(crate) const DOCUMENTS: usize = 7 * 4 + 2;

#[tokio::test]
async fn every_document_of_the_coming_week_is_read_once_whichever_worker_is_there() {
    let mut stack = past_four(Stack::wanted()).await;
    for _ in 0..3 {
        add_worker(&mut stack).await;
    }
    let run = eventually("the days are looked after", SECOND * 30, async || {
        let run = schedule(&stack.workers[0]).await["last_runs"]["days"].clone();
        (!run.is_null()).then_some(run)
    })
    .await;
    assert_eq!(run["looked_at"].as_array().unwrap().len(), DOCUMENTS, "{run}");
    stack.is_idle().await;
    let counts = stack.vendor.counts();
    assert_eq!(counts.len(), DOCUMENTS, "{counts:?}");
    assert!(counts.values().all(|count| count.reads == 1), "{counts:?}");
    assert_eq!(stack.vendor.max_concurrent(), 1, "one at a time");
    let mut redis = stack.redis().await;
    let taken =
        stack.keys().await.into_iter().find(|key| key.starts_with("prewarm:days:")).unwrap();
    let left: i64 = redis::cmd("TTL").arg(stack.key(&taken)).query_async(&mut redis).await.unwrap();
    assert!((3_000..=3_600).contains(&left), "taken for good: {left}");
}

/// An idle worker looks at the queue twice a second: nobody is to wait for that who has work.
#[tokio::test]
async fn one_worker_goes_from_one_document_to_the_next() {
    let mut stack = past_four(Stack::wanted()).await;
    add_worker(&mut stack).await;
    eventually("all are read", SECOND * 40, async || {
        (stack.vendor.total_reads() == DOCUMENTS).then_some(())
    })
    .await;
    stack.is_idle().await;
    let mut at: Vec<_> = stack.vendor.journal().iter().map(|read| read.at).collect();
    at.sort_unstable();
    let mut gaps: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let median = gaps[gaps.len() / 2];
    assert!(median < TimeDelta::milliseconds(300), "{gaps:?}");
}

#[tokio::test]
async fn a_worker_that_dies_over_it_leaves_the_days_to_the_next() {
    let mut stack = past_four(Stack::wanted()).await;
    // As the dead worker leaves it: taken, with the rest of its two minutes.
    let tick = Utc::now().format("%Y-%m-%dT%H:00:00Z");
    let name = stack.key(&format!("prewarm:days:{tick}"));
    let mut set = redis::cmd("SET");
    set.arg(&name).arg(1).arg("EX").arg(3);
    stack.write(&set).await;
    add_worker(&mut stack).await;
    eventually("it is taken over", SECOND * 40, async || {
        let run = schedule(&stack.workers[0]).await["last_runs"]["days"].clone();
        (!run.is_null()).then_some(())
    })
    .await;
    stack.is_idle().await;
    assert_eq!(stack.vendor.counts().len(), DOCUMENTS);
}

#[tokio::test]
async fn a_worker_that_comes_after_it_was_done_reads_nothing() {
    let mut stack = past_four(Stack::wanted()).await;
    let tick = Utc::now().format("%Y-%m-%dT%H:00:00Z");
    let mut set = redis::cmd("SET");
    set.arg(stack.key(&format!("prewarm:days:{tick}"))).arg("done").arg("EX").arg(3_600);
    stack.write(&set).await;
    add_worker(&mut stack).await;
    let other = "menus5c_prewarm_ticks_total{plan=\"days\",result=\"other\"}";
    eventually("it has seen that", SECOND * 20, async || {
        let metrics = tests::Metrics::at(&format!("{}/metrics", stack.workers[0].url())).await;
        (metrics.value(other) == 1.0).then_some(())
    })
    .await;
    assert_eq!((stack.vendor.total_reads(), stack.jobs().await), (0, tests::Jobs::NONE));
}
