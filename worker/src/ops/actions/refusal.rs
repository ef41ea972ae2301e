//! Why something is not done, as a page or as a problem (RFC 9457): whoever asked at `/ops/api/` gets
//! JSON, everybody else a page.

use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use common::{cache::CacheError, link::LinkError, store::StoreError};
use maud::html;
use serde_json::json;

use crate::ops::page::page_in;

/// See the top of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// The request cannot be read.
    pub(crate) fn bad(text: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// A value is not one that can be meant.
    pub(crate) fn value(name: &str, what: &str) -> Self {
        let name: String = name.chars().take(40).collect();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{name} {what}"))
    }

    /// It does not fit with how things are.
    pub(crate) fn conflict(text: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    /// There is no such thing (any more).
    pub(crate) fn gone(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no such {what} (any more)"))
    }

    /// Redis cannot be asked.
    pub(crate) fn redis(error: &dyn std::error::Error) -> Self {
        tracing::warn!(%error, "the ops side cannot ask Redis");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Redis cannot be asked at the moment")
    }

    /// Postgres cannot be asked.
    pub(crate) fn postgres(error: &StoreError) -> Self {
        tracing::warn!(%error, "the ops side cannot ask Postgres");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Postgres cannot be asked at the moment")
    }

    /// For programs.
    pub(crate) fn problem(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": self.text,
        });
        let kind = (CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        (self.status, [kind], body.to_string()).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let title = match self.status {
            StatusCode::NOT_FOUND => "Not there",
            StatusCode::SERVICE_UNAVAILABLE => "Not at the moment",
            _ => "Not done",
        };
        let body = html! {
            p.note.bad role="alert" { (self.text) "." }
            p { "Nothing was changed. Your browser's way back leads to the form as you filled it in." }
            div.buttons { a.button href="/ops/actions" { "All actions" } }
        };
        page_in("", self.status, title, body)
    }
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Self {
        Self::redis(&error)
    }
}

impl From<CacheError> for Refusal {
    fn from(error: CacheError) -> Self {
        Self::redis(&error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::postgres(&error)
    }
}
