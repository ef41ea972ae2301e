//! A page that changed its form without a word is noticed, and told of once, whoever reads it and
//! however many workers there are.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail in any way, and so may what it stands on"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tests::{
    Metrics, Stack, Wanted, eventually,
    stub::{Hall, Kind},
};

const SECRET: &str = "a secret of enough letters";

/// What a receiver was told, and what it answered.
#[derive(Debug, Clone)]
struct Told {
    id: String,
    signature: String,
    event: Value,
    status: u16,
}

/// Takes alerts, after so many refusals.
#[derive(Clone, Default)]
struct Receiver {
    told: Arc<Mutex<Vec<Told>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Receiver {
    /// Listens; gives its address.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/hook", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/hook")
    }

    /// Alerts that were taken, of this meal, in order: from what to what.
    fn turns(&self, meal: &str) -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let told = self.told.lock().unwrap();
        let taken = told.iter().filter(|one| one.status == 200 && one.event["meal"] == meal);
        taken.map(|one| (word(&one.event["from"]), word(&one.event["to"]))).collect()
    }

    async fn is_told(&self, meal: &str, turns: &[(&str, &str)]) {
        let turns: Vec<_> =
            turns.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        let what = format!("{meal}: {turns:?}");
        eventually(&what, Duration::from_secs(20), async || {
            (self.turns(meal) == turns).then_some(())
        })
        .await;
    }
}

async fn take(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut refusals = receiver.refusals.lock().unwrap();
    let status = if *refusals > 0 { 500 } else { 200 };
    *refusals = refusals.saturating_sub(1);
    let (id, signature) = (header("webhook-id"), header("webhook-signature"));
    let event = serde_json::from_slice(&body).unwrap();
    receiver.told.lock().unwrap().push(Told { id, signature, event, status });
    (StatusCode::from_u16(status).unwrap(), "thanks")
}

async fn watched(receiver: &Receiver) -> Wanted {
    Stack::wanted()
        .with("ALERT_WEBHOOK_URL", receiver.start().await)
        .with("ALERT_WEBHOOK_SECRET", SECRET)
        .with("ALERT_RETRY_MS", 50)
        .with("METRICS_ADDR", "127.0.0.1:0")
}

/// Nothing waits to be told, and everything was told at the first try.
async fn all_told(stack: &Stack, tries: i64) {
    let left = "select count(*) from alerts where ended_at is null or outcome <> 'delivered'";
    eventually("nothing waits to be told", Duration::from_secs(20), async || {
        (stack.database.number(left).await == 0).then_some(())
    })
    .await;
    assert_eq!(stack.database.number("select sum(tries) from alerts").await, tries);
}

#[tokio::test]
async fn a_page_that_lost_its_dishes_is_told_of_once_and_once_more_when_it_is_well() {
    let receiver = Receiver::default();
    let stack = watched(&receiver).await.workers(2).start().await;
    let (hall, today) = (Hall::Malott, stack.today());
    stack.eight_good_weeks(hall, today, "dinner").await;
    stack.grow_old().await;
    assert_eq!(stack.menu(hall, today, "dinner").await.status, 200);
    stack.is_idle().await;
    assert_eq!(stack.database.number("select count(*) from alerts").await, 0, "all is well");

    stack.vendor.post(hall, today, Kind::Scarce, 0);
    let meals = stack.vendor.expected(hall, today).meals().len();
    // Thrice the same: the first is not believed yet and told of all the same.
    for _ in 0..3 {
        stack.grow_old().await;
        assert_eq!(stack.menu(hall, today, "dinner").await.status, 200);
    }
    stack.is_idle().await;
    receiver.is_told("dinner", &[("ok", "drift")]).await;
    all_told(&stack, i64::try_from(meals).unwrap()).await;
    let log = |text: &str| -> usize {
        stack.workers.iter().map(|worker| worker.log().matches(text).count()).sum()
    };
    assert_eq!(log("looks otherwise than usual"), meals, "one warning a change of state");

    let told = receiver.told.lock().unwrap().clone();
    let dinner = told.iter().find(|one| one.event["meal"] == "dinner").unwrap();
    assert_eq!(dinner.event["kind"], "drift");
    assert_eq!(dinner.event["vendor"], "bon_appetit");
    assert_eq!(dinner.event["hall_id"], "malott");
    assert_eq!(dinner.event["date"], today.to_string());
    let signals = dinner.event["signs"].as_array().unwrap().iter();
    let signals: Vec<_> = signals.map(|sign| sign["signal"].as_str().unwrap()).collect();
    assert!(signals.contains(&"items") && signals.contains(&"stations"), "{dinner:?}");
    assert!(dinner.signature.starts_with("v1,"), "{dinner:?}");

    let alarmed = "menus5c_drift_meals{vendor=\"bon_appetit\",verdict=\"drift\"}";
    eventually("the metric shows it", Duration::from_secs(20), async || {
        let figures = Metrics::of(&stack.workers[0]).await;
        (figures.known(alarmed) == Some(f64::from(u32::try_from(meals).unwrap()))).then_some(())
    })
    .await;

    stack.vendor.post(hall, today, Kind::Regular, 0);
    stack.grow_old().await;
    assert_eq!(stack.menu(hall, today, "dinner").await.status, 200);
    receiver.is_told("dinner", &[("ok", "drift"), ("drift", "ok")]).await;
    all_told(&stack, i64::try_from(2 * meals).unwrap()).await;
}

#[tokio::test]
async fn a_receiver_that_fails_is_told_again_later_and_in_order() {
    let receiver = Receiver::default();
    let stack = watched(&receiver).await.workers(2).start().await;
    let (hall, today) = (Hall::Mcconnell, stack.today());
    stack.eight_good_weeks(hall, today, "dinner").await;
    *receiver.refusals.lock().unwrap() = 2;
    stack.vendor.post(hall, today, Kind::Scarce, 0);
    stack.grow_old().await;
    assert_eq!(stack.menu(hall, today, "dinner").await.status, 200);
    receiver.is_told("dinner", &[("ok", "drift")]).await;
    let meals = stack.vendor.expected(hall, today).meals().len();
    all_told(&stack, i64::try_from(meals + 2).unwrap()).await;
    let told = receiver.told.lock().unwrap().clone();
    let statuses: Vec<u16> = told.iter().map(|one| one.status).collect();
    assert_eq!(statuses[..3], [500, 500, 200]);
    assert!(told[..3].iter().all(|one| one.id == told[0].id), "the same alert: {told:?}");
    let ids: Vec<u64> = told.iter().map(|one| one.id.parse().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[tokio::test]
async fn alerts_that_waited_for_too_long_are_given_up_and_counted() {
    let receiver = Receiver::default();
    let mut stack = watched(&receiver).await.workers(0).start().await;
    stack
        .database
        .run(
            "insert into alerts (kind, event, made_at, next_try_at)
             select 'drift', '{}', now() - interval '7 hours', now() from generate_series(1, 3)",
        )
        .await;
    stack.add_worker();
    let untold = "menus5c_alerts_total{result=\"untold\"}";
    eventually("they are counted", Duration::from_secs(20), async || {
        (Metrics::of(&stack.workers[0]).await.known(untold) == Some(3.0)).then_some(())
    })
    .await;
    let left = "select count(*) from alerts where outcome is distinct from 'given_up'";
    assert_eq!(stack.database.number(left).await, 0);
    assert!(receiver.told.lock().unwrap().is_empty(), "nobody was told");
}

#[tokio::test]
async fn a_meal_that_is_due_and_missing_is_told_of_and_a_closed_hall_is_not() {
    let receiver = Receiver::default();
    let stack = watched(&receiver).await.start().await;
    let (hall, today) = (Hall::Collins, stack.today());
    stack.eight_good_weeks(hall, today, "dinner").await;
    // Whatever time it is: dinner is due all day, the rest is over.
    let due = format!(
        "insert into dining_hours_overrides (hall_id, date, start_time, end_time, meal)
         values ('collins', '{today}', '00:00', '00:01', null),
                ('collins', '{today}', '00:00', '23:59:59', 'dinner')"
    );
    stack.database.run(&due).await;
    stack.vendor.post(hall, today, Kind::NotPosted, 0);
    for _ in 0..2 {
        stack.grow_old().await;
        stack.menu(hall, today, "dinner").await;
    }
    receiver.is_told("dinner", &[("ok", "watch")]).await;
    stack.grow_old().await;
    stack.menu(hall, today, "dinner").await;
    receiver.is_told("dinner", &[("ok", "watch"), ("watch", "drift")]).await;

    // Dinner is over, and the page as it was: that is no news, nor is it on the next day until it was
    // missing as often as today.
    let over = "update dining_hours_overrides set end_time = '00:00:01' where meal = 'dinner'";
    stack.database.run(over).await;
    stack.grow_old().await;
    stack.menu(hall, today, "dinner").await;
    stack.is_idle().await;
    let tomorrow =
        "update menu_verdicts set date = date - 1; update drift_states set date = date - 1;
                    update dining_hours_overrides set end_time = '23:59:59' where meal = 'dinner'";
    stack.database.run(tomorrow).await;
    stack.grow_old().await;
    stack.menu(hall, today, "dinner").await;
    stack.is_idle().await;
    let is_drift = "select count(*) from drift_states where meal = 'dinner' and verdict = 2";
    assert_eq!(stack.database.number(is_drift).await, 1);
    all_told(&stack, 2).await;

    // Somebody enters that the hall is closed: that explains it.
    let shut = format!(
        "delete from dining_hours_overrides;
         insert into dining_hours_overrides (hall_id, date) values ('collins', '{today}')"
    );
    stack.database.run(&shut).await;
    stack.grow_old().await;
    stack.menu(hall, today, "dinner").await;
    receiver.is_told("dinner", &[("ok", "watch"), ("watch", "drift"), ("drift", "ok")]).await;
    for _ in 0..4 {
        stack.grow_old().await;
        stack.menu(hall, today, "dinner").await;
    }
    stack.is_idle().await;
    all_told(&stack, 3).await;
}

#[tokio::test]
async fn the_state_of_a_meal_that_did_not_come_again_for_a_week_is_forgotten() {
    let mut stack = Stack::start().await;
    let states = "insert into drift_states (hall_id, meal, verdict, signs, date, since)
                  values ('frary', 'lunch', 2, '[]', current_date - 9, now()),
                         ('frary', 'brunch', 2, '[]', current_date - 6, now())";
    stack.database.run(states).await;
    // Forgets when it starts, and every hour.
    stack.add_worker();
    eventually("it is forgotten", Duration::from_secs(10), async || {
        let left = stack.database.text("select string_agg(meal, ' ') from drift_states").await;
        (left == "brunch").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_hall_without_history_and_a_vendor_that_says_closed_are_no_news() {
    let receiver = Receiver::default();
    let stack = watched(&receiver).await.start().await;
    let today = stack.today();
    stack.vendor.post(Hall::Malott, today, Kind::Scarce, 0);
    assert_eq!(stack.menu(Hall::Malott, today, "dinner").await.status, 200);
    stack.eight_good_weeks(Hall::Mcconnell, today, "dinner").await;
    stack.vendor.post(Hall::Mcconnell, today, Kind::Closed, 0);
    for _ in 0..4 {
        stack.grow_old().await;
        assert_eq!(stack.menu(Hall::Mcconnell, today, "dinner").await.problem(404).1, "closed");
    }
    stack.is_idle().await;
    assert_eq!(stack.database.number("select count(*) from alerts").await, 0);
    assert_eq!(
        stack.database.number("select count(*) from drift_states where verdict > 0").await,
        0
    );
}
