//! Lists and figures are cached for five minutes, made once for all who wait, and outlive either
//! store.

use std::time::Duration;

use sqlx::{Connection, Executor};
use tests::{Answer, Stack, eventually};

const LISTS: [(&str, &str); 3] = [
    ("/api/v2/halls", "halls:all"),
    ("/api/v2/halls/frary/menus", "menus:upcoming:frary"),
    ("/api/v2/stats/dashboard", "dashboard:stats:default:30"),
];
const HIT: &str = "menus5c; hit; ttl=";
const MADE: &str = "a list was made";
const POSTGRES: &str = "menus5c; fwd=bypass; detail=postgres";

#[expect(clippy::unwrap_used, reason = "that is what a test does")]
async fn held(stack: &Stack, key: &str) -> (Option<String>, i64) {
    let mut both = redis::pipe();
    both.cmd("GET").arg(stack.key(key)).cmd("TTL").arg(stack.key(key));
    both.query_async(&mut stack.redis().await).await.unwrap()
}

fn made(stack: &Stack) -> usize {
    stack.apis.iter().map(|api| api.log().matches(MADE).count()).sum()
}

async fn waiting_for_a_lock(stack: &Stack) -> i64 {
    let asked = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    stack.database.number(asked).await
}

#[tokio::test]
async fn the_second_answer_comes_from_redis_which_forgets_it_after_five_minutes() {
    let stack = Stack::wanted().workers(0).apis(2).start().await;
    for (path, key) in LISTS {
        let first = stack.get(path).await;
        assert_eq!(
            (first.status, first.header("cache-status")),
            (200, "menus5c; fwd=miss; stored")
        );
        let (body, life) = held(&stack, key).await;
        assert_eq!(body.as_ref(), Some(&first.text), "{key}");
        assert!((295..=300).contains(&life), "{key} lives {life} s");
        stack.write(redis::cmd("EXPIRE").arg(stack.key(key)).arg(100)).await;
        for api in [0, 1] {
            let again = stack.ask(api, reqwest::Method::GET, path, &[]).await;
            assert!(again.header("cache-status").starts_with(HIT), "{again:?}");
            assert_eq!(again.text, first.text);
            assert!((90..=100).contains(&again.max_age().unwrap()), "what is left: {again:?}");
        }
    }
    assert_eq!(made(&stack), 3);
}

#[tokio::test]
async fn a_hundred_at_once_wait_for_one_load_with_and_without_redis() {
    for no_redis in [false, true] {
        let wanted = Stack::wanted().workers(0);
        let wanted = if no_redis { wanted.no_redis() } else { wanted };
        let stack = wanted.start().await;
        for (at, (path, _)) in LISTS.into_iter().enumerate() {
            let mut link = stack.database.connect().await;
            let mut held = link.begin().await.unwrap();
            held.execute("lock table halls, menus in access exclusive mode").await.unwrap();
            let asked = stack.get_many(100, path);
            tokio::pin!(asked);
            let early = tokio::time::timeout(Duration::from_millis(300), &mut asked).await;
            assert!(early.is_err(), "nobody is answered while the tables are locked");
            assert_eq!(waiting_for_a_lock(&stack).await, 1, "{path}");
            held.rollback().await.unwrap();
            let answers: Vec<Answer> = asked.await;
            assert!(answers.iter().all(|one| one.status == 200), "{answers:?}");
            assert!(answers.iter().all(|one| one.text == answers[0].text));
            assert_eq!(made(&stack), at + 1, "{path}");
        }
    }
}

#[tokio::test]
async fn a_load_outlives_who_asked_for_it() {
    let stack = Stack::wanted().workers(0).start().await;
    let mut link = stack.database.connect().await;
    let mut lock = link.begin().await.unwrap();
    lock.execute("lock table halls in access exclusive mode").await.unwrap();
    let impatient = stack.get("/api/v2/halls");
    assert!(tokio::time::timeout(Duration::from_millis(100), impatient).await.is_err());
    lock.rollback().await.unwrap();
    eventually("it is cached all the same", Duration::from_secs(5), async || {
        held(&stack, "halls:all").await.0
    })
    .await;
}

#[tokio::test]
async fn a_value_that_we_did_not_write_is_a_miss_and_is_replaced() {
    let stack = Stack::wanted().workers(0).start().await;
    for (path, name) in LISTS {
        let (good, key) = (stack.get(path).await.text, stack.key(name));
        for foreign in ["\u{fffd}{", "", "[", "[{}]", "7", "null", "{\"a\":1}"] {
            stack.write(redis::cmd("SET").arg(&key).arg(foreign).arg("EX").arg(900)).await;
            replaced(&stack, path, name, &good).await;
        }
        stack.write(redis::cmd("DEL").arg(&key)).await;
        stack.write(redis::cmd("LPUSH").arg(&key).arg("x")).await;
        replaced(&stack, path, name, &good).await;
        stack.write(redis::cmd("SET").arg(&key).arg(&good)).await;
        replaced(&stack, path, name, &good).await;
    }
    assert!(stack.apis[0].log().contains("not a list of ours in the cache"), "it is logged");
}

async fn replaced(stack: &Stack, path: &str, key: &str, good: &str) {
    let answer = stack.get(path).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, good));
    assert_eq!(answer.header("cache-status"), "menus5c; fwd=miss; stored");
    let (body, life) = held(stack, key).await;
    assert_eq!(body.as_deref(), Some(good));
    assert!((1..=300).contains(&life), "it has a lifetime again: {life}");
}

#[tokio::test]
async fn a_redis_that_dies_changes_nothing_and_is_used_again_when_it_is_back() {
    let mut stack = Stack::wanted().workers(0).own_redis().start().await;
    let mut before = Vec::new();
    for (path, _) in LISTS {
        before.push(stack.get(path).await.text);
    }
    stack.own_redis.as_mut().unwrap().kill();
    for (at, (path, _)) in LISTS.into_iter().enumerate() {
        let answer = stack.get(path).await;
        assert_eq!((answer.status, &answer.text), (200, &before[at]));
        assert_eq!(answer.header("cache-status"), POSTGRES);
        assert!(answer.took < Duration::from_secs(1), "{answer:?}");
    }
    assert!(stack.apis[0].log().contains("the cache cannot be asked for a list"));
    stack.own_redis.as_mut().unwrap().restart().await;
    for (path, _) in LISTS {
        comes_from_redis(&stack, path).await;
    }
}

#[tokio::test]
async fn a_redis_that_freezes_costs_no_more_than_a_moment() {
    let stack = Stack::wanted().workers(0).own_redis().start().await;
    stack.get("/api/v2/halls").await;
    stack.own_redis.as_ref().unwrap().signal("STOP");
    for round in 0..6 {
        for (path, _) in LISTS {
            let answer = stack.get(path).await;
            assert_eq!((answer.status, answer.header("cache-status")), (200, POSTGRES), "{round}");
            assert!(answer.took < Duration::from_millis(900), "{round}: {answer:?}");
        }
    }
    stack.own_redis.as_ref().unwrap().signal("CONT");
    for (path, _) in LISTS {
        comes_from_redis(&stack, path).await;
    }
}

async fn comes_from_redis(stack: &Stack, path: &str) {
    eventually("it comes from Redis again", Duration::from_secs(5), async || {
        let answer = stack.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("cache-status").starts_with(HIT).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_api_without_redis_gives_the_same_lists() {
    let with = Stack::wanted().workers(0).start().await;
    let without = Stack::wanted().workers(0).no_redis().start().await;
    for (path, _) in LISTS {
        let (one, other) = (with.get(path).await, without.get(path).await);
        assert_eq!((other.status, &other.text), (200, &one.text));
        assert_eq!(other.header("cache-status"), POSTGRES);
    }
    assert_eq!(without.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn without_postgres_the_cached_copy_serves_then_the_last_good_one_then_a_503() {
    let away = "postgres://nobody@127.0.0.1:1/nothing";
    let stack = Stack::wanted().workers(0).with("DATABASE_URL", away).start().await;
    let donor = Stack::wanted().workers(0).start().await;
    for (path, key) in LISTS {
        for _ in 0..2 {
            let answer = stack.get(path).await;
            assert_eq!(answer.problem(503).0, "Temporarily unavailable", "{path}");
            assert_eq!(
                (answer.header("retry-after"), answer.header("cache-control")),
                ("1", "no-store")
            );
        }
        let good = donor.get(path).await.text;
        stack.write(redis::cmd("SET").arg(stack.key(key)).arg(&good).arg("EX").arg(200)).await;
        let cached = stack.get(path).await;
        assert_eq!((cached.status, &cached.text), (200, &good));
        assert!(cached.header("cache-status").starts_with(HIT));

        stack.expire(key).await;
        let copy = stack.get(path).await;
        assert_eq!((copy.status, &copy.text), (200, &good));
        assert_eq!((copy.header("cache-status"), copy.max_age()), ("menus5c; fwd=stale", Some(30)));
    }
    for filtered in ["/api/v2/halls?college=Pomona", "/api/v2/halls/frary/menus?meal=lunch"] {
        let _ = stack.get(filtered).await.problem(503);
    }
}

#[tokio::test]
async fn a_postgres_that_does_not_answer_is_not_waited_for_long() {
    let stack = Stack::wanted().workers(0).start().await;
    let good = stack.get("/api/v2/halls").await.text;
    stack.expire("halls:all").await;
    let mut link = stack.database.connect().await;
    let mut lock = link.begin().await.unwrap();
    lock.execute("lock table halls, menus, fetch_runs in access exclusive mode").await.unwrap();
    let copy = stack.get("/api/v2/halls").await;
    assert_eq!((copy.status, &copy.text), (200, &good), "the last good one");
    let (figures, menus) =
        tokio::join!(stack.get("/api/v2/stats/dashboard"), stack.get("/api/v2/halls/hoch/menus"));
    for answer in [&copy, &figures, &menus] {
        assert!(answer.took < Duration::from_millis(2500), "{answer:?}");
    }
    let _ = (figures.problem(503), menus.problem(503));
    lock.rollback().await.unwrap();
    for (path, _) in LISTS {
        eventually("it is back", Duration::from_secs(5), async || {
            (stack.get(path).await.status == 200).then_some(())
        })
        .await;
    }
}
