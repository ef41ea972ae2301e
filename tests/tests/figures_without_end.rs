//! There are as many dashboards as there are days and lengths. Whoever asks for them without end takes
//! nothing from those who want to know who is open.
#![expect(clippy::unwrap_used, reason = "that is what a test does")]

use std::time::Duration;

use chrono::Days;
use futures::future::join_all;
use sqlx::{Connection, Executor};
use tests::{Answer, Stack, eventually};

const DASHBOARD: &str = "/api/v2/stats/dashboard";
/// What all need, and its key.
const LISTS: [(&str, &str); 4] = [
    ("/api/v2/open-now", "hours:all"),
    ("/api/v2/halls", "halls:all"),
    ("/api/v2/halls/frary/menus", "menus:upcoming:frary"),
    (DASHBOARD, "dashboard:stats:default:30"),
];

async fn alone() -> Stack {
    Stack::wanted().workers(0).start().await
}

/// So many dashboards, each of another day.
async fn dashboards(stack: &Stack, count: u64) -> Vec<Answer> {
    let path = |back| {
        let last = stack.today().checked_sub_days(Days::new(back)).unwrap();
        format!("{DASHBOARD}?days=1&reference_date={last}")
    };
    let mut answers = Vec::new();
    // No more at once than are made in time.
    for first in (0..count).step_by(20) {
        let some = (first..count.min(first + 20)).map(&path).collect::<Vec<_>>();
        answers.extend(join_all(some.iter().map(|path| stack.get(path))).await);
    }
    answers
}

#[tokio::test]
async fn dashboards_that_wait_keep_no_list_waiting() {
    let stack = alone().await;
    let mut link = stack.database.connect().await;
    let mut lock = link.begin().await.unwrap();
    lock.execute("lock table fetch_runs in access exclusive mode").await.unwrap();
    let lists = async {
        eventually("dashboards wait", Duration::from_secs(5), async || {
            let asked = "select count(*) from pg_stat_activity
                         where datname = current_database() and wait_event_type = 'Lock'";
            (stack.database.number(asked).await >= 2).then_some(())
        })
        .await;
        let lists = LISTS.iter().filter(|(path, _)| *path != DASHBOARD);
        join_all(lists.map(|(path, _)| stack.get(path))).await
    };
    tokio::select! {
        lists = lists => assert!(lists.iter().all(|list| list.status == 200), "{lists:?}"),
        // They are given up when Postgres has not answered for a second.
        figures = dashboards(&stack, 20) => panic!("the lists had to wait for {figures:?}"),
    }
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn any_number_of_dashboards_leaves_the_last_good_lists_where_they_are() {
    let stack = alone().await;
    for (path, _) in LISTS {
        assert_eq!(stack.get(path).await.status, 200, "{path}");
    }
    let figures = dashboards(&stack, 70).await;
    assert!(figures.iter().all(|answer| answer.status == 200), "{figures:?}");
    for (_, key) in LISTS {
        stack.expire(key).await;
    }
    let mut link = stack.database.connect().await;
    let mut lock = link.begin().await.unwrap();
    let all =
        "lock table halls, dining_hours, menus, menu_days, fetch_runs in access exclusive mode";
    lock.execute(all).await.unwrap();
    for (path, _) in LISTS {
        let copy = stack.get(path).await;
        assert_eq!(
            (copy.status, copy.header("cache-status")),
            (200, "menus5c; fwd=stale"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn any_number_of_dashboards_takes_a_bounded_place_in_redis() {
    let stack = alone().await;
    let answers = dashboards(&stack, 150).await;
    let of_figures = |keys: Vec<String>| keys.iter().filter(|key| key.starts_with("dash")).count();
    assert_eq!(of_figures(stack.keys().await), 128);
    let made = |from: &str| answers.iter().filter(|one| one.header("cache-status") == from).count();
    assert_eq!(made("menus5c; fwd=miss; stored"), 128);
    assert_eq!(made("menus5c; fwd=bypass; detail=postgres"), 22);
    assert_eq!(stack.get(DASHBOARD).await.status, 200);
    assert_eq!(of_figures(stack.keys().await), 129, "what all look at has a place of its own");
}
