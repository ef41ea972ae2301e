//! A body that is ready to be sent, with the headers that say how long it holds, where it came
//! from and how to ask for it again (RFC 9110, 9111, 9211); 304 where the caller has it already.

use std::time::Duration;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{self, IF_NONE_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_128;

use crate::read_through::From;

/// What the caller has already.
pub(crate) struct Conditional(Vec<String>);

impl<S: Sync> FromRequestParts<S> for Conditional {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let tags =
            parts.headers.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
        Ok(Self(tags.flat_map(|tags| tags.split(',')).map(|tag| tag.trim().to_owned()).collect()))
    }
}

impl Conditional {
    /// Whether one of the caller's tags is this one; weak comparison (RFC 9110, 13.1.2).
    pub(crate) fn has(&self, etag: &str) -> bool {
        self.0.iter().any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    }
}

/// An answer with its freshness.
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    /// How long it holds.
    pub(crate) max_age: Duration,
    pub(crate) cache_status: Option<String>,
    pub(crate) last_modified: Option<DateTime<Utc>>,
    /// Headers of this answer alone.
    pub(crate) more: Vec<(HeaderName, String)>,
}

impl Answer {
    /// The answer, or word that it has not changed.
    pub(crate) fn respond(self, known: &Conditional) -> Response {
        let etag = format!("\"{:032x}\"", xxh3_128(&self.body));
        let unchanged = known.has(&etag);
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::ETAG, &etag);
        set(header::VARY, "accept-encoding");
        let age = self.max_age.as_secs();
        let control =
            format!("public, max-age={age}, stale-while-revalidate=60, stale-if-error=86400");
        set(header::CACHE_CONTROL, &control);
        if let Some(status) = &self.cache_status {
            set(HeaderName::from_static("cache-status"), status);
        }
        if let Some(at) = self.last_modified {
            set(header::LAST_MODIFIED, &at.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        }
        for (name, value) in self.more {
            set(name, &value);
        }
        if unchanged {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        (StatusCode::OK, headers, Body::from(self.body)).into_response()
    }
}

/// Where an answer came from, and how long our own cache still holds it.
pub(crate) fn cache_status(from: From, ttl: u64) -> String {
    match from {
        From::Hit => format!("menus5c; hit; ttl={ttl}"),
        From::Stored => "menus5c; fwd=miss; stored".to_owned(),
        From::Copy => "menus5c; fwd=stale".to_owned(),
        From::Postgres => "menus5c; fwd=bypass; detail=postgres".to_owned(),
        From::Live => "menus5c; fwd=bypass; detail=live".to_owned(),
    }
}
