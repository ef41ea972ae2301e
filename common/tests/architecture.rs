//! `docs/architecture.md` says which file owns what, and what is named in which files alone. Both of
//! its tables are held against the code here, so that neither grows old.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test cannot go on without")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The three crates whose files have a place in the page.
const CRATES: [&str; 3] = ["common", "api", "worker"];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(top().join("docs/architecture.md")).unwrap()
}

/// Every file below the folder, by its path from the top of the repository.
fn files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(top().join(folder)).unwrap();
    let paths = entries.map(|entry| {
        let entry = entry.unwrap();
        (format!("{folder}/{}", entry.file_name().to_str().unwrap()), entry.path().is_dir())
    });
    paths.flat_map(|(path, is_folder)| if is_folder { files(&path) } else { vec![path] }).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The rows of the table with this head, as cells.
fn rows<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let lines = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = rows.map(|row| row.trim_matches('|').split(" | ").collect()).collect();
    assert!(!rows.is_empty(), "no table begins with {head}");
    rows
}

#[test]
fn every_source_file_has_its_place_in_the_architecture_once() {
    let page = page();
    for one in CRATES {
        let folder = format!("{one}/src");
        let mut named = BTreeMap::<&str, usize>::new();
        for row in rows(&page, &format!("| `{folder}/` |")) {
            for file in quoted(row[0]) {
                *named.entry(file).or_default() += 1;
            }
        }
        let files = files(&folder);
        let there: BTreeSet<&str> = files.iter().map(|file| &file[folder.len() + 1..]).collect();
        let unnamed: Vec<_> = there.iter().filter(|file| !named.contains_key(**file)).collect();
        let gone: Vec<_> = named.keys().filter(|file| !there.contains(**file)).collect();
        let twice: Vec<_> = named.iter().filter(|(_, times)| **times > 1).collect();
        assert!(unnamed.is_empty(), "not in docs/architecture.md: {unnamed:?} of {folder}");
        assert!(gone.is_empty(), "in docs/architecture.md and not in {folder}: {gone:?}");
        assert!(twice.is_empty(), "more than once in docs/architecture.md: {twice:?} of {folder}");
    }
}

/// Whether the code names it as a path: `sqlx::…`, `Script::new(…)`.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + word.len()..];
        before.is_none_or(|char| !char.is_alphanumeric() && char != '_')
            && (after.starts_with("::") || after.starts_with('(') || after.starts_with("!("))
    })
}

#[test]
fn what_is_named_in_some_files_alone_is_named_nowhere_else() {
    let page = page();
    let sources: Vec<(String, String)> = CRATES
        .iter()
        .flat_map(|one| files(&format!("{one}/src")))
        .filter(|file| file.ends_with(".rs"))
        .map(|file| {
            let text = fs::read_to_string(top().join(&file)).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            (file, code.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    for row in rows(&page, "| named | only in |") {
        let (words, places) = (quoted(row[0]), quoted(row[1]));
        let within = |file: &str, place: &str| {
            file == place || (place.ends_with('/') && file.starts_with(place))
        };
        let mut used = BTreeSet::new();
        for (file, code) in &sources {
            let Some(word) = words.iter().find(|word| names(code, word)) else { continue };
            let place = places.iter().find(|place| within(file, place));
            used.insert(*place.unwrap_or_else(|| panic!("{file} names {word}")));
        }
        let unused: Vec<_> = places.iter().filter(|place| !used.contains(**place)).collect();
        assert!(unused.is_empty(), "{words:?} are not named in {unused:?}");
    }
}
