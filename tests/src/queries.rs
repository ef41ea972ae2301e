//! The queries of the programs, word for word, as they are kept for the build; which function asks
//! each, and how Postgres goes about it.

use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// A query of the programs.
#[derive(Debug, Clone)]
pub struct Question {
    /// As it is asked.
    pub text: String,
    /// The file and the function that ask it, as in `store/copies.rs` `copy`.
    pub asked_by: String,
    /// The types of what is filled in.
    parameters: Vec<String>,
}

/// The query that holds this text.
///
/// # Panics
/// When there is none.
#[must_use]
#[expect(clippy::expect_used, reason = "that is what a test does")]
pub fn asked_by_the_program(text: &str) -> String {
    let mut questions = questions().into_iter();
    questions.find(|question| question.text.contains(text)).expect("the query").text
}

/// All of them, by who asks.
///
/// # Panics
/// When one of them stands nowhere in the code.
#[must_use]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "that is what a test does")]
pub fn questions() -> Vec<Question> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let code = code(&top.join("common/src"));
    let saved = top.join(".sqlx").read_dir().unwrap();
    let mut questions: Vec<Question> = saved
        .map(|file| {
            let saved = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let saved: Value = serde_json::from_str(&saved).unwrap();
            let text = saved["query"].as_str().unwrap().to_owned();
            let types = saved["describe"]["parameters"]["Left"].as_array().unwrap();
            let parameters = types.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
            Question { asked_by: asked_by(&code, &text), text, parameters }
        })
        .collect();
    questions.sort_unstable_by(|one, other| one.asked_by.cmp(&other.asked_by));
    questions
}

/// The files that hold SQL, with their names.
#[expect(clippy::unwrap_used, reason = "that is what a test does")]
fn code(folder: &Path) -> Vec<(String, String)> {
    let mut files = vec![folder.join("store.rs"), folder.join("store")];
    while let Some(at) = files.iter().position(|file| file.is_dir()) {
        let inside = files.swap_remove(at).read_dir().unwrap();
        files.extend(inside.map(|file| file.unwrap().path()));
    }
    let name = |file: &Path| file.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
    files.iter().map(|file| (name(file), std::fs::read_to_string(file).unwrap())).collect()
}

#[expect(clippy::panic, reason = "that is what a test does")]
fn asked_by(code: &[(String, String)], text: &str) -> String {
    // A text between plain quotes has its own quotes escaped.
    let escaped = text.replace('"', "\\\"");
    let found = code.iter().find_map(|(file, code)| {
        let before = code.split_once(text).or_else(|| code.split_once(&escaped))?.0;
        let (_, function) = before.rsplit_once("fn ")?;
        let end = function.find(['(', '<'])?;
        Some(format!("`{file}` `{}`", function.get(..end)?))
    });
    found.unwrap_or_else(|| panic!("nobody asks this any more; make prepare: {text}"))
}

impl Question {
    /// How Postgres would answer it for a hall and the days round today.
    ///
    /// # Panics
    /// When Postgres refuses.
    #[expect(clippy::unwrap_used, reason = "that is what a test does")]
    pub async fn plan(&self, link: &mut PgConnection) -> String {
        let run = |sql: String| AssertSqlSafe(sql);
        let custom = run("set plan_cache_mode = force_custom_plan".to_owned());
        sqlx::raw_sql(custom).execute(&mut *link).await.unwrap();
        let prepare = run(format!("prepare asked as {}", self.text));
        sqlx::raw_sql(prepare).execute(&mut *link).await.unwrap();
        let zone = |place: usize| self.text.contains(&format!("time zone ${place}"));
        let values = (1..).zip(&self.parameters).map(|(place, word)| match word.as_str() {
            "Text" if zone(place) => "'America/Los_Angeles'",
            word => value(word),
        });
        let values: Vec<&str> = values.collect();
        let values = match values.join(", ") {
            none if none.is_empty() => none,
            some => format!("({some})"),
        };
        let explain = run(format!("explain (costs off) execute asked{values}"));
        let lines = sqlx::raw_sql(explain).fetch_all(&mut *link).await.unwrap();
        let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        sqlx::raw_sql(run("deallocate asked".to_owned())).execute(link).await.unwrap();
        lines.join("\n")
    }
}

/// What stands for a value of that type: a hall, today, two days ago, a few.
#[expect(clippy::panic, reason = "that is what a test does")]
fn value(parameter: &str) -> &'static str {
    match parameter {
        "Bool" => "true",
        "BoolArray" => "array[true, false]",
        "Date" => "current_date",
        "DateArray" => "array[current_date, current_date + 1]",
        "Float8" => "30",
        "Int2" | "Int4" | "Int8" => "5",
        "Int2Array" | "Int4Array" | "Int8Array" => "array[1, 2]",
        "Jsonb" => "'[]'",
        "JsonbArray" => "array['[]', '[]']::jsonb[]",
        "Text" => "'hoch'",
        "TextArray" => "array['hoch', 'frary']",
        "Time" => "'12:00'",
        "TimeArray" => "array['12:00', '17:00']::time[]",
        "Timestamptz" => "now() - interval '2 days'",
        "TimestamptzArray" => "array[now(), now()]",
        other => panic!("no value of {other}"),
    }
}

/// How a plan reaches its tables, once each: `menus_pkey`, or `Seq Scan on halls`.
#[must_use]
pub fn scans(plan: &str) -> Vec<String> {
    let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for line in plan.lines() {
        let scan = if let Some((_, table)) = line.split_once("Seq Scan on ") {
            format!("Seq Scan on {}", first(table))
        } else if let Some((_, index)) = line.split_once("Bitmap Index Scan on ") {
            first(index)
        } else if let Some((_, index)) = line.split_once(" using ") {
            first(index)
        } else {
            continue;
        };
        if !found.contains(&scan) {
            found.push(scan);
        }
    }
    found
}
