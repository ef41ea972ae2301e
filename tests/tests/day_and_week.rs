//! One call for a screen: a day of all halls, or a week of one. It shows what `/menus` shows, costs
//! each vendor one read a document, and one vendor's trouble hides nobody else's menus.

#[path = "day_and_week/asked.rs"]
mod asked;
#[path = "day_and_week/cold.rs"]
mod cold;
#[path = "day_and_week/stores_away.rs"]
mod stores_away;
#[path = "day_and_week/trouble.rs"]
mod trouble;

use chrono::NaiveDate;
use serde_json::Value;
use tests::{
    Answer, Stack, Wanted,
    stub::{Expected, Hall},
};

/// The halls by name, and what each is called.
const HALLS: [(Hall, &str); 7] = [
    (Hall::Collins, "Collins"),
    (Hall::Frank, "Frank"),
    (Hall::Frary, "Frary"),
    (Hall::Hoch, "Hoch-Shanahan"),
    (Hall::Malott, "Malott"),
    (Hall::Mcconnell, "McConnell"),
    (Hall::Oldenborg, "Oldenborg"),
];
const OF_A_DAY: [&str; 6] = ["breakfast", "brunch", "lunch", "snack", "dinner", "late_night"];

fn day_path(date: NaiveDate) -> String {
    format!("/api/v2/menus/day?date={date}")
}

fn week_path(hall: Hall, start: NaiveDate) -> String {
    format!("/api/v2/menus/week?hall_id={}&start={start}", hall.as_str())
}

/// Short waits, so that a vendor that hangs is known to.
fn hurried() -> Wanted {
    Stack::wanted()
        .with("FETCH_TIMEOUT_MS", 1500)
        .with("SOFT_WAIT_MS", 800)
        .with("MISS_WAIT_MS", 2500)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The meals of a hall in a day's answer.
fn meals_of(body: &Value, hall: Hall) -> &[Value] {
    let of_hall = list(&body["halls"]).iter().find(|one| one["hall_id"] == hall.as_str());
    of_hall.map(|one| list(&one["meals"])).unwrap_or_default()
}

/// `lunch ok`, for each meal that is listed.
fn statuses(meals: &[Value]) -> Vec<String> {
    let text = |meal: &Value, name: &str| meal[name].as_str().unwrap_or("null").to_owned();
    meals.iter().map(|meal| format!("{} {}", text(meal, "meal"), text(meal, "status"))).collect()
}

/// All of a day's answer as `hoch lunch ok`.
fn all_statuses(answer: &Answer) -> Vec<String> {
    let of_hall = |(hall, _)| {
        let named = move |status: String| format!("{} {status}", Hall::as_str(hall));
        statuses(meals_of(&answer.json(), hall)).into_iter().map(named).collect::<Vec<_>>()
    };
    HALLS.into_iter().flat_map(of_hall).collect()
}

/// What is listed must be exactly what the vendor posted, dish by dish.
fn is_as_posted(meals: &[Value], expected: &Expected, what: &str) {
    match expected {
        Expected::Menu(_) => {
            let posted: Vec<String> = OF_A_DAY
                .iter()
                .filter(|meal| expected.stations(meal).is_some())
                .map(|meal| format!("{meal} ok"))
                .collect();
            assert_eq!(statuses(meals), posted, "{what}");
            for meal in meals {
                let word = meal["meal"].as_str().unwrap_or_default();
                assert_eq!(Some(&meal["stations"]), expected.stations(word), "{what} {word}");
                assert!(meal["fetched_at"].is_string(), "{what} {word}");
            }
        }
        Expected::Closed | Expected::NotPosted => {
            assert!(!meals.is_empty(), "{what}");
            for meal in meals {
                let status = meal["status"].as_str().unwrap_or_default();
                assert!(["closed", "not_posted"].contains(&status), "{what}: {meal}");
                assert_eq!(list(&meal["stations"]).len(), 0, "{what}: {meal}");
                assert_eq!(meal["fetched_at"], Value::Null, "{what}: {meal}");
            }
        }
    }
}

/// Every hall of a day's answer.
#[expect(clippy::indexing_slicing, reason = "a test may fail in any way")]
fn all_as_posted(stack: &Stack, answer: &Answer, date: NaiveDate) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["date"], date.to_string());
    let names: Vec<&str> =
        list(&body["halls"]).iter().filter_map(|hall| hall["name"].as_str()).collect();
    assert_eq!(names, HALLS.map(|(_, name)| name));
    for (hall, name) in HALLS {
        is_as_posted(meals_of(&body, hall), &stack.vendor.expected(hall, date), name);
    }
}
