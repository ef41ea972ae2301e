//! Menus read anew, and entries dropped.

use std::time::Duration;

use tests::{
    eventually,
    stub::{Fault, Hall, Scope},
};

use super::*;

/// As if everything had been read two minutes ago, and were still fresh.
async fn read_a_while_ago(stack: &Stack, key: &str) {
    let mut redis = stack.redis().await;
    let held: String = redis::cmd("GET").arg(stack.key(key)).query_async(&mut redis).await.unwrap();
    let body: Value = serde_json::from_str(&held).unwrap();
    let at = chrono::Utc::now() - chrono::TimeDelta::minutes(2);
    let at = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let aged = held.replace(body["fetched_at"].as_str().unwrap(), &at);
    stack.write(redis::cmd("SET").arg(stack.key(key)).arg(aged).arg("KEEPTTL")).await;
    let sql = "update menu_days set fetched_at = fetched_at - interval '2 minutes',
                   menus_read_at = menus_read_at - interval '2 minutes';
               update menus set fetched_at = fetched_at - interval '2 minutes'";
    stack.database.run(sql).await;
}

#[tokio::test]
async fn a_menu_is_read_anew_even_where_a_fresh_one_is_cached() {
    let (stack, ops) = start().await;
    let day = stack.weekday();
    let (key, arguments) = (format!("menu:hoch:{day}:lunch"), menu_arguments("hoch", day, "lunch"));
    assert_eq!(stack.menu(Hall::Hoch, day, "lunch").await.status, 200);
    stack.is_idle().await;

    let young = result(&ops.act("refetch", &arguments).await);
    assert!(young.starts_with("Nothing to do: It was read "), "{young}");
    let form = format!("hall=hoch&date={day}&meal=lunch");
    let page = ops.form("/ops/actions/refetch", &form).await;
    assert!(page.text.contains("a copy younger than a minute is not read again"), "{page:?}");
    assert_eq!(stack.vendor.total_reads(), 1);

    read_a_while_ago(&stack, &key).await;
    let old = stack.menu(Hall::Hoch, day, "lunch").await;
    assert_eq!((old.status, stack.vendor.total_reads()), (200, 1), "still fresh: {old:?}");
    let done = result(&ops.act("refetch", &arguments).await);
    assert_eq!(done, format!("A job was pushed that reads lunch at hoch on {day} anew"));
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 2);
    let by_hand = "select count(*) from fetch_runs where reason = 'manual'";
    assert_eq!(stack.database.number(by_hand).await, 1);
    stack.heard().await;
    let new = stack.menu(Hall::Hoch, day, "lunch").await.json();
    assert!(new["fetched_at"].as_str() > old.json()["fetched_at"].as_str(), "{new}");
}

#[tokio::test]
async fn a_failure_of_a_moment_ago_keeps_nobody_from_reading_anew_by_hand() {
    let (stack, ops) = start().await;
    let day = stack.weekday();
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    assert_eq!(stack.menu(Hall::Malott, day, "lunch").await.status, 503);
    stack.is_idle().await;
    stack.vendor.heal();
    assert_eq!(stack.menu(Hall::Malott, day, "lunch").await.status, 503, "the failure entry");
    let done = result(&ops.act("refetch", &menu_arguments("malott", day, "lunch")).await);
    assert!(done.starts_with("A job was pushed"), "{done}");
    eventually("it is there", Duration::from_secs(10), async || {
        (stack.menu(Hall::Malott, day, "lunch").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_job_that_runs_for_a_visitor_becomes_one_that_reads_anew() {
    let (stack, ops) = start().await;
    let day = stack.weekday();
    assert_eq!(stack.menu(Hall::Hoch, day, "lunch").await.status, 200);
    stack.is_idle().await;
    read_a_while_ago(&stack, &format!("menu:hoch:{day}:lunch")).await;
    // A visitor's job, given to a worker that never takes it: it waits while ops ask.
    let job = format!(r#"{{"key":"menu:hoch:{day}:lunch","reason":"miss","request_id":null}}"#);
    let id = format!("menu:hoch:{day}:lunch");
    stack.workers[0].signal("STOP");
    let mut redis = stack.redis().await;
    let mut push = redis::pipe();
    push.hset(stack.key("fetch:data"), &id, job)
        .hset_multiple(
            stack.key(&format!("fetch:meta:{id}")),
            &[("attempts", "0"), ("max_attempts", "3")],
        )
        .rpush(stack.key("fetch:active"), &id);
    push.query_async::<()>(&mut redis).await.unwrap();
    stack.workers[0].signal("CONT");
    let done = result(&ops.act("refetch", &menu_arguments("hoch", day, "lunch")).await);
    assert!(done.contains("anew"), "{done}");
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 2, "whichever came first");
}

#[tokio::test]
async fn a_dropped_entry_is_gone_for_every_api_and_comes_back_without_the_vendor() {
    let stack = Stack::wanted().apis(2).start().await;
    let ops = OpsSide::of(&stack.workers[0]);
    let day = stack.weekday();
    let arguments = menu_arguments("collins", day, "lunch");
    for _ in 0..3 {
        assert_eq!(stack.menu(Hall::Collins, day, "lunch").await.status, 200);
    }
    stack.is_idle().await;
    let key = format!("menu:collins:{day}:lunch");
    assert!(stack.keys().await.contains(&key));
    let what = format!("lunch at collins on {day}");
    assert_eq!(result(&ops.act("drop-entry", &arguments).await), format!("Forgotten: {what}"));
    assert!(!stack.keys().await.contains(&key));
    assert_eq!(
        result(&ops.act("drop-entry", &arguments).await),
        format!("Nothing was cached of {what}")
    );
    stack.heard().await;
    let again = stack.menu(Hall::Collins, day, "lunch").await;
    assert!(!again.header("cache-status").contains("hit"), "{again:?}");
    assert_eq!((again.status, stack.vendor.total_reads()), (200, 1), "from Postgres");
}

#[tokio::test]
async fn a_form_asks_before_it_does_anything() {
    let (stack, ops) = start().await;
    let day = stack.weekday();
    let form = format!("hall=hoch&date={day}&meal=Late+Night");
    let asked = ops.form("/ops/actions/refetch", &form).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    let question = format!("Read late night at hoch on {day} anew?");
    assert!(asked.text.contains(&question) && asked.text.contains("Yes, do it"), "{asked:?}");
    assert_eq!((records(&stack).await, stack.vendor.total_reads()), (0, 0), "nothing was done");
    for (name, value) in [("hall", "hoch"), ("meal", "Late Night"), ("confirm", "yes")] {
        let field = format!("name=\"{name}\" value=\"{value}\"");
        assert!(asked.text.contains(&field), "{field}: {asked:?}");
    }

    let done = ops.form("/ops/actions/refetch", &format!("{form}&confirm=yes")).await;
    assert_eq!(done.status, 200, "where the form leads: {done:?}");
    assert!(done.text.contains("A job was pushed that reads late night at hoch"), "{done:?}");
    stack.is_idle().await;
    assert_eq!((records(&stack).await, stack.vendor.total_reads()), (1, 1));
}
