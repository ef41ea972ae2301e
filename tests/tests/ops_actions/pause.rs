//! A vendor that is paused is asked by nobody, whoever wants something of it.

use std::time::Duration;

use tests::{Metrics, eventually, stub::Hall};

use super::*;

async fn paused_for(ops: &OpsSide, vendor: &str) -> Option<u64> {
    let vendors = ops.get("/ops/api/vendors").await.json();
    let row = vendors.as_array().into_iter().flatten().find(|row| row["vendor"] == vendor).cloned();
    row.unwrap_or_default()["paused_for_secs"].as_u64()
}

#[tokio::test]
async fn while_a_vendor_is_paused_its_last_good_copies_are_served_and_nothing_counts_as_a_failure()
{
    let mut stack = Stack::wanted().workers(2).apis(2).start().await;
    let (ops, day) = (OpsSide::of(&stack.workers[0]), stack.weekday());
    let fresh = stack.menu(Hall::Collins, day, "dinner").await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    stack.grow_old().await;
    let reads = stack.vendor.total_reads();

    let answer = ops.act("pause-vendor", &json!({ "vendor": "bon_appetit", "minutes": 5 })).await;
    assert_eq!(result(&answer), "Bon Appétit is not asked for 5 min");
    let left = paused_for(&ops, "bon_appetit").await.unwrap();
    assert!((290..=300).contains(&left), "{left}");
    let stale = stack.menu(Hall::Collins, day, "dinner").await;
    assert_eq!((stale.status, &stale.json()["is_stale"]), (200, &true.into()), "{stale:?}");
    assert_eq!(stale.json()["stations"], fresh.json()["stations"]);
    let none = stack.menu(Hall::Malott, day, "dinner").await;
    assert_eq!(none.problem(503).0, "Menu temporarily unavailable", "there is no copy");
    assert_eq!(stack.menu(Hall::Hoch, day, "dinner").await.status, 200, "another vendor's");
    assert_eq!(stack.vendor.total_reads(), reads + 1);
    let refetch = ops.act("refetch", &menu_arguments("malott", day, "lunch")).await;
    let why = "Bon Appétit is paused for 5 min more; resume it first";
    assert_eq!(refused(&refetch), (409, why.to_owned()));

    // With all workers gone the api reads by itself, and keeps the pause as well.
    stack.workers.clear();
    for key in ["fetch:workers", "menu:malott"] {
        stack.expire(key).await;
    }
    let alone = stack.menu(Hall::Malott, day, "dinner").await;
    assert_eq!(alone.status, 503, "{alone:?}");
    assert!(stack.apis[0].log().contains("nobody works: reading it here"));
    assert_eq!(stack.vendor.total_reads(), reads + 1);
    let failures = "select count(*) from fetch_runs where state not in ('changed', 'unchanged')";
    assert_eq!(stack.database.number(failures).await, 0);
    assert!(!stack.apis[0].log().contains("vendor failed"));
    assert!(stack.apis[0].log().contains("vendor is paused: not asked"));

    // By hand, as the runbook says.
    let key = stack.key("paused:bon_appetit");
    stack.write(redis::cmd("SET").arg(&key).arg("0").arg("EX").arg(86_400)).await;
    stack.expire("menu:malott").await;
    assert_eq!(stack.menu(Hall::Malott, day, "dinner").await.status, 200, "the pause is over");
    stack.leftovers_are_fine();
}

#[tokio::test]
async fn a_pause_ends_by_hand_at_once_and_shows_in_metrics_and_log() {
    let (stack, ops) = start().await;
    let day = stack.weekday();
    let paused = async |vendor: &str| {
        let metrics = Metrics::at(&format!("{}/metrics", ops.url())).await;
        metrics.known(&format!("menus5c_vendor_paused{{vendor=\"{vendor}\"}}"))
    };
    assert_eq!(paused("pomona").await, Some(0.0));
    assert_eq!(
        result(&ops.act("pause-vendor", &json!({ "vendor": "pomona" })).await),
        "Pomona is not asked for 1 h"
    );
    assert_eq!((paused("pomona").await, paused("sodexo").await), (Some(1.0), Some(0.0)));
    assert_eq!(stack.menu(Hall::Frank, day, "dinner").await.status, 503);
    let unasked = "menus5c_vendor_reads_total{vendor=\"pomona\",outcome=\"paused\"}";
    let metrics = Metrics::at(&format!("{}/metrics", ops.url())).await;
    assert!(metrics.value(unasked) >= 1.0);
    assert!(stack.workers[0].log().contains("vendor is paused: not asked"));
    let page = ops.get("/ops/actions").await;
    assert!(page.text.contains("1 h left") && page.text.contains("Resume"), "{page:?}");

    assert_eq!(
        result(&ops.act("resume-vendor", &json!({ "vendor": "pomona" })).await),
        "Pomona is asked again"
    );
    let again = result(&ops.act("resume-vendor", &json!({ "vendor": "pomona" })).await);
    assert_eq!(again, "Nothing to do: Pomona is not paused");
    assert_eq!(paused("pomona").await, Some(0.0));
    let serves = stack.vendor_day(Hall::Frank);
    eventually("it is read again", Duration::from_secs(10), async || {
        (stack.menu(Hall::Frank, serves, "dinner").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn what_was_said_of_a_pause_outlasts_a_redis_that_forgets_it() {
    let (mut stack, ops) = start().await;
    let (day, key) = (stack.weekday(), stack.key("paused:bon_appetit"));
    ops.act("pause-vendor", &json!({ "vendor": "bon_appetit", "minutes": 5 })).await;
    assert_eq!(stack.menu(Hall::Malott, day, "dinner").await.status, 503);
    stack.write(redis::cmd("UNLINK").arg(&key)).await;
    assert_eq!(stack.menu(Hall::Collins, day, "dinner").await.status, 503, "who has heard of it");
    let is_said_again = async |what: &str, paused: bool| {
        eventually(what, Duration::from_secs(10), async || {
            let ends: Option<u64> =
                redis::cmd("GET").arg(&key).query_async(&mut stack.redis().await).await.unwrap();
            ends.filter(|ends| (*ends > 0) == paused)
        })
        .await;
    };
    is_said_again("all hear of it again", true).await;
    let left = paused_for(&ops, "bon_appetit").await.unwrap();
    assert!((280..=300).contains(&left), "no longer than it was: {left}");

    // Nobody is there who has heard of it: it is said before the first job.
    stack.workers.clear();
    stack.write(redis::cmd("UNLINK").arg(&key)).await;
    stack.add_worker();
    stack.somebody_works().await;
    let cold = stack.menu(Hall::Mcconnell, day, "dinner").await;
    assert_eq!(cold.status, 503, "{cold:?}");
    assert_eq!(stack.vendor.total_reads(), 0);

    // And that it was ended early is not forgotten either.
    let ops = OpsSide::of(&stack.workers[0]);
    ops.act("resume-vendor", &json!({ "vendor": "bon_appetit" })).await;
    stack.write(redis::cmd("UNLINK").arg(&key)).await;
    let is_said_again = async || {
        let ends: Option<u64> =
            redis::cmd("GET").arg(&key).query_async(&mut stack.redis().await).await.unwrap();
        (ends == Some(0)).then_some(())
    };
    eventually("it is over", Duration::from_secs(10), is_said_again).await;
    stack.expire("menu:").await;
    assert_eq!(stack.menu(Hall::Malott, day, "dinner").await.status, 200);
    stack.leftovers_are_fine();
}

#[tokio::test]
async fn every_pause_ends() {
    let (stack, ops) = start().await;
    for minutes in [json!(0), json!(-5), json!(1441), json!("soon"), json!(1.5), json!(1e30)] {
        let answer =
            ops.act("pause-vendor", &json!({ "vendor": "sodexo", "minutes": minutes })).await;
        let why = "minutes must be a whole number from 1 to 1440";
        assert_eq!(refused(&answer), (422, why.to_owned()), "{minutes}");
    }
    assert_eq!((paused_for(&ops, "sodexo").await, records(&stack).await), (None, 0));
    ops.act("pause-vendor", &json!({ "vendor": "sodexo", "minutes": 1440 })).await;
    assert!(paused_for(&ops, "sodexo").await.unwrap() <= 86_400);
    ops.act("pause-vendor", &json!({ "vendor": "sodexo", "minutes": 1 })).await;
    assert!(paused_for(&ops, "sodexo").await.unwrap() <= 60, "the newer word counts");
    // Written by hand, without an end: no pause at all.
    let key = stack.key("paused:sodexo");
    stack.write(redis::cmd("SET").arg(&key).arg("1")).await;
    assert_eq!(paused_for(&ops, "sodexo").await, None);
    // And with one, for so long at most.
    stack.write(redis::cmd("SET").arg(&key).arg("9999999999999").arg("EX").arg(60)).await;
    assert!(paused_for(&ops, "sodexo").await.unwrap() <= 60);
    stack.write(redis::cmd("SET").arg(&key).arg("0").arg("EX").arg(86_400)).await;
    assert_eq!(stack.menu(Hall::Hoch, stack.weekday(), "lunch").await.status, 200);
}
