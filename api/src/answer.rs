//! A body that is ready to be sent, with the headers that say how long it holds, where it came
//! from and how to ask for it again (RFC 9110, 9111, 9211); 304 where the caller has it already.

use std::time::Duration;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{self, ACCEPT_ENCODING, IF_NONE_MATCH},
        request::Parts,
    },
    response::Response,
};
use chrono::{DateTime, Utc};

use crate::{
    coded::{Coded, Coding, Variant},
    served::From,
};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// `cache-status` of what the program itself knows, from no cache and no store.
pub(crate) const STATIC: &str = "menus5c; fwd=bypass; detail=static";

/// What the caller has already, and in which coding it wants what it has not.
pub(crate) struct Conditional {
    known: Vec<HeaderValue>,
    coding: Coding,
}

impl<S: Sync> FromRequestParts<S> for Conditional {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

impl Conditional {
    /// What the headers of a request say of it.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT_ENCODING).iter();
        let accepted: Vec<&str> = accepted.filter_map(|codings| codings.to_str().ok()).collect();
        let coding = match accepted.as_slice() {
            [] => Coding::Identity,
            [one] => Coding::best(one),
            many => Coding::best(&many.join(",")),
        };
        Self { known: headers.get_all(IF_NONE_MATCH).iter().cloned().collect(), coding }
    }

    /// This body in the coding that the caller wants, or word that it has it already.
    pub(crate) fn send(&self, body: &Coded, kind: &'static str) -> Response {
        let (variant, coding) = body.variant(self.coding);
        self.send_variant(variant, coding, kind)
    }

    /// The same, of one that is in its coding already.
    pub(crate) fn send_variant(
        &self,
        variant: &Variant,
        coding: Coding,
        kind: &'static str,
    ) -> Response {
        let unchanged = self.has(&variant.etag);
        let body = if unchanged { Body::empty() } else { Body::from(variant.bytes.clone()) };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.reserve(16);
        headers.insert(header::ETAG, variant.etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(name) = coding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }

    /// Whether one of the caller's tags is this one; weak comparison (RFC 9110, 13.1.2).
    fn has(&self, etag: &HeaderValue) -> bool {
        let is =
            |tag: &str| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag.as_bytes();
        let tags = self.known.iter().filter_map(|tags| tags.to_str().ok());
        tags.flat_map(|tags| tags.split(',')).any(|tag| is(tag.trim()))
    }
}

/// An answer with its freshness.
pub(crate) struct Answer<'a> {
    pub(crate) body: &'a Coded,
    /// How long it holds.
    pub(crate) max_age: Duration,
    pub(crate) cache_status: Option<String>,
    pub(crate) last_modified: Option<HeaderValue>,
    /// Headers of this answer alone.
    pub(crate) more: Vec<(HeaderName, String)>,
}

impl Answer<'_> {
    /// The answer, or word that it has not changed.
    pub(crate) fn respond(self, known: &Conditional) -> Response {
        let mut response = known.send(self.body, "application/json");
        let headers = response.headers_mut();
        let age = self.max_age.as_secs().to_string();
        // Not by `format!`, which takes as long as all other headers of a hit together.
        let control =
            ["public, max-age=", &age, ", stale-while-revalidate=60, stale-if-error=86400"]
                .concat();
        set(headers, header::CACHE_CONTROL, control);
        if let Some(status) = self.cache_status {
            set(headers, CACHE_STATUS, status);
        }
        if let Some(at) = self.last_modified {
            headers.insert(header::LAST_MODIFIED, at);
        }
        for (name, value) in self.more {
            set(headers, name, value);
        }
        response
    }
}

/// Says of an answer that nobody may show it after `end`, stale or not: what it shows is of the past then.
pub(crate) fn ends_within(response: &mut Response, max_age: Duration, end: Duration) {
    let max_age = max_age.min(end);
    let (age, rest) = (max_age.as_secs(), (end - max_age).as_secs());
    let (meanwhile, on_error) = (rest.min(60), rest.min(86_400));
    let control = format!(
        "public, max-age={age}, stale-while-revalidate={meanwhile}, stale-if-error={on_error}"
    );
    set(response.headers_mut(), header::CACHE_CONTROL, control);
}

/// Leaves out what can be no header.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// An instant as headers write it (RFC 9110, 5.6.7).
pub(crate) fn http_date(at: DateTime<Utc>) -> Option<HeaderValue> {
    HeaderValue::try_from(at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

/// Where an answer came from, and how long our own cache still holds it.
pub(crate) fn cache_status(from: From, ttl: u64) -> String {
    match from {
        From::Hit => ["menus5c; hit; ttl=", &ttl.to_string()].concat(),
        From::Stored => "menus5c; fwd=miss; stored".to_owned(),
        From::Copy => "menus5c; fwd=stale".to_owned(),
        From::Postgres => "menus5c; fwd=bypass; detail=postgres".to_owned(),
        From::Live => "menus5c; fwd=bypass; detail=live".to_owned(),
    }
}
