//! Who may read our answers in a browser: everybody, or the pages of some origins.

use std::{convert::Infallible, future::ready, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use common::traces::HEADER;
use futures::FutureExt;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    admission::{RATE_LIMIT, RATE_LIMIT_POLICY},
    answered::REQUEST_ID,
};

/// For all answers, and for the questions that browsers ask beforehand. `allowed`: origins; none means all.
pub(crate) fn layer(allowed: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let origins = if allowed.is_empty() { AllowOrigin::any() } else { AllowOrigin::list(origins) };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers([
            header::ACCEPT,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            REQUEST_ID,
            HeaderName::from_static(HEADER),
        ])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::RETRY_AFTER,
            RATE_LIMIT,
            RATE_LIMIT_POLICY,
            HeaderName::from_static("cache-status"),
            REQUEST_ID,
            HeaderName::from_static("x-total-count"),
        ])
        .max_age(Duration::from_secs(86_400))
}

/// What that layer adds to the answer to a plain `GET`. It depends on nothing but the origin, so it is
/// asked once for each.
pub(crate) struct Learnt {
    listed: Vec<(HeaderValue, HeaderMap)>,
    others: HeaderMap,
}

impl Learnt {
    pub(crate) fn of(allowed: &[String]) -> Self {
        let origins = allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        let listed = origins.map(|origin| (origin.clone(), added(allowed, Some(origin)))).collect();
        Self { listed, others: added(allowed, None) }
    }

    /// Adds it, as the layer does.
    pub(crate) fn add(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        let origin = asked.get(header::ORIGIN);
        let listed = self.listed.iter().find(|(listed, _)| Some(listed) == origin);
        let headers = listed.map_or(&self.others, |(_, headers)| headers);
        for (name, value) in headers {
            answer.append(name, value.clone());
        }
    }
}

fn added(allowed: &[String], origin: Option<HeaderValue>) -> HeaderMap {
    let nothing = service_fn(|_| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let mut request = Request::new(Body::empty());
    if let Some(origin) = origin {
        request.headers_mut().insert(header::ORIGIN, origin);
    }
    let answered = layer(allowed).layer(nothing).oneshot(request).now_or_never();
    let Some(Ok(answer)) = answered else { return HeaderMap::new() };
    answer.into_parts().0.headers
}
