//! What whoever measures may say in the environment: how long, how often, and what is measured.

use std::path::PathBuf;

/// Rounds where nothing else is said; other repetitions are given for as many.
const ROUNDS: usize = 5;

#[expect(clippy::disallowed_methods, reason = "a benchmark has no configuration of the product's")]
pub(crate) fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    given(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is no number")))
}

/// How often something is done that is usually done so often: `ROUNDS=1` makes all of it a fifth.
pub(crate) fn times(usual: usize) -> usize {
    (usual * number("ROUNDS").unwrap_or(ROUNDS) / ROUNDS).max(1)
}

/// How long a round lasts; `SECONDS_EACH` says so for all.
pub(crate) fn seconds(usual: u64) -> u64 {
    number("SECONDS_EACH").unwrap_or(usual).max(1)
}

/// Where figures wait to be rendered.
pub(crate) fn out() -> PathBuf {
    given("BENCH_OUT").map_or_else(|| top().join("target/bench"), PathBuf::from)
}

/// The project's folder.
pub(crate) fn top() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
