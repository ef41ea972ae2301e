//! Each state of a cell, and the whole as JSON.

use chrono::TimeDelta;

use super::*;
use crate::{
    hours::{HallHours, Schedule, Times, WeeklyHours},
    menu::DayState,
};

fn hours() -> HallHours {
    let at = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let lunch = |day_of_week| WeeklyHours {
        day_of_week,
        meal: Meal::Lunch,
        times: Times { start: at(11), end: at(13) },
    };
    HallHours {
        id: HallId::Hoch,
        name: "Hoch-Shanahan".to_owned(),
        college: "Harvey Mudd".to_owned(),
        color: "#eaaa00".to_owned(),
        closed_since: None,
        weekly: (1..=5).map(lunch).collect(),
        overrides: Vec::new(),
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-23T18:00:00Z".parse().unwrap()
}

fn monday() -> NaiveDate {
    "2026-11-23".parse().unwrap()
}

fn known(state: Option<DayState>, fresh: bool, has_menu: bool, failed: bool) -> Known {
    let (hall, date, fetched_at) = (HallId::Hoch, monday(), now() - TimeDelta::minutes(10));
    let fresh_until = now() + TimeDelta::minutes(if fresh { 10 } else { -10 });
    let mut known = Known::default();
    if let Some(state) = state {
        known.days.insert((hall, date), DayRow { hall, date, state, fetched_at, fresh_until });
    }
    if has_menu {
        let (meal, verdict) = (Meal::Lunch, Some(Verdict::Watch));
        let row = MealRow { hall, date, meal: meal.clone(), items: 40, fetched_at, verdict };
        known.meals.insert((hall, meal, date), row);
    }
    if failed {
        known.failing.insert("sodexo:hoch:2026-11-23".to_owned(), now() - TimeDelta::minutes(42));
    }
    known
}

#[test]
fn a_cell_says_what_there_is() {
    use DayState::{Closed, NotPosted, Posted};
    for (day, fresh, has_menu, failed, state) in [
        (Some(Posted), true, true, false, State::Fresh),
        (Some(Posted), true, true, true, State::Fresh),
        (Some(Posted), false, true, true, State::Stale),
        (Some(NotPosted), true, true, false, State::Stale),
        (Some(NotPosted), true, false, false, State::NotPosted),
        (Some(Posted), true, false, false, State::NotServed),
        (Some(Closed), true, false, false, State::Closed),
        (None, false, false, true, State::Failed),
        (None, false, false, false, State::Unknown),
    ] {
        let cell =
            known(day, fresh, has_menu, failed).cell(&hours(), monday(), &Meal::Lunch, now());
        assert_eq!(cell.state, state, "{day:?} {fresh} {has_menu} {failed}");
        assert_eq!(cell.items.is_some(), has_menu);
        assert_eq!(cell.fetched_at.is_some(), day.is_some());
        assert!(cell.is_due);
    }
    let sunday = monday().pred_opt().unwrap();
    let other = Known::default().cell(&hours(), sunday, &Meal::Lunch, now());
    assert!(!other.is_due, "no lunch on a Sunday");
}

#[test]
fn halls_show_their_usual_meals_and_what_there_is_besides_in_the_order_of_a_day() {
    let mut known = known(Some(DayState::Posted), true, true, false);
    for meal in [Meal::parse("tea_time").unwrap(), Meal::Breakfast] {
        let (hall, date, fetched_at) = (HallId::Hoch, monday(), now());
        let row = MealRow { hall, date, meal: meal.clone(), items: 3, fetched_at, verdict: None };
        known.meals.insert((hall, meal, date), row);
    }
    let schedule = Schedule { from: monday(), to: monday(), halls: vec![hours()] };
    let halls = known.halls(&schedule, &[monday()], now());
    let meals: Vec<&str> = halls[0].meals.iter().map(|meal| meal.meal.as_str()).collect();
    assert_eq!(meals, ["breakfast", "lunch", "tea_time"]);
    let json = serde_json::to_value(&halls[0].meals[1]).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"meal": "lunch", "drift": null, "days": [{
            "date": "2026-11-23", "state": "fresh", "is_due": true, "items": 40,
            "fetched_at": "2026-11-23T17:50:00Z", "verdict": "watch"}]})
    );
}
