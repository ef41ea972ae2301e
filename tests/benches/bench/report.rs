//! What a subject has to say: tables, plots, and goals with what was reached. Kept as JSON until it
//! is rendered.

use serde::{Deserialize, Serialize};

use crate::{settings, taken::Taken};

/// All figures of one subject.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    /// `None` of what was measured beside another.
    pub(crate) taken: Option<Taken>,
    #[serde(default)]
    pub(crate) tables: Vec<Table>,
    #[serde(default)]
    pub(crate) plots: Vec<Plot>,
    #[serde(default)]
    pub(crate) goals: Vec<Goal>,
}

/// A table; the page has a pair of marks with its name.
#[derive(Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// What was done, in a line above it.
    pub(crate) note: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Lines over two logarithmic axes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plot {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) lines: Vec<Line>,
}

/// One of them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A figure to reach.
#[derive(Serialize, Deserialize)]
pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) wanted: String,
    pub(crate) got: String,
    pub(crate) met: bool,
}

impl Report {
    /// Nothing yet, on this machine, now.
    pub(crate) fn new() -> Self {
        Self { taken: Some(Taken::now()), tables: Vec::new(), plots: Vec::new(), goals: Vec::new() }
    }

    /// One more table.
    pub(crate) fn table(
        &mut self,
        name: &str,
        note: String,
        head: &[&str],
        rows: Vec<Vec<String>>,
    ) {
        let head = head.iter().map(|&word| word.to_owned()).collect();
        let table = Table { name: name.to_owned(), note, head, rows };
        println!("\n{}", table.markdown());
        self.tables.push(table);
    }

    /// One more goal.
    pub(crate) fn goal(&mut self, what: &str, wanted: &str, got: String, met: bool) {
        println!("{}: wanted {wanted}, got {got}{}", what, if met { "" } else { " (MISSED)" });
        self.goals.push(Goal { what: what.to_owned(), wanted: wanted.to_owned(), got, met });
    }

    /// Leaves it for `render`.
    pub(crate) fn keep(&self, subject: &str) {
        let folder = settings::out();
        std::fs::create_dir_all(&folder).expect("a folder for figures");
        let text = serde_json::to_string_pretty(self).expect("JSON");
        std::fs::write(folder.join(format!("{subject}.json")), text).expect("figures written");
    }
}

impl Table {
    /// As it stands in the page.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        let rule = "|---".repeat(self.head.len());
        format!("{}\n\n{}{rule}|\n{rows}", self.note, line(&self.head))
    }
}
