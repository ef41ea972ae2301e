//! Documents that are made to cost as much as they can: each parser is done with them within a
//! second, in the small stack of the threads that parse, whatever it makes of them.
#![expect(clippy::unwrap_used, reason = "a test cannot go on without")]

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use common::vendors::{bon_appetit, pomona, sodexo, text};

/// What the fetcher lets through at most.
const LARGEST: usize = 8 << 20;
const BOUND: Duration = Duration::from_secs(1);

type Parser = fn(&str);

fn day() -> NaiveDate {
    "2026-02-09".parse().unwrap()
}

/// Every parser on this document, each within the bound; a stack overflow would end the process.
fn all_are_quick(what: &str, document: &str) {
    assert!(document.len() <= LARGEST, "{what}: {} bytes", document.len());
    let parsers: [(&str, Parser); 5] = [
        ("bon_appetit", |page| drop(bon_appetit::parse(page, day()))),
        ("pomona", |feed| drop(pomona::parse(feed))),
        ("sodexo api", |body| drop(sodexo::parse_api(body, day()))),
        ("sodexo page", |page| drop(sodexo::parse_location_page(page, day()))),
        ("feed address", |page| drop(pomona::feed_address(page))),
    ];
    for (name, parse) in parsers {
        let took = quickest(|| parse(document));
        assert!(took <= BOUND, "{name} took {took:?} for {what}");
    }
}

/// How long it takes where nothing else is done: the best of three, or the first within the bound.
fn quickest(work: impl Fn()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        work();
        best = best.min(begun.elapsed());
        if best <= BOUND {
            break;
        }
    }
    best
}

/// As often as fits.
fn filled(start: &str, each: &str, end: &str) -> String {
    let times = (LARGEST - start.len() - end.len()) / each.len();
    format!("{start}{}{end}", each.repeat(times))
}

#[test]
fn a_hundred_thousand_nested_tags_take_no_second_and_no_stack() {
    for tag in [
        "<div>",
        "<div class=\"site-panel__daypart-container\">",
        "<div id=\"dining-menu-from-json\">",
        // Closed by a part of its name it would stay open, and the next be within it.
        "<a-b class=\"site-panel__daypart-container\">",
        "<b class=\"site-panel--daypart\">",
        "<table class=\"site-panel__daypart-panel-title\"><tr><td>",
        "<svg id=\"dining-menu-from-json\">",
    ] {
        all_are_quick(tag, &format!("<html>{}</html>", tag.repeat(100_000)));
    }
}

#[test]
fn a_hundred_thousand_nested_values_take_no_second_and_no_stack() {
    for (open, close) in [("[", "]"), ("{\"regions\":[", "]}"), ("{\"menu\":", "}")] {
        let nested = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        for (before, after) in [
            ("", ""),
            ("{\"EatecExchange\":", "}"),
            ("<html><script>Bamco.menu_items = ", ";</script></html>"),
            ("<script>Bamco.dayparts['1'] = {\"stations\":[],\"x\":", "};</script>"),
            ("window.__PRELOADED_STATE__ = ", ";"),
        ] {
            all_are_quick(before, &format!("{before}{nested}{after}"));
        }
    }
}

#[test]
fn as_many_dishes_meals_and_seasons_as_fit_take_no_second() {
    let season = "{\"from\":\"2026-02-09T\",\"to\":\"2026-02-09T\",\"openingHours\":[{\"days\":\
                  [{\"key\":\"1\"}],\"hours\":[{\"label\":\"x\"}]}]},";
    let state = "window.__PRELOADED_STATE__ = {\"composition\":{\"context\":{\"content\":\
                 {\"localDateTime\":\"2026-02-09\"}},\"subject\":{\"content\":{\"main\":{";
    for (what, start, each, end) in [
        (
            "seasons",
            format!("{state}\"openingHours\":{{\"seasonalHours\":["),
            season.to_owned(),
            "{}]}}}}}}".to_owned(),
        ),
        (
            "brackets that open no tag",
            "[{\"name\":\"LUNCH\",\"groups\":[{\"name\":\"".to_owned(),
            "<a".to_owned(),
            "\"}]}]".to_owned(),
        ),
        (
            "an assignment that never comes",
            "<html>".to_owned(),
            "Bamco.dayparts['".to_owned(),
            "</html>".to_owned(),
        ),
        (
            "special hours",
            "<html>cafe-hours-special".to_owned(),
            "<li dotted-leader-container>closed 1".to_owned(),
            "</html>".to_owned(),
        ),
    ] {
        all_are_quick(what, &filled(&start, &each, &end));
    }
}

/// All of them different, or each would be found at once.
fn numbered(count: usize, start: &str, each: impl Fn(usize) -> String, end: &str) -> String {
    let all: Vec<String> = (0..count).map(each).collect();
    format!("{start}{}{end}", all.join(","))
}

#[test]
fn as_many_different_names_as_fit_take_no_second() {
    let dish = |id: usize| format!("{{\"@shortName\":\"{id}\"}}");
    let record = "{\"EatecExchange\":{\"menu\":{\"@servedate\":\"20260209\",\"@mealperiodname\":\
                  \"Lunch\",\"recipes\":{\"recipe\":[";
    all_are_quick("dishes", &numbered(300_000, record, dish, "]}}}}"));
    let station = |id: usize| format!("{{\"@shortName\":\"a\",\"@category\":\"{id}\"}}");
    all_are_quick("stations", &numbered(190_000, record, station, "]}}}}"));
    let meal = |id: usize| format!("{{\"name\":\"m{id}\",\"groups\":[]}}");
    all_are_quick("meals", &numbered(240_000, "[", meal, "]"));
    let item = |id: usize| format!("{{\"formalName\":\"{id}\"}}");
    let group = "[{\"name\":\"LUNCH\",\"groups\":[{\"name\":\"A\",\"items\":[";
    all_are_quick("items", &numbered(300_000, group, item, "]}]}]"));
    let part = |id: usize| format!("Bamco.dayparts[{id}]={{\"label\":\"m{id}\",\"stations\":[]}}");
    all_are_quick("dayparts", &numbered(130_000, "<html>", part, "</html>"));
}

#[test]
fn a_name_of_a_megabyte_is_cut() {
    for piece in ["x", "<a", "<b>x</b>", "&amp;amp;", "\u{202E}x", "  x ", "é"] {
        let raw = piece.repeat((1 << 20) / piece.len());
        let took = quickest(|| drop(text::clean(&raw)));
        assert!(took <= BOUND, "{piece}: {took:?}");
        let name = text::clean(&raw).unwrap();
        assert!(name.chars().count() <= text::MAX_CHARS, "{piece}");
    }
}
