//! Far more who ask, and far more jobs, than usual.

use std::time::{Duration, Instant};

use common::queue::{Pushed, Queue, Reason, RefreshMenu};
use tests::{Load, Stack, dinners, lives, menu_path, stub::Hall};

use super::{MS, SECOND, redis_of};

/// Pushes as the programs do.
fn queue_of(stack: &Stack) -> Queue {
    let (link, names) = redis_of(stack);
    Queue::new(link, names)
}

fn job(name: &str) -> RefreshMenu {
    RefreshMenu {
        key: name.parse().expect("a key"),
        reason: Reason::Miss,
        request_id: None,
        traceparent: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q10_three_hundred_at_once_cost_one_read_each_time() {
    let stack = Stack::wanted().apis(2).workers(2).start().await;
    let keys = dinners(&stack, 1..6);
    assert_eq!(keys.len(), 20);
    for (round, key) in keys.iter().enumerate() {
        Load::of(&stack, &[*key]).at_once(300).await.all_ok();
        assert_eq!(stack.vendor.total_reads(), round + 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q11_a_job_is_at_its_vendor_in_a_moment() {
    let stack = Stack::wanted().apis(0).workers(2).start().await;
    let queue = queue_of(&stack);
    let (mut waits, mut calm) = (Vec::new(), Vec::new());
    for day in 0..15 {
        for hall in [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell] {
            let name = format!("menu:{}:{}:dinner", hall.as_str(), stack.in_days(day));
            let (pushed_at, begun) = (chrono::Utc::now(), Instant::now());
            let pushed = queue.push(&job(&name), false).await.expect("pushed");
            calm.push(begun.elapsed());
            assert_eq!(pushed.pushed, Pushed::Enqueued);
            stack.settled(hall, stack.in_days(day), "dinner").await;
            let read = stack.vendor.journal().last().cloned().expect("a read");
            waits.push((read.at - pushed_at).to_std().unwrap_or_default());
        }
    }
    let p99 = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() * 99 / 100 - 1]
    };
    // What a push takes is what the machine takes for next to nothing.
    let (push, wait) = (p99(&mut calm), p99(&mut waits));
    let slowest = waits[waits.len() - 1];
    println!("{} jobs: p99 {wait:?}, max {slowest:?}; a push {push:?}", waits.len());
    assert!(wait <= (150 * MS).max(push * 3), "{wait:?}");
    assert!(slowest <= (300 * MS).max(push * 3), "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q12_a_queue_that_is_full_turns_away_and_is_emptied() {
    const CAP: u64 = 2000;
    let mut stack = Stack::start().await;
    stack.leftovers_are_fine();
    let warm = dinners(&stack, 1..3);
    Load::of(&stack, &warm).at_once(1).await.all_ok();
    stack.is_idle().await;
    stack.workers[0].signal("STOP");
    // Three thousand keys; there are not so many of which anybody may ask, so days of long ago.
    let queue = queue_of(&stack);
    let (mut enqueued, mut full) = (0, 0);
    let first: chrono::NaiveDate = "2010-01-01".parse().expect("a date");
    for day in first.iter_days().take(3000) {
        let job = job(&format!("menu:hoch:{day}:lunch"));
        match queue.push(&job, false).await.expect("an answer").pushed {
            Pushed::Enqueued => enqueued += 1,
            Pushed::Full => full += 1,
            other => panic!("{other:?}"),
        }
    }
    println!("{enqueued} enqueued, {full} turned away");
    assert_eq!(enqueued + full, 3000);
    let queued = stack.jobs().await.queued;
    assert!((CAP - 10..=CAP).contains(&queued), "{queued}");
    let (hall, date, meal) = dinners(&stack, 8..9)[0];
    let turned_away = stack.menu(hall, date, meal).await;
    assert_eq!(turned_away.problem(503).1, "pending");
    assert_eq!(turned_away.header("retry-after"), "1");
    Load::of(&stack, &warm).at_once(1).await.all_ok();
    let begun = Instant::now();
    stack.workers[0].signal("CONT");
    tests::eventually("the queue is empty", SECOND * 30, async || {
        let jobs = stack.jobs().await;
        (jobs.queued + jobs.running + jobs.scheduled == 0).then_some(())
    })
    .await;
    println!("emptied after {:?}", begun.elapsed());
    lives(&stack, (hall, date, meal)).await;
    assert_eq!(stack.get(&menu_path(hall, date, meal)).await.status, 200);
    assert_eq!(stack.vendor.total_reads(), 8 + 1, "and no vendor was asked for those");
    assert!(stack.workers[0].ended().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q12_more_menus_than_the_queue_takes_are_all_served_in_the_end() {
    const CAP: u64 = 100;
    let wanted = Stack::wanted().with("MAX_PENDING_JOBS", CAP).with("MISS_WAIT_MS", 1000);
    let mut stack = wanted.start().await;
    stack.leftovers_are_fine();
    stack.workers[0].signal("STOP");
    // All that anybody may ask for, but for yesterday's.
    let days = (0..15).map(|ahead| stack.in_days(ahead));
    let keys = days.flat_map(|date| Hall::ALL.map(|hall| (hall, date)));
    let meals = ["breakfast", "brunch", "lunch", "dinner", "late_night", "snack"];
    let paths: Vec<String> =
        keys.flat_map(|(hall, date)| meals.map(|meal| menu_path(hall, date, meal))).collect();
    let ask_all =
        async || futures::future::join_all(paths.iter().map(|path| stack.get(path))).await;
    for answer in ask_all().await {
        assert_eq!(
            (answer.problem(503).1.as_str(), answer.header("retry-after")),
            ("pending", "1")
        );
    }
    let queued = stack.jobs().await.queued;
    assert!((CAP - 10..=CAP).contains(&queued), "{queued}");
    let begun = Instant::now();
    stack.workers[0].signal("CONT");
    tests::eventually("all are served", SECOND * 60, async || {
        let answers = ask_all().await;
        assert!(answers.iter().all(|answer| [200, 404, 503].contains(&answer.status)));
        answers.iter().all(|answer| answer.status != 503).then_some(())
    })
    .await;
    println!("{} menus, of which {queued} were queued, after {:?}", paths.len(), begun.elapsed());
    assert_eq!(stack.vendor.total_reads(), 15 * 4 + 3, "each document once");
    assert!(stack.workers[0].ended().is_none());
}
