//! A vendor that fails never takes away what is there, is never shown as "no menu", and is asked
//! again seconds later, not by every visitor.

#[path = "vendor_down/on_record.rs"]
mod on_record;

use std::time::Duration;

use serde_json::Value;
use tests::{
    Answer, Stack, Wanted, eventually, menu_path,
    stub::{Expected, Fault, Hall, Kind, Scope},
};

/// Short waits, so that a vendor that hangs is known to.
fn hurried() -> Wanted {
    Stack::wanted()
        .with("FETCH_TIMEOUT_MS", 1500)
        .with("SOFT_WAIT_MS", 800)
        .with("MISS_WAIT_MS", 2500)
}

/// Everything saved, as text.
async fn saved(stack: &Stack) -> String {
    stack.is_idle().await;
    stack
        .database
        .text("select coalesce(json_agg(m order by hall_id, date, meal)::text, '') from menus m")
        .await
}

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail in any way")]
fn is_copy_of(answer: &Answer, fresh: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let (mut copy, fresh) = (answer.json(), fresh.json());
    assert_eq!(copy["is_stale"], true);
    copy["is_stale"] = Value::Bool(false);
    assert_eq!(copy, fresh, "the same menu, the same fetched_at");
    assert!(answer.max_age().unwrap() <= 30, "{answer:?}");
}

fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("500", Fault::Status(500, None)),
        ("403", Fault::Status(403, None)),
        ("404", Fault::Status(404, None)),
        ("reset", Fault::Reset),
        ("cut", Fault::CutBody),
        ("bad length", Fault::BadLength),
        ("garbage", Fault::Garbage),
        ("bad layout", Fault::BadLayout),
        ("bad type", Fault::BadType),
        ("empty", Fault::Empty),
        ("login page", Fault::LoginPage),
        ("gzip bomb", Fault::GzipBomb(100)),
        ("huge", Fault::Huge(40)),
        ("endless", Fault::Endless),
        ("redirect", Fault::Redirect("http://127.0.0.1:1/".to_owned())),
        ("loop", Fault::RedirectLoop),
        ("huge header", Fault::HugeHeader(1024)),
        ("hang", Fault::Hang),
        ("drip", Fault::Drip(Duration::from_millis(50))),
        // The last, because the site has quiet after it.
        ("429", Fault::Status(429, Some(1))),
    ]
}

#[tokio::test]
async fn whatever_a_vendor_does_the_last_good_copy_serves_and_stays_as_it_is() {
    let stack = hurried().start().await;
    let day = stack.weekday();
    for hall in [Hall::Hoch, Hall::Collins, Hall::Frank] {
        let day = if hall == Hall::Frank { stack.vendor_day(Hall::Frank) } else { day };
        let fresh = stack.menu(hall, day, "dinner").await;
        assert_eq!(fresh.status, 200, "{fresh:?}");
        let rows = saved(&stack).await;
        for (name, fault) in faults() {
            stack.grow_old().await;
            stack.vendor.fault(Scope::Hall(hall), fault);
            let answer = stack.menu(hall, day, "dinner").await;
            is_copy_of(&answer, &fresh);
            assert!(answer.took < Duration::from_millis(800 + 400), "{name}: {:?}", answer.took);
            stack.settled(hall, day, "dinner").await;
            is_copy_of(&stack.menu(hall, day, "dinner").await, &fresh);
            assert_eq!(saved(&stack).await, rows, "{name}: not a byte of the good rows changed");
            stack.vendor.heal();
        }
        eventually("a vendor that is well again is read", Duration::from_secs(10), async || {
            stack.grow_old().await;
            let healed = stack.menu(hall, day, "dinner").await;
            (healed.json()["is_stale"] == false).then_some(())
        })
        .await;
    }
    let mistaken = "select count(*) from fetch_runs where state not in ('changed', 'unchanged') and error_class is null";
    assert_eq!(stack.database.number(mistaken).await, 0);
}

#[tokio::test]
async fn a_read_that_fails_for_one_day_leaves_the_fresh_days_of_its_document_fresh() {
    let stack = hurried().start().await;
    let (hall, day) = (Hall::Frary, stack.weekday());
    let fresh = stack.menu(hall, day, "dinner").await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    assert_eq!(stack.menu(hall, day, "brunch").await.problem(404).1, "meal_not_served");
    stack.is_idle().await;
    // Redis loses them, and a day of the same feed that is not posted is asked for again.
    stack.expire("menu:frary:").await;
    let other = stack.in_days(14);
    let old = format!(
        "update menu_days set fresh_until = now() - interval '1 second' where date = '{other}'"
    );
    stack.database.run(&old).await;
    stack.vendor.fault(Scope::Hall(hall), Fault::Status(500, None));
    assert_eq!(stack.menu(hall, other, "dinner").await.problem(503).1, "vendor_error");

    let still = stack.menu(hall, day, "dinner").await;
    assert_eq!((still.status, &still.text), (200, &fresh.text), "not stale: it is not old");
    let none = stack.menu(hall, day, "brunch").await;
    assert_eq!(none.problem(404).1, "meal_not_served", "known, whatever happens to other days");
}

#[tokio::test]
async fn without_a_copy_a_failing_vendor_is_a_503_that_is_never_called_no_menu() {
    let stack = hurried().start().await;
    let faults = [
        Fault::Status(500, None),
        Fault::Garbage,
        Fault::LoginPage,
        Fault::Reset,
        Fault::CutBody,
        Fault::BadLayout,
    ];
    for (offset, fault) in (0..).zip(faults) {
        let day = stack.in_days(offset);
        stack.vendor.fault(Scope::All, fault.clone());
        let answer = stack.menu(Hall::Malott, day, "dinner").await;
        let (detail, reason) = answer.problem(503);
        assert_eq!(
            (detail.as_str(), reason.as_str()),
            ("Menu temporarily unavailable", "vendor_error"),
            "{fault:?}"
        );
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let reads = stack.vendor.total_reads();
        let again = stack.get_many(50, &menu_path(Hall::Malott, day, "dinner")).await;
        assert!(again.iter().all(|answer| answer.status == 503));
        assert_eq!(
            stack.vendor.total_reads(),
            reads,
            "{fault:?}: the next visitors do not ask again"
        );
        stack.vendor.heal();
        stack.vendor.forget_reads();
    }
    assert_eq!(stack.database.number("select count(*) from menus").await, 0);
    assert_eq!(stack.database.number("select count(*) from menu_days").await, 0);
}

#[tokio::test]
async fn a_vendor_that_hangs_costs_a_visitor_the_waiting_budget_and_no_more() {
    let stack = hurried().start().await;
    stack.vendor.fault(Scope::All, Fault::Hang);
    let answer = stack.menu(Hall::Hoch, stack.weekday(), "lunch").await;
    let (_, reason) = answer.problem(503);
    assert!(answer.took < Duration::from_millis(2500 + 300), "{:?}", answer.took);
    assert!(["pending", "vendor_error"].contains(&reason.as_str()));
    stack.settled(Hall::Hoch, stack.weekday(), "lunch").await;
    let known = stack.menu(Hall::Hoch, stack.weekday(), "lunch").await;
    assert_eq!(known.problem(503).1, "vendor_error");
    assert!(known.took < Duration::from_millis(100), "{:?}", known.took);
}

#[tokio::test]
async fn a_page_of_another_day_is_never_served_as_this_one() {
    let stack = hurried().start().await;
    let day = stack.weekday();
    stack.vendor.fault(Scope::All, Fault::WrongDay);
    let answer = stack.menu(Hall::Collins, day, "lunch").await;
    assert_eq!(answer.problem(503).1, "vendor_error");
    assert_eq!(stack.database.number("select count(*) from menus").await, 0);
    stack.is_idle().await;
    assert_eq!(stack.database.text("select error_class from fetch_runs").await, "wrong_day");
    // A feed that starts tomorrow says nothing of today: no menu of another day in its place.
    let today = stack.menu(Hall::Frary, stack.today(), "dinner").await;
    assert_eq!(today.problem(404).1, "not_posted");
}

#[tokio::test]
async fn closed_not_posted_and_not_served_are_told_apart() {
    let stack = Stack::start().await;
    let (closed, silent, brunch) = (stack.in_days(1), stack.in_days(2), stack.in_days(3));
    for hall in [Hall::Collins, Hall::Frary] {
        stack.vendor.post(hall, closed, Kind::Closed, 0);
        stack.vendor.post(hall, silent, Kind::NotPosted, 0);
        stack.vendor.post(hall, brunch, Kind::HolidayBrunch, 0);
        let reason = async |day, meal| {
            let answer = stack.menu(hall, day, meal).await;
            assert!(answer.took < Duration::from_millis(500), "nobody waits in vain: {answer:?}");
            answer.problem(404).1
        };
        assert_eq!(reason(closed, "dinner").await, "closed");
        assert_eq!(reason(silent, "dinner").await, "not_posted");
        assert_eq!(reason(brunch, "late_night").await, "meal_not_served");
        assert!(matches!(stack.vendor.expected(hall, closed), Expected::Closed));
        let negative = stack.menu(hall, closed, "dinner").await;
        assert!((1..=350).contains(&negative.max_age().unwrap()), "{negative:?}");
    }
    assert_eq!(stack.vendor.total_reads(), 3 + 1);
}

#[tokio::test]
async fn a_day_that_is_no_longer_posted_is_kept_as_stale_and_one_that_is_closed_is_withdrawn() {
    let stack = Stack::start().await;
    for hall in [Hall::Collins, Hall::Frary] {
        let day = stack.vendor_day(hall);
        let fresh = stack.menu(hall, day, "dinner").await;
        assert_eq!(fresh.status, 200, "{fresh:?}");
        stack.vendor.post(hall, day, Kind::NotPosted, 0);
        stack.grow_old().await;
        is_copy_of(&stack.menu(hall, day, "dinner").await, &fresh);
        stack.vendor.post(hall, day, Kind::Closed, 0);
        stack.grow_old().await;
        assert_eq!(stack.menu(hall, day, "dinner").await.problem(404).1, "closed");
        stack.vendor.post(hall, day, Kind::NotPosted, 0);
        stack.grow_old().await;
        let reason = stack.menu(hall, day, "dinner").await.problem(404).1;
        assert_eq!(reason, "not_posted", "what was withdrawn does not come back");
        stack.vendor.post(hall, day, Kind::Regular, 1);
        stack.grow_old().await;
        let back = stack.menu(hall, day, "dinner").await;
        assert_eq!((back.status, &back.json()["is_stale"]), (200, &false.into()));
    }
}

#[tokio::test]
async fn a_copy_that_is_too_old_is_not_served() {
    let stack = hurried().apis(2).start().await;
    let day = stack.weekday();
    assert_eq!(stack.menu(Hall::Hoch, day, "lunch").await.status, 200);
    let age = "update menu_days set fetched_at = fetched_at - interval '8 days', fresh_until = now() - interval '8 days';
               update menus set fetched_at = fetched_at - interval '8 days'";
    stack.is_idle().await;
    stack.database.run(age).await;
    stack.expire("menu:").await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    // An api that did not serve it a moment ago.
    let path = menu_path(Hall::Hoch, day, "lunch");
    let answer = stack.ask(1, reqwest::Method::GET, &path, &[]).await;
    assert_eq!(answer.problem(503).1, "vendor_error");
}

#[tokio::test]
async fn sodexo_without_its_api_is_read_from_the_page_for_today_and_fails_for_other_days() {
    let stack = hurried().with("SODEXO_API_KEY", "").start().await;
    let (today, expected) = stack.vendor.expected_on_page();
    for meal in expected.meals() {
        let answer = stack.menu(Hall::Hoch, today, meal).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(Some(&answer.json()["stations"]), expected.stations(meal));
    }
    let other = today.iter_days().nth(2).unwrap();
    assert_eq!(stack.menu(Hall::Hoch, other, "dinner").await.problem(503).1, "vendor_error");
    assert!(stack.workers[0].log().contains("no SODEXO_API_KEY"));
    drop(stack);

    let stack = hurried().with("SODEXO_API_KEY", "wrong").start().await;
    let (today, expected) = stack.vendor.expected_on_page();
    let answer = stack.menu(Hall::Hoch, today, expected.meals()[0]).await;
    assert_eq!(answer.status, 200, "a key that is refused: the page again: {answer:?}");
}
