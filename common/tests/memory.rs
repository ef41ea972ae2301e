//! Documents that are made to take as much memory as they can: no parser takes more than four times what
//! the largest document has.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test cannot go on without")]

use std::process::Command;

use chrono::NaiveDate;
use common::vendors::{bon_appetit, pomona, sodexo};

/// What the fetcher lets through at most.
const LARGEST: usize = 8 << 20;
const MOST: u64 = 4 * LARGEST as u64;
/// A little fewer than are refused before they are read.
const OBJECTS: usize = 47_900;
const VALUES: usize = 149_900;
const NAME: &str = "no_document_takes_more_than_four_times_its_size";
/// Which of the rows this process is to measure.
const ROW: &str = "MEMORY_ROW";

type Parser = fn(&str);

/// A document to be made, and who is to read it.
struct Row {
    what: String,
    parse: Parser,
    document: Box<dyn Fn() -> String>,
}

fn day() -> NaiveDate {
    "2026-02-09".parse().unwrap()
}

fn bon_appetit(page: &str) {
    drop(bon_appetit::parse(page, day()));
}

fn pomona(feed: &str) {
    drop(pomona::parse(feed));
}

fn api(body: &str) {
    drop(sodexo::parse_api(body, day()));
}

fn page(page: &str) {
    drop(sodexo::parse_location_page(page, day()));
}

const STATE: &str = "window.__PRELOADED_STATE__ = {\"composition\":{\"context\":{\"content\":\
                     {\"localDateTime\":\"2026-02-09\"}},\"subject\":";
const MAIN: &str = "{\"content\":{\"main\":";

/// Every place of each shape where a list stands.
fn places() -> Vec<(&'static str, Parser, String, &'static str)> {
    let lunch = "{\"EatecExchange\":{\"menu\":{\"@servedate\":\"20260209\",\"@mealperiodname\":\"Lunch\",\"recipes\":";
    let daypart = "<html class=\"site-panel__daypart-container\"><script>Bamco.menu_items={};Bamco.dayparts['1']={\"label\":\"Lunch\",\"stations\":";
    let items = "<html class=\"site-panel__daypart-container\"><script>Bamco.dayparts['1']={\"label\":\"Lunch\",\"stations\":[{\"items\":[1]}]};\
                 Bamco.menu_items=";
    vec![
        ("api sections", api, "".to_owned(), ""),
        ("api groups", api, "[{\"name\":\"LUNCH\",\"groups\":".to_owned(), "}]"),
        ("api items", api, "[{\"name\":\"LUNCH\",\"groups\":[{\"items\":".to_owned(), "}]}]"),
        (
            "api allergens",
            api,
            "[{\"name\":\"LUNCH\",\"groups\":[{\"items\":[{\"formalName\":\"a\",\"allergens\":"
                .to_owned(),
            "}]}]}]",
        ),
        ("page regions", page, format!("{STATE}{{\"regions\":"), "}}};"),
        ("page fragments", page, format!("{STATE}{{\"fragments\":"), "}}};"),
        ("page sections", page, format!("{STATE}{MAIN}{{\"sections\":"), "}}}}};"),
        ("page hours", page, format!("{STATE}{MAIN}{{\"sections\":[],\"openingHours\":"), "}}}}};"),
        (
            "page seasons",
            page,
            format!("{STATE}{MAIN}{{\"sections\":[],\"openingHours\":{{\"seasonalHours\":"),
            "}}}}}};",
        ),
        (
            "page days",
            page,
            format!(
                "{STATE}{MAIN}{{\"sections\":[],\"openingHours\":{{\"seasonalHours\":[{{\"from\":\"2026-02-09T\",\"to\":\"2026-02-09T\",\"openingHours\":"
            ),
            "}]}}}}}};",
        ),
        ("feed records", pomona, "{\"EatecExchange\":{\"menu\":".to_owned(), "}}"),
        ("feed recipes", pomona, lunch.to_owned(), "}}}"),
        ("feed recipe", pomona, format!("{lunch}{{\"recipe\":"), "}}}}"),
        (
            "feed allergens",
            pomona,
            format!("{lunch}{{\"recipe\":{{\"@shortName\":\"a\",\"allergens\":"),
            "}}}}}",
        ),
        (
            "feed allergen",
            pomona,
            format!("{lunch}{{\"recipe\":{{\"@shortName\":\"a\",\"allergens\":{{\"allergen\":"),
            "}}}}}}",
        ),
        ("page dishes", bon_appetit, items.to_owned(), ";</script></html>"),
        ("page stations", bon_appetit, daypart.to_owned(), "};</script></html>"),
        ("page ids", bon_appetit, format!("{daypart}[{{\"items\":"), "}]};</script></html>"),
        (
            "page icons",
            bon_appetit,
            format!("{items}{{\"1\":{{\"label\":\"a\",\"cor_icon\":"),
            "}};</script></html>",
        ),
        (
            "page options",
            bon_appetit,
            format!("{items}{{\"1\":{{\"label\":\"a\",\"options\":{{\"values\":"),
            "}}};</script></html>",
        ),
    ]
}

/// A list of it, as often as fits, or so often.
fn filled(start: &str, each: &str, most: usize, end: &str) -> String {
    let fit = (LARGEST - start.len() - end.len() - 2) / (each.len() + 1);
    let list = format!("{each},").repeat(fit.min(most));
    format!("{start}[{}]{end}", list.trim_end_matches(','))
}

/// Every place full of every kind of value: as many as fit, and as many as are read.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |what: String, parse: Parser, document: Box<dyn Fn() -> String>| {
        rows.push(Row { what, parse, document });
    };
    for (place, parse, start, end) in places() {
        for (each, read) in [("{}", OBJECTS), ("\"a\"", VALUES), ("1", VALUES)] {
            for most in [usize::MAX, read] {
                let start = start.clone();
                let document = move || filled(&start, each, most, end);
                row(format!("{place}, {each}, {most}"), parse, Box::new(document));
            }
        }
        let (named, nested) = (start.clone(), start);
        let named = move || {
            let list: Vec<String> = (0..OBJECTS).map(|id| format!("\"{id}\":{{}}")).collect();
            format!("{named}{{{}}}{end}", list.join(","))
        };
        row(format!("{place}, by name"), parse, Box::new(named));
        let nested =
            move || format!("{nested}{}{}{end}", "[".repeat(4_000_000), "]".repeat(4_000_000));
        row(format!("{place}, nested"), parse, Box::new(nested));
    }
    for tag in ["<p class=\"site-panel__daypart-container\">", "<div id=\"dining-menu-from-json\">"]
    {
        let tags = move || format!("<html>{}</html>", tag.repeat(LARGEST / tag.len() - 1));
        row(tag.to_owned(), bon_appetit, Box::new(tags));
        row(
            format!("{tag}, for an address"),
            |page| drop(pomona::feed_address(page)),
            Box::new(tags),
        );
    }
    // Assignments of a page stand side by side, with no comma between them.
    let part = "Bamco.dayparts[1]={\"stations\":[]}";
    for most in [LARGEST / part.len() - 1, OBJECTS] {
        let parts = move || format!("<html>{}</html>", part.repeat(most));
        row(format!("dayparts, {most}"), bon_appetit, Box::new(parts));
    }
    rows
}

/// So much more than before this process had at most while it did that, in bytes.
fn peak(work: impl FnOnce()) -> u64 {
    let figure = |name: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    };
    // The highest so far is forgotten.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = figure("VmRSS");
    work();
    figure("VmHWM").saturating_sub(before)
}

/// Each row in a process of its own, in which nothing was given back before.
#[test]
fn no_document_takes_more_than_four_times_its_size() {
    let rows = rows();
    if let Some(number) = std::env::var_os(ROW) {
        let Row { what, parse, document } =
            &rows[number.to_str().unwrap().parse::<usize>().unwrap()];
        let document = document();
        assert!(document.len() <= LARGEST, "{what}: {}", document.len());
        let peak = peak(|| parse(&document));
        eprintln!("{peak:>12} {what}");
        assert!(peak <= MOST, "{what}: {peak} bytes");
        return;
    }
    for number in 0..rows.len() {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", NAME, "--nocapture"]).env(ROW, number.to_string());
        assert!(again.status().unwrap().success(), "see above");
    }
}
