//! While Redis goes and while it comes back: some processes agree by Redis still, others by Postgres
//! already, and a vendor sees no more of them than of either.

use std::time::Duration;

use tests::{
    Answer, Stack, eventually, measured,
    stub::{Scope, Vendor},
};

use crate::{ask_all, dinners, is_put_off};

/// Not before the vendor has had so many requests.
async fn were_read(stack: &Stack, requests: usize) {
    eventually("so many have begun", Duration::from_secs(5), async || {
        (stack.vendor.vendor(Vendor::BonAppetit).reads >= requests).then_some(())
    })
    .await;
}

fn are_served_or_put_off(answers: &[Answer]) {
    answers.iter().filter(|answer| answer.status != 200).for_each(is_put_off);
}

#[tokio::test]
async fn r3_s11_while_redis_goes_and_comes_back_a_vendor_is_asked_two_at_once_by_all() {
    let stack = Stack::wanted().own_redis().apis(2).start().await;
    stack.somebody_works().await;
    let redis = stack.own_redis.as_ref().unwrap();
    let cold = dinners(&stack, 1, 14);
    stack.vendor.delay(Scope::All, Duration::from_millis(1500));

    let going = async {
        were_read(&stack, 2).await;
        // The worker's two requests stay open beside whatever the apis do now.
        redis.signal("STOP");
        ask_all(&stack, &cold[2..6]).await
    };
    let (by_worker, by_apis) = futures::future::join(ask_all(&stack, &cold[..2]), going).await;
    are_served_or_put_off(&by_worker);
    are_served_or_put_off(&by_apis);

    let reads = stack.vendor.vendor(Vendor::BonAppetit).reads;
    let coming = async {
        were_read(&stack, reads + 2).await;
        // Now it is the apis' that stay open, beside the worker's.
        redis.signal("CONT");
        stack.somebody_works().await;
        ask_all(&stack, &cold[10..]).await
    };
    let (by_apis, by_worker) = futures::future::join(ask_all(&stack, &cold[6..10]), coming).await;
    are_served_or_put_off(&by_apis);
    are_served_or_put_off(&by_worker);

    eventually("all are served", Duration::from_secs(30), async || {
        ask_all(&stack, &cold).await.iter().all(|answer| answer.status == 200).then_some(())
    })
    .await;
    let cafes = stack.vendor.vendor(Vendor::BonAppetit);
    measured(
        "R3",
        format!("{} at once, {} reads of {}", cafes.max_concurrent, cafes.reads, cold.len()),
    );
    assert_eq!(cafes.max_concurrent, 2, "of all processes, whoever let them in");
    assert_eq!(cafes.reads, cold.len(), "each once");
}

#[tokio::test]
async fn r3_who_was_let_in_by_redis_alone_gives_his_turn_back() {
    let stack =
        Stack::wanted().with("VENDOR_CONCURRENCY", 1).with("FETCH_TIMEOUT_MS", 4500).start().await;
    stack.somebody_works().await;
    // As a process that has no Redis.
    let locks = stack.database.store().locks();
    let slot = locks.ask("5c-menus slot 0 cafebonappetit.com").await.unwrap();
    assert!(slot.is_some(), "nobody has it");

    let cold = dinners(&stack, 1, 2);
    let answer = stack.get(&cold[0]).await;
    is_put_off(&answer);
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 0, "one request at once, and there is one");

    drop(slot);
    let answer = stack.get(&cold[1]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // Sooner than a turn runs out that nobody gives back.
    assert!(answer.took < Duration::from_secs(2), "{:?}", answer.took);
}
