//! What can be asked, what is left out for it, and what cannot be asked.

use serde_json::Value;
use tests::{Jobs, Stack, stub::Hall};

use super::{all_as_posted, day_path, list, meals_of, statuses, week_path};

async fn nothing_was_asked_of_anybody(stack: &Stack) {
    assert_eq!(stack.jobs().await, Jobs::NONE);
    let made: Vec<String> = stack.keys().await;
    let made: Vec<&String> = made
        .iter()
        .filter(|key| !key.starts_with("fetch:workers") && *key != "hours:all")
        .collect();
    assert!(made.is_empty(), "{made:?}");
    assert_eq!(stack.vendor.total_reads(), 0);
}

#[tokio::test]
async fn every_wrong_parameter_of_a_screen_is_named_and_costs_nothing() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let (long, longer) = ("x".repeat(65), "x".repeat(257));
    let no_date = "Invalid date format, use YYYY-MM-DD";
    let no_start = "Parameter start: Invalid date format, use YYYY-MM-DD";
    let asked = |path: &str, query: &str| format!("/api/v2/menus/{path}?{query}");
    for (path, status, detail) in [
        (asked("day", ""), 400, "Parameter date is missing"),
        (asked("day", "date="), 400, "Parameter date is empty"),
        (asked("day", "date=2026-2-9"), 400, no_date),
        (asked("day", "date=2026-02-30"), 400, no_date),
        (asked("day", "date=today"), 400, no_date),
        (asked("day", &format!("date={long}")), 400, "Parameter date is longer than 64 bytes"),
        (asked("day", "date=%ff"), 400, "Parameter date is not UTF-8"),
        (
            asked("day", &format!("date={day}&date={day}")),
            400,
            "Parameter date is given more than once",
        ),
        (asked("day", &format!("date={day}&college=")), 400, "Parameter college is empty"),
        (asked("day", &format!("date={day}&college=%c3")), 400, "Parameter college is not UTF-8"),
        (
            asked("day", &format!("date={day}&college={long}")),
            400,
            "Parameter college is longer than 64 bytes",
        ),
        (
            asked("day", &format!("date={day}&college=a&college=b")),
            400,
            "Parameter college is given more than once",
        ),
        (asked("week", ""), 400, "Parameter hall_id is missing"),
        (asked("week", "hall_id="), 400, "Parameter hall_id is empty"),
        (asked("week", "hall_id=HOCH"), 404, "Unknown hall_id: HOCH"),
        (asked("week", "hall_id=nowhere&start=soon"), 404, "Unknown hall_id: nowhere"),
        (
            asked("week", "hall_id=hoch&hall_id=hoch"),
            400,
            "Parameter hall_id is given more than once",
        ),
        (asked("week", "hall_id=hoch&start="), 400, "Parameter start is empty"),
        (asked("week", "hall_id=hoch&start=2026-02-30"), 400, no_start),
        (asked("week", "hall_id=hoch&start=20260209"), 400, no_start),
        (asked("week", "hall_id=hoch&start=%ff"), 400, "Parameter start is not UTF-8"),
        (
            asked("week", &format!("hall_id=hoch&start={day}&start={day}")),
            400,
            "Parameter start is given more than once",
        ),
    ] {
        assert_eq!(stack.get(&path).await.problem(status).0, detail, "{path}");
    }
    for path in [day_path(day), week_path(Hall::Hoch, day)] {
        for (query, start) in [
            ("diet=keto", "Parameter diet: "),
            ("diet=", "Parameter diet is empty"),
            ("diet=vegan&diet=vegan", "Parameter diet is given more than once"),
            ("diet=vegan,,halal", "Parameter diet: "),
            ("diet=%ff", "Parameter diet is not UTF-8"),
            (&format!("diet={longer}"), "Parameter diet is longer than "),
            ("exclude_allergen=vegan", "Parameter exclude_allergen: "),
            ("exclude_allergen=", "Parameter exclude_allergen is empty"),
            (
                "exclude_allergen=milk&exclude_allergen=egg",
                "Parameter exclude_allergen is given more than once",
            ),
            (&format!("exclude_allergen={longer}"), "Parameter exclude_allergen is longer than "),
        ] {
            let detail = stack.get(&format!("{path}&{query}")).await.problem(400).0;
            assert!(detail.starts_with(start), "{path}&{query}: {detail}");
        }
    }
    nothing_was_asked_of_anybody(&stack).await;
}

#[tokio::test]
async fn days_for_which_no_vendor_is_asked_come_from_postgres_alone() {
    let stack = Stack::start().await;
    stack.database.run(
        "insert into menu_days values ('hoch', '2020-02-10', 'posted', '2020-02-10T18:00:00Z', '2020-02-10T18:30:00Z', 1, '2020-02-10T18:00:00Z');
         insert into menus values ('hoch', '2020-02-10', 'lunch', '[{\"name\":\"Grill\",\"items\":[{\"name\":\"Soup\",\"description\":null,\"tags\":[]}]}]',
                                   1, 1, null, null, '2020-02-10T18:00:00Z')",
    ).await;
    let answer = stack.get(&day_path("2020-02-10".parse().unwrap())).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let hoch = meals_of(&body, Hall::Hoch);
    assert_eq!(statuses(hoch), ["lunch stale"], "the day as it was saved");
    assert_eq!(hoch[0]["stations"][0]["items"][0]["name"], "Soup");
    assert_eq!(hoch[0]["fetched_at"], "2020-02-10T18:00:00Z");
    let frank = statuses(meals_of(&body, Hall::Frank));
    assert_eq!(frank, ["breakfast not_posted", "brunch not_posted", "dinner not_posted"]);
    assert_eq!(answer.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
    assert!(answer.max_age().unwrap() <= 30, "{answer:?}");
    let last = "9999-12-31".parse().unwrap();
    for (date, days) in [(stack.in_days(16), 7), (stack.in_days(400), 7), (last, 1)] {
        let day = stack.get(&day_path(date)).await;
        assert!(day.text.contains("not_posted") && !day.text.contains("pending"), "{day:?}");
        let week = stack.get(&week_path(Hall::Frary, date)).await;
        assert_eq!(list(&week.json()["days"]).len(), days, "{week:?}");
        assert!(week.text.contains("not_posted") && !week.text.contains("pending"), "{week:?}");
    }
    nothing_was_asked_of_anybody(&stack).await;
}

#[tokio::test]
async fn a_college_narrows_the_day_to_its_halls_and_asks_for_no_others() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let none = stack.get(&format!("{}&college=nowhere", day_path(day))).await;
    assert_eq!((none.status, &none.json()["halls"]), (200, &Value::Array(Vec::new())));
    assert!((1..=300).contains(&none.max_age().unwrap()), "{none:?}");
    nothing_was_asked_of_anybody(&stack).await;
    for college in ["Harvey%20Mudd", "HARVEY+MUDD"] {
        let answer = stack.get(&format!("{}&college={college}", day_path(day))).await;
        let body = answer.json();
        assert_eq!((list(&body["halls"]).len(), &body["halls"][0]["hall_id"]), (1, &"hoch".into()));
        let expected = stack.vendor.expected(Hall::Hoch, day);
        super::is_as_posted(meals_of(&body, Hall::Hoch), &expected, college);
    }
    assert_eq!(stack.vendor.total_reads(), 1);
    let pomona = stack.get(&format!("{}&college=pomona", day_path(day))).await.json();
    let ids: Vec<&str> =
        list(&pomona["halls"]).iter().filter_map(|hall| hall["hall_id"].as_str()).collect();
    assert_eq!(ids, ["frank", "frary", "oldenborg"]);
}

fn has(item: &Value, tag: &str) -> bool {
    list(&item["tags"]).contains(&tag.into())
}

/// What is left of these stations, with all of each dish but `not_stated`.
fn kept(stations: &Value, keep: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut left = Vec::new();
    for station in list(stations) {
        let items: Vec<Value> =
            list(&station["items"]).iter().filter(|item| keep(item)).cloned().collect();
        if !items.is_empty() {
            left.push(serde_json::json!({ "name": station["name"], "items": items }));
        }
    }
    left
}

#[tokio::test]
async fn filters_leave_out_dishes_and_empty_stations_and_say_what_is_not_stated() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let whole = stack.get(&day_path(day)).await;
    all_as_posted(&stack, &whole, day);
    assert!(!whole.text.contains("not_stated"));
    let whole = whole.json();
    let vegan = stack.get(&format!("{}&diet=vegan", day_path(day))).await;
    assert!(!vegan.text.contains("not_stated"), "nothing was said of allergens");
    let no_milk = stack.get(&format!("{}&exclude_allergen=milk", day_path(day))).await.json();
    let (vegan, mut dropped) = (vegan.json(), 0);
    for (hall, _) in super::HALLS {
        let meals = meals_of(&whole, hall);
        assert_eq!(statuses(meals_of(&vegan, hall)), statuses(meals), "no meal goes away");
        for (at, meal) in meals.iter().enumerate() {
            let fitting = kept(&meal["stations"], |item| has(item, "vegan"));
            assert_eq!(list(&meals_of(&vegan, hall)[at]["stations"]), fitting);
            let mut shown = meals_of(&no_milk, hall)[at]["stations"].clone();
            for item in shown.as_array_mut().into_iter().flatten() {
                for item in item["items"].as_array_mut().into_iter().flatten() {
                    let open = item.as_object_mut().and_then(|item| item.remove("not_stated"));
                    let open = open.expect("it says what is not stated");
                    let rules_out = has(item, "vegan");
                    assert_eq!(
                        open,
                        if rules_out { serde_json::json!([]) } else { serde_json::json!(["milk"]) },
                        "{item}"
                    );
                }
            }
            let fitting = kept(&meal["stations"], |item| !has(item, "contains-milk"));
            dropped += usize::from(list(&shown).len() < list(&meal["stations"]).len());
            assert_eq!(list(&shown), fitting);
        }
    }
    assert!(dropped > 0, "some station served nothing without milk");
    let week =
        stack.get(&format!("{}&diet=vegan&exclude_allergen=soy", week_path(Hall::Hoch, day))).await;
    assert_eq!(week.status, 200, "{week:?}");
    assert!(week.text.contains("not_stated") && !week.text.contains("contains-soy"));
}

#[tokio::test]
async fn a_week_ends_with_the_days_that_can_be_written() {
    let stack = Stack::wanted().workers(0).start().await;
    for (start, count) in [("9999-12-31", 1), ("9999-12-27", 5), ("9999-12-25", 7)] {
        let week = stack.get(&week_path(Hall::Hoch, start.parse().unwrap())).await;
        let body = week.json();
        let days = list(&body["days"]);
        assert_eq!((week.status, days.len()), (200, count), "{week:?}");
        assert!(days.iter().all(|day| day["date"].as_str().is_some_and(|date| date.len() == 10)));
    }
}
