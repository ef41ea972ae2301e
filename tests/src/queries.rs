//! The queries of the programs, word for word, as they are kept for the build.

use std::path::Path;

use serde_json::Value;

/// The query that holds this text.
///
/// # Panics
/// When there is none.
#[must_use]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "that is what a test does"
)]
pub fn asked_by_the_program(text: &str) -> String {
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let queries = saved.read_dir().unwrap().map(|file| {
        let saved = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let saved: Value = serde_json::from_str(&saved).unwrap();
        saved["query"].as_str().unwrap().to_owned()
    });
    queries.into_iter().find(|query| query.contains(text)).expect("the query")
}
