//! JSON values in a page's scripts: what is assigned to a name, read by a real parser that stops
//! where the value ends. Free text may hold anything that looks like an end.

use serde::Deserialize;
use serde::de::Error as _;

/// The text behind the `=` where `text`, which follows a name, goes on as an assignment to it.
pub(crate) fn assigned(text: &str) -> Option<&str> {
    let value = text.trim_start().strip_prefix('=')?;
    (!value.starts_with('=')).then_some(value)
}

/// The JSON value that `text` opens with, and what follows it.
///
/// # Errors
/// The text is no JSON, breaks off, or is JSON of another type.
pub(crate) fn value<'a, T: Deserialize<'a>>(
    text: &'a str,
) -> Result<(T, &'a str), serde_json::Error> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    let value = values.next().unwrap_or_else(|| Err(serde_json::Error::custom("no value")))?;
    Ok((value, text.get(values.byte_offset()..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_assignment_is_read_as_one() {
        assert_eq!(assigned(" = {}"), Some(" {}"));
        assert_eq!(assigned("={}"), Some("{}"));
        for other in ["_nonce = 1", " == null", "", " ", ".label = 1", "['1'] = {}"] {
            assert_eq!(assigned(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_value_ends_where_json_says_so() {
        let text = " {\"a\":\"}; \u{2028} <\\/script>\"};\nnext = 1;";
        let (value, rest) = value::<serde_json::Value>(text).unwrap();
        assert_eq!(value["a"], "}; \u{2028} </script>");
        assert_eq!(rest, ";\nnext = 1;");
    }

    #[test]
    fn a_value_that_breaks_off_is_an_error() {
        for cut in ["", " ", "{", "{\"a\":", "{\"a\":\"b", "[1,", "undefined;"] {
            assert!(value::<serde_json::Value>(cut).is_err(), "{cut:?}");
        }
    }
}
