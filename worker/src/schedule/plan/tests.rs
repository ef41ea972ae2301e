//! What is due on ordinary days, on the days on which the clock is set, under overrides, and over
//! midnight; and what a look means.

use std::time::Duration;

use chrono::NaiveTime;
use common::{
    cache::Held,
    hours::{Override, Times, WeeklyHours},
};

use super::*;

const PACIFIC: Tz = Tz::America__Los_Angeles;
const LEAD: TimeDelta = TimeDelta::minutes(30);

fn times(start: &str, end: &str) -> Times {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    Times { start: time(start), end: time(end) }
}

fn meal(word: &str) -> Meal {
    Meal::parse(word).unwrap()
}

/// A hall that serves these meals every day.
fn hall(id: HallId, meals: &[(&str, &str, &str)]) -> HallHours {
    let weekly = (0..7).flat_map(|day_of_week| {
        meals.iter().map(move |(word, start, end)| WeeklyHours {
            day_of_week,
            meal: meal(word),
            times: times(start, end),
        })
    });
    HallHours {
        id,
        name: id.to_string(),
        college: "A college".to_owned(),
        color: "#000000".to_owned(),
        closed_since: None,
        weekly: weekly.collect(),
        overrides: Vec::new(),
    }
}

fn all(halls: Vec<HallHours>) -> Schedule {
    let date = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    Schedule { from: date, to: date, halls }
}

fn lunch() -> Schedule {
    all(vec![hall(HallId::Hoch, &[("lunch", "11:15", "13:00")])])
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn due(hours: &Schedule, now: &str) -> Vec<String> {
    let due = meals(hours, PACIFIC, at(now), LEAD);
    due.into_iter().map(|due| due.key.to_string()).collect()
}

#[test]
fn a_meal_is_due_from_its_lead_to_the_end_of_its_first_half_hour() {
    for (now, is_due) in [
        ("2026-02-09T10:44:59-08:00", false),
        ("2026-02-09T10:45:00-08:00", true),
        ("2026-02-09T11:44:59-08:00", true),
        ("2026-02-09T11:45:00-08:00", false),
    ] {
        let expected: &[&str] = if is_due { &["menu:hoch:2026-02-09:lunch"] } else { &[] };
        assert_eq!(due(&lunch(), now), expected, "{now}");
    }
    let short = all(vec![hall(HallId::Hoch, &[("snack", "15:00", "15:10")])]);
    assert_eq!(due(&short, "2026-02-09T15:09:59-08:00").len(), 1);
    assert_eq!(due(&short, "2026-02-09T15:10:00-08:00").len(), 0, "it is over");
}

#[test]
fn meals_follow_the_wall_clock_on_the_days_on_which_it_is_set() {
    for (date, offset) in [
        ("2026-03-07", "-08:00"),
        ("2026-03-08", "-07:00"), // forward that night
        ("2026-10-31", "-07:00"),
        ("2026-11-01", "-08:00"), // back that night
    ] {
        let menu = format!("menu:hoch:{date}:lunch");
        assert_eq!(due(&lunch(), &format!("{date}T10:45:00{offset}")), [menu], "{date}");
        assert_eq!(due(&lunch(), &format!("{date}T10:44:59{offset}")).len(), 0, "{date}");
    }
    // 02:15 is not there in spring: it is the end of the gap; in autumn 01:15 is its first time.
    let night = all(vec![hall(HallId::Hoch, &[("late_night", "02:15", "04:00")])]);
    assert_eq!(due(&night, "2026-03-08T01:29:59-08:00").len(), 0);
    assert_eq!(due(&night, "2026-03-08T01:30:00-08:00"), ["menu:hoch:2026-03-08:late_night"]);
    let night = all(vec![hall(HallId::Hoch, &[("late_night", "01:15", "04:00")])]);
    assert_eq!(due(&night, "2026-11-01T00:45:00-07:00"), ["menu:hoch:2026-11-01:late_night"]);
    assert_eq!(due(&night, "2026-11-01T01:14:00-08:00").len(), 0, "not again an hour later");
}

#[test]
fn overrides_close_move_and_open() {
    let date = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
    let with = |meal: Option<&str>, times: Option<Times>| {
        let mut hours = lunch();
        let meal = meal.and_then(Meal::parse);
        hours.halls[0].overrides.push(Override { date, meal, times, reason: String::new() });
        hours
    };
    let usual = "2026-02-09T11:00:00-08:00";
    assert_eq!(due(&with(None, None), usual).len(), 0, "closed all day");
    assert_eq!(due(&with(Some("lunch"), None), usual).len(), 0, "no lunch");
    let later = with(Some("lunch"), Some(times("14:00", "15:00")));
    assert_eq!(due(&later, usual).len(), 0);
    assert_eq!(due(&later, "2026-02-09T13:30:00-08:00"), ["menu:hoch:2026-02-09:lunch"]);
    let special = with(None, Some(times("09:00", "12:00")));
    assert_eq!(due(&special, usual).len(), 0, "the usual hours do not hold");
    let usually = due(&special, "2026-02-09T08:30:00-08:00");
    assert_eq!(usually, ["menu:hoch:2026-02-09:lunch"], "of a special opening what is usual");
    let mut shut = lunch();
    shut.halls[0].closed_since = Some(date);
    assert_eq!(due(&shut, usual).len(), 0, "closed until further notice");
}

#[test]
fn a_meal_belongs_to_the_day_on_which_it_begins() {
    let hours = all(vec![hall(HallId::Collins, &[("late_night", "23:50", "00:30")])]);
    let menu = ["menu:collins:2026-02-09:late_night"];
    assert_eq!(due(&hours, "2026-02-09T23:20:00-08:00"), menu);
    assert_eq!(due(&hours, "2026-02-10T00:19:59-08:00"), menu, "after midnight");
    assert_eq!(due(&hours, "2026-02-10T00:20:00-08:00").len(), 0);
    let early = all(vec![hall(HallId::Collins, &[("snack", "00:10", "01:00")])]);
    assert_eq!(
        due(&early, "2026-02-09T23:40:00-08:00"),
        ["menu:collins:2026-02-10:snack"],
        "tomorrow's, looked after today"
    );
}

#[test]
fn in_the_morning_seven_days_are_due_as_far_as_hours_know_of_them() {
    let mut hours = all(vec![
        hall(HallId::Hoch, &[("lunch", "11:15", "13:00"), ("dinner", "17:00", "19:00")]),
        hall(HallId::Oldenborg, &[("lunch", "12:00", "13:00")]),
    ]);
    hours.halls[1].closed_since = NaiveDate::from_ymd_opt(2026, 1, 1);
    let closed = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
    hours.halls[0].overrides.push(Override {
        date: closed,
        meal: None,
        times: None,
        reason: String::new(),
    });
    // Four o'clock on the day on which the clock was put forward.
    let due = days(&hours, PACIFIC, at("2026-03-08T04:00:00-07:00"));
    let dates: Vec<String> = due.iter().map(|due| due.key.date.to_string()).collect();
    assert_eq!(due.len(), 6 * 2, "{dates:?}");
    assert!(due.iter().all(|due| due.key.hall == HallId::Hoch && due.key.date != closed));
    let (first, last) = ("2026-03-08".to_owned(), "2026-03-14".to_owned());
    assert_eq!((dates.first(), dates.last()), (Some(&first), Some(&last)));
}

#[test]
fn what_began_is_told_once_and_the_next_start_is_known() {
    let hours = all(vec![hall(
        HallId::Collins,
        &[("lunch", "11:00", "13:00"), ("snack", "00:05", "00:30")],
    )]);
    let told = |after: &str, now: &str| began(&hours, PACIFIC, at(after), at(now)).len();
    assert_eq!(told("2026-02-09T10:59:59-08:00", "2026-02-09T11:00:00-08:00"), 1);
    assert_eq!(told("2026-02-09T11:00:00-08:00", "2026-02-09T11:00:10-08:00"), 0);
    let next = |now: &str| next_start(&hours, PACIFIC, at(now));
    assert_eq!(next("2026-02-09T10:00:00-08:00"), Some(at("2026-02-09T11:00:00-08:00")));
    assert_eq!(next("2026-02-09T11:00:00-08:00"), Some(at("2026-02-10T00:05:00-08:00")));
    let names: Vec<String> = next_meals(&hours, PACIFIC, at("2026-02-09T12:00:00-08:00"))
        .into_iter()
        .map(|next| format!("{} {}", next.meal.unwrap(), next.opens.date_naive()))
        .collect();
    assert_eq!(names, ["snack 2026-02-10", "lunch 2026-02-10"]);
}

const NOW: &str = "2026-02-09T11:00:00-08:00";

/// What is meant by an entry of lunch at 11:15, read so many minutes ago and with as many left.
fn judged(entry: fn(DateTime<Utc>) -> Entry, ago: i64, left: u64) -> Found {
    let now = at(NOW);
    let entry = entry(now - TimeDelta::minutes(ago));
    let held = Held { entry, left: Duration::from_secs(left * 60) };
    judge(&Look::Held(held), None, &lunch_due(), moment())
}

fn lunch_due() -> Due {
    let key = "menu:hoch:2026-02-09:lunch".parse().unwrap();
    Due { key, opens: Some(at("2026-02-09T11:15:00-08:00")) }
}

fn moment() -> Moment {
    Moment { now: at(NOW), next_tick: at(NOW) + TimeDelta::minutes(5), lead: LEAD }
}

fn fresh(fetched_at: DateTime<Utc>) -> Entry {
    Entry::Menu { body: "{}".into(), is_stale: false, fetched_at }
}

fn stale(fetched_at: DateTime<Utc>) -> Entry {
    Entry::Menu { body: "{}".into(), is_stale: true, fetched_at }
}

fn no_menu(fetched_at: DateTime<Utc>) -> Entry {
    Entry::NoMenu { reason: NoMenu::MealNotServed, fetched_at }
}

fn failed(fetched_at: DateTime<Utc>) -> Entry {
    Entry::Failed { fetched_at }
}

#[test]
fn an_entry_that_would_not_last_is_read_anew_once_and_then_before_it_ends() {
    // The lead began a quarter of an hour ago; the first part ends in three quarters.
    for (ago, left, found) in [
        (20, 45, Found::Holds),
        (20, 44, Found::Short),
        (16, 44, Found::Short),
        (14, 44, Found::Holds),
        (14, 6, Found::Holds),
        (14, 5, Found::Short),
        (0, 5, Found::Holds),
    ] {
        assert_eq!(judged(fresh, ago, left), found, "read {ago} min ago, {left} min left");
    }
}

#[test]
fn what_is_no_fresh_menu_is_asked_for_again_and_no_menu_once() {
    assert_eq!(judged(stale, 300, 2), Found::Stale);
    assert_eq!(judged(failed, 2, 1), Found::Failed);
    assert_eq!(judged(failed, 0, 1), Found::Holds, "it failed just now");
    assert_eq!(judged(no_menu, 20, 2), Found::Short);
    assert_eq!(judged(no_menu, 10, 2), Found::Holds, "its vendor was asked since");
    assert_eq!(judge(&Look::Nothing, None, &lunch_due(), moment()), Found::Missing);
    assert_eq!(judge(&Look::Foreign, None, &lunch_due(), moment()), Found::Foreign);
    let any = Due { opens: None, ..lunch_due() };
    let held = Held { entry: failed(at(NOW)), left: Duration::from_secs(1) };
    assert_eq!(
        judge(&Look::Held(held), None, &any, moment()),
        Found::Holds,
        "it has only to be there"
    );
    assert_eq!(judge(&Look::Nothing, None, &any, moment()), Found::Missing);
}

#[test]
fn a_menu_that_was_withdrawn_is_asked_for_as_rarely_as_no_menu() {
    let now = at(NOW);
    let held = |entry, left| Look::Held(Held { entry, left: Duration::from_secs(left) });
    let ago = |minutes| now - TimeDelta::minutes(minutes);
    let copy = held(stale(ago(300)), 100);
    let found = |silent| judge(&copy, silent, &lunch_due(), moment());
    assert_eq!(found(Some(ago(10))), Found::Holds, "its vendor was asked since");
    assert_eq!(found(Some(ago(20))), Found::Short);
    assert_eq!(found(None), Found::Stale, "its vendor failed");

    let says = |reason, minutes| {
        let entry = Entry::NoMenu { reason, fetched_at: ago(minutes) };
        held(entry, 100)
    };
    let silent = [copy.clone(), says(NoMenu::NotPosted, 7), says(NoMenu::Closed, 9), Look::Nothing];
    assert_eq!(silent_since(&silent), Some(ago(7)));
    let failed = [copy.clone(), held(failed(now), 10), says(NoMenu::MealNotServed, 1)];
    assert_eq!(silent_since(&failed), None);
}

#[test]
fn a_document_is_asked_for_once_by_the_menu_that_needs_it_most() {
    let one = |key: &str, found| (Due { key: key.parse().unwrap(), opens: None }, found);
    let asked = by_document(vec![
        one("menu:hoch:2026-02-09:breakfast", Found::Holds),
        one("menu:frary:2026-02-09:lunch", Found::Missing),
        one("menu:hoch:2026-02-09:lunch", Found::Missing),
        one("menu:frary:2026-02-12:dinner", Found::Short),
        one("menu:hoch:2026-02-10:lunch", Found::Holds),
        one("menu:hoch:2026-02-09:dinner", Found::Missing),
    ]);
    let asked: Vec<_> = asked.iter().map(|(due, found)| (due.key.to_string(), *found)).collect();
    assert_eq!(
        asked,
        [
            ("menu:hoch:2026-02-09:lunch".to_owned(), Found::Missing),
            ("menu:frary:2026-02-12:dinner".to_owned(), Found::Short),
            ("menu:hoch:2026-02-10:lunch".to_owned(), Found::Holds),
        ]
    );
}
