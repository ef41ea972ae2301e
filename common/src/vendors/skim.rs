//! JSON that is stepped over. Of a page's half a megabyte of dishes a menu wants a fifth: that is found by
//! where strings and brackets end, 16 bytes an instruction, and the rest is not read. What is stepped over
//! ends where it would if it were JSON, and may be none. Wherever anything is not as it mostly is there is
//! no answer, and the real parser must give one.

mod lanes;

use lanes::Lanes;

/// Goes over the members of the object that `text` opens with. `each` is given a name, which is written
/// without escapes, and the text from its value on; it gives what follows that value. Gives what follows
/// the object.
pub(super) fn members<'a>(
    text: &'a str,
    mut each: impl FnMut(&'a str, &'a str) -> Option<&'a str>,
) -> Option<&'a str> {
    let mut rest = blanks(blanks(text).strip_prefix('{')?);
    if let Some(after) = rest.strip_prefix('}') {
        return Some(after);
    }
    loop {
        let (name, after) = name(rest)?;
        rest = blanks(each(name, blanks(blanks(after).strip_prefix(':')?))?);
        match rest.strip_prefix(',') {
            Some(more) => rest = blanks(more),
            None => return rest.strip_prefix('}'),
        }
    }
}

/// The value that `text` opens with, as it is written, and what follows it.
pub(super) fn value(text: &str) -> Option<(&str, &str)> {
    match text.as_bytes().first()? {
        b'"' => string(text),
        b'{' | b'[' => container(text),
        _ => word(text),
    }
}

fn blanks(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b' ' | b'\n' | b'\r' | b'\t') => text.trim_start_matches([' ', '\n', '\r', '\t']),
        _ => text,
    }
}

/// A string without escapes, without its quotes.
fn name(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let (mark, at) = mark(inside.as_bytes(), 0)?;
    let (name, after) = inside.split_at_checked(at)?;
    Some((name, after.strip_prefix('"').filter(|_| mark == b'"')?))
}

/// A number, or one of the three words.
fn word(text: &str) -> Option<(&str, &str)> {
    let is_of_a_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let bytes = text.as_bytes();
    let length = match bytes.first()? {
        b'n' | b't' if bytes.starts_with(b"null") || bytes.starts_with(b"true") => 4,
        b'f' if bytes.starts_with(b"false") => 5,
        b'0'..=b'9' | b'-' => bytes.iter().take_while(|byte| is_of_a_number(byte)).count(),
        _ => return None,
    };
    text.split_at_checked(length)
}

fn string(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?.as_bytes();
    let mut from = 0;
    loop {
        match mark(inside, from)? {
            (b'"', at) => return text.split_at_checked(at + 2),
            (_, at) => from = at + 2,
        }
    }
}

/// The first quote or backslash from there on, and where it stands.
fn mark(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let mut at = from;
    loop {
        let next = bytes.get(at..)?;
        at += match next.first_chunk() {
            Some(chunk) => {
                let lanes = Lanes::of(chunk);
                let found = (lanes.equal(b'"') | lanes.equal(b'\\')).trailing_zeros() as usize;
                if found > Lanes::COUNT {
                    at += Lanes::COUNT;
                    continue;
                }
                found
            }
            None => next.iter().position(|byte| b"\"\\".contains(byte))?,
        };
        return Some((*bytes.get(at)?, at));
    }
}

/// An object or a list, 64 bytes at a time, a bit for each, by the sets of quotes and of brackets outside
/// strings (Langdale and Lemire, *Parsing gigabytes of JSON per second*, 2019, 3.1). Brackets of both kinds
/// count alike.
fn container(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (1, 1);
    let (mut in_string, mut escapes) = (0, false);
    loop {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let mut last = [b' '; 64];
        let block = match rest.first_chunk() {
            Some(block) => block,
            None => {
                last.get_mut(..rest.len())?.copy_from_slice(rest);
                &last
            }
        };
        let Marks { quotes, backslashes, opening, closing } = Marks::of(block);
        let strings = up_to_each(quotes & !escaped(backslashes, &mut escapes)) ^ in_string;
        in_string = if strings >> 63 == 1 { u64::MAX } else { 0 };
        let (opening, closing) = (opening & !strings, closing & !strings);
        // Where as many close as are open, this may be the end.
        let mut left = if closing.count_ones() < depth { 0 } else { closing };
        let mut closed = 0;
        while left != 0 {
            let place = left.trailing_zeros();
            closed += 1;
            if depth + (opening & ((1 << place) - 1)).count_ones() == closed {
                return text.split_at_checked(at + place as usize + 1);
            }
            left &= left - 1;
        }
        depth = depth + opening.count_ones() - closing.count_ones();
        at += block.len();
    }
}

/// Where the marks of JSON stand among 64 bytes: the bit of each.
struct Marks {
    quotes: u64,
    backslashes: u64,
    opening: u64,
    closing: u64,
}

impl Marks {
    fn of(block: &[u8; 64]) -> Self {
        let mut marks = Self { quotes: 0, backslashes: 0, opening: 0, closing: 0 };
        for (number, bytes) in block.as_chunks().0.iter().enumerate() {
            let (lanes, at) = (Lanes::of(bytes), number * Lanes::COUNT);
            // The brackets of lists and of objects differ in this bit.
            let folded = lanes.with(0x20);
            marks.quotes |= lanes.equal(b'"') << at;
            marks.backslashes |= lanes.equal(b'\\') << at;
            marks.opening |= folded.equal(b'{') << at;
            marks.closing |= folded.equal(b'}') << at;
        }
        marks
    }
}

/// The bits from each odd one on, without the even one that follows it: what quotes enclose.
const fn up_to_each(mut bits: u64) -> u64 {
    let mut shift = 1;
    while shift < u64::BITS {
        bits ^= bits << shift;
        shift *= 2;
    }
    bits
}

/// What stands behind an odd number of backslashes. `escapes`: whether the last of 64 bytes escapes the
/// first of the next.
fn escaped(backslashes: u64, escapes: &mut bool) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let first = u64::from(*escapes);
    if backslashes == 0 {
        *escapes = false;
        return first;
    }
    let backslashes = backslashes & !first;
    let behind = backslashes << 1 | first;
    // Runs that begin at an odd place, carried to where each ends.
    let (ends, over) = (backslashes & !EVEN & !behind).overflowing_add(backslashes);
    *escapes = over;
    (EVEN ^ (ends << 1)) & behind
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_ends_where_json_says_so() {
        for (json, tail) in [
            ("{}", " }"),
            ("[]", "]"),
            (r#"{"a":"}","b":["]","\"}"]}"#, r#","c":"""#),
            (r#""\\""#, r#""x"#),
            (r#""é\"\\\"""#, ""),
            ("-1.5e+3", ","),
            ("true", "}"),
            ("null", ""),
        ] {
            assert_eq!(value(&format!("{json}{tail}")), Some((json, tail)));
        }
        for cut in
            ["", "{", r#"{"a":1"#, r#"""#, r#""\""#, r#"["]""#, "undefined", "+1", "nul", ":"]
        {
            assert_eq!(value(cut), None, "{cut}");
        }
    }

    #[test]
    fn the_members_of_an_object_are_gone_over_in_their_order() {
        let read = |text| {
            let mut seen = Vec::new();
            let after = members(text, |name, text| {
                let (value, after) = value(text)?;
                seen.push((name, value));
                Some(after)
            });
            after.map(|after| (seen, after))
        };
        assert_eq!(read("{} x"), Some((vec![], " x")));
        let spaced = " { \"a\" : 1 ,\n\t\"b\":{\"c\":[]}\r\n};";
        assert_eq!(read(spaced), Some((vec![("a", "1"), ("b", r#"{"c":[]}"#)], ";")));
        for other in [
            "[]",
            "",
            "{",
            r#"{"a"}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":1]"#,
            r#"{a:1}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":undefined}"#,
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    /// Marks of JSON and whatever else may stand in a text.
    fn texts() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select(vec!["\"", "\\", "{", "]", ",", "a", "é", "\n"]),
            0..80,
        )
        .prop_map(|parts| parts.concat())
    }

    fn values() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            texts().prop_map(Into::into),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((texts(), inner), 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_json_is_stepped_over_to_its_end(json in values(), tail in texts()) {
            let json = json.to_string();
            // What goes on as a number would be one.
            let text = format!("{json} {tail}");
            let after = format!(" {tail}");
            prop_assert_eq!(value(&text), Some((json.as_str(), after.as_str())));
        }

        #[test]
        fn what_breaks_off_has_no_end(json in values(), at in any::<prop::sample::Index>()) {
            let json = format!("[{json}]");
            let cut = json.floor_char_boundary(at.index(json.len()));
            prop_assert_eq!(value(json.get(..cut).unwrap_or_default()), None);
        }

        #[test]
        fn any_text_is_gone_over_without_a_panic(text in texts()) {
            let _ = value(&text);
            let _ = members(&text, |_, text| Some(value(text)?.1));
        }
    }
}
