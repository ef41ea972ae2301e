//! Only pages of this very listener may change anything. A browser that is logged in would send its
//! password along for any page; so what changes something must say where it comes from, and a page
//! cannot lie there. The whole listener has a guard; this check holds by itself.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::Refusal;

/// In front of every route of actions.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || is_from_here(request.headers()) {
        return next.run(request).await;
    }
    let why = "Only pages of this very address may ask for that; a program says so with the header Origin";
    Refusal::new(StatusCode::FORBIDDEN, why).answer(request.uri().path())
}

/// Where both headers are there, both must say so. The scheme is not compared: whoever ends TLS in
/// front of us speaks HTTP with us.
fn is_from_here(headers: &HeaderMap) -> bool {
    let one = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        (values.next().and_then(|value| value.to_str().ok()), values.next().is_some())
    };
    let fetched = match one(HeaderName::from_static("sec-fetch-site")) {
        (_, true) => return false,
        (fetched, false) => fetched,
    };
    if fetched.is_some_and(|site| site != "same-origin") {
        return false;
    }
    match (one(header::ORIGIN), one(header::HOST)) {
        ((Some(origin), false), (Some(host), false)) => {
            let name = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            name.is_some_and(|name| name.eq_ignore_ascii_case(host))
        }
        ((None, false), _) => fetched.is_some() && !headers.contains_key(header::ORIGIN),
        _ => false,
    }
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
