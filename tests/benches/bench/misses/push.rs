//! From before the push to the vendor having the whole request: the start of the job, its look into
//! both stores and its lease included.

use std::time::{Duration, Instant};

use chrono::Utc;
use common::{
    cache::Names,
    config::Vars,
    link::{Link, Patience},
    queue::{Pushed, Queue, Reason, RefreshMenu},
};
use tests::{Jobs, Stack, eventually, stub::Hall};

use super::{TIMES, row};
use crate::{numbers::Spread, report::Report, settings};

const HALLS: [Hall; 4] = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
const DAYS: u64 = 15;

pub(super) async fn measure(report: &mut Report) {
    let stack = Stack::wanted().apis(0).workers(2).with("LOG", "info").start().await;
    let (queue, count) = (queue(&stack), settings::times(600));
    let mut waits = Vec::new();
    for turn in 0..count {
        let of_round = turn % (HALLS.len() * DAYS as usize);
        if of_round == 0 {
            stack.vendor.forget_reads();
            stack.grow_old().await;
        }
        let (hall, day) = (HALLS[of_round % HALLS.len()], of_round / HALLS.len());
        waits.push(one(&stack, &queue, hall, day as u64).await);
    }
    let spread = Spread::of(waits);
    let note = format!("{count} pushes, spaced so that each meets idle workers, 2 workers:");
    let rows = vec![row("from before the push to the vendor having the request", &spread)];
    report.table("misses-push", note, &TIMES, rows);
}

fn queue(stack: &Stack) -> Queue {
    let url = stack.redis_url();
    let get = |name: &str| (name == "REDIS_URL").then(|| url.clone());
    let mut vars = Vars::new(&get);
    let url = vars.required_url("REDIS_URL", &["redis"], "").expect("a URL");
    let patience = Patience { connect: Duration::from_secs(2), response: Duration::from_secs(2) };
    let link = Link::new(&url, patience).expect("a link");
    Queue::new(link, Names::new(stack.key("")))
}

async fn one(stack: &Stack, queue: &Queue, hall: Hall, day: u64) -> Duration {
    let name = format!("menu:{}:{}:dinner", hall.as_str(), stack.in_days(day));
    let key = name.parse().expect("a key");
    let reads = stack.vendor.journal().len();
    let asked = Utc::now();
    let job = RefreshMenu { key, reason: Reason::Miss, request_id: None, traceparent: None };
    let pushed = queue.push(&job, false).await;
    assert!(matches!(pushed, Ok(answer) if answer.pushed == Pushed::Enqueued), "{pushed:?}");
    let read = eventually("the vendor is asked", Duration::from_secs(5), async || {
        stack.vendor.journal().get(reads).cloned()
    })
    .await;
    // Spaced: the next push meets idle workers.
    let idle = Instant::now() + Duration::from_millis(fastrand::u64(2..20));
    eventually("nothing is under way", Duration::from_secs(5), async || {
        (Instant::now() > idle && stack.jobs().await == Jobs::NONE).then_some(())
    })
    .await;
    (read.at - asked).to_std().unwrap_or_default()
}
