//! Something that is the same for every caller and made once: a body with its etag.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use crate::answer::Conditional;

/// A body with its headers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Page {
    body: Bytes,
    kind: &'static str,
    cache_control: &'static str,
    etag: String,
}

impl Page {
    pub(crate) fn new(
        body: impl Into<Bytes>,
        kind: &'static str,
        cache_control: &'static str,
    ) -> Self {
        let body = body.into();
        let etag = format!("\"{:032x}\"", xxh3_128(&body));
        Self { body, kind, cache_control, etag }
    }

    /// The page, or word that it has not changed.
    pub(crate) fn respond(&self, known: &Conditional) -> Response {
        let unchanged = known.has(&self.etag);
        let body = if unchanged { Body::empty() } else { Body::from(self.body.clone()) };
        let mut response = body.into_response();
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        let control = HeaderValue::from_static(self.cache_control);
        headers.insert(header::CACHE_CONTROL, control);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        }
        response
    }
}
