//! Something that is the same for every caller and made once: a page or a file, with its etag. What
//! is large is kept compressed, and unpacked for the few who cannot read it so.

use std::{io::Read, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, header, request::Parts},
    response::Response,
};
use bytes::Bytes;
use flate2::read::GzDecoder;
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    answer::Conditional,
    coded::{Coded, Coding, Variant},
};

/// A body with its headers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Page {
    body: Body,
    kind: &'static str,
    cache_control: &'static str,
    headers: &'static [(HeaderName, &'static str)],
    hash: String,
}

#[derive(Clone)]
enum Body {
    Made(Arc<Coded>),
    /// A gzip file.
    Packed(&'static [u8]),
}

/// What a caller has already, and whether it reads gzip.
pub(crate) struct Reader {
    known: Conditional,
    unpacks: bool,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let known = Conditional::from_request_parts(parts, state).await?;
        let accepted = parts.headers.get_all(header::ACCEPT_ENCODING).iter();
        let unpacks = accepted.filter_map(|line| line.to_str().ok()).any(names_gzip);
        Ok(Self { known, unpacks })
    }
}

/// Whether an `accept-encoding` allows gzip by name (RFC 9110, 12.5.3).
fn names_gzip(line: &str) -> bool {
    line.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        named && weight.is_none_or(|weight| weight > 0.0)
    })
}

impl Page {
    /// A page that may change with a release.
    pub(crate) fn new(body: impl Into<Bytes>, kind: &'static str) -> Self {
        let body = body.into();
        let hash = hash(&body);
        Self::of(Body::Made(Arc::new(Coded::new(body))), hash, kind)
    }

    /// The same, of a body that is a gzip file.
    pub(crate) fn packed(body: &'static [u8], kind: &'static str) -> Self {
        Self::of(Body::Packed(body), hash(body), kind)
    }

    const fn of(body: Body, hash: String, kind: &'static str) -> Self {
        Self { body, kind, cache_control: "public, max-age=300", headers: &[], hash }
    }

    /// With headers of its own.
    pub(crate) fn with(self, headers: &'static [(HeaderName, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    /// For so long, by this `cache-control`.
    pub(crate) fn lasting(self, cache_control: &'static str) -> Self {
        Self { cache_control, ..self }
    }

    /// For ever the same under the address that it is served at.
    pub(crate) fn immutable(self) -> Self {
        Self { cache_control: "public, max-age=31536000, immutable", ..self }
    }

    /// Some characters that change with the body.
    pub(crate) fn mark(&self) -> &str {
        self.hash.get(..12).unwrap_or_default()
    }

    /// The page, or word that it has not changed.
    pub(crate) fn respond(&self, reader: &Reader) -> Response {
        let mut response = match &self.body {
            Body::Made(body) => reader.known.send(body, self.kind),
            Body::Packed(packed) => self.unpacked_if_need_be(packed, reader),
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for (name, value) in self.headers {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        response
    }

    fn unpacked_if_need_be(&self, packed: &'static [u8], reader: &Reader) -> Response {
        let (bytes, mark, coding) = if reader.unpacks {
            (Bytes::from_static(packed), "-gz", Coding::Gzip)
        } else {
            (unpacked(packed), "", Coding::Identity)
        };
        let etag = HeaderValue::try_from(format!("\"{}{mark}\"", self.hash));
        let etag = etag.unwrap_or(HeaderValue::from_static("\"\""));
        reader.known.send_variant(&Variant { bytes, etag }, coding, self.kind)
    }
}

fn hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// Only ever of a file that was built in.
fn unpacked(packed: &[u8]) -> Bytes {
    let mut body = Vec::new();
    if let Err(error) = GzDecoder::new(packed).read_to_end(&mut body) {
        tracing::error!(%error, "a file that was built in cannot be unpacked");
    }
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_who_names_it_and_does_not_refuse_it() {
        for line in ["gzip", "br, GZIP;q=0.5", "deflate,gzip ;q=1.0", "gzip;x=y"] {
            assert!(names_gzip(line), "{line}");
        }
        for line in ["", "br", "gzip;q=0", "gzip; q=0.000", "identity, x-gzipped", "*;q=0"] {
            assert!(!names_gzip(line), "{line}");
        }
    }
}
