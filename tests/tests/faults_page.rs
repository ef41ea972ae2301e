//! The table of faults (`docs/faults.md`) names each row once, and tests that there are; and each test
//! of a row is named there.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Rows by letter, and the numbers that were never given.
const ROWS: [(char, u32, &[u32]); 6] = [
    ('R', 21, &[]),
    ('Q', 16, &[]),
    ('V', 19, &[16]),
    ('P', 11, &[]),
    ('A', 13, &[]),
    ('C', 8, &[]),
];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Cells of every row of the page's tables, by what is in the first.
fn page() -> BTreeMap<String, Vec<String>> {
    let page = std::fs::read_to_string(top().join("docs/faults.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        let name = cells.get(1).cloned().unwrap_or_default();
        let is_row = name.chars().skip(1).all(|c| c.is_ascii_digit())
            && name.starts_with(|c: char| c.is_ascii_uppercase());
        if is_row {
            assert_eq!(rows.insert(name.clone(), cells), None, "{name} is there once");
        }
    }
    rows
}

/// The tests that a row names, as file and function.
fn named(cells: &[String]) -> Vec<(String, String)> {
    let tests = cells.get(5).unwrap().split('`').skip(1).step_by(2);
    tests
        .filter_map(|test| test.split_once("::"))
        .map(|(f, t)| (f.to_owned(), t.to_owned()))
        .collect()
}

fn source(file: &str) -> PathBuf {
    let elsewhere = top().join(file);
    if elsewhere.exists() { elsewhere } else { top().join("tests/tests").join(file) }
}

#[test]
fn every_row_is_there_once_with_its_figure_and_tests_that_exist() {
    let page = page();
    let expected: BTreeSet<String> = ROWS
        .iter()
        .flat_map(|(letter, last, never)| {
            (1..=*last).filter(|row| !never.contains(row)).map(move |row| format!("{letter}{row}"))
        })
        .collect();
    assert_eq!(page.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for (row, cells) in &page {
        assert_eq!(cells.len(), 7, "{row}: {cells:?}");
        assert!(cells.iter().skip(1).take(5).all(|cell| !cell.is_empty()), "{row}: {cells:?}");
        let tests = named(cells);
        assert!(!tests.is_empty(), "{row} names no test");
        for (file, test) in tests {
            let text = std::fs::read_to_string(source(&file)).unwrap_or_default();
            assert!(text.contains(&format!("fn {test}()")), "{row}: no {test} in {file}");
        }
    }
}

/// Files of tests, folders and all.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// `v3_v17_a_vendor_that…` is of rows V3 and V17.
fn rows_of(test: &str, known: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let words = test.split('_').map(str::to_uppercase);
    words.take_while(|word| known.contains_key(word) || word.starts_with("S1")).collect()
}

#[test]
fn every_test_of_a_row_is_named_there() {
    let page = page();
    for file in files(&top().join("tests/tests")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let tests =
            text.lines().filter_map(|line| line.strip_prefix("async fn ")?.split_once("()"));
        for (test, _) in tests {
            for row in rows_of(test, &page).iter().filter_map(|row| page.get(row)) {
                let names = named(row).into_iter().any(|(_, name)| name == test);
                assert!(names, "{test} of {} is not named", file.display());
            }
        }
    }
}
