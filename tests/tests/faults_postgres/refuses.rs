//! A Postgres that is there and lets nobody in, or cuts everybody off.

use sqlx::{Connection, PgConnection};
use tests::{Load, Stack, dinners, eventually};

use super::{MS, SECOND, cold, own, postgres, rows_of, warm};

const OURS: &str = "select count(*) from pg_stat_activity
     where application_name = '5c-menus' and datname = current_database()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_tables_that_are_locked_block_no_more_than_a_pool_and_for_a_second() {
    let stack = Stack::start().await;
    let load = Load::of(&stack, &dinners(&stack, 1..4));
    let calm = warm(&stack, &load).await;
    let lock = "do $$ declare name text; begin
        for name in select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'
        loop execute 'lock table ' || name || ' in access exclusive mode'; end loop; end $$";
    let mut locker = stack.database.connect().await;
    sqlx::raw_sql("begin").execute(&mut locker).await.unwrap();
    sqlx::raw_sql(lock).execute(&mut locker).await.unwrap();
    let misses = async {
        for key in dinners(&stack, 6..8) {
            cold(&stack, "locked", key, &calm, 1600 * MS).await;
        }
    };
    let blocked = async {
        let mut most = 0;
        for _ in 0..20 {
            let sql = format!("{OURS} and wait_event_type = 'Lock'");
            most = stack.database.number(&sql).await.max(most);
            tokio::time::sleep(100 * MS).await;
        }
        most
    };
    let (hits, (), most) = tokio::join!(load.lasting(SECOND * 3), misses, blocked);
    hits.all_ok();
    println!("{most} sessions blocked at once");
    assert!((1..=18).contains(&most), "{most}");
    sqlx::raw_sql("rollback").execute(&mut locker).await.unwrap();
    rows_of(&stack, &dinners(&stack, 6..8), SECOND * 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_a_server_without_a_free_slot_is_one_that_is_away() {
    let mut stack = own(Stack::wanted()).await;
    let load = Load::of(&stack, &dinners(&stack, 1..4));
    let calm = warm(&stack, &load).await;
    // An administrator's slots are kept free, so that there is one who can cut us off.
    let server = postgres(&mut stack).url();
    let mut administrator = PgConnection::connect(&server).await.unwrap();
    let sql = "create role outsider login";
    sqlx::raw_sql(sql).execute(&mut administrator).await.unwrap();
    let outside = server.replace("menus@", "outsider@");
    let mut outsiders = Vec::new();
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = '5c-menus'";
    while let Ok(outsider) = PgConnection::connect(&outside).await {
        outsiders.push(outsider);
        sqlx::raw_sql(cut).execute(&mut administrator).await.unwrap();
    }
    // Superusers have three slots of their own, which our programs' role would use.
    while let Ok(other) = PgConnection::connect(&server).await {
        outsiders.push(other);
    }
    println!("{} sessions of others", outsiders.len());
    let keys = dinners(&stack, 6..8);
    let misses = async {
        for key in &keys {
            cold(&stack, "no slot", *key, &calm, 1600 * MS).await;
        }
    };
    let (hits, ()) = tokio::join!(load.lasting(SECOND * 2), misses);
    hits.all_ok();
    drop(outsiders);
    let past = "/api/v2/menus?hall_id=hoch&date=2020-02-03&meal=lunch";
    eventually("it is used again", SECOND * 3, async || {
        (stack.get(past).await.status == 404).then_some(())
    })
    .await;
    rows_of(&stack, &keys, SECOND * 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p6_sessions_that_are_cut_off_again_and_again_lose_no_row() {
    let stack = Stack::wanted().apis(2).workers(2).start().await;
    let keys = dinners(&stack, 0..14);
    // Each of them is cold, and asked for once.
    let load = Load::of(&stack, &keys).rate(14);
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
               where application_name = '5c-menus' and datname = current_database()";
    let (seen, ended) = load
        .during(async {
            let mut ended = 0;
            for _ in 0..20 {
                ended += stack.database.number(cut).await;
                tokio::time::sleep(200 * MS).await;
            }
            ended
        })
        .await;
    seen.lawful();
    println!("{:?}, {ended} sessions ended, slowest {:?}", seen.places(), seen.slowest());
    let unavailable = seen.statuses().get(&503).copied().unwrap_or_default();
    assert!(unavailable * 100 <= seen.0.len(), "{unavailable} of {}", seen.0.len());
    load.at_once(1).await.all_ok();
    rows_of(&stack, &keys, SECOND * 30).await;
}
