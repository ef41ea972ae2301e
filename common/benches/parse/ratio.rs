//! How fast each parser is beside `serde_json` over the same JSON, in turns. `skipped`: all of it is
//! read and nothing kept, the floor under each parser; `value`: all of it is kept as a tree. Left in
//! `BENCH_OUT` for `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::documents::{self, Document};

/// For each document.
const TIME: Duration = Duration::from_secs(2);
const HEAD: [&str; 6] = [
    "",
    "document kB",
    "JSON in it kB",
    "parsed ms",
    "beside serde_json, skipped",
    "beside serde_json, value",
];

/// Whether it could be read.
type Parse = fn(&str, NaiveDate) -> bool;

/// Prints what it finds.
pub(crate) fn measure() {
    let subjects: [(&str, &Document, Parse); 4] = [
        ("Bon Appétit, a page", &documents::BON_APPETIT, |body, day| {
            common::vendors::bon_appetit::parse(body, day).is_ok()
        }),
        ("Sodexo, a day", &documents::SODEXO_API, |body, day| {
            common::vendors::sodexo::parse_api(body, day).is_ok()
        }),
        ("Sodexo, the hall's page", &documents::SODEXO_PAGE, |body, day| {
            common::vendors::sodexo::parse_location_page(body, day).is_ok()
        }),
        ("Pomona, a feed", &documents::POMONA, |body, _| {
            common::vendors::pomona::parse(body).is_ok()
        }),
    ];
    println!("| {} |\n|---|---|---|---|---|---|", HEAD.join(" | "));
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for (name, document, parse) in subjects {
        let [parsed, skipped, value] = times(document, parse);
        let ratio = skipped / parsed;
        let rate = |time: f64| document.json().len() as f64 / 1e6 / time;
        let row = [
            name.to_owned(),
            format!("{:.0}", document.body.len() as f64 / 1e3),
            format!("{:.0}", document.json().len() as f64 / 1e3),
            format!("{:.2}", parsed * 1e3),
            format!("{:.0} of {:.0} MB/s: {ratio:.2}×", rate(parsed), rate(skipped)),
            format!("{:.0} MB/s: {:.2}×", rate(value), value / parsed),
        ];
        println!("| {} |", row.join(" | "));
        rows.push(json!(row));
        goals.push(json!({
            "what": format!("{name}: MB/s beside serde_json over the same JSON"),
            "wanted": "≥ 0.50×", "got": format!("{ratio:.2}×"), "met": ratio >= 0.5,
        }));
    }
    let note = "Each parser over its largest document, in turns with `serde_json` over the JSON in it, medians; MB of that JSON a second:";
    let table = json!({ "name": "parse", "note": note, "head": HEAD, "rows": rows });
    keep(&json!({ "taken": null, "tables": [table], "goals": goals }));
}

/// Seconds for the parser, and for `serde_json` skipping and keeping; medians.
fn times(document: &Document, parse: Parse) -> [f64; 3] {
    let (mut took, begun) = ([Vec::new(), Vec::new(), Vec::new()], Instant::now());
    let json = document.json();
    assert!(parse(&document.body, document.day), "the document of this bench is not read");
    while begun.elapsed() < TIME {
        let [parsed, skipped, value] = &mut took;
        parsed.push(time(|| parse(black_box(&document.body), document.day)));
        skipped.push(time(|| serde_json::from_str::<IgnoredAny>(black_box(json)).is_ok()));
        value.push(time(|| serde_json::from_str::<Value>(black_box(json)).is_ok()));
    }
    took.map(|mut times| {
        times.sort_unstable_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    })
}

fn time(work: impl FnOnce() -> bool) -> f64 {
    let begun = Instant::now();
    assert!(black_box(work()), "it is read");
    begun.elapsed().as_secs_f64()
}

fn keep(report: &Value) {
    let Some(folder) = std::env::var_os("BENCH_OUT").map(std::path::PathBuf::from) else { return };
    let kept = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("parse.json"), report.to_string()));
    assert!(kept.is_ok(), "{}: {kept:?}", folder.display());
}
