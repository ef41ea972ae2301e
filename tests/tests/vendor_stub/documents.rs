//! Every document has its vendor's shape, and what is posted is what is expected.

use chrono::NaiveDate;
use tests::stub::{Expected, Hall, Kind};

use crate::ask::{COLLINS, FRARY, MONDAY, SODEXO, ask, get, get_with, json, monday};

#[tokio::test]
async fn sodexo_answers_with_a_key_only_and_in_sections() {
    let stub = monday().await;
    let got = get(&stub, SODEXO).await;
    assert_eq!(got.status(), 200);
    let sections = json(&got.text());
    let names: Vec<_> = sections.as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(names, ["BREAKFAST", "LUNCH", "DINNER"]);
    assert!((90_000..220_000).contains(&got.body.len()), "{}", got.body.len());
    assert!(got.text().contains("Have A Nice Day"));
    for headers in ["api-key: other\r\n", ""] {
        let request = format!("GET {SODEXO} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
        assert_eq!(ask(&stub.url(), &request, usize::MAX).await.status(), 401);
    }
    assert_eq!(get(&stub, &SODEXO.replace("02-09", "03-09")).await.text(), "[]", "far ahead");
    let page = get(&stub, "/en-us/locations/hoch-shanahan-dining-commons").await.text();
    let state = page.split("window.__PRELOADED_STATE__ = ").nth(1).unwrap();
    let state = json(state.split(";</script>").next().unwrap());
    let context = &state["composition"]["context"]["content"];
    assert!(context["localDateTime"].as_str().unwrap().starts_with(MONDAY));
}

#[tokio::test]
async fn bon_appetit_names_the_day_and_answers_304() {
    let stub = monday().await;
    let got = get(&stub, COLLINS).await;
    let text = got.text();
    assert!((700_000..1_600_000).contains(&text.len()), "{}", text.len());
    assert_eq!(text.matches("data-end-date=\"2026-02-09\"").count(), 5);
    let items = text.split("Bamco.menu_items = ").nth(1).unwrap().split(";\nBamco").next().unwrap();
    assert!(json(items).as_object().unwrap().len() > 200);
    assert!(text.contains("\"label\":\"Late Night\""));
    let since = format!("if-modified-since: {}\r\n", got.header("last-modified").unwrap());
    assert_eq!(get_with(&stub, COLLINS, &since).await.status(), 304);
    stub.post(Hall::Collins, MONDAY.parse().unwrap(), Kind::Regular, 1);
    assert_eq!(get_with(&stub, COLLINS, &since).await.status(), 200, "the menu has changed");
    let far = get(&stub, "/cafe/collins/2026-03-09/").await.text();
    assert!(far.contains("Bamco.menu_items = {};") && !far.contains("data-end-date"));
}

#[tokio::test]
async fn pomona_sends_seven_days_with_a_tag_and_names_its_feed() {
    let stub = monday().await;
    let got = get(&stub, FRARY).await;
    let text = got.text();
    assert!((500_000..1_500_000).contains(&text.len()), "{}", text.len());
    let inner = text.strip_prefix("/**/ menuData(").unwrap().strip_suffix(");").unwrap();
    let feed = json(inner);
    let records = feed["EatecExchange"]["menu"].as_array().unwrap();
    let mut days: Vec<_> = records.iter().map(|r| r["@servedate"].as_str().unwrap()).collect();
    days.dedup();
    assert_eq!(days.len(), 7);
    assert_eq!(days[0], "20260209");
    assert!(records.iter().any(|record| record["recipes"]["recipe"].is_object()));
    assert!(records.iter().any(|record| record["recipes"]["closed"].is_string()));
    let known = format!("if-none-match: {}\r\n", got.header("etag").unwrap());
    assert_eq!(get_with(&stub, FRARY, &known).await.status(), 304);
    stub.set_today(Some("2026-02-10".parse().unwrap()));
    assert_eq!(get_with(&stub, FRARY, &known).await.status(), 200);
    let page = get(&stub, "/administration/dining/menus/frary").await.text();
    assert!(page.contains("data-dining-menu-json-url=\"http://stub.test/eatec/Frary.json\""));
}

#[tokio::test]
async fn what_is_posted_is_expected() {
    let stub = monday().await;
    let day: NaiveDate = MONDAY.parse().unwrap();
    assert_eq!(stub.expected(Hall::Malott, day).meals(), ["breakfast", "dinner", "lunch"]);
    stub.post(Hall::Malott, day, Kind::Weekend, 0);
    assert_eq!(stub.expected(Hall::Malott, day).meals(), ["brunch", "dinner", "lunch"]);
    stub.post(Hall::Malott, day, Kind::Closed, 0);
    assert_eq!(stub.expected(Hall::Malott, day), Expected::Closed);
    assert!(get(&stub, "/cafe/malott-dining-commons/2026-02-09/").await.text().contains("Closed"));
    stub.post(Hall::Frary, day, Kind::HolidayBrunch, 0);
    assert_eq!(stub.expected(Hall::Frary, day).meals(), ["brunch", "dinner"]);
    assert_eq!(stub.expected(Hall::Frary, "2026-02-16".parse().unwrap()), Expected::NotPosted);
    stub.post(Hall::Hoch, day, Kind::Closed, 0);
    assert_eq!(stub.expected(Hall::Hoch, day), Expected::NotPosted, "the menu cannot say it");
    assert_eq!(stub.expected_on_page(), (day, Expected::Closed));
    for hall in Hall::ALL {
        stub.post(hall, day, Kind::Large, 0);
        let Expected::Menu(meals) = stub.expected(hall, day) else { panic!("a menu") };
        let stations = meals.values().flat_map(|stations| stations.as_array().unwrap());
        let items = stations.map(|station| station["items"].as_array().unwrap().len());
        assert!(items.sum::<usize>() >= 300, "{}", hall.as_str());
    }
}
