//! Who is open when: the seeded hours, overrides, midnight, and the days on which the clock is put.

use super::*;

#[tokio::test]
async fn the_seeded_hours_hold_to_the_second() {
    let stack = stack_with(&[]).await;
    let lunch = "lunch 2026-11-30T11:15:00-08:00 2026-11-30T13:00:00-08:00";
    let monday = [
        ("2026-11-30T11:14:59-08:00", "closed"),
        ("2026-11-30T11:14:59.999999999-08:00", "closed"),
        ("2026-11-30T11:15:00-08:00", lunch),
        ("2026-11-30T12:59:59.999999999-08:00", lunch),
        ("2026-11-30T13:00:00-08:00", "closed"),
    ];
    holds(&stack, "hoch", &monday).await;
    let brunch = "brunch 2026-11-28T10:00:00-08:00 2026-11-28T13:00:00-08:00";
    let lunch = "lunch 2026-11-28T11:00:00-08:00 2026-11-28T14:00:00-08:00";
    let saturday = [
        ("2026-11-28T10:59:59-08:00", brunch),
        // Of two meals at once the one that started last.
        ("2026-11-28T11:00:00-08:00", lunch),
        ("2026-11-28T13:00:00-08:00", lunch),
    ];
    holds(&stack, "malott", &saturday).await;
    holds(&stack, "frank", &[("2026-11-28T12:00:00-08:00", "closed")]).await;
    let late = "late_night 2026-12-03T22:30:00-08:00 2026-12-03T23:30:00-08:00";
    let nights = [("2026-12-03T23:00:00-08:00", late), ("2026-12-04T23:00:00-08:00", "closed")];
    holds(&stack, "collins", &nights).await;
    let lunch = "lunch 2026-08-31T12:00:00-07:00 2026-08-31T13:00:00-07:00";
    let notice = [("2026-08-31T12:00:00-07:00", lunch), ("2026-09-01T12:00:00-07:00", "closed")];
    holds(&stack, "oldenborg", &notice).await;
}

#[tokio::test]
async fn an_override_wins_on_its_date() {
    let stack = stack_with(&[
        "'hoch', '2026-11-30', 'lunch', null, null",
        "'hoch', '2026-12-01', null, null, null",
        "'hoch', '2026-12-02', 'lunch', '12:00', '12:45'",
        "'hoch', '2026-12-03', 'brunch', '10:00', '11:00'",
        "'hoch', '2026-12-04', null, '09:00', '14:00'",
        "'hoch', '2026-12-05', null, null, null",
        "'hoch', '2026-12-05', 'dinner', '17:00', '19:00'",
        "'oldenborg', '2026-12-04', 'dinner', '18:00', '20:00'",
    ])
    .await;
    let on = |meal: &str, day: &str, from: &str, to: &str| {
        format!("{meal} 2026-12-{day}T{from}:00-08:00 2026-12-{day}T{to}:00-08:00")
    };
    let table = [
        ("2026-11-30T12:00:00-08:00", "closed".to_owned()),
        (
            "2026-11-30T18:00:00-08:00",
            "dinner 2026-11-30T17:00:00-08:00 2026-11-30T19:00:00-08:00".to_owned(),
        ),
        ("2026-12-01T08:00:00-08:00", "closed".to_owned()),
        ("2026-12-01T12:00:00-08:00", "closed".to_owned()),
        ("2026-12-02T11:59:59-08:00", "closed".to_owned()),
        ("2026-12-02T12:00:00-08:00", on("lunch", "02", "12:00", "12:45")),
        ("2026-12-02T12:45:00-08:00", "closed".to_owned()),
        ("2026-12-02T08:00:00-08:00", on("breakfast", "02", "07:30", "09:30")),
        // A meal that weekday does not have.
        ("2026-12-03T10:30:00-08:00", on("brunch", "03", "10:00", "11:00")),
        ("2026-12-03T11:15:00-08:00", on("lunch", "03", "11:15", "13:00")),
        // A special opening takes the place of all usual hours.
        ("2026-12-04T08:30:00-08:00", "closed".to_owned()),
        ("2026-12-04T13:59:59-08:00", on("special", "04", "09:00", "14:00")),
        ("2026-12-04T17:30:00-08:00", "closed".to_owned()),
        // One row is enough to shut a hall.
        ("2026-12-05T17:30:00-08:00", "closed".to_owned()),
        ("2026-12-07T12:00:00-08:00", on("lunch", "07", "11:15", "13:00")),
    ];
    for (at, said) in table {
        assert_eq!(hall_at(&stack, "hoch", at).await, said, "{at}");
    }
    let dinner = on("dinner", "04", "18:00", "20:00");
    let oldenborg =
        [("2026-12-04T12:00:00-08:00", "closed"), ("2026-12-04T19:00:00-08:00", &dinner)];
    holds(&stack, "oldenborg", &oldenborg).await;
}

#[tokio::test]
async fn hours_across_midnight_belong_to_the_day_that_they_start_on() {
    let stack = stack_with(&[
        "'collins', '2026-12-04', 'late_night', '22:30', '01:30'",
        "'collins', '2026-12-05', null, null, null",
        "'collins', '2026-12-31', 'dinner', '20:00', '00:00'",
        "'collins', '2027-01-01', null, null, null",
    ])
    .await;
    let night = "late_night 2026-12-04T22:30:00-08:00 2026-12-05T01:30:00-08:00";
    let dinner = "dinner 2026-12-31T20:00:00-08:00 2027-01-01T00:00:00-08:00";
    let table = [
        ("2026-12-04T01:00:00-08:00", "closed"),
        ("2026-12-04T23:59:59-08:00", night),
        ("2026-12-05T00:00:00-08:00", night),
        ("2026-12-05T01:29:59-08:00", night),
        ("2026-12-05T01:30:00-08:00", "closed"),
        ("2026-12-05T23:00:00-08:00", "closed"),
        ("2026-12-31T23:59:59-08:00", dinner),
        ("2027-01-01T00:00:00-08:00", "closed"),
    ];
    holds(&stack, "collins", &table).await;
}

#[tokio::test]
async fn hours_are_right_on_the_days_on_which_the_clock_is_put() {
    // Saturday nights before, across the change; and hours that the night lacks or has twice.
    let mut overrides = Vec::new();
    for (saturday, sunday) in [
        ("2026-03-07", "2026-03-08"),
        ("2026-10-31", "2026-11-01"),
        ("2027-03-13", "2027-03-14"),
        ("2027-11-06", "2027-11-07"),
    ] {
        overrides.push(format!("'hoch', '{saturday}', 'late_night', '22:00', '04:00'"));
        overrides.push(format!("'frank', '{sunday}', 'late_night', '01:30', '02:30'"));
    }
    let stack = stack_with(&overrides.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (saturday, sunday, before, after) in [
        ("2026-03-07", "2026-03-08", "-08:00", "-07:00"),
        ("2026-10-31", "2026-11-01", "-07:00", "-08:00"),
        ("2027-03-13", "2027-03-14", "-08:00", "-07:00"),
        ("2027-11-06", "2027-11-07", "-07:00", "-08:00"),
    ] {
        let night = format!("late_night {saturday}T22:00:00{before} {sunday}T04:00:00{after}");
        let brunch = format!("brunch {sunday}T10:30:00{after} {sunday}T12:45:00{after}");
        for (at, said) in [
            (format!("{saturday}T22:00:00{before}"), night.as_str()),
            (format!("{sunday}T01:59:59{before}"), &night),
            (format!("{sunday}T03:59:59{after}"), &night),
            (format!("{sunday}T04:00:00{after}"), "closed"),
            (format!("{sunday}T10:29:59{after}"), "closed"),
            (format!("{sunday}T10:30:00{after}"), &brunch),
            (format!("{sunday}T12:44:59{after}"), &brunch),
            (format!("{sunday}T12:45:00{after}"), "closed"),
        ] {
            assert_eq!(hall_at(&stack, "hoch", &at).await, said, "{at}");
        }
    }
    for year in [("2026-03-08", "2026-11-01"), ("2027-03-14", "2027-11-07")] {
        let (spring, autumn) = year;
        // 02:30 does not exist: the end of the gap.
        let short = format!("late_night {spring}T01:30:00-08:00 {spring}T03:00:00-07:00");
        let spring = format!("{spring}T01:59:59-08:00");
        // 01:30 exists twice: the first.
        let long = format!("late_night {autumn}T01:30:00-07:00 {autumn}T02:30:00-08:00");
        let (first, second) =
            (format!("{autumn}T01:30:00-07:00"), format!("{autumn}T01:29:00-08:00"));
        holds(&stack, "frank", &[(&spring, &short), (&first, &long), (&second, &long)]).await;
    }
}
