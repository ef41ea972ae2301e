//! Pages that follow on, whatever is added meanwhile.

use std::collections::HashSet;

use serde_json::Value;
use tests::{Answer, Stack};

use crate::{alone, save};

/// Enough dishes of several ranks to be looked for in both ways.
async fn serve(stack: &Stack) {
    let name = |n: usize| match n % 4 {
        0 | 1 => format!("Rice Bowl No {n}"),
        2 => format!("Ricecake {n} | with rice {n}"),
        _ => format!("Plate {n} | with rice {n}"),
    };
    let dishes: Vec<String> = (0..900).map(name).collect();
    let (mut at, meals) = (dishes.chunks(30).cycle(), ["lunch", "dinner", "tea", "breakfast"]);
    for hall in ["hoch", "frary", "collins"] {
        for day in 0..3 {
            for meal in meals {
                let dishes: Vec<&str> = at.next().unwrap().iter().map(String::as_str).collect();
                save(stack, hall, stack.in_days(day), meal, &dishes).await;
            }
        }
    }
}

/// Every page of a search from this one on; `between` is done after each.
async fn all(stack: &Stack, first: &str, between: impl AsyncFn(usize)) -> Vec<Value> {
    let (mut path, mut met) = (first.to_owned(), Vec::new());
    for page in 0.. {
        assert!(page < 2000, "no end");
        let answer = stack.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let body = answer.json();
        met.extend(body["items"].as_array().unwrap().clone());
        let Some(cursor) = body["next_cursor"].as_str() else {
            assert_eq!(next(&answer), "");
            break;
        };
        path = format!("{first}&cursor={cursor}");
        assert_eq!(next(&answer), path);
        between(page).await;
    }
    met
}

fn next(answer: &Answer) -> String {
    let link = answer.header("link").strip_suffix(">; rel=\"next\"");
    link.and_then(|link| link.strip_prefix('<')).unwrap_or_default().to_owned()
}

fn distinct(items: &[Value]) -> usize {
    items.iter().map(Value::to_string).collect::<HashSet<_>>().len()
}

#[tokio::test]
async fn pages_of_any_size_hold_the_same_items_in_the_same_order() {
    let stack = alone().await;
    serve(&stack).await;
    let nothing = async |_| {};
    for (query, total) in [
        ("q=rice", 1080),
        ("q=rice&hall_id=frary&meal=tea", 90),
        ("q=bowl+no+1", 9),
        ("q=ricce", 810),
        ("q=no+12", 12),
    ] {
        let whole = all(&stack, &format!("/api/v2/items?{query}&limit=100"), nothing).await;
        assert!(whole.len() >= total.min(9), "{query}: {}", whole.len());
        assert_eq!(distinct(&whole), whole.len(), "{query}");
        for limit in [7, 41] {
            let path = format!("/api/v2/items?{query}&limit={limit}");
            let pages = all(&stack, &path, nothing).await;
            assert_eq!(pages, whole, "{query} by {limit}");
        }
        if query == "q=rice" {
            assert_eq!(whole.len(), total);
        }
    }
    assert_eq!(
        stack.get("/api/v2/items?q=rice").await.json()["items"].as_array().unwrap().len(),
        20
    );
}

#[tokio::test]
async fn what_is_added_between_two_pages_displaces_nothing() {
    let stack = alone().await;
    serve(&stack).await;
    let path = "/api/v2/items?q=rice&limit=50";
    let before = all(&stack, path, async |_| {}).await;
    let after = all(&stack, path, async |page| {
        let dish = format!("New Rice {page}");
        save(&stack, "malott", stack.in_days(page as u64 % 9), &format!("m{page}"), &[&dish]).await;
    })
    .await;
    assert_eq!(distinct(&after), after.len(), "nothing twice");
    let added = |item: &&Value| item["hall_id"] == "malott";
    let others: Vec<&Value> = after.iter().filter(|item| !added(item)).collect();
    assert_eq!(others, before.iter().collect::<Vec<_>>(), "nothing left out");
    assert!(after.iter().any(|item| added(&item)), "what comes later is met");
}

#[tokio::test]
async fn a_cursor_belongs_to_its_search() {
    let stack = alone().await;
    serve(&stack).await;
    let first = stack.get("/api/v2/items?q=rice&limit=5&x=%20y").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(next(&first), format!("/api/v2/items?q=rice&limit=5&x=%20y&cursor={cursor}"));
    let of = async |query: &str| stack.get(&format!("/api/v2/items?{query}&cursor={cursor}")).await;
    assert_eq!(of("q=+rice+&limit=9").await.status, 200, "of any size");
    for query in [
        "q=ric",
        "q=rice&hall_id=hoch",
        "q=rice&meal=tea",
        "q=rice&diet=vegan",
        "q=rice&exclude_allergen=milk",
        &format!("q=rice&from={}", stack.today()),
        &format!("q=rice&to={}", stack.today()),
    ] {
        let (detail, _) = of(query).await.problem(400);
        assert!(detail.starts_with("Parameter cursor is none of this search"), "{query}: {detail}");
    }
}
