//! Where the hours come from: the cache, Postgres, the last good copy.

use std::time::Duration;

use reqwest::Method;
use sqlx::{Connection, PgConnection};
use tests::{Stack, eventually};

use super::*;

#[tokio::test]
async fn the_hours_are_cached_for_five_minutes_and_garbage_there_is_replaced() {
    let stack = stack_with(&[]).await;
    // Dinner, whatever the season.
    let at = format!("{}T17:30:00-08:00", stack.in_days(3));
    let before = hall_at(&stack, "hoch", &at).await;
    assert!(before.starts_with("dinner "), "{before}");
    let mut redis = stack.redis().await;
    let key = stack.key("hours:all");
    let ttl: i64 = redis::cmd("TTL").arg(&key).query_async(&mut redis).await.unwrap();
    assert!((290..=300).contains(&ttl), "{ttl}");

    let closed = format!(
        "insert into dining_hours_overrides (hall_id, date, reason) values ('hoch', '{}', 'test')",
        stack.in_days(3)
    );
    stack.database.run(&closed).await;
    assert_eq!(hall_at(&stack, "hoch", &at).await, before, "from the cache");
    let garbage = ["", "[]", "{\"from\":1}", "\u{0}"];
    for text in garbage {
        stack.write(redis::cmd("SET").arg(&key).arg(text)).await;
        assert_eq!(hall_at(&stack, "hoch", &at).await, "closed", "{text:?} is a miss");
        let held: String = redis::cmd("GET").arg(&key).query_async(&mut redis).await.unwrap();
        assert!(held.starts_with("{\"from\":\"20"), "{held}");
    }
}

#[tokio::test]
async fn the_hours_outlast_redis_and_then_postgres() {
    let mut stack = Stack::wanted().workers(0).own_redis().start().await;
    let (tomorrow, far) = (stack.in_days(1), stack.in_days(200));
    let at = format!("at={tomorrow}T18:00:00-08:00");
    let first = ask(&stack, &at).await;
    assert_eq!(first.status, 200, "{first:?}");

    stack.own_redis.as_mut().unwrap().kill();
    assert_eq!(ask(&stack, &at).await.status, 200, "Postgres has them, or they are known");
    // Whose overrides nobody has asked for yet: a Postgres that is slow to say them is a 503.
    let unasked = format!("at={far}T18:00:00-08:00");
    eventually("Postgres has them", Duration::from_secs(10), async || {
        let answer = ask(&stack, &unasked).await;
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 200).then_some(())
    })
    .await;
    let url = stack.database.url().to_owned();
    let (server, name) = url.rsplit_once('/').unwrap();
    let mut postgres = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    for sql in [
        format!("alter database {name} allow_connections false"),
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres).await.unwrap();
    }
    for _ in 0..5 {
        let copy = ask(&stack, &at).await;
        assert_eq!((copy.status, &copy.text), (200, &first.text), "the last good copy: {copy:?}");
    }
    let unknown = ask(&stack, &format!("at={far}T18:00:00-08:00")).await;
    assert_eq!(unknown.problem(503).0, "Temporarily unavailable", "whose overrides nobody knows");
    stack.add_api();
    let new = stack.ask(1, Method::GET, &format!("{PATH}?{at}"), &[]).await;
    assert_eq!(new.problem(503).0, "Temporarily unavailable");
    assert_eq!((new.header("retry-after"), new.header("cache-control")), ("1", "no-store"));

    let back = format!("alter database {name} allow_connections true");
    sqlx::raw_sql(sqlx::AssertSqlSafe(back)).execute(&mut postgres).await.unwrap();
    eventually("both apis answer again", Duration::from_secs(10), async || {
        let far = format!("{PATH}?at={far}T18:00:00-08:00");
        let one = stack.ask(0, Method::GET, &far, &[]).await;
        let other = stack.ask(1, Method::GET, &far, &[]).await;
        (one.status == 200 && other.status == 200).then_some(())
    })
    .await;
}
