//! A query string, read strictly: each parameter once, in UTF-8, not too long. What is wrong with
//! one is an answer that names it. Parameters that nobody asks for are ignored.

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::NaiveDate;
use common::{entry::parse_date, hall::HallId};
use percent_encoding::percent_decode_str;

use crate::problem::ApiError;

/// The longest value of a parameter, in bytes.
const LONGEST: usize = 64;

/// The parameters of one request.
pub(crate) struct Parameters(String);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.uri.query().unwrap_or_default().to_owned()))
    }
}

impl Parameters {
    /// The value of a parameter, or nothing where it is not given.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<String>, ApiError> {
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
        if value.len() > LONGEST {
            return wrong("is longer than 64 bytes");
        }
        if value.is_empty() {
            return wrong("is empty");
        }
        Ok(Some(value))
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
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
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
