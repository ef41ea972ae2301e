//! The two nights on which the clock is put: 2026-03-08 (02:00 is 03:00) and 2026-11-01 (02:00 is
//! 01:00 again), both Sundays; and other time zones.

use super::*;

#[test]
fn a_day_of_twenty_three_hours_keeps_its_wall_clock() {
    let mut hall = hall();
    weekly(&mut hall, "0", "brunch", "10:30-12:45");
    weekly(&mut hall, "6", "late_night", "22:00-04:00");
    let night = "late_night 2026-03-07T22:00:00-08:00 2026-03-08T04:00:00-07:00";
    let brunch = "brunch 2026-03-08T10:30:00-07:00 2026-03-08T12:45:00-07:00";
    for (now, shown) in [
        ("2026-03-08T01:59:59-08:00", night),
        ("2026-03-08T03:59:59-07:00", night),
        ("2026-03-08T04:00:00-07:00", "closed"),
        ("2026-03-08T10:29:59-07:00", "closed"),
        ("2026-03-08T10:30:00-07:00", brunch),
        ("2026-03-08T12:45:00-07:00", "closed"),
    ] {
        assert_eq!(open(&hall, now), shown, "{now}");
    }
    assert_eq!(next(&hall, "2026-03-08T04:00:00-07:00"), brunch);
    assert_eq!(change(&hall, "2026-03-08T01:30:00-08:00").unwrap(), "2026-03-08T04:00:00-07:00");
}

#[test]
fn a_day_of_twenty_five_hours_keeps_its_wall_clock() {
    let mut hall = hall();
    weekly(&mut hall, "0", "brunch", "10:30-12:45");
    weekly(&mut hall, "6", "late_night", "22:00-04:00");
    let night = "late_night 2026-10-31T22:00:00-07:00 2026-11-01T04:00:00-08:00";
    let brunch = "brunch 2026-11-01T10:30:00-08:00 2026-11-01T12:45:00-08:00";
    for (now, shown) in [
        ("2026-11-01T01:30:00-07:00", night),
        ("2026-11-01T01:30:00-08:00", night),
        ("2026-11-01T03:59:59-08:00", night),
        ("2026-11-01T04:00:00-08:00", "closed"),
        ("2026-11-01T10:29:59-08:00", "closed"),
        ("2026-11-01T10:30:00-08:00", brunch),
        ("2026-11-01T12:45:00-08:00", "closed"),
    ] {
        assert_eq!(open(&hall, now), shown, "{now}");
    }
    assert_eq!(next(&hall, "2026-11-01T04:00:00-08:00"), brunch);
}

#[test]
fn a_time_that_does_not_exist_is_the_end_of_the_gap() {
    for (hours, shown) in [
        ("02:30-03:30", "late_night 2026-03-08T03:00:00-07:00 2026-03-08T03:30:00-07:00"),
        ("01:00-02:30", "late_night 2026-03-08T01:00:00-08:00 2026-03-08T03:00:00-07:00"),
        // Nothing is left of it that night.
        ("02:10-02:50", "late_night 2026-03-15T02:10:00-07:00 2026-03-15T02:50:00-07:00"),
    ] {
        let mut hall = hall();
        weekly(&mut hall, "0", "late_night", hours);
        assert_eq!(next(&hall, "2026-03-08T00:00:00-08:00"), shown, "{hours}");
    }
    let mut hall = hall();
    weekly(&mut hall, "0", "late_night", "02:30-03:30");
    assert_eq!(open(&hall, "2026-03-08T01:59:59-08:00"), "closed");
    assert!(open(&hall, "2026-03-08T03:00:00-07:00").starts_with("late_night"));
}

#[test]
fn a_time_that_exists_twice_is_its_first_occurrence() {
    for (hours, shown, last) in [
        (
            "00:30-01:30",
            "late_night 2026-11-01T00:30:00-07:00 2026-11-01T01:30:00-07:00",
            "2026-11-01T01:29:59-07:00",
        ),
        (
            "01:30-03:00",
            "late_night 2026-11-01T01:30:00-07:00 2026-11-01T03:00:00-08:00",
            "2026-11-01T02:59:59-08:00",
        ),
        (
            "01:15-01:45",
            "late_night 2026-11-01T01:15:00-07:00 2026-11-01T01:45:00-07:00",
            "2026-11-01T01:44:59-07:00",
        ),
    ] {
        let mut hall = hall();
        weekly(&mut hall, "0", "late_night", hours);
        assert_eq!(next(&hall, "2026-11-01T00:00:00-07:00"), shown, "{hours}");
        assert_eq!(open(&hall, last), shown, "{hours}");
    }
    let mut hall = hall();
    weekly(&mut hall, "0", "late_night", "01:15-01:45");
    assert_eq!(open(&hall, "2026-11-01T01:30:00-08:00"), "closed", "it does not open again");
}

#[test]
fn other_zones_have_other_days() {
    let mut hall = hall();
    weekly(&mut hall, "1", "lunch", "11:00-13:00");
    let noon = at("2026-02-09T02:30:00Z");
    assert_eq!(hall.open_at(PACIFIC, noon), None);
    assert_eq!(
        shown(hall.open_at(chrono_tz::Asia::Tokyo, noon)),
        "lunch 2026-02-09T11:00:00+09:00 2026-02-09T13:00:00+09:00"
    );
    // A whole day that was left out: 30 December 2011 in Samoa.
    weekly(&mut hall, "5", "dinner", "17:00-19:00");
    let eve = at("2011-12-30T08:00:00Z");
    assert_eq!(
        shown(hall.next_opening(chrono_tz::Pacific::Apia, eve)),
        "lunch 2012-01-02T11:00:00+14:00 2012-01-02T13:00:00+14:00"
    );
}
