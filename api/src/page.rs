//! Something that is the same for every caller and made once: a page or a file, with its etag. What
//! is large is kept compressed, and unpacked for the few who cannot read it so.

use std::io::Read;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::read::GzDecoder;
use xxhash_rust::xxh3::xxh3_128;

use crate::answer::Conditional;

/// A body with its headers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Page {
    body: Bytes,
    packed: bool,
    kind: &'static str,
    cache_control: &'static str,
    headers: &'static [(HeaderName, &'static str)],
    hash: String,
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
        let hash = format!("{:032x}", xxh3_128(&body));
        let (cache_control, headers) = ("public, max-age=300", &[]);
        Self { body, packed: false, kind, cache_control, headers, hash }
    }

    /// The same, of a body that is a gzip file.
    pub(crate) fn packed(body: &'static [u8], kind: &'static str) -> Self {
        Self { packed: true, ..Self::new(body, kind) }
    }

    /// With headers of its own.
    pub(crate) fn with(self, headers: &'static [(HeaderName, &'static str)]) -> Self {
        Self { headers, ..self }
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
        let sent_packed = self.packed && reader.unpacks;
        let etag = format!("\"{}{}\"", self.hash, if sent_packed { "-gzip" } else { "" });
        let unchanged = reader.known.has(&etag);
        let mut response = match (unchanged, self.packed && !sent_packed) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, false) => Body::from(self.body.clone()).into_response(),
            (false, true) => unpacked(&self.body),
        };
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::ETAG, &etag);
        set(header::CACHE_CONTROL, self.cache_control);
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        if self.packed {
            set(header::VARY, "accept-encoding");
        }
        for (name, value) in self.headers {
            set(name.clone(), value);
        }
        if !unchanged {
            set(header::CONTENT_TYPE, self.kind);
            if sent_packed {
                set(header::CONTENT_ENCODING, "gzip");
            }
        }
        response
    }
}

/// Only ever of a file that was built in.
fn unpacked(packed: &[u8]) -> Response {
    let mut body = Vec::new();
    match GzDecoder::new(packed).read_to_end(&mut body) {
        Ok(_) => Body::from(body).into_response(),
        Err(_) => crate::problem::ApiError::Internal.into_response(),
    }
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
