//! Vendors' text made fit to show: entities, tags, blanks and control characters.

use std::borrow::Cow;

/// Longest name or description served, in characters.
pub const MAX_CHARS: usize = 500;

/// One line of plain text: entities decoded (twice: vendors escape what is escaped), tags and line
/// breaks turned into blanks, runs of blanks folded, control and bidirectional-override characters
/// dropped, at most [`MAX_CHARS`] characters. `None` when nothing is left.
#[must_use]
pub fn clean(raw: &str) -> Option<String> {
    if is_clean(raw) {
        return Some(raw.to_owned());
    }
    let decoded = html_escape::decode_html_entities(raw);
    let decoded = match decoded {
        Cow::Borrowed(same) => Cow::Borrowed(same),
        Cow::Owned(once) => match html_escape::decode_html_entities(&once) {
            Cow::Borrowed(_) => Cow::Owned(once),
            Cow::Owned(twice) => Cow::Owned(twice),
        },
    };
    let mut out = String::with_capacity(decoded.len());
    let mut chars = 0;
    let mut gap = false;
    for c in without_tags(&decoded) {
        if c.is_whitespace() {
            gap = !out.is_empty();
        } else if !is_invisible(c) {
            if chars + usize::from(gap) >= MAX_CHARS {
                break;
            }
            if gap {
                out.push(' ');
                chars += 1;
                gap = false;
            }
            out.push(c);
            chars += 1;
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Whether nothing is to be done, as for most of what vendors send: words of plain letters with one
/// blank between them.
fn is_clean(raw: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_graphic() && b != b'&' && b != b'<';
    let mut gap = true;
    let are_words = raw.len() <= MAX_CHARS
        && raw.bytes().all(|b| {
            let fits = is_plain(b) || b == b' ' && !gap;
            gap = b == b' ';
            fits
        });
    are_words && !gap
}

/// The characters outside `<…>`, each tag as one blank. A `<` that opens no tag ("< 1 g") stays.
fn without_tags(text: &str) -> impl Iterator<Item = char> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let c = rest.chars().next()?;
        let after = rest.get(c.len_utf8()..)?;
        if c == '<'
            && after.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
            && let Some(end) = after.find('>')
        {
            rest = after.get(end + 1..)?;
            return Some(' ');
        }
        rest = after;
        Some(c)
    })
}

/// Characters that can forge or reverse what is read (Unicode bidirectional controls, zero width).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

/// Title case for text that a vendor shouts: `CONTINENTAL B'FAST` → `Continental B'fast`. A letter
/// is a capital when it opens a word; an apostrophe opens none.
#[must_use]
pub fn title_case(text: &str) -> String {
    let (mut cased, mut opens) = (String::with_capacity(text.len()), true);
    for c in text.chars() {
        match opens {
            true => cased.extend(c.to_uppercase()),
            false => cased.extend(c.to_lowercase()),
        }
        opens = !(c.is_alphanumeric() || c == '\'' || c == '’');
    }
    cased
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_clean_line() {
        for (raw, name) in [
            (" Gourmet Tuna Melt ", "Gourmet Tuna Melt"),
            ("chicken tenders\nbiscuits + gravy", "chicken tenders biscuits + gravy"),
            ("Sweet  Sour Tofu", "Sweet Sour Tofu"),
            ("Mac &amp;amp; Cheese", "Mac & Cheese"),
            ("rice<br />beans", "rice beans"),
            ("<strong>@grill</strong>", "@grill"),
            ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
            ("< 1 g &nbsp; salt", "< 1 g salt"),
            ("evil\u{202E}txt\u{0}", "eviltxt"),
            ("a < b", "a < b"),
        ] {
            assert_eq!(clean(raw).as_deref(), Some(name), "{raw:?}");
        }
        for empty in ["", "  ", "&nbsp;", "<br>", "\u{200B}"] {
            assert_eq!(clean(empty), None, "{empty:?}");
        }
        assert_eq!(clean(&"é".repeat(2000)).unwrap().chars().count(), MAX_CHARS);
        // The blank before the last character counts as well.
        assert_eq!(clean(&"é ".repeat(2000)).unwrap().chars().count(), MAX_CHARS - 1);
    }

    #[test]
    fn title_case_keeps_what_follows_an_apostrophe_small() {
        assert_eq!(title_case("CONTINENTAL B'FAST"), "Continental B'fast");
        assert_eq!(title_case("VEGTARIAN/VEGAN"), "Vegtarian/Vegan");
        assert_eq!(title_case("SPECIAL BAR SALAD- S"), "Special Bar Salad- S");
    }
}
