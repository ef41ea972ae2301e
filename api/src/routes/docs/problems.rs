//! A page for each type of problem, and one that lists them; made of their table.

use html_escape::encode_text as text;

use super::{HTML, OF_HTML, framed};
use crate::{
    page::Page,
    problem::kinds::{self, Kind},
};

/// All of them, with their paths.
pub(super) fn pages(style: &str) -> Vec<(String, Page)> {
    let page = |path: &str, title: &str, content: &str| {
        (path.to_owned(), Page::new(framed(style, title, content), HTML).with(OF_HTML))
    };
    let of_each = kinds::ALL.iter().map(|kind| page(kind.r#type, kind.title, &of(kind)));
    let list = page("/problems", "Problems", &list());
    of_each.chain([list]).collect()
}

fn list() -> String {
    let row = |kind: &&Kind| {
        let Kind { r#type, status, title, meaning, .. } = kind;
        let (title, meaning) = (text(title), prose(meaning));
        format!("<dt>{status} <a href=\"{type}\">{title}</a></dt>\n<dd>{meaning}</dd>\n")
    };
    let rows: String = kinds::ALL.iter().map(row).collect();
    format!(
        "<p>Errors are answered as <code>application/problem+json</code> (RFC 9457). Decide by \
         <code>type</code> and <code>reason</code>; <code>detail</code> is for people, and \
         <code>instance</code> is the id of the request.</p>\n<dl>\n{rows}</dl>"
    )
}

fn of(kind: &Kind) -> String {
    let Kind { r#type, status, meaning, when, advice, .. } = kind;
    let examples: String = kind
        .examples
        .iter()
        .filter_map(|example| serde_json::to_string_pretty(&kind.as_sent(example)).ok())
        .map(|example| format!("<pre>{}</pre>\n", text(&example)))
        .collect();
    let [meaning, when, advice] = [meaning, when, advice].map(|words| prose(words));
    format!(
        "<p>Status {status}, <code>{type}</code></p>\n<p>{meaning}</p>\n\
         <h2>When it comes</h2>\n<p>{when}</p>\n\
         <h2>What to do</h2>\n<p>{advice}</p>\n\
         <h2>How it looks</h2>\n{examples}"
    )
}

/// A paragraph's text, what stands in backticks as code.
fn prose(words: &str) -> String {
    let parts = words.split('`').enumerate().map(|(nth, part)| match nth % 2 {
        0 => text(part).into_owned(),
        _ => format!("<code>{}</code>", text(part)),
    });
    parts.collect()
}
