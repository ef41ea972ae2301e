//! Every error that a caller can meet, as a problem (RFC 9457). An internal cause is logged where
//! it is met and never sent. What there is to say of each type is in [`kinds`].

pub(crate) mod kinds;

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use common::entry::NoMenu;
use kinds::Kind;
use serde::Serialize;

use crate::admission::{LONGEST_URI, Policy};

/// The errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// 404
    #[error("Unknown hall_id: {0}")]
    UnknownHall(String),
    /// 400
    #[error("Invalid date format, use YYYY-MM-DD")]
    InvalidDate,
    /// 400
    #[error("{0}")]
    Parameter(String),
    /// 404
    #[error("No menu found for {hall} on {date} for {meal}")]
    NoMenu {
        hall: &'static str,
        date: String,
        meal: String,
        reason: NoMenu,
        /// How long this answer holds.
        left: Duration,
    },
    /// 503: the vendor failed, or nothing can be asked.
    #[error("Menu temporarily unavailable")]
    Unavailable { retry_after: Duration },
    /// 503: not ready in time.
    #[error("Menu is being fetched, try again")]
    Pending,
    /// 503: a list that neither store can give.
    #[error("Temporarily unavailable")]
    StoresAway,
    /// 503: more than this process can have under way.
    #[error("Too many are waiting, try again")]
    Overloaded,
    /// 429
    #[error("Too many {} from your address, try again later", policy.as_str())]
    TooMany { policy: Policy, retry_after: Duration },
    /// 414
    #[error("Path and query are longer than {LONGEST_URI} bytes")]
    UriTooLong,
    /// 400
    #[error("A request here has no body")]
    Body,
    /// 404
    #[error("There is nothing at this path")]
    UnknownPath,
    /// 405
    #[error("Only GET, HEAD and OPTIONS are answered here")]
    Method,
    /// 500
    #[error("Something went wrong on our side")]
    Internal,
}

/// A problem before it knows which request it answers; see [`crate::routes`].
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl ApiError {
    fn kind(&self) -> &'static Kind {
        match self {
            Self::UnknownHall(_) => &kinds::UNKNOWN_HALL,
            Self::InvalidDate => &kinds::INVALID_DATE,
            Self::Parameter(_) => &kinds::INVALID_PARAMETER,
            Self::NoMenu { .. } => &kinds::NO_MENU,
            Self::Unavailable { .. } | Self::StoresAway => &kinds::UNAVAILABLE,
            Self::Pending => &kinds::PENDING,
            Self::Overloaded => &kinds::OVERLOADED,
            Self::TooMany { .. } => &kinds::TOO_MANY_REQUESTS,
            Self::UriTooLong => &kinds::URI_TOO_LONG,
            Self::Body => &kinds::UNEXPECTED_BODY,
            Self::UnknownPath => &kinds::UNKNOWN_PATH,
            Self::Method => &kinds::METHOD_NOT_ALLOWED,
            Self::Internal => &kinds::INTERNAL,
        }
    }

    /// What a caller sees of it.
    fn problem(&self) -> (StatusCode, Problem) {
        let Kind { r#type, status, title, .. } = *self.kind();
        let reason = match self {
            Self::NoMenu { reason, .. } => Some(reason.as_str()),
            Self::Unavailable { .. } => Some("vendor_error"),
            Self::Pending => Some("pending"),
            _ => None,
        };
        let problem = Problem { r#type, title, status, detail: self.to_string(), reason };
        (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), problem)
    }

    fn headers(&self) -> Vec<(HeaderName, String)> {
        let retry = |after: Duration| {
            vec![
                (header::CACHE_CONTROL, "no-store".to_owned()),
                (header::RETRY_AFTER, after.as_secs_f64().ceil().max(1.0).to_string()),
            ]
        };
        match self {
            Self::NoMenu { left, .. } => {
                vec![(header::CACHE_CONTROL, format!("public, max-age={}", left.as_secs()))]
            }
            Self::Unavailable { retry_after } | Self::TooMany { retry_after, .. } => {
                retry(*retry_after)
            }
            Self::Pending | Self::StoresAway | Self::Overloaded => retry(Duration::from_secs(1)),
            // What may still come of such a request is not waited for.
            Self::UriTooLong | Self::Body => vec![
                (header::CACHE_CONTROL, "no-store".to_owned()),
                (header::CONNECTION, "close".to_owned()),
            ],
            Self::Method => vec![(header::ALLOW, "GET, HEAD, OPTIONS".to_owned())],
            _ => vec![(header::CACHE_CONTROL, "no-store".to_owned())],
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, problem) = self.problem();
        let mut response = status.into_response();
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response.extensions_mut().insert(problem);
        response
    }
}

/// Gives a problem its body, once the request is known that it answers.
pub(crate) fn render(mut response: Response, request_id: &str) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(flatten)]
        problem: Problem,
        instance: &'a str,
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let (mut head, _) = response.into_parts();
    let body = Json(Body { problem, instance: request_id }).into_response().into_body();
    let kind = HeaderValue::from_static("application/problem+json");
    head.headers.insert(header::CONTENT_TYPE, kind);
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, body)
}
