//! What is shown of it, and whether meals began warm.

use chrono::TimeDelta;
use tests::{
    Answer, Metrics, eventually,
    stub::{Fault, Hall, Scope},
};

use super::{SECOND, add_worker, dinner, next_run, schedule, wanted, warm, without_meals};

#[tokio::test]
async fn every_worker_shows_the_last_run_and_who_made_it() {
    let mut stack = without_meals(wanted()).await;
    let key = dinner(&stack, Hall::Hoch, TimeDelta::minutes(20)).await;
    let later = dinner(&stack, Hall::Collins, TimeDelta::minutes(90)).await;
    add_worker(&mut stack).await;
    warm(&stack, std::slice::from_ref(&key)).await;
    stack.add_worker();
    // The second knows the hours once it has seen a tick.
    eventually("both know the hours", SECOND * 20, async || {
        let seen = schedule(&stack.workers[1]).await;
        (!seen["hours_read_at"].is_null()).then_some(())
    })
    .await;
    stack.workers[1].kill();
    let run = next_run(&stack, "meals").await;
    stack.add_worker();
    let (mine, other) = (schedule(&stack.workers[0]).await, schedule(&stack.workers[2]).await);
    assert_eq!(mine["this_worker"], run["worker"], "the first took it: {run}");
    assert_ne!(other["this_worker"], run["worker"]);
    let looked_at = &run["looked_at"];
    assert_eq!(
        (&looked_at[0]["key"], looked_at.as_array().unwrap().len()),
        (&key.as_str().into(), 1)
    );
    assert_eq!(looked_at[0]["found"], "holds");
    let next: Vec<String> = mine["next_meals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|next| {
            format!("{} {}", next["hall_id"].as_str().unwrap(), next["meal"].as_str().unwrap())
        })
        .collect();
    assert_eq!(next, ["hoch dinner", "collins dinner"], "{later}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = client.get(format!("{}/schedule", stack.workers[0].url()));
    let page = Answer::of(page).await.unwrap();
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for shown in [&key, "this worker", "* * * * * *", "30 minutes", "No run is on record."] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
}

#[tokio::test]
async fn it_is_counted_how_meals_began_by_one_worker() {
    let mut stack = without_meals(wanted()).await;
    stack.vendor.fault(Scope::Hall(Hall::Collins), Fault::Status(404, None));
    let soon = TimeDelta::seconds(8);
    let key = dinner(&stack, Hall::Hoch, soon).await;
    dinner(&stack, Hall::Collins, soon).await;
    add_worker(&mut stack).await;
    add_worker(&mut stack).await;
    warm(&stack, &[key]).await;
    let seen = eventually("they began", SECOND * 30, async || {
        let seen = schedule(&stack.workers[0]).await;
        (seen["starts"][0]["warm"].as_u64()? + seen["starts"][0]["cold"].as_u64()? == 2)
            .then_some(seen)
    })
    .await;
    assert_eq!((&seen["starts"][0]["warm"], &seen["starts"][0]["stale"]), (&1.into(), &0.into()));
    assert_eq!(seen["warm_ratio"], 0.5, "{seen}");
    let mut sums = [0.0, 0.0];
    for worker in &stack.workers {
        let metrics = Metrics::at(&format!("{}/metrics", worker.url())).await;
        for (sum, entry) in sums.iter_mut().zip(["warm", "cold"]) {
            *sum += metrics.value(&format!("menus5c_prewarm_starts_total{{entry=\"{entry}\"}}"));
        }
    }
    assert_eq!(sums, [1.0, 1.0], "each start by one of them");
    stack.vendor.heal();
    stack.is_idle().await;
}
