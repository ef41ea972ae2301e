//! What is listed of a hall's menus agrees with the menus, and never outlives its day.

use std::time::Duration;

use tests::{Stack, eventually, stub::Hall};

const PATH: &str = "/api/v2/halls/hoch/menus";

#[tokio::test]
async fn a_menu_that_was_read_again_is_not_listed_as_stale() {
    let stack =
        Stack::wanted().with("CACHE_TTL_SECS", 5).with("CACHE_TTL_JITTER_SECS", 0).start().await;
    let day = stack.weekday();
    assert_eq!(stack.menu(Hall::Hoch, day, "dinner").await.status, 200);
    stack.is_idle().await;
    let first = stack.get(PATH).await.json();
    assert_eq!(first[0]["is_stale"], false, "{first}");
    eventually("it has turned stale", Duration::from_secs(20), async || {
        (stack.get(PATH).await.json()[0]["is_stale"] == true).then_some(())
    })
    .await;
    let read = stack.menu(Hall::Hoch, day, "dinner").await.json();
    assert_eq!(read["is_stale"], false, "{read}");
    stack.is_idle().await;
    stack.heard().await;
    let again = stack.get(PATH).await.json();
    assert_eq!(again[0]["fetched_at"], read["fetched_at"], "{again}");
    assert_ne!(again[0]["fetched_at"], first[0]["fetched_at"], "{again}");
}

#[tokio::test]
async fn with_nobody_at_work_the_api_sees_to_that_itself() {
    let mut stack = Stack::wanted().workers(0).start().await;
    stack.leftovers_are_fine();
    assert_eq!(stack.get(PATH).await.text, "[]");
    let read = stack.menu(Hall::Hoch, stack.weekday(), "dinner").await;
    assert_eq!(read.header("cache-status"), "menus5c; fwd=bypass; detail=live");
    stack.heard().await;
    let listed = stack.get(PATH).await.json();
    assert_eq!(listed[0]["fetched_at"], read.json()["fetched_at"], "{listed}");
}

#[tokio::test]
async fn no_cache_may_show_a_list_when_its_day_is_over() {
    let stack = Stack::wanted().workers(0).start().await;
    let to_midnight = "select extract(epoch from ((now() at time zone 'America/Los_Angeles')::date + 1)::timestamp
                              at time zone 'America/Los_Angeles' - now())::bigint";
    for path in [PATH, "/api/v2/halls/hoch/menus?meal=lunch", "/api/v2/stats/dashboard"] {
        let left = stack.database.number(to_midnight).await;
        let answer = stack.get(path).await;
        let control = answer.header("cache-control");
        let seconds = |name: &str| -> i64 {
            let found = control.split(", ").find_map(|part| part.strip_prefix(name)?.parse().ok());
            found.unwrap_or(i64::MAX / 2)
        };
        assert!(seconds("max-age=") <= 300, "{path}: {control}");
        let last = seconds("stale-if-error=").max(seconds("stale-while-revalidate="));
        let ends = seconds("max-age=") + last;
        // Or the day has just begun.
        assert!(ends <= left || left <= 1, "{path}: {control}, {left} s before midnight");
    }
}
