//! Redis is there, and nobody works.

use std::time::Duration;

use tests::{Stack, eventually, measured, menu_path, stub::Hall};

use crate::are_fresh;

#[tokio::test]
async fn q6_with_no_worker_at_all_a_cold_menu_is_read_by_the_api_and_cached() {
    let mut stack = Stack::wanted().apis(2).workers(0).start().await;
    stack.leftovers_are_fine();
    let path = menu_path(Hall::Hoch, stack.in_days(1), "dinner");
    let answers = stack.get_many(60, &path).await;
    are_fresh(&answers);
    measured("Q6", format!("slowest {:?}", answers.iter().map(|answer| answer.took).max()));
    assert!(answers.iter().all(|answer| answer.took <= Duration::from_secs(5)));
    assert_eq!(stack.vendor.total_reads(), 1, "once for all processes");
    assert!(stack.get(&path).await.header("cache-status").starts_with("menus5c; hit"));
}

#[tokio::test]
async fn q6_when_the_last_worker_was_not_heard_of_for_ten_seconds_the_api_reads() {
    let mut stack = Stack::start().await;
    stack.leftovers_are_fine();
    stack.workers[0].kill();
    let workers = stack.key("fetch:workers");
    // As if the ten seconds were almost over.
    let names: Vec<String> = redis::cmd("ZRANGE")
        .arg(&workers)
        .arg(0)
        .arg(-1)
        .query_async(&mut stack.redis().await)
        .await
        .unwrap();
    let mut back = redis::cmd("ZINCRBY");
    stack.write(back.arg(&workers).arg(-8).arg(&names[0])).await;
    let path = menu_path(Hall::Collins, stack.in_days(1), "dinner");
    let served = eventually("the api reads", Duration::from_secs(12), async || {
        let answer = stack.get(&path).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    are_fresh(&[served]);
    assert_eq!(stack.vendor.total_reads(), 1);
    assert!(stack.get(&path).await.header("cache-status").starts_with("menus5c; hit"));
}

#[tokio::test]
async fn q6_a_full_queue_that_nobody_empties_keeps_nobody_waiting() {
    let mut stack = Stack::wanted().workers(0).start().await;
    stack.leftovers_are_fine();
    let mut fill = redis::cmd("RPUSH");
    fill.arg(stack.key("fetch:active"));
    (0..2000).for_each(|number| _ = fill.arg(format!("menu:filler:{number}")));
    stack.write(&fill).await;
    let path = menu_path(Hall::Malott, stack.in_days(1), "dinner");
    are_fresh(&[stack.get(&path).await]);
}
