//! A query string and a hall in a path, read strictly: each parameter once, in UTF-8, not too long.
//! What is wrong with one is an answer that names it. Parameters that nobody asks for are ignored.

use std::{borrow::Cow, ops::RangeInclusive};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use chrono::NaiveDate;
use common::{entry::parse_date, hall::HallId};
use percent_encoding::percent_decode_str;

use crate::problem::ApiError;

/// The longest value of a parameter, in bytes.
const LONGEST: usize = 64;
/// The same of lists and cursors.
const LONGER: usize = 256;

/// The most words of a list.
pub(crate) const MOST_WORDS: usize = 16;

/// The parameters of one request.
pub(crate) struct Parameters(String);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

/// `{hall_id}` of a path: a hall.
pub(crate) struct HallInPath(pub(crate) HallId);

impl<S: Send + Sync> FromRequestParts<S> for HallInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let wrong = |what: &str| Err(ApiError::Parameter(format!("Parameter hall_id {what}")));
        match Path::<String>::from_request_parts(parts, state).await {
            Err(_) => wrong("is not UTF-8"),
            Ok(Path(asked)) if asked.len() > LONGEST => wrong("is longer than 64 bytes"),
            Ok(Path(asked)) => HallId::parse(&asked).map(Self).ok_or(ApiError::UnknownHall(asked)),
        }
    }
}

impl Parameters {
    /// The parameters of a query string.
    pub(crate) fn of(query: &str) -> Self {
        Self(query.to_owned())
    }

    /// The value of a parameter, or nothing where it is not given.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.within(name, LONGEST)
    }

    /// The same of one that may be longer than others.
    pub(crate) fn longer(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.within(name, LONGER)
    }

    /// A list with commas in between, in lower case, or nothing where it is not given.
    pub(crate) fn words(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let list = self.longer(name)?;
        let word = |word: &str| word.trim().to_ascii_lowercase();
        let Some(list) = list else { return Ok(None) };
        let words: Vec<String> = list.split(',').map(word).collect();
        if words.len() > MOST_WORDS {
            let wrong = format!("Parameter {name} has more than {MOST_WORDS} words");
            return Err(ApiError::Parameter(wrong));
        }
        Ok(Some(words))
    }

    fn within(&self, name: &str, longest: usize) -> Result<Option<String>, ApiError> {
        let wrong = |what: &str| Err(ApiError::Parameter(format!("Parameter {name} {what}")));
        let mut values = self.0.split('&').filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key).as_deref() == Some(name)).then_some(value)
        });
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return wrong("is given more than once");
        }
        let Some(value) = decode(value) else { return wrong("is not UTF-8") };
        if value.len() > longest {
            return wrong(&format!("is longer than {longest} bytes"));
        }
        if value.is_empty() {
            return wrong("is empty");
        }
        Ok(Some(value.into_owned()))
    }

    /// As [`Self::optional`], for a name that is looked for in Postgres, which takes no NUL in a text.
    /// Nothing is called so: another sign that nothing has in its name serves as well.
    pub(crate) fn sought(&self, name: &str) -> Result<Option<String>, ApiError> {
        Ok(self.optional(name)?.map(|value| value.replace('\0', "\u{fffd}")))
    }

    /// The value of a parameter that must be given.
    pub(crate) fn required(&self, name: &str) -> Result<String, ApiError> {
        let missing = || ApiError::Parameter(format!("Parameter {name} is missing"));
        self.optional(name)?.ok_or_else(missing)
    }

    /// `hall_id`: a hall.
    pub(crate) fn hall(&self) -> Result<HallId, ApiError> {
        let asked = self.required("hall_id")?;
        HallId::parse(&asked).ok_or(ApiError::UnknownHall(asked))
    }

    /// A day.
    pub(crate) fn date(&self, name: &str) -> Result<NaiveDate, ApiError> {
        parse_date(&self.required(name)?).ok_or(ApiError::InvalidDate)
    }

    /// A day, or nothing where it is not given. There may be two of them, so the answer to what is
    /// none says which.
    pub(crate) fn optional_date(&self, name: &str) -> Result<Option<NaiveDate>, ApiError> {
        let Some(asked) = self.optional(name)? else { return Ok(None) };
        let wrong = || ApiError::Parameter(format!("Parameter {name}: {}", ApiError::InvalidDate));
        parse_date(&asked).map(Some).ok_or_else(wrong)
    }

    /// A number in this range, in plain digits, or nothing where it is not given.
    pub(crate) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, ApiError> {
        let Some(asked) = self.optional(name)? else { return Ok(None) };
        let plain = asked.bytes().all(|byte| byte.is_ascii_digit());
        let number = asked.parse().ok().filter(|number| plain && range.contains(number));
        let (low, high) = range.into_inner();
        let wrong =
            || ApiError::Parameter(format!("Parameter {name} is no number from {low} to {high}"));
        number.map(Some).ok_or_else(wrong)
    }

    /// The query string without these parameters.
    pub(crate) fn all_but(&self, names: &[&str]) -> String {
        let other = |pair: &&str| {
            let key = pair.split_once('=').map_or(*pair, |(key, _)| key);
            !pair.is_empty() && decode(key).is_none_or(|key| !names.contains(&&*key))
        };
        self.0.split('&').filter(other).collect::<Vec<_>>().join("&")
    }
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    // Most of what is asked needs no decoding.
    if !text.bytes().any(|byte| byte == b'+' || byte == b'%') {
        return Some(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    Some(Cow::Owned(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> Parameters {
        Parameters(query.to_owned())
    }

    #[test]
    fn what_is_wrong_with_a_parameter_names_it() {
        for (query, detail) in [
            ("", "Parameter meal is missing"),
            ("Meal=lunch", "Parameter meal is missing"),
            ("meal", "Parameter meal is empty"),
            ("meal=", "Parameter meal is empty"),
            ("meal=a&x=1&meal=a", "Parameter meal is given more than once"),
            ("meal=a&%6deal=b", "Parameter meal is given more than once"),
            ("meal=%ff", "Parameter meal is not UTF-8"),
            (&format!("meal={}", "x".repeat(65)), "Parameter meal is longer than 64 bytes"),
        ] {
            let error = parameters(query).required("meal").unwrap_err();
            assert_eq!(error.to_string(), detail, "{query}");
        }
    }

    #[test]
    fn values_are_decoded_and_strangers_ignored() {
        let asked = parameters("%ff=%ff&utm=1&meal=late+night&date=2026-02-09&hall_id=hoch&&=");
        assert_eq!(asked.required("meal").unwrap(), "late night");
        assert_eq!(asked.hall().unwrap(), HallId::Hoch);
        assert_eq!(asked.date("date").unwrap().to_string(), "2026-02-09");
        assert_eq!(asked.optional("page").unwrap(), None);
        let longest = "x".repeat(64);
        assert_eq!(parameters(&format!("q={longest}")).required("q").unwrap(), longest);
    }

    #[test]
    fn a_number_is_plain_digits_in_its_range() {
        for (text, number) in [("1", 1), ("007", 7), ("100", 100)] {
            let asked = parameters(&format!("size={text}"));
            assert_eq!(asked.number("size", 1..=100), Ok(Some(number)), "{text}");
        }
        assert_eq!(parameters("").number("size", 1..=100), Ok(None));
        for text in ["0", "101", "-1", "%2B5", "+5", "5.0", "1e1", "٣", "99999999999999999999"] {
            let error = parameters(&format!("size={text}")).number("size", 1..=100).unwrap_err();
            assert_eq!(error.to_string(), "Parameter size is no number from 1 to 100", "{text}");
        }
    }

    #[test]
    fn a_day_that_may_be_absent_is_named_when_it_is_none() {
        let asked = parameters("from=2026-02-09&to=2026-02-30");
        assert_eq!(asked.optional_date("from").unwrap().unwrap().to_string(), "2026-02-09");
        assert_eq!(asked.optional_date("until"), Ok(None));
        let detail = "Parameter to: Invalid date format, use YYYY-MM-DD";
        assert_eq!(asked.optional_date("to").unwrap_err().to_string(), detail);
    }

    #[test]
    fn the_other_parameters_stay_as_they_were_written() {
        let asked = parameters("&a=%20b&p%61ge=1&=x&page&c&page=2&%ff=1");
        assert_eq!(asked.all_but(&["page"]), "a=%20b&=x&c&%ff=1");
    }

    #[test]
    fn a_hall_or_a_day_is_told_from_text_that_is_none() {
        assert_eq!(
            parameters("hall_id=Hoch").hall(),
            Err(ApiError::UnknownHall("Hoch".to_owned()))
        );
        for date in
            ["2026-2-9", "2026-02-30", "20260209", "2026-02-09T00", "%D9%A2026-02-0", "today"]
        {
            let asked = parameters(&format!("date={date}"));
            assert_eq!(asked.date("date"), Err(ApiError::InvalidDate), "{date}");
        }
    }
}
