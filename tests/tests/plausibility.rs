//! A page that lost most of its menu does not take a good copy away, unless it says so twice; what a
//! vendor really changed is there after one life of a stale entry.
#![expect(clippy::indexing_slicing, reason = "that is what a test does")]

use std::time::Duration;

use chrono::NaiveDate;
use sqlx::Executor;
use tests::{
    Answer, OwnPostgres, Stack, Wanted, eventually, menu_path,
    stub::{Hall, Kind},
};

/// Life of a stale entry, in seconds.
const STALE: u64 = 2;

fn soon_stale() -> Wanted {
    Stack::wanted().with("STALE_TTL_SECS", STALE)
}

fn is_stale(answer: &Answer) -> bool {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["is_stale"] == true
}

/// Everything saved of that day, as text.
async fn saved(stack: &Stack, hall: Hall, date: NaiveDate) -> String {
    stack.is_idle().await;
    let (hall, rows) = (hall.as_str(), "coalesce(json_agg(m order by meal)::text, '')");
    let sql = format!("select {rows} from menus m where hall_id = '{hall}' and date = '{date}'");
    stack.database.text(&sql).await
}

/// Asks until the answer is fresh; a reading that counts as the second is due by then.
async fn fresh_in_time(stack: &Stack, api: usize, path: &str) -> Answer {
    eventually(
        "three lives of a stale entry later it is fresh",
        Duration::from_secs(6 * STALE),
        async || {
            let answer = stack.ask(api, reqwest::Method::GET, path, &[]).await;
            (!is_stale(&answer)).then_some(answer)
        },
    )
    .await
}

async fn suspects(stack: &Stack) -> i64 {
    stack.database.number("select count(*) from menu_suspects").await
}

#[tokio::test]
async fn a_page_that_lost_most_of_its_dishes_is_believed_when_it_says_so_twice() {
    let stack = soon_stale().workers(2).start().await;
    let (hall, day) = (Hall::Collins, stack.weekday());
    for has_history in [false, true] {
        stack.vendor.post(hall, day, Kind::Regular, 0);
        let fresh = match has_history {
            true => {
                stack.eight_good_weeks(hall, day, "dinner").await;
                stack.menu(hall, day, "dinner").await
            }
            false => stack.menu(hall, day, "dinner").await,
        };
        assert!(!is_stale(&fresh));
        let rows = saved(&stack, hall, day).await;
        stack.grow_old().await;
        stack.vendor.post(hall, day, Kind::Scarce, 0);

        let held = stack.menu(hall, day, "dinner").await;
        assert!(is_stale(&held), "{held:?}");
        assert_eq!(held.json()["stations"], fresh.json()["stations"], "the last good copy");
        assert_eq!(held.json()["fetched_at"], fresh.json()["fetched_at"]);
        assert!(held.max_age().unwrap() <= 30, "{held:?}");
        assert_eq!(saved(&stack, hall, day).await, rows, "not a byte of the good rows changed");
        assert_eq!(suspects(&stack).await, 1);

        // A second reading a moment later may have met the same hiccup.
        stack.expire("menu:").await;
        assert!(is_stale(&stack.menu(hall, day, "dinner").await));
        assert_eq!(saved(&stack, hall, day).await, rows);

        let believed = fresh_in_time(&stack, 0, &menu_path(hall, day, "dinner")).await;
        let expected = stack.vendor.expected(hall, day);
        assert_eq!(Some(&believed.json()["stations"]), expected.stations("dinner"));
        stack.is_idle().await;
        assert_eq!(suspects(&stack).await, 0, "nothing is doubted any more");
        // More is never doubted: the menu is whole again at once.
        stack.grow_old().await;
        stack.vendor.post(hall, day, Kind::Regular, 0);
        assert!(!is_stale(&stack.menu(hall, day, "dinner").await));
    }
    let noted = "select count(*) from fetch_runs where error_class = 'implausible'";
    assert!(stack.database.number(noted).await >= 4, "each is on record");
}

#[tokio::test]
async fn a_hiccup_leaves_no_trace() {
    let stack = soon_stale().start().await;
    let (hall, day) = (Hall::Hoch, stack.weekday());
    let fresh = stack.menu(hall, day, "lunch").await;
    stack.grow_old().await;
    stack.vendor.post(hall, day, Kind::Scarce, 0);
    assert!(is_stale(&stack.menu(hall, day, "lunch").await));
    stack.is_idle().await;
    stack.vendor.post(hall, day, Kind::Regular, 0);
    let back = fresh_in_time(&stack, 0, &menu_path(hall, day, "lunch")).await;
    assert_eq!(back.json()["stations"], fresh.json()["stations"]);
    stack.is_idle().await;
    assert_eq!(suspects(&stack).await, 0);
}

#[tokio::test]
async fn apis_that_read_themselves_doubt_together() {
    let stack = soon_stale().apis(2).workers(0).no_redis().start().await;
    let (hall, day) = (Hall::Malott, stack.weekday());
    let path = menu_path(hall, day, "dinner");
    let fresh = stack.get(&path).await;
    assert!(!is_stale(&fresh));
    stack.database.run("update menu_days set fresh_until = now() - interval '1 second'").await;
    stack.vendor.post(hall, day, Kind::Scarce, 0);
    let held = stack.get(&path).await;
    assert!(is_stale(&held));
    assert_eq!(held.json()["stations"], fresh.json()["stations"]);
    let reads = stack.vendor.total_reads();
    for _ in 0..20 {
        stack.get(&path).await;
    }
    assert_eq!(
        stack.vendor.total_reads(),
        reads,
        "visitors in between do not ask the vendor again"
    );
    // The other process knows what this one doubts.
    let believed = fresh_in_time(&stack, 1, &path).await;
    let expected = stack.vendor.expected(hall, day);
    assert_eq!(Some(&believed.json()["stations"]), expected.stations("dinner"));
}

#[tokio::test]
async fn of_a_feed_only_the_day_that_is_doubted_waits() {
    let stack = soon_stale().start().await;
    let hall = Hall::Frary;
    let (poor, rich) = (stack.in_days(1), stack.in_days(2));
    assert!(!is_stale(&stack.menu(hall, poor, "dinner").await));
    stack.grow_old().await;
    stack.vendor.post(hall, poor, Kind::Scarce, 0);
    stack.vendor.post(hall, rich, Kind::Regular, 1);
    assert!(is_stale(&stack.menu(hall, poor, "dinner").await));
    let other = stack.menu(hall, rich, "dinner").await;
    assert!(!is_stale(&other), "{other:?}");
    let expected = stack.vendor.expected(hall, rich);
    assert_eq!(Some(&other.json()["stations"]), expected.stations("dinner"));
}

#[tokio::test]
async fn what_was_read_while_postgres_was_away_is_weighed_before_it_is_saved() {
    let mut stack = soon_stale().postgres(OwnPostgres::start().await).start().await;
    let (hall, day) = (Hall::Collins, stack.weekday());
    assert!(!is_stale(&stack.menu(hall, day, "dinner").await));
    let rows = saved(&stack, hall, day).await;
    stack.grow_old().await;
    stack.own_postgres.as_mut().unwrap().stop();
    stack.vendor.post(hall, day, Kind::Scarce, 0);
    let scarce = stack.menu(hall, day, "dinner").await;
    assert!(!is_stale(&scarce), "there is nothing else to serve: {scarce:?}");
    stack.own_postgres.as_mut().unwrap().restart().await;
    eventually("it is weighed", Duration::from_secs(15), async || {
        (suspects(&stack).await == 1).then_some(())
    })
    .await;
    stack.is_idle().await;
    assert_eq!(saved(&stack, hall, day).await, rows, "the good copy is as it was");
}

#[tokio::test]
async fn while_nobody_can_say_what_would_be_lost_a_doubted_reading_takes_nothing_away() {
    let stack = soon_stale().start().await;
    let (hall, day) = (Hall::Collins, stack.weekday());
    assert!(!is_stale(&stack.menu(hall, day, "dinner").await));
    let rows = saved(&stack, hall, day).await;
    stack.grow_old().await;
    stack.vendor.post(hall, day, Kind::Scarce, 0);
    // What is usual can be asked, the copies cannot.
    let mut lock = stack.database.connect().await;
    lock.execute("begin").await.unwrap();
    lock.execute("lock table menus in access exclusive mode").await.unwrap();
    let scarce = stack.menu(hall, day, "dinner").await;
    assert_eq!(scarce.status, 200, "what was read serves where there is nothing: {scarce:?}");
    assert!(scarce.max_age().is_some_and(|left| left <= STALE), "not for long: {scarce:?}");
    lock.execute("rollback").await.unwrap();
    stack.is_idle().await;
    assert_eq!(saved(&stack, hall, day).await, rows, "the good copy is as it was");
}

#[tokio::test]
async fn a_meal_that_only_the_doubted_reading_has_is_served() {
    let stack = soon_stale().start().await;
    let (hall, day) = (Hall::Collins, stack.weekday());
    let fresh = stack.menu(hall, day, "lunch").await;
    assert!(!is_stale(&fresh));
    stack.grow_old().await;
    // Breakfast, lunch and late night are gone: that is doubted. Brunch takes nothing away.
    stack.vendor.post(hall, day, Kind::HolidayBrunch, 0);
    let held = stack.menu(hall, day, "lunch").await;
    assert!(is_stale(&held), "{held:?}");
    let new = stack.menu(hall, day, "brunch").await;
    assert!(!is_stale(&new), "{new:?}");
    let expected = stack.vendor.expected(hall, day);
    assert_eq!(Some(&new.json()["stations"]), expected.stations("brunch"));
    assert!(new.max_age().is_some_and(|left| left <= STALE), "as soon as the copy's: {new:?}");
}

#[tokio::test]
async fn what_our_hours_explain_and_what_has_no_copy_is_believed_at_once() {
    let stack = Stack::start().await;
    let (hall, day) = (Hall::Collins, stack.weekday());
    stack.vendor.post(hall, day, Kind::Scarce, 0);
    assert!(!is_stale(&stack.menu(hall, day, "dinner").await), "there is no copy");
    stack.vendor.post(hall, day, Kind::Regular, 0);
    stack.grow_old().await;
    assert!(!is_stale(&stack.menu(hall, day, "dinner").await));

    // Lunch is called off: a brunch day without it is no accident.
    let off = format!(
        "insert into dining_hours_overrides (hall_id, date, meal)
         select 'collins', '{day}', meal from unnest(array['breakfast', 'lunch', 'late_night']) as meal"
    );
    stack.database.run(&off).await;
    stack.vendor.post(hall, day, Kind::HolidayBrunch, 0);
    stack.grow_old().await;
    assert!(!is_stale(&stack.menu(hall, day, "brunch").await));

    // The hall is shut that day by our hours: whatever the vendor leaves there is as good.
    let shut =
        format!("insert into dining_hours_overrides (hall_id, date) values ('collins', '{day}')");
    stack.database.run(&shut).await;
    stack.vendor.post(hall, day, Kind::Scarce, 0);
    stack.grow_old().await;
    assert!(!is_stale(&stack.menu(hall, day, "dinner").await));
    assert_eq!(suspects(&stack).await, 0);
}
