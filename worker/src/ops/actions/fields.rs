//! What a form or a JSON body says: names and values, each once. Who asks for a value names it, so
//! that an error can name it too; what nobody asked for is an error, since it may be a misspelling.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use serde_json::Value;
use url::form_urlencoded;

use super::Refusal;

/// No value is longer, in bytes.
const LONGEST: usize = 600;

/// See the top of the file.
#[derive(Debug, Default, Clone)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = Kind::of(request.headers())?;
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status();
            Refusal::new(status, "The body is too large, or did not come whole")
        })?;
        Self::parse(kind, &body)
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Form,
    Json,
}

impl Kind {
    /// A page elsewhere can send other types without asking first, so they are not taken.
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let said = said.and_then(|said| said.split(';').next()).unwrap_or_default();
        match said.trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            "application/json" => Ok(Self::Json),
            _ => Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send application/x-www-form-urlencoded or application/json",
            )),
        }
    }
}

impl Fields {
    fn parse(kind: Kind, body: &[u8]) -> Result<Self, Refusal> {
        let pairs = match kind {
            Kind::Form => form_urlencoded::parse(body).into_owned().collect(),
            Kind::Json => json_pairs(body)?,
        };
        let mut fields = BTreeMap::new();
        for (name, value) in pairs {
            if value.len() > LONGEST {
                return Err(Refusal::value(&name, "is too long"));
            }
            if fields.insert(name.clone(), value.trim().to_owned()).is_some() {
                return Err(Refusal::bad(format!("{name} is given twice")));
            }
        }
        Ok(Self(fields))
    }

    /// What a form says.
    #[cfg(test)]
    pub(crate) fn of(form: &str) -> Self {
        Self::parse(Kind::Form, form.as_bytes()).expect("a form")
    }

    /// A value that must be there. Empty is not there: a form sends every field that it has.
    pub(crate) fn one(&mut self, name: &str) -> Result<String, Refusal> {
        self.maybe(name).ok_or_else(|| Refusal::value(name, "is missing"))
    }

    /// A value that may be there.
    pub(crate) fn maybe(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// A value that must be there and mean something.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Refusal> {
        let text = self.one(name)?;
        parse(&text).ok_or_else(|| Refusal::value(name, &format!("must be {expected}")))
    }

    /// Nothing is left that nobody asked for.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.0.into_iter().find(|(_, value)| !value.is_empty()) {
            Some((name, _)) => Err(Refusal::value(&name, "is not known here")),
            None => Ok(()),
        }
    }

    /// Names and values, as a form would send them again.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A flat object; `null` is not there.
fn json_pairs(body: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let wrong = || Refusal::bad("The body is not a JSON object of plain values".to_owned());
    let object: serde_json::Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| wrong())?;
    let pair = |(name, value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        Value::Bool(true) => Some((name, "yes".to_owned())),
        Value::Bool(false) | Value::Null => Some((name, String::new())),
        Value::Array(_) | Value::Object(_) => None,
    };
    object.into_iter().map(pair).collect::<Option<_>>().ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_json_say_the_same() {
        let form = Fields::parse(Kind::Form, b"hall=hoch&meal=&reason=a+%26+b").unwrap();
        let json = br#"{"hall":"hoch","meal":null,"reason":" a & b "}"#;
        let json = Fields::parse(Kind::Json, json).unwrap();
        for mut fields in [form, json] {
            assert_eq!(fields.one("hall").unwrap(), "hoch");
            assert_eq!(fields.maybe("meal"), None);
            assert_eq!(fields.one("meal").unwrap_err().text, "meal is missing");
            assert_eq!(fields.clone().finish().unwrap_err().text, "reason is not known here");
            assert_eq!(fields.one("reason").unwrap(), "a & b");
            assert!(fields.finish().is_ok());
        }
    }

    #[test]
    fn what_is_no_list_of_values_is_refused() {
        let status = |kind, body: &str| Fields::parse(kind, body.as_bytes()).unwrap_err().status;
        for body in ["", "[]", "1", "{", r#"{"a":{}}"#, r#"{"a":[1]}"#, "a=1"] {
            assert_eq!(status(Kind::Json, body), StatusCode::BAD_REQUEST, "{body}");
        }
        assert_eq!(status(Kind::Form, "a=1&a=2"), StatusCode::BAD_REQUEST);
        let long = format!("a={}", "x".repeat(LONGEST + 1));
        assert_eq!(status(Kind::Form, &long), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
