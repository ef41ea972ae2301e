//! Something that is the same for every caller and made once: a body with its etag.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;

use crate::{answer::Conditional, coded::Coded};

/// A body with its headers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Page {
    body: Arc<Coded>,
    kind: &'static str,
    cache_control: &'static str,
}

impl Page {
    pub(crate) fn new(
        body: impl Into<Bytes>,
        kind: &'static str,
        cache_control: &'static str,
    ) -> Self {
        Self { body: Arc::new(Coded::new(body.into())), kind, cache_control }
    }

    /// The page, or word that it has not changed.
    pub(crate) fn respond(&self, known: &Conditional) -> Response {
        let mut response = known.send(&self.body, self.kind);
        let headers = response.headers_mut();
        let control = HeaderValue::from_static(self.cache_control);
        headers.insert(header::CACHE_CONTROL, control);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}
