//! What a search finds, in which order, and what it says of each dish.

use chrono::Days;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Stack, stub::Hall};

use crate::{alone, found, names, save};

#[tokio::test]
async fn what_a_visitor_was_shown_is_found_by_its_name() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    for hall in [Hall::Hoch, Hall::Collins, Hall::Frary] {
        assert_eq!(stack.menu(hall, day, "dinner").await.status, 200);
    }
    stack.is_indexed().await;
    let keys = stack.keys().await;
    for hall in [Hall::Hoch, Hall::Collins, Hall::Frary] {
        let expected = stack.vendor.expected(hall, day);
        for station in expected.stations("dinner").unwrap().as_array().unwrap() {
            let item = &station["items"][0];
            let words: String = item["name"].as_str().unwrap().chars().take(40).collect();
            let words = words.replace('&', " ");
            let filter = format!("hall_id={}&meal=dinner&limit=100", hall.as_str());
            let items = found(&stack, &format!("q={words}&from={day}&to={day}&{filter}")).await;
            let met = items
                .iter()
                .find(|met| (&met["station"], &met["name"]) == (&station["name"], &item["name"]));
            let met = met.unwrap_or_else(|| panic!("{words}: {item} in {items:#?}"));
            assert_eq!((&met["description"], &met["tags"]), (&item["description"], &item["tags"]));
            assert_eq!((&met["hall_id"], &met["meal"]), (&json!(hall.as_str()), &json!("dinner")));
            assert_eq!((&met["date"], &met["is_stale"]), (&json!(day), &json!(false)));
            assert_eq!(met.as_object().unwrap().len(), 9, "{met}");
        }
    }
    let (mut now, mut before) = (stack.keys().await, keys);
    now.sort();
    before.sort();
    assert_eq!(now, before, "nothing is enqueued or cached");
    assert!(stack.keys().await.iter().all(|key| !key.contains("items")));
}

#[tokio::test]
async fn whole_words_come_first_then_beginnings_then_descriptions_then_what_looks_alike() {
    let stack = alone().await;
    let (today, tomorrow) = (stack.today(), stack.in_days(1));
    let dishes = [
        "Chickpea Stew",
        "Noodle Soup | with chicken",
        "Chickenless Nuggets",
        "Chicken Tikka Masala",
    ];
    save(&stack, "hoch", today, "lunch", &dishes).await;
    save(&stack, "collins", tomorrow, "lunch", &["Roast Chicken"]).await;
    save(&stack, "collins", tomorrow, "breakfast", &["CHICKEN Hash", "Shepherd’s Pie"]).await;
    save(
        &stack,
        "hoch",
        tomorrow,
        "dinner",
        &["Crème Brûlée", "Jalapeño Poppers", "Margherita Pizza"],
    )
    .await;
    let chicken = [
        "Chicken Tikka Masala",
        "CHICKEN Hash",
        "Roast Chicken",
        "Chickenless Nuggets",
        "Noodle Soup",
        "Chickpea Stew",
    ];
    assert_eq!(names(&stack, "q=chicken").await, chicken, "of one rank by day, hall, meal");
    for (words, first) in [
        ("tikka+chicken", "Chicken Tikka Masala"),
        ("chiken+tikka", "Chicken Tikka Masala"),
        ("CHICKEN+TIKA+MASALA", "Chicken Tikka Masala"),
        ("pizz", "Margherita Pizza"),
        ("piza", "Margherita Pizza"),
        ("marghertia", "Margherita Pizza"),
        ("creme+brulee", "Crème Brûlée"),
        ("CR%C3%88ME", "Crème Brûlée"),
        ("cre%CC%80me", "Crème Brûlée"),
        ("jalapeno", "Jalapeño Poppers"),
        ("shepherds", "Shepherd’s Pie"),
        ("shepherd%27s+pie", "Shepherd’s Pie"),
        ("soup+%26+chicken!", "Noodle Soup"),
    ] {
        let met = names(&stack, &format!("q={words}")).await;
        assert_eq!(met.first().map(String::as_str), Some(first), "{words}: {met:?}");
    }
    for words in ["sauerbraten", "xyz", "%E6%97%A5%E6%9C%AC", "%C2%BD"] {
        assert_eq!(names(&stack, &format!("q={words}")).await, [""; 0], "{words}");
    }
    for words in ["%25", "a%27b", "a%3A*", "%5C%5C1", "1%7C2", "%28a", "%21a%26", "a%22b%3C-%3E"] {
        let answer = stack.get(&format!("/api/v2/items?q={words}")).await;
        assert!([200, 400].contains(&answer.status), "operators are letters here: {answer:?}");
    }
}

#[tokio::test]
async fn filters_narrow_a_search_down_and_what_is_not_stated_is_named() {
    let stack = alone().await;
    let yesterday = stack.today().checked_sub_days(Days::new(1)).unwrap();
    let bowls = [
        "Bowl A || vegan vegetarian",
        "Bowl B || contains-milk vegetarian",
        "Bowl C || contains-almond contains-tree-nut",
        "Bowl D",
    ];
    save(&stack, "frary", stack.today(), "lunch", &bowls).await;
    save(&stack, "hoch", stack.in_days(2), "snack", &["Bowl E || gluten-free local"]).await;
    save(&stack, "hoch", yesterday, "lunch", &["Bowl F"]).await;
    let letters = async |filter: &str| {
        let names = names(&stack, &format!("q=bowl{filter}")).await;
        names.iter().filter_map(|name| name.strip_prefix("Bowl ")).collect::<String>()
    };
    for (filter, bowls) in [
        (String::new(), "ABCDE"),
        (format!("&from={yesterday}"), "FABCDE"),
        (format!("&from={yesterday}&to={yesterday}"), "F"),
        (format!("&to={yesterday}"), ""),
        (format!("&to={}", stack.today()), "ABCD"),
        ("&hall_id=hoch".to_owned(), "E"),
        ("&meal=Snack".to_owned(), "E"),
        ("&meal=no%21meal".to_owned(), ""),
        ("&meal=snack%00".to_owned(), ""),
        ("&diet=vegetarian".to_owned(), "AB"),
        ("&diet=gluten-free,local".to_owned(), "E"),
        ("&exclude_allergen=milk".to_owned(), "ACDE"),
        ("&exclude_allergen=contains-milk,tree-nut".to_owned(), "ADE"),
        ("&exclude_allergen=gluten&hall_id=frary".to_owned(), "ABCD"),
        ("&diet=vegetarian&exclude_allergen=dairy".to_owned(), "A"),
    ] {
        assert_eq!(letters(&filter).await, bowls, "{filter}");
    }
    let items = found(&stack, "q=bowl&exclude_allergen=tree-nut,milk,gluten").await;
    let not_stated: Vec<&Value> = items.iter().map(|item| &item["not_stated"]).collect();
    let open = [
        json!(["tree-nut", "gluten"]),
        json!(["milk", "tree-nut", "gluten"]),
        json!(["milk", "tree-nut"]),
    ];
    assert_eq!(not_stated, [&open[0], &open[1], &open[2]], "A, D and E: {items:#?}");
    assert!(found(&stack, "q=bowl&diet=vegan").await[0].get("not_stated").is_none());
}

#[tokio::test]
async fn an_answer_says_how_long_it_holds_and_is_not_sent_twice() {
    let stack = alone().await;
    save(&stack, "hoch", stack.today(), "lunch", &["Soup"]).await;
    let path = "/api/v2/items?q=soup";
    let answer = stack.get(path).await;
    let body = answer.json();
    let fields: Vec<&String> = body["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 9, "{fields:?}");
    assert_eq!(
        (&body["next_cursor"], &body["items"][0]["fetched_at"]),
        (&Value::Null, &json!("2026-02-09T19:02:11Z"))
    );
    assert!(answer.text.starts_with(r#"{"items":[{"hall_id":"hoch","date":""#), "{}", answer.text);
    assert_eq!(answer.header("cache-status"), "menus5c; fwd=bypass; detail=postgres");
    assert!(
        answer.max_age().unwrap() <= 60 && !answer.header("link").contains("next"),
        "{answer:?}"
    );
    let etag = answer.header("etag").to_owned();
    let again =
        stack.ask(0, Method::GET, "/api/v2/items/?q=soup", &[("if-none-match", &etag)]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let head = stack.ask(0, Method::HEAD, path, &[]).await;
    assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", etag.as_str()));
    stack.database.run("update menu_days set fresh_until = now() - interval '1 second'").await;
    assert_eq!(found(&stack, "q=soup").await[0]["is_stale"], true);
    assert_eq!(stack.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let stack = alone().await;
    let long = "x".repeat(65);
    for (query, detail) in [
        ("", "Parameter q is missing"),
        ("q=", "Parameter q is empty"),
        ("q=a&q=b", "Parameter q is given more than once"),
        ("q=%20-%20", "Parameter q holds no letter or digit"),
        ("q=%20", "Parameter q holds no letter or digit"),
        ("q=a%00b", "Parameter q holds a control character"),
        ("q=a%0Ab", "Parameter q holds a control character"),
        ("q=%ff", "Parameter q is not UTF-8"),
        (&format!("q={long}"), "Parameter q is longer than 64 bytes"),
        ("q=a&from=today", "Parameter from: Invalid date format, use YYYY-MM-DD"),
        ("q=a&to=2026-02-30", "Parameter to: Invalid date format, use YYYY-MM-DD"),
        ("q=a&limit=0", "Parameter limit is no number from 1 to 100"),
        ("q=a&limit=101", "Parameter limit is no number from 1 to 100"),
        (&format!("q=a&meal={long}"), "Parameter meal is longer than 64 bytes"),
        (&format!("q=a&diet={}", long.repeat(4)), "Parameter diet is longer than 256 bytes"),
        (&format!("q=a&cursor={}", long.repeat(4)), "Parameter cursor is longer than 256 bytes"),
        ("q=a&cursor=abc", "Parameter cursor is none of this search: leave it out to begin anew"),
    ] {
        let answer = stack.get(&format!("/api/v2/items?{query}")).await;
        assert_eq!(answer.problem(400).0, detail, "{query}");
    }
    for (query, start) in [
        ("diet=keto", "Parameter diet: \"keto\" is none of vegan, vegetarian, gluten-free,"),
        ("exclude_allergen=milk,vegan", "Parameter exclude_allergen: \"vegan\" is none of milk,"),
    ] {
        let (detail, _) = stack.get(&format!("/api/v2/items?q=a&{query}")).await.problem(400);
        assert!(detail.starts_with(start), "{detail}");
    }
    let _ = stack.get("/api/v2/items?q=a&hall_id=nowhere").await.problem(404);
    let _ = stack.ask(0, Method::POST, "/api/v2/items?q=a", &[]).await.problem(405);
    assert_eq!(stack.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn without_postgres_it_says_so() {
    let stack = Stack::wanted()
        .workers(0)
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .start()
        .await;
    let answer = stack.get("/api/v2/items?q=soup").await;
    assert_eq!(answer.problem(503).0, "Temporarily unavailable");
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn every_tag_that_is_served_is_in_the_vocabulary() {
    let stack = Stack::start().await;
    let answer = stack.get("/api/v2/labels").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let labels = answer.json();
    let of = |id: &str| labels.as_array().unwrap().iter().find(|label| label["id"] == id).cloned();
    let vegan = json!({
        "id": "vegan", "kind": "diet", "name": "Vegan", "implies": ["vegetarian"],
        "vendors": {"sodexo": ["isVegan"], "bon_appetit": ["Vegan"], "pomona": ["Vegan"]},
    });
    assert_eq!(of("vegan"), Some(vegan));
    assert_eq!(of("contains-almond").unwrap()["implies"], json!(["contains-tree-nut"]));
    assert_eq!(answer.max_age(), Some(86_400));
    let etag = answer.header("etag").to_owned();
    let again = stack.ask(0, Method::GET, "/api/v2/labels/", &[("if-none-match", &etag)]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    for hall in [Hall::Hoch, Hall::Collins, Hall::Frary] {
        let menu = stack.menu(hall, stack.weekday(), "dinner").await.json();
        let stations = menu["stations"].as_array().unwrap();
        let items = stations.iter().flat_map(|station| station["items"].as_array().unwrap());
        for tag in items.flat_map(|item| item["tags"].as_array().unwrap()) {
            assert!(of(tag.as_str().unwrap()).is_some(), "{tag}");
        }
    }
}
