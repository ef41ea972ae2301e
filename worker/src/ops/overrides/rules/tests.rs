use super::*;

const DAY: &str = "hall=hoch&date=2026-11-26";

fn new(form: &str) -> Result<NewOverride, Refusal> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    parse(&mut Fields::of(form), today)
}

fn row(id: i64, form: &str) -> OverrideRow {
    let NewOverride { hall, hours } = new(&format!("{DAY}&{form}")).unwrap();
    OverrideRow {
        id,
        hall: hall.to_string(),
        date: hours.date,
        meal: hours.meal.map(|meal| meal.to_string()),
        times: hours.times,
        reason: String::new(),
    }
}

#[test]
fn every_kind_of_override_is_understood() {
    for (form, sentence) in [
        ("closed=yes", "Closed all day at hoch on Thu 2026-11-26"),
        ("meal=lunch&closed=yes&reason=feast", "No lunch at hoch on Thu 2026-11-26"),
        (
            "meal=&start=09:00&end=14:00",
            "Special opening at hoch on Thu 2026-11-26, 09:00 to 14:00",
        ),
        (
            "meal=dinner&start=16:00&end=18:00&closed=no",
            "Dinner at hoch on Thu 2026-11-26, 16:00 to 18:00",
        ),
        (
            "meal=Late+Night&start=22:30&end=01:30",
            "Late night at hoch on Thu 2026-11-26, 22:30 to 01:30 (next day)",
        ),
        (
            "meal=late_night&start=20:00&end=00:00",
            "Late night at hoch on Thu 2026-11-26, 20:00 to 00:00 (next day)",
        ),
    ] {
        assert_eq!(new(&format!("{DAY}&{form}")).unwrap().sentence(), sentence, "{form}");
    }
    assert!(new("hall=hoch&date=2026-11-23&closed=yes").is_ok(), "last night goes on");
    assert!(new("hall=hoch&date=2028-11-23&closed=yes").is_ok());
}

#[test]
fn what_is_no_override_is_named() {
    for (form, text) in [
        ("date=2026-11-26&closed=yes", "hall is missing"),
        ("hall=hoch&closed=yes", "date is missing"),
        ("hall=hoch&date=26.11.2026&closed=yes", "date must be a day, written YYYY-MM-DD"),
        ("hall=hoch&date=2026-11-22&closed=yes", "date must be from 2026-11-23 to 2028-11-23"),
        ("hall=hoch&date=2028-11-24&closed=yes", "date must be from 2026-11-23 to 2028-11-23"),
    ] {
        assert_eq!(new(form).unwrap_err().text, text, "{form}");
    }
    for (form, text) in [
        ("", "closed or both times must be given: start and end"),
        ("closed=no", "closed or both times must be given: start and end"),
        ("closed=maybe", "closed must be yes or no"),
        ("closed=yes&start=09:00", "closed and times contradict each other"),
        ("start=09:00", "end is missing beside start"),
        ("end=09:00", "start is missing beside end"),
        ("start=09:00&end=09:00", "end must differ from start: such hours are never open"),
        ("start=9:00&end=10:00", "start must be a time of day, written HH:MM (midnight is 00:00)"),
        ("start=09:00&end=24:00", "end must be a time of day, written HH:MM (midnight is 00:00)"),
        (
            "start=09:00&end=10:00:00",
            "end must be a time of day, written HH:MM (midnight is 00:00)",
        ),
        (
            "meal=tea&closed=yes",
            "meal must be one of breakfast, brunch, lunch, snack, dinner, late_night, or empty for the whole day",
        ),
        ("closed=yes&reason=a%0Ab", "reason must be one line of 200 characters at most"),
    ] {
        let refusal = new(&format!("{DAY}&{form}")).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.text.as_str()), (422, text), "{form}");
    }
    let long = format!("{DAY}&closed=yes&reason={}", "x".repeat(201));
    assert!(new(&long).is_err());
}

#[test]
fn an_override_goes_with_those_that_are_there_or_says_with_which_it_does_not() {
    let judged = |form: &str, there: &[OverrideRow]| {
        let new = new(&format!("{DAY}&{form}")).unwrap();
        judge(&new, there).map_err(|refusal| (refusal.status.as_u16(), refusal.text))
    };
    let fine = || Ok(Verdict::New(Vec::new()));
    let dinner = row(3, "meal=dinner&start=17:00&end=19:00");
    let no_lunch = row(4, "meal=lunch&closed=yes");
    let shut = row(5, "closed=yes");
    let night = row(6, "meal=late_night&start=22:00&end=01:00");
    let two = [dinner, no_lunch];

    assert_eq!(judged("closed=yes", &[]), fine());
    assert_eq!(judged("closed=yes", std::slice::from_ref(&shut)), Ok(Verdict::There(5)));
    assert_eq!(judged("meal=dinner&start=17:00&end=19:00", &two), Ok(Verdict::There(3)));
    assert_eq!(judged("meal=dinner&start=19:00&end=20:00", &two), fine(), "one after the other");
    assert_eq!(judged("start=17:00&end=19:00", &two), fine(), "of no meal: a special opening");

    let idle = |ids: &[i64]| {
        Ok(Verdict::New(
            ids.iter().map(|id| format!("Override {id} has no effect beside it")).collect(),
        ))
    };
    assert_eq!(judged("closed=yes", &two), idle(&[3, 4]));
    assert_eq!(judged("meal=dinner&closed=yes", &two), idle(&[3]));

    let conflict = |text: &str| Err((409, text.to_owned()));
    let day = conflict("Override 5 closes the whole day; delete that first");
    assert_eq!(judged("start=09:00&end=10:00", std::slice::from_ref(&shut)), day);
    assert_eq!(judged("meal=lunch&closed=yes", &[shut]), day);
    let meal = conflict("Override 4 closes that meal; delete that first");
    assert_eq!(judged("meal=lunch&start=09:00&end=10:00", &two), meal);
    for form in ["start=17:00&end=18:00", "start=18:59&end=20:00", "start=16:00&end=02:00"] {
        let overlap = conflict("It overlaps with override 3 of the same");
        assert_eq!(judged(&format!("meal=dinner&{form}"), &two), overlap, "{form}");
    }
    let night = [night];
    let overlap = conflict("It overlaps with override 6 of the same");
    assert_eq!(judged("meal=late_night&start=23:00&end=23:30", &night), overlap);
    let past =
        Ok(Verdict::New(vec!["It goes on past midnight, until 00:30 on 2026-11-27".to_owned()]));
    assert_eq!(judged("meal=dinner&start=23:00&end=00:30", &night), past);
}
