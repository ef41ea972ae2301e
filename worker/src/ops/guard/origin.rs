//! Only pages of this very listener may change anything. A browser that is logged in would send its
//! password along for any page; so what changes something must say where it comes from, and a page
//! cannot lie there.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{is_safe, only};
use crate::ops::actions::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const WHY: &str =
    "Only pages of this very address may ask for that; a program says so with the header Origin";

/// Lets through what changes nothing, and of the rest what a page of this very listener sent.
pub(in crate::ops) async fn same_origin(request: Request, next: Next) -> Response {
    if is_safe(request.method()) || is_from_here(request.headers()) {
        return next.run(request).await;
    }
    if request.uri().path().starts_with("/ops/api/") {
        return Refusal::new(StatusCode::FORBIDDEN, WHY).problem();
    }
    (StatusCode::FORBIDDEN, WHY).into_response()
}

/// Where both headers are there, both must say so.
fn is_from_here(headers: &HeaderMap) -> bool {
    let origin = headers.contains_key(ORIGIN).then(|| names_us(headers));
    let fetched = headers
        .contains_key(SEC_FETCH_SITE)
        .then(|| only(headers, &SEC_FETCH_SITE) == Some("same-origin"));
    (origin.is_some() || fetched.is_some()) && origin != Some(false) && fetched != Some(false)
}

/// The scheme is not compared: whoever ends TLS in front of us speaks HTTP with us.
fn names_us(headers: &HeaderMap) -> bool {
    let name = only(headers, &ORIGIN).and_then(|origin| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
    });
    name.zip(only(headers, &HOST)).is_some_and(|(name, host)| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_our_own_pages_are_from_here() {
        let from_here = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                let name = HeaderName::from_static(name);
                headers.append(name, HeaderValue::from_static(value));
            }
            is_from_here(&headers)
        };
        let host = ("host", "ops.example:8081");
        let ours = ("origin", "http://ops.example:8081");
        assert!(from_here(&[host, ours]));
        assert!(from_here(&[host, ("origin", "https://OPS.example:8081")]), "TLS ended before us");
        assert!(from_here(&[host, ours, ("sec-fetch-site", "same-origin")]));
        assert!(from_here(&[host, ("sec-fetch-site", "same-origin")]));
        for foreign in [
            &[host] as &[_],
            &[ours],
            &[host, ("origin", "null")],
            &[host, ("origin", "")],
            &[host, ("origin", "http://ops.example")],
            &[host, ("origin", "http://ops.example:8082")],
            &[host, ("origin", "http://evil.example")],
            &[host, ("origin", "http://ops.example:8081.evil.example")],
            &[host, ("origin", "ftp://ops.example:8081")],
            &[host, ours, ("origin", "http://evil.example")],
            &[host, ("host", "evil.example"), ("origin", "http://evil.example")],
            &[host, ours, ("sec-fetch-site", "same-site")],
            &[host, ours, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        ] {
            assert!(!from_here(foreign), "{foreign:?}");
        }
    }
}
