//! Sodexo's location page: one day's menu and the hall's hours in a script's value.

use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};

use super::menu::{Day, Meal};
use super::posting::Kind;
use super::sodexo::sections;

/// The page as it looks on that day (UTC). It has no way to show another.
pub(crate) fn page(date: NaiveDate, day: &Day, kind: Kind) -> String {
    let meals: &[Meal] = match day {
        Day::Menu(meals) => meals,
        Day::Closed | Day::NotPosted => &[],
    };
    let mut menu = String::with_capacity(160 * 1024);
    sections(&mut menu, meals, "0");
    let state = state(date, kind).to_string().replace("</", "<\\/");
    let state = state.replacen("\"SECTIONS\"", &menu, 1);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Hoch-Shanahan Dining Commons</title>\n</head>\n<body>\n<div id=\"root\"></div>\n\
         <script>window.__PRELOADED_STATE__ = {state};</script>\n\
         <script src=\"/static/js/main.js\"></script>\n</body>\n</html>\n"
    )
}

/// Everything but the sections, for which a word stands in.
fn state(date: NaiveDate, kind: Kind) -> Value {
    let time = Utc::now().time().format("%H:%M:%S");
    let ids = json!({"locationId": "13147001", "menuId": "15258"});
    let location = json!({
        "id": "17-15056_17-302-32", "type": "Location",
        "content": {
            "main": {
                "slug": "hoch-shanahan-dining-commons", "name": "Hoch-Shanahan Dining Commons",
                "latLong": {"latitude": 34.105966, "longitude": -117.709769},
                "links": [], "openingHours": hours(date, kind),
                "menus": [{"type": "Menu", "content": {"main": {"sections": [{"groups": [
                    {"items": [{"price": 0, "allergens": [], "isVegan": false, "sizes": []}]}
                ]}]}, "metadata": ids}}],
            },
            "metadata": {"tags": [], "locationid": 0},
        },
    });
    let menu = json!({
        "id": "17-15052", "type": "Menu",
        "content": {
            "main": {"name": "Hoch-Shanahan Dining Commons Menu", "sections": "SECTIONS"},
            "metadata": ids,
        },
    });
    json!({
        "tenant": "hmc",
        "manifest": {"tenantInfo": {
            "name": "Harvey Mudd College",
            "latLong": {"latitude": 99.99999, "longitude": 99.99999},
        }},
        "composition": {
            "subject": {
                "name": "Hoch-Shanahan Dining Commons",
                "uri": "/locations/hoch-shanahan-dining-commons",
                "regions": [
                    {"fragments": [location], "regions": [], "id": "body", "type": "Standard"},
                    {"fragments": [menu], "regions": [], "id": "menus", "type": "Standard"},
                ],
                "type": "Location",
            },
            "context": {
                "content": {"tenant": "hmc", "localDateTime": format!("{date}T{time}")},
                "globalization": {"country": "US", "language": "en", "locale": "en-US"},
                "response": {"statusCode": 200},
            },
        },
        "alerts": [],
    })
}

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

fn days(first: usize, count: usize) -> Value {
    let day = |key: usize| json!({"key": (key % 7).to_string(), "value": DAYS.get(key % 7)});
    (first..first + count).map(day).collect()
}

fn served(label: &str, start: (&str, &str, &str), finish: (&str, &str, &str)) -> Value {
    let time = |(hour, minute, period)| json!({"hour": hour, "minute": minute, "period": period});
    json!({"allDay": false, "startTime": time(start), "finishTime": time(finish), "label": label})
}

/// Standard and seasonal hours. One finish time carries the wrong half of the day, as it does live.
fn hours(date: NaiveDate, kind: Kind) -> Value {
    let dinner = served("Dinner", ("05", "00", "PM"), ("07", "00", "PM"));
    let brunch = served("Brunch", ("10", "30", "AM"), ("12", "45", "PM"));
    let standard = json!([
        {"days": days(1, 5), "hours": [
            served("Breakfast", ("07", "30", "AM"), ("09", "30", "AM")),
            served("Lunch", ("11", "15", "AM"), ("01", "00", "PM")),
            dinner,
        ]},
        {"days": days(6, 2), "hours": [brunch, dinner]},
    ]);
    let season = |from: NaiveDate, to: NaiveDate, hours: Value| {
        json!({
            "from": format!("{from}T06:00:00Z"), "to": format!("{to}T23:59:59Z"),
            "openingHours": [{"days": days(0, 7), "hours": hours}],
        })
    };
    let past = date - Days::new(200);
    let mut seasonal = vec![season(
        past,
        past + Days::new(4),
        json!([{"allDay": false, "label": "Autumn Break"}]),
    )];
    match kind {
        Kind::Closed => seasonal.push(season(
            date,
            date,
            json!([{"allDay": true, "label": "Founders Holiday CLOSED"}]),
        )),
        Kind::HolidayBrunch => seasonal.push(season(
            date,
            date,
            json!([
                served("Founders Holiday-Brunch", ("10", "30", "AM"), ("12", "45", "PM")),
                served("Founders Holiday-Dinner", ("05", "00", "PM"), ("07", "00", "AM")),
            ]),
        )),
        _ => {}
    }
    json!({"standardHours": standard, "seasonalHours": seasonal})
}
