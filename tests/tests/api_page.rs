//! `docs/api.md` shows every endpoint, and what it shows is what the api does: each of its `curl`
//! lines is asked, and the fields of the answer beside it are those of the real one.
#![expect(clippy::unwrap_used, reason = "a test may fail in any way")]

use std::collections::BTreeSet;

use serde_json::Value;
use tests::Stack;

const PAGE: &str = include_str!("../../docs/api.md");
const SERVED_AT: &str = "http://127.0.0.1:8080";

/// The path of a `curl` line, and what the page shows after it.
fn examples() -> Vec<(String, String)> {
    let blocks = PAGE.split("```console\n").skip(1);
    let mut examples = Vec::new();
    for block in blocks {
        let (shown, after) = block.split_once("```").unwrap();
        // An answer in a block of its own goes on from the one with the headers.
        let json = after.strip_prefix("\n```json\n").and_then(|json| json.split("```").next());
        for command in shown.split("$ curl ").skip(1) {
            let (asked, answer) = command.split_once('\n').unwrap_or((command, ""));
            let Some((_, path)) = asked.split_once(SERVED_AT) else { continue };
            let path = path.split(['\'', ' ']).next().unwrap().to_owned();
            let whole = !asked.contains('|');
            let answer = if whole { json.unwrap_or(answer) } else { "" };
            examples.push((path, answer.to_owned()));
        }
    }
    examples
}

/// The fields that the page shows at the top of an answer, or of the first of a list.
fn shown_fields(answer: &str) -> Option<BTreeSet<String>> {
    let start = answer.find(['{', '['])?;
    let (mut depth, mut fields) = (0_i32, BTreeSet::new());
    let text = &answer.get(start..)?;
    let deepest = if text.starts_with('[') { 2 } else { 1 };
    let mut rest = text.char_indices();
    while let Some((at, sign)) = rest.next() {
        match sign {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let (name, after) = text.get(at + 1..)?.split_once('"')?;
                if depth == deepest && after.starts_with(':') {
                    fields.insert(name.to_owned());
                }
                // On behind the closing quote.
                rest.nth(name.chars().count());
            }
            _ => {}
        }
        if depth == deepest - 1 && !fields.is_empty() {
            break;
        }
    }
    (!fields.is_empty()).then_some(fields)
}

fn fields(body: &Value) -> BTreeSet<String> {
    let one = if body.is_array() { &body[0] } else { body };
    one.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

/// The same with a day that has a menu, where a day is asked for.
fn of_today(path: &str, day: &str) -> String {
    let Some((before, rest)) = path.split_once("date=") else { return path.to_owned() };
    format!("{before}date={day}{}", rest.get(10..).unwrap_or_default())
}

#[tokio::test]
async fn every_example_of_the_page_is_answered_as_it_says() {
    let stack = Stack::start().await;
    let day = stack.weekday().to_string();
    // For what lists and finds what is known.
    assert_eq!(stack.get(&format!("/api/v2/menus/day?date={day}")).await.status, 200);
    stack.is_indexed().await;
    let (mut compared, examples) = (0, examples());
    for (path, shown) in &examples {
        // What a page leads to is not for ever.
        let path = of_today(path, &day);
        let answer = stack.get(&path).await;
        let problem = shown.contains("\"type\":\"/problems/");
        assert_eq!(answer.status >= 400, problem, "{path}: {answer:?}");
        if let (Some(shown), true) = (shown_fields(shown), answer.status != 304) {
            let real = fields(&answer.json());
            if !real.is_empty() {
                assert_eq!(shown, real, "{path}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 8, "{compared} of {} answers", examples.len());
}

#[tokio::test]
async fn every_endpoint_is_on_the_page() {
    let stack = Stack::wanted().workers(0).start().await;
    let described = stack.get("/openapi.json").await.json();
    let shown: Vec<String> = examples().into_iter().map(|(path, _)| path).collect();
    for path in described["paths"].as_object().expect("paths").keys() {
        let (start, end) = path.split_once("{hall_id}").unwrap_or((path, ""));
        let fits = |shown: &String| {
            let shown = shown.split('?').next().unwrap_or_default();
            shown.starts_with(start) && shown.ends_with(end) && (!end.is_empty() || shown == path)
        };
        assert!(shown.iter().any(fits), "no curl shows {path}");
    }
}
