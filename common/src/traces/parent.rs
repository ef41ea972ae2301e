//! `traceparent` of W3C Trace Context, level 1 and what level 2 left of it: read strictly, written as
//! version 00.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of the header.
pub const HEADER: &str = "traceparent";
/// Of version 00: exactly so long. A later one may be longer.
const LENGTH: usize = 55;
/// No version that we know of needs more.
const LONGEST: usize = 128;
const SAMPLED: u8 = 1;

/// Which span of which trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: u128,
    /// The span in it.
    pub span: u64,
    /// Whether it is told to a collector.
    pub sampled: bool,
}

impl TraceParent {
    /// `None` for whatever is not exactly one: who sent it is then not continued.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let [version, trace, span, flags] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let version = u8::try_from(hex(version, 2)?).ok()?;
        let fits = match version {
            0 => text.len() == LENGTH,
            0xff => false,
            _ => text.len() <= LONGEST,
        };
        let (trace, span) = (hex(trace, 32)?, u64::try_from(hex(span, 16)?).ok()?);
        let flags = u8::try_from(hex(flags, 2)?).ok()?;
        let found = Self { trace, span, sampled: flags & SAMPLED != 0 };
        (fits && trace != 0 && span != 0).then_some(found)
    }

    /// The one header of that name; two of them are none.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut values = values.into_iter();
        let (only, None) = (values.next()?, values.next()) else { return None };
        Self::parse(std::str::from_utf8(only).ok()?)
    }
}

/// Exactly so many lower-case digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = text.len() == digits && text.bytes().all(is_hex);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, sampled } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*sampled))
    }
}

impl Serialize for TraceParent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Of a job: whatever stands there, a menu is not lost over it.
///
/// # Errors
/// Where it is no JSON.
pub fn lenient<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TraceParent>, D::Error> {
    let said = serde_json::Value::deserialize(from)?;
    Ok(said.as_str().and_then(TraceParent::parse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_good_one_is_read_and_written_as_it_was() {
        let parsed = TraceParent::parse(GOOD).unwrap();
        assert_eq!(parsed.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!((parsed.span, parsed.sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert_eq!(parsed.to_string(), GOOD);
        let unsampled = GOOD.replace("-01", "-00");
        assert!(!TraceParent::parse(&unsampled).unwrap().sampled);
    }

    #[test]
    fn flags_and_later_versions_are_read_as_far_as_they_are_known() {
        for (text, sampled) in [
            (GOOD.replace("-01", "-03"), true),
            (GOOD.replace("-01", "-02"), false),
            (GOOD.replacen("00", "cc", 1), true),
            (format!("{}-what-the-future-holds", GOOD.replacen("00", "01", 1)), true),
            (format!("{}-", GOOD.replacen("00", "01", 1)), true),
        ] {
            let parsed = TraceParent::parse(&text).unwrap();
            assert_eq!(parsed.sampled, sampled, "{text}");
            assert!(parsed.to_string().starts_with("00-"), "{text}");
        }
    }

    #[test]
    fn whatever_is_not_exactly_one_is_none() {
        let long = format!("{}-{}", GOOD.replacen("00", "01", 1), "x".repeat(LONGEST));
        for text in [
            "",
            "00",
            "-",
            "---",
            GOOD.strip_prefix('0').unwrap(),
            GOOD.strip_suffix('1').unwrap(),
            &format!(" {GOOD}"),
            &format!("{GOOD} "),
            &format!("{GOOD}-"),
            &format!("{GOOD}-00"),
            &format!("{GOOD}0"),
            &GOOD.to_uppercase(),
            &GOOD.replace('-', "_"),
            &GOOD.replace("4bf9", "4bg9"),
            &GOOD.replace("4bf9", "+bf9"),
            &GOOD.replace("4bf9", "4bf"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replacen("00", "0", 1),
            &GOOD.replacen("00", "000", 1),
            &format!("{}x", GOOD.replacen("00", "01", 1)),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replace("-01", "-1"),
            &GOOD.replace("-01", "-0x"),
            &long,
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_headers_and_foreign_bytes_are_none() {
        let good = GOOD.as_bytes();
        assert!(TraceParent::of([good]).is_some());
        assert_eq!(TraceParent::of([good, good]), None);
        assert_eq!(TraceParent::of([]), None);
        assert_eq!(TraceParent::of([&[0xff, 0xfe][..]]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(trace in 1u128.., span in 1u64.., sampled: bool) {
            let one = TraceParent { trace, span, sampled };
            prop_assert_eq!(TraceParent::parse(&one.to_string()), Some(one));
        }

        #[test]
        fn what_is_read_is_sound_whatever_it_was(
            text in "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[a-z]{0,5})?|\\PC{0,80}"
        ) {
            if let Some(one) = TraceParent::parse(&text) {
                let TraceParent { trace, span, .. } = one;
                prop_assert!(trace != 0 && span != 0);
                let ids = format!("-{trace:032x}-{span:016x}-");
                prop_assert!(text.contains(&ids));
            }
        }
    }
}
