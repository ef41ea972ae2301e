//! The few tags of a page that say something, without the page. Only they become a tree: one of the
//! whole page would cost several times all the rest, and of a hostile page the square of its depth.

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};
use scraper::{ElementRef, Html};

/// Longest tag looked at, in bytes. It bounds the work that a hostile page can ask for.
const MAX_TAG: usize = 2_000;
/// More tags than mention any one word. For the same reason.
const MAX_TAGS: usize = 10_000;

/// The tags that mention this word, each with the text up to the next tag, as a document of their
/// own in which none is within another.
pub(crate) fn tags_with(page: &str, word: &str) -> Html {
    let whole = 0..page.len();
    tags_within(page, std::slice::from_ref(&whole), word)
}

/// The same of these parts of it.
pub(crate) fn tags_within(page: &str, parts: &[Range<usize>], word: &str) -> Html {
    let mut found = String::new();
    let (mut seen, mut tags) = (0, 0);
    let word = memmem::Finder::new(word);
    let mentions = parts.iter().flat_map(|part| {
        let text = page.as_bytes().get(part.clone()).unwrap_or_default();
        word.find_iter(text).map(|at| part.start + at)
    });
    for at in mentions {
        // A tag may hold the word in another attribute as well.
        if at < seen {
            continue;
        }
        if tags == MAX_TAGS {
            break;
        }
        if let Some(tag) = tag_around(page, at) {
            found.extend([tag, "</", name(tag), ">"]);
            tags += 1;
            seen = at + memchr(b'>', page.as_bytes().get(at..).unwrap_or_default()).unwrap_or(0);
        }
    }
    Html::parse_fragment(&found)
}

/// The elements of such a document that have this class.
pub(crate) fn elements<'a>(html: &'a Html, class: &'a str) -> impl Iterator<Item = ElementRef<'a>> {
    let all = html.root_element().descendants().filter_map(ElementRef::wrap);
    all.filter(move |element| element.value().classes().any(|known| known == class))
}

/// The tag that holds the byte at `at`, and the text that follows it.
fn tag_around(page: &str, at: usize) -> Option<&str> {
    let from = at.saturating_sub(MAX_TAG);
    let start = from + memrchr(b'<', page.as_bytes().get(from..at)?)?;
    let rest = page.as_bytes().get(start..(at + MAX_TAG).min(page.len()))?;
    let end = memchr(b'>', rest)? + 1;
    if start + end <= at || is_commented(page, start) {
        return None; // The mention is text behind a tag, or nobody's.
    }
    let text = memchr(b'<', rest.get(end..)?).unwrap_or(0);
    page.get(start..start + end + text)
}

/// Whether a comment that opens shortly before this place is still open there.
fn is_commented(page: &str, at: usize) -> bool {
    let before = page.as_bytes().get(at.saturating_sub(MAX_TAG)..at).unwrap_or_default();
    let comment = memmem::rfind(before, b"<!--").and_then(|open| before.get(open..));
    comment.is_some_and(|comment| memmem::find(comment, b"-->").is_none())
}

/// What a tag is called, whole: one that is closed by part of its name stays open, and the next one
/// is within it.
fn name(tag: &str) -> &str {
    let name = tag.trim_start_matches('<');
    let ends = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>';
    name.split(ends).next().unwrap_or_default()
}
