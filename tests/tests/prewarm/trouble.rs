//! Workers die, stores go away: no meal is lost for it.

use chrono::{TimeDelta, Utc};
use tests::{
    eventually,
    stub::{Hall, Scope},
};

use super::{SECOND, add_worker, dinner, next_run, wanted, warm, without_meals};

#[tokio::test]
async fn a_worker_that_dies_with_a_tick_in_its_hands_costs_no_meal() {
    let mut stack = without_meals(wanted()).await;
    let key = dinner(&stack, Hall::Hoch, TimeDelta::minutes(20)).await;
    // The ticks of the next seconds are taken by a worker that did nothing about them.
    let mut taken = Vec::new();
    for second in -2..4 {
        let tick = Utc::now() + TimeDelta::seconds(second);
        let name = stack.key(&format!("prewarm:{}", tick.format("%Y-%m-%dT%H:%M:%SZ")));
        let mut set = redis::cmd("SET");
        set.arg(&name).arg(1).arg("NX").arg("EX").arg(3_600);
        stack.write(&set).await;
        taken.push(name);
    }
    add_worker(&mut stack).await;
    warm(&stack, &[key]).await;
    let run = next_run(&stack, "meals").await;
    let tick = run["tick"].as_str().unwrap();
    assert!(!taken.iter().any(|name| name.ends_with(tick)), "{tick} was not among {taken:?}");
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn a_worker_that_dies_over_the_read_leaves_the_meal_to_the_next() {
    let mut stack = without_meals(wanted()).await;
    stack.vendor.delay(Scope::All, SECOND * 2);
    let key = dinner(&stack, Hall::Hoch, TimeDelta::minutes(20)).await;
    add_worker(&mut stack).await;
    eventually("the vendor is asked", SECOND * 20, async || {
        (stack.vendor.max_concurrent() > 0).then_some(())
    })
    .await;
    stack.workers[0].kill();
    stack.vendor.heal();
    stack.add_worker();
    warm(&stack, &[key]).await;
    stack.is_idle().await;
    assert!(stack.vendor.total_reads() <= 2, "{}", stack.vendor.total_reads());
}

#[tokio::test]
async fn with_the_database_away_the_hours_are_those_that_were_known() {
    let mut stack = without_meals(wanted()).await;
    // Due three seconds after the hours can no longer be read.
    let key = dinner(&stack, Hall::Hoch, TimeDelta::minutes(30) + TimeDelta::seconds(8)).await;
    add_worker(&mut stack).await;
    next_run(&stack, "meals").await;
    stack.database.run("alter table dining_hours_overrides rename to out_of_reach").await;
    assert!(!stack.keys().await.contains(&key), "not before its time");
    warm(&stack, &[key]).await;
    let run = next_run(&stack, "meals").await;
    let read_at = run["hours_read_at"].as_str().unwrap();
    assert!(read_at < run["at"].as_str().unwrap(), "{run}");
    assert_eq!(run["looked_at"].as_array().unwrap().len(), 1, "{run}");
    stack.is_idle().await;
}

#[tokio::test]
async fn with_redis_away_it_waits_and_goes_on_when_it_is_back() {
    let mut stack = without_meals(wanted().own_redis()).await;
    let key = dinner(&stack, Hall::Hoch, TimeDelta::minutes(20)).await;
    add_worker(&mut stack).await;
    warm(&stack, std::slice::from_ref(&key)).await;
    stack.is_idle().await;
    stack.own_redis.as_mut().unwrap().kill();
    eventually("the worker says so", SECOND * 20, async || {
        stack.workers[0]
            .log()
            .contains("menus are not looked after; trying until they are")
            .then_some(())
    })
    .await;
    stack.own_redis.as_mut().unwrap().restart().await;
    warm(&stack, &[key]).await;
    eventually("the worker says so", SECOND * 20, async || {
        stack.workers[0].log().contains("menus are looked after again").then_some(())
    })
    .await;
    assert_eq!(stack.vendor.total_reads(), 1, "what Postgres has of it is fresh");
    stack.is_idle().await;
}
