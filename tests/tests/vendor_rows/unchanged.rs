//! A vendor that says "as it was" is believed if it was asked, and that counts as a read.

use tests::{
    Stack,
    stub::{Fault, Hall, Kind, Read, Scope},
};

use crate::last_run;

fn last_read(stack: &Stack) -> Read {
    stack.vendor.journal().pop().unwrap()
}

/// As if everything had been read two hours ago.
async fn two_hours_ago(stack: &Stack) {
    stack.grow_old().await;
    let back = "update menu_days set fetched_at = fetched_at - interval '2 hours',
                menus_read_at = menus_read_at - interval '2 hours';
                update menus set fetched_at = fetched_at - interval '2 hours'";
    stack.database.run(back).await;
}

#[tokio::test]
async fn a_document_that_has_not_changed_is_fresh_again_without_being_sent() {
    let stack = Stack::start().await;
    for hall in [Hall::Frary, Hall::Collins] {
        let day = stack.vendor_day(hall);
        settle_marks(&stack).await;
        let first = stack.menu(hall, day, "dinner").await;
        assert_eq!((first.status, last_read(&stack).conditional), (200, false), "{first:?}");
        let sent =
            stack.database.number("select bytes::bigint from fetch_runs order by id desc limit 1");
        stack.is_idle().await;
        assert!(sent.await > 10_000);

        two_hours_ago(&stack).await;
        let again = stack.menu(hall, day, "dinner").await;
        let read = last_read(&stack);
        assert_eq!((read.conditional, read.status), (true, 304), "{read:?}");
        assert_eq!(again.status, 200, "{again:?}");
        assert_eq!(again.json()["is_stale"], false);
        assert_eq!(again.json()["stations"], first.json()["stations"]);
        let at = |answer: &tests::Answer| {
            let text = answer.json()["fetched_at"].as_str().unwrap().to_owned();
            text.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        };
        assert!(at(&again) >= at(&first), "a live read");
        assert!((1490..=2100).contains(&again.max_age().unwrap()), "{again:?}");
        assert_eq!(last_run(&stack).await.0, "unchanged");
        let run = "select http_status::bigint from fetch_runs order by id desc limit 1";
        assert_eq!(stack.database.number(run).await, 304);
        let fresh =
            "select count(*) from menu_days where fresh_until > now() + interval '20 minutes'
                     and fetched_at > now() - interval '1 minute' and state = 'posted'";
        assert!(stack.database.number(fresh).await >= 1, "the days are renewed");

        stack.vendor.post(hall, day, Kind::Regular, 7);
        stack.grow_old().await;
        let changed = stack.menu(hall, day, "dinner").await;
        assert_eq!(last_read(&stack).status, 200, "what changed is sent");
        assert_eq!(
            &changed.json()["stations"],
            stack.vendor.expected(hall, day).stations("dinner").unwrap()
        );
        assert_ne!(changed.json()["stations"], first.json()["stations"]);
    }
}

/// Waits until a change of the stub's documents is more than a second ago.
async fn settle_marks(stack: &Stack) {
    let began = stack.database.text("select now()::text").await;
    let over =
        format!("select (now() > '{began}'::timestamptz + interval '2 seconds')::int::bigint");
    tests::eventually("two seconds are over", std::time::Duration::from_secs(5), async || {
        (stack.database.number(&over).await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_vendor_that_says_as_it_was_unasked_is_not_believed() {
    let stack = Stack::start().await;
    stack.vendor.fault(Scope::All, Fault::Status(304, None));
    for hall in [Hall::Collins, Hall::Frary, Hall::Hoch] {
        let answer = stack.menu(hall, stack.in_days(1), "dinner").await;
        assert_eq!(answer.problem(503).1, "vendor_error", "{hall:?}");
    }
    stack.is_idle().await;
    assert_eq!(stack.database.number("select count(*) from menu_days").await, 0);
    let broken = "select count(*) from fetch_runs where error_class = 'broken'";
    assert_eq!(stack.database.number(broken).await, 3);
}
