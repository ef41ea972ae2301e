//! Programs that start while a store is away, or before its schema is there.

use std::time::Instant;

use tests::{Load, OwnPostgres, Stack, Wanted, dinners, eventually};

use super::SECOND;

const NO_REDIS: &str = "redis://127.0.0.1:1";
const NO_POSTGRES: &str = "postgres://nobody@127.0.0.1:1/nothing";

#[tokio::test]
async fn p10_programs_listen_at_once_whatever_is_away_and_say_what() {
    for (redis, postgres) in [(true, false), (false, true), (false, false)] {
        let mut wanted = Stack::wanted().apis(0).workers(0);
        wanted = if redis { wanted } else { wanted.with("REDIS_URL", NO_REDIS) };
        wanted = if postgres { wanted } else { wanted.with("DATABASE_URL", NO_POSTGRES) };
        let mut stack = wanted.start().await;
        stack.leftovers_are_fine();
        let begun = Instant::now();
        stack.add_api();
        stack.add_worker();
        let took = begun.elapsed();
        println!("Redis {redis}, Postgres {postgres}: both listen after {took:?}");
        assert!(took < SECOND * 4, "{took:?}");
        assert_eq!(stack.get("/healthz").await.status, 200);
        let ready = stack.get("/readyz").await;
        assert_eq!(ready.status, if redis || postgres { 200 } else { 503 });
        let said = ready.json();
        for (name, up) in [("redis", redis), ("postgres", postgres), ("schema", postgres)] {
            let state = if up { "ok" } else { "down" };
            assert_eq!(said[name]["state"], state, "{name} of {said}");
        }
        let ops = reqwest::Client::builder().no_proxy().build().unwrap();
        let of_worker = async |path: &str| {
            let url = format!("{}{path}", stack.workers[0].url());
            ops.get(url).send().await.unwrap().status().as_u16()
        };
        assert_eq!((of_worker("/healthz").await, of_worker("/readyz").await), (200, 503));
        Load::of(&stack, &dinners(&stack, 1..3)).at_once(2).await.all_ok();
    }
}

#[tokio::test]
async fn p11_without_its_schema_menus_are_served_and_it_is_said_aloud() {
    let server = OwnPostgres::start().await;
    // A role that may do nothing, so that no worker can mend it.
    let admin = server.url();
    let bare = admin.replace("menus@", "bare@");
    let wanted: Wanted = Stack::wanted().postgres(server).with("DATABASE_URL", &bare);
    let mut stack = wanted.workers(0).start().await;
    stack.database.run("create role bare login").await;
    let begun = Instant::now();
    stack.add_worker();
    eventually("it is said", SECOND * 10, async || {
        let said = "the schema is not up to date";
        stack.workers[0].log().contains(said).then_some(())
    })
    .await;
    stack.somebody_works().await;
    println!("jobs are taken after {:?}", begun.elapsed());
    let load = Load::of(&stack, &dinners(&stack, 1..4));
    load.at_once(3).await.all_ok();
    load.lasting(SECOND).await.all_ok();
    assert_eq!(stack.vendor.total_reads(), 12);
    let ready = stack.get("/readyz").await.json();
    assert_eq!(ready["schema"]["state"], "down", "{ready}");
    for program in stack.apis.iter_mut().chain(&mut stack.workers) {
        assert!(program.ended().is_none() && !program.log().contains("panicked"));
    }
}
