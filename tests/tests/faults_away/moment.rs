//! A menu runs out in the very moment in which neither its vendor nor Postgres can be asked.

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tests::{
    Answer, OpsSide, Stack, menu_path,
    stub::{Fault, Hall, Kind, Scope},
};

use crate::{are_fresh, is_put_off};

/// Postgres answers nothing that is asked of its tables, until it is dropped.
async fn nothing_told_by(stack: &Stack) -> PgConnection {
    let lock = "begin; do $$ declare name text; begin
        for name in select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'
        loop execute 'lock table ' || name || ' in access exclusive mode'; end loop; end $$";
    let mut locker = stack.database.connect().await;
    sqlx::raw_sql(lock).execute(&mut locker).await.unwrap();
    locker
}

/// The menu as it was, which says that it is.
fn stands_in(answer: &Answer, fresh: &Answer) {
    assert_eq!(answer.text, fresh.text.replace("\"is_stale\":false", "\"is_stale\":true"));
    assert!(answer.header("cache-status").starts_with("menus5c; fwd=stale"), "{answer:?}");
    assert!(answer.max_age().unwrap() <= 30, "{answer:?}");
}

#[tokio::test]
async fn what_was_served_until_a_moment_ago_stands_in_while_nobody_can_be_asked() {
    let stack = Stack::start().await;
    let (hall, day) = (Hall::Collins, stack.weekday());
    let path = menu_path(hall, day, "dinner");
    let fresh = stack.get(&path).await;
    are_fresh(&[fresh.clone(), stack.get(&path).await]);
    stack.grow_old().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let locker = nothing_told_by(&stack).await;

    stands_in(&stack.get(&path).await, &fresh);
    stands_in(&stack.get(&path).await, &fresh);
    let screen = stack.get(&format!("/api/v2/menus/day?date={day}")).await.json();
    let halls = screen["halls"].as_array().unwrap();
    let shown = halls.iter().find(|shown| shown["hall_id"] == hall.as_str()).unwrap();
    let meals = shown["meals"].as_array().unwrap();
    let dinner = meals.iter().find(|shown| shown["meal"] == "dinner").unwrap();
    assert_eq!(dinner["status"], "stale", "{shown}");
    is_put_off(&stack.menu(hall, day, "lunch").await);
    locker.close().await.unwrap();
}

#[tokio::test]
async fn what_was_taken_back_since_does_not_stand_in() {
    let stack = Stack::start().await;
    let (hall, day) = (Hall::Collins, stack.weekday());
    let path = menu_path(hall, day, "dinner");
    are_fresh(&[stack.get(&path).await, stack.get(&path).await]);
    stack.vendor.post(hall, day, Kind::Closed, 1);
    stack.grow_old().await;
    assert_eq!(stack.get(&path).await.problem(404).1, "closed");
    // By hand, as what turns out to be another day's is.
    let by_hand = menu_path(Hall::Malott, day, "dinner");
    are_fresh(&[stack.get(&by_hand).await, stack.get(&by_hand).await]);
    let dinner = json!({ "hall": "malott", "date": day, "meal": "dinner" });
    let dropped = OpsSide::of(&stack.workers[0]).act("drop-entry", &dinner).await;
    assert_eq!(dropped.status, 200, "{dropped:?}");

    stack.grow_old().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let locker = nothing_told_by(&stack).await;
    is_put_off(&stack.get(&path).await);
    is_put_off(&stack.get(&by_hand).await);
    locker.close().await.unwrap();
}
