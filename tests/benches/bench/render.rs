//! Writes what was measured into `docs/performance.md`, between marks, and draws its plots. A mark is
//! a comment with a table's name; what is between it and the closing mark is replaced.

use std::{collections::BTreeMap, path::Path};

use crate::{
    plots,
    report::{Goal, Report},
    settings,
};

const SUBJECTS: [&str; 7] = ["hits", "misses", "growth", "start", "plans", "parse", "build"];

/// All that was kept of the subjects.
pub(crate) fn all() {
    let docs = settings::top().join("docs");
    let page = docs.join("performance.md");
    let kept = SUBJECTS
        .iter()
        .filter_map(|subject| read(&settings::out().join(format!("{subject}.json"))));
    let reports: Vec<Report> = kept.collect();
    let pictures = docs.join("performance");
    std::fs::create_dir_all(&pictures).expect("a folder for plots");
    for plot in reports.iter().flat_map(|report| &report.plots) {
        let file = pictures.join(format!("{}.svg", plot.name));
        plots::draw(plot, &file).unwrap_or_else(|error| panic!("{}: {error}", plot.name));
    }
    let text = std::fs::read_to_string(&page).expect("the page");
    let text = replaced(&text, &blocks(&reports));
    std::fs::write(&page, text).expect("the page is written");
    println!("written: {}", page.display());
}

fn read(file: &Path) -> Option<Report> {
    let text = std::fs::read_to_string(file).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

/// What belongs between which marks.
fn blocks(reports: &[Report]) -> BTreeMap<String, String> {
    let tables = reports.iter().flat_map(|report| &report.tables);
    let mut blocks: BTreeMap<String, String> =
        tables.map(|table| (table.name.clone(), table.markdown())).collect();
    let mut taken: Vec<String> =
        reports.iter().filter_map(|report| Some(report.taken.as_ref()?.words())).collect();
    taken.dedup();
    blocks.insert("taken".to_owned(), format!("{}\n", taken.join("\n\n")));
    let goals = reports.iter().flat_map(|report| &report.goals);
    blocks.insert("goals".to_owned(), goals_table(goals));
    blocks
}

fn goals_table<'a>(goals: impl Iterator<Item = &'a Goal>) -> String {
    let rows = goals.map(|goal| {
        let Goal { what, wanted, got, met } = goal;
        format!("| {what} | {wanted} | {got} | {} |\n", if *met { "yes" } else { "**no**" })
    });
    format!("| what | wanted | measured | met |\n|---|---|---|---|\n{}", rows.collect::<String>())
}

fn replaced(text: &str, blocks: &BTreeMap<String, String>) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("<!-- measured: ") {
        let (name, after) = after.split_once(" -->").expect("a mark ends");
        let (old, after) = after.split_once("<!-- end -->").expect("a closing mark");
        let new = blocks.get(name).map_or_else(|| old.to_owned(), |new| format!("\n{new}"));
        out.push_str(&format!("{before}<!-- measured: {name} -->{new}<!-- end -->"));
        rest = after;
    }
    out + rest
}
