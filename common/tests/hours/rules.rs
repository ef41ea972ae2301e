//! A table for each rule. 2026-02-09 is a Monday.

use super::*;

/// What a hall serves on a date, as `lunch 11:15-13:00, …`.
fn on(hall: &HallHours, day: &str) -> String {
    let rows = hall.on(date(day)).map(|(meal, times)| {
        let meal = meal.map_or("special", Meal::as_str);
        format!("{meal} {}-{}", times.start.format("%H:%M"), times.end.format("%H:%M"))
    });
    rows.collect::<Vec<_>>().join(", ")
}

fn usual() -> HallHours {
    let mut hall = hall();
    weekly(&mut hall, "12345", "lunch", "11:15-13:00");
    weekly(&mut hall, "06", "brunch", "10:30-12:45");
    weekly(&mut hall, "0123456", "dinner", "17:00-19:00");
    hall
}

#[test]
fn an_interval_holds_its_opening_and_not_its_closing() {
    let hall = usual();
    let lunch = "lunch 2026-02-09T11:15:00-08:00 2026-02-09T13:00:00-08:00";
    for (now, shown) in [
        ("2026-02-09T11:14:59-08:00", "closed"),
        ("2026-02-09T11:15:00-08:00", lunch),
        ("2026-02-09T12:59:59.999-08:00", lunch),
        ("2026-02-09T13:00:00-08:00", "closed"),
        // The same instants, written elsewhere.
        ("2026-02-09T19:15:00Z", lunch),
        ("2026-02-10T06:15:00+11:00", lunch),
    ] {
        assert_eq!(open(&hall, now), shown, "{now}");
    }
}

#[test]
fn each_weekday_has_its_own_hours() {
    let hall = usual();
    for (day, rows) in [
        ("2026-02-08", "brunch 10:30-12:45, dinner 17:00-19:00"),
        ("2026-02-09", "lunch 11:15-13:00, dinner 17:00-19:00"),
        ("2026-02-13", "lunch 11:15-13:00, dinner 17:00-19:00"),
        ("2026-02-14", "brunch 10:30-12:45, dinner 17:00-19:00"),
    ] {
        assert_eq!(on(&hall, day), rows, "{day}");
    }
}

#[test]
fn an_override_wins_on_its_date_and_on_no_other() {
    let all: [(&[(&str, &str)], &str); 11] = [
        (&[("", "")], ""),
        (&[("lunch", "")], "dinner 17:00-19:00"),
        (&[("lunch", "12:00-12:45")], "dinner 17:00-19:00, lunch 12:00-12:45"),
        (
            &[("lunch", "11:00-11:30"), ("lunch", "12:30-13:00")],
            "dinner 17:00-19:00, lunch 11:00-11:30, lunch 12:30-13:00",
        ),
        (
            &[("late_night", "22:00-01:00")],
            "lunch 11:15-13:00, dinner 17:00-19:00, late_night 22:00-01:00",
        ),
        (&[("snack", "")], "lunch 11:15-13:00, dinner 17:00-19:00"),
        (&[("", "09:00-14:00")], "special 09:00-14:00"),
        (&[("", "09:00-10:00"), ("", "16:00-18:00")], "special 09:00-10:00, special 16:00-18:00"),
        (
            &[("", "09:00-14:00"), ("dinner", "17:00-18:00")],
            "special 09:00-14:00, dinner 17:00-18:00",
        ),
        // Where overrides contradict each other, closed wins.
        (&[("", ""), ("dinner", "17:00-18:00"), ("", "09:00-10:00")], ""),
        (&[("lunch", "12:00-12:45"), ("lunch", "")], "dinner 17:00-19:00"),
    ];
    for (overrides, rows) in all {
        let mut hall = usual();
        for (word, hours) in overrides {
            instead(&mut hall, "2026-02-10", word, hours);
        }
        assert_eq!(on(&hall, "2026-02-10"), rows, "{overrides:?}");
        for other in ["2026-02-09", "2026-02-11", "2026-02-17", "2025-02-10"] {
            assert_eq!(on(&hall, other), on(&usual(), other), "{overrides:?} on {other}");
        }
    }
}

#[test]
fn a_hall_closed_until_further_notice_opens_only_for_what_is_stated() {
    let mut hall = usual();
    hall.closed_since = Some(date("2026-02-10"));
    instead(&mut hall, "2026-02-12", "dinner", "18:00-20:00");
    instead(&mut hall, "2026-02-13", "", "09:00-14:00");
    instead(&mut hall, "2026-02-14", "brunch", "");
    instead(&mut hall, "2026-02-15", "", "");
    for (day, rows) in [
        ("2026-02-09", "lunch 11:15-13:00, dinner 17:00-19:00"),
        ("2026-02-10", ""),
        ("2026-02-11", ""),
        ("2026-02-12", "dinner 18:00-20:00"),
        ("2026-02-13", "special 09:00-14:00"),
        ("2026-02-14", ""),
        ("2026-02-15", ""),
        ("2030-02-11", ""),
    ] {
        assert_eq!(on(&hall, day), rows, "{day}");
    }
}

#[test]
fn hours_across_midnight_belong_to_the_day_that_they_start_on() {
    let mut hall = hall();
    weekly(&mut hall, "5", "late_night", "22:30-01:30");
    weekly(&mut hall, "2", "dinner", "20:00-00:00");
    let night = "late_night 2026-02-13T22:30:00-08:00 2026-02-14T01:30:00-08:00";
    let dinner = "dinner 2026-02-10T20:00:00-08:00 2026-02-11T00:00:00-08:00";
    let saturday = "2026-02-14T01:00:00-08:00";
    for (now, shown) in [
        ("2026-02-13T01:00:00-08:00", "closed"),
        ("2026-02-13T23:59:59-08:00", night),
        (saturday, night),
        ("2026-02-14T01:30:00-08:00", "closed"),
        ("2026-02-10T23:59:59-08:00", dinner),
        ("2026-02-11T00:00:00-08:00", "closed"),
    ] {
        assert_eq!(open(&hall, now), shown, "{now}");
    }
    let mut friday_closed = hall.clone();
    instead(&mut friday_closed, "2026-02-13", "", "");
    assert_eq!(open(&friday_closed, saturday), "closed");
    instead(&mut hall, "2026-02-14", "", "");
    assert_eq!(open(&hall, saturday), night, "Saturday's override does not end Friday's night");
}

#[test]
fn of_two_meals_at_once_the_one_that_started_last_is_named() {
    let mut hall = hall();
    weekly(&mut hall, "6", "lunch", "11:00-14:00");
    weekly(&mut hall, "6", "brunch", "10:00-15:00");
    weekly(&mut hall, "6", "snack", "11:00-13:00");
    for (now, word) in [
        ("2026-02-14T10:59:59-08:00", "brunch"),
        // Started together: the one that goes on longer, so nobody is told to hurry.
        ("2026-02-14T11:00:00-08:00", "lunch"),
        ("2026-02-14T13:30:00-08:00", "lunch"),
        ("2026-02-14T14:00:00-08:00", "brunch"),
    ] {
        assert!(open(&hall, now).starts_with(word), "{now}: {}", open(&hall, now));
    }
}

#[test]
fn an_end_that_equals_the_start_is_never_open() {
    let mut hall = hall();
    weekly(&mut hall, "0123456", "lunch", "12:00-12:00");
    for now in ["2026-02-14T12:00:00-08:00", "2026-02-14T00:00:00-08:00"] {
        assert_eq!(open(&hall, now), "closed");
        assert_eq!(next(&hall, now), "closed");
        assert_eq!(change(&hall, now), None);
    }
}

#[test]
fn the_next_opening_is_looked_for_fourteen_days_ahead() {
    let mut hall = usual();
    let dinner = "dinner 2026-02-09T17:00:00-08:00 2026-02-09T19:00:00-08:00";
    for now in ["2026-02-09T13:00:00-08:00", "2026-02-09T16:59:59-08:00"] {
        assert_eq!(next(&hall, now), dinner, "{now}");
    }
    let lunch = "lunch 2026-02-10T11:15:00-08:00 2026-02-10T13:00:00-08:00";
    assert_eq!(next(&hall, "2026-02-09T17:00:00-08:00"), lunch, "what has begun is not next");
    assert_eq!(next(&hall, "2026-02-09T23:30:00-08:00"), lunch);

    hall.closed_since = Some(date("2026-02-09"));
    assert_eq!(next(&hall, "2026-02-09T08:00:00-08:00"), "closed");
    instead(&mut hall, "2026-02-23", "", "09:00-14:00");
    let special = "special 2026-02-23T09:00:00-08:00 2026-02-23T14:00:00-08:00";
    assert_eq!(next(&hall, "2026-02-09T08:59:59-08:00"), "closed");
    assert_eq!(next(&hall, "2026-02-09T09:00:00-08:00"), special);
}

#[test]
fn a_change_is_every_begin_and_every_end() {
    let mut hall = usual();
    weekly(&mut hall, "1", "late_night", "23:00-01:00");
    for (now, at) in [
        ("2026-02-09T00:00:00-08:00", "2026-02-09T11:15:00-08:00"),
        ("2026-02-09T11:14:59-08:00", "2026-02-09T11:15:00-08:00"),
        ("2026-02-09T11:15:00-08:00", "2026-02-09T13:00:00-08:00"),
        ("2026-02-09T13:00:00-08:00", "2026-02-09T17:00:00-08:00"),
        ("2026-02-09T23:59:59-08:00", "2026-02-10T01:00:00-08:00"),
        ("2026-02-10T00:59:59-08:00", "2026-02-10T01:00:00-08:00"),
        ("2026-02-10T23:59:59-08:00", "2026-02-11T11:15:00-08:00"),
    ] {
        assert_eq!(change(&hall, now).as_deref(), Some(at), "{now}");
    }
}

#[test]
fn a_schedule_knows_for_which_instants_it_is_enough() {
    use common::hours::Schedule;
    let schedule =
        Schedule { from: date("2026-02-08"), to: date("2026-02-24"), halls: vec![usual()] };
    for (now, enough) in [
        ("2026-02-08T23:59:59-08:00", false),
        ("2026-02-09T00:00:00-08:00", true),
        ("2026-02-10T23:59:59-08:00", true),
        ("2026-02-11T00:00:00-08:00", false),
    ] {
        assert_eq!(schedule.covers(PACIFIC, at(now)), enough, "{now}");
    }
    let (now, text) = (at("2026-02-09T12:00:00-08:00"), serde_json::to_string(&schedule).unwrap());
    assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
    assert_eq!(
        schedule.next_change(PACIFIC, now),
        Some(at("2026-02-09T13:00:00-08:00").with_timezone(&PACIFIC))
    );
}

#[test]
fn the_usual_meals_are_those_of_the_weekday_else_of_the_week_else_three() {
    let mut hall = hall();
    let meals = |hall: &HallHours, day: &str| -> Vec<String> {
        hall.usual_meals(date(day)).iter().map(ToString::to_string).collect()
    };
    assert_eq!(meals(&hall, "2026-02-09"), ["breakfast", "lunch", "dinner"], "nothing is known");
    weekly(&mut hall, "1", "dinner", "17:00-19:00");
    weekly(&mut hall, "1", "breakfast", "07:30-09:00");
    weekly(&mut hall, "1", "breakfast", "09:00-10:00");
    weekly(&mut hall, "0", "snack", "13:30-16:30");
    weekly(&mut hall, "0", "brunch", "10:30-13:30");
    assert_eq!(meals(&hall, "2026-02-08"), ["brunch", "snack"], "a Sunday");
    assert_eq!(meals(&hall, "2026-02-09"), ["breakfast", "dinner"], "a Monday");
    assert_eq!(meals(&hall, "2026-02-10"), ["breakfast", "brunch", "snack", "dinner"]);
    // Closed or not, that is what is usual.
    hall.closed_since = Some(date("2026-01-01"));
    assert_eq!(meals(&hall, "2026-02-09"), ["breakfast", "dinner"]);
}
