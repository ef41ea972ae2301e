//! What every request of the ops side passes: is it meant for us, does it come from somebody who may
//! look, and if it would change something, was it sent by one of our own pages? And what every answer
//! says to the browser that shows it.

mod login;
mod origin;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{Extension, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY,
            RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{audit::Who, listener::Ends};
use crate::config::OpsSettings;
use login::{Doorkeeper, Verdict};
pub(super) use origin::same_origin;

/// What a browser is told of every answer. Scripts and styles come from this listener alone; what a
/// page needs beyond that it adds to the policy by itself.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who may look, and under which names.
pub(super) struct Guard {
    doorkeeper: Option<Doorkeeper>,
    /// Who it is that was let in.
    who: Who,
    hosts: Vec<String>,
}

/// Why a request goes no further.
enum Refusal {
    /// Its `Host` is none of our names: a page elsewhere that had its name point to us.
    NotForUs,
    /// Nobody who may look, as far as it says.
    Stranger,
    /// Too many wrong log-ins from there.
    Locked(Duration),
}

impl Guard {
    pub(super) fn new(settings: OpsSettings) -> Self {
        let doorkeeper = settings.login.as_ref().map(Doorkeeper::new);
        let who = settings.login.map_or_else(|| "loopback".to_owned(), |login| login.user);
        Self { doorkeeper, who: Who(who), hosts: settings.hosts }
    }

    fn admit(&self, request: &Request, ends: Ends) -> Result<(), Refusal> {
        if !self.is_our_name(request, ends.ours) {
            return Err(Refusal::NotForUs);
        }
        let Some(doorkeeper) = &self.doorkeeper else { return Ok(()) };
        let said = request.headers().get(AUTHORIZATION);
        match doorkeeper.judge(said, ends.theirs, Instant::now()) {
            Verdict::Known => Ok(()),
            Verdict::Unknown => Err(Refusal::Stranger),
            Verdict::Locked(wait) => Err(Refusal::Locked(wait)),
        }
    }

    /// By any port: a tunnel has its own.
    fn is_our_name(&self, request: &Request, ours: IpAddr) -> bool {
        let Some(host) = only(request.headers(), &HOST) else { return false };
        let Ok(authority) = host.parse::<Authority>() else { return false };
        if host.contains('@') || request.uri().authority().is_some_and(|other| *other != authority)
        {
            return false;
        }
        let name = authority.host().to_ascii_lowercase();
        match name.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback() || address.to_canonical() == ours,
            Err(_) => {
                name == "localhost" || name.ends_with(".localhost") || self.hosts.contains(&name)
            }
        }
    }
}

/// The text of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// In front of everything.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    Extension(ends): Extension<Ends>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(guard.who.clone());
    let mut answer = match guard.admit(&request, ends) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = answer.headers_mut();
    let policy = HeaderValue::from_static(POLICY);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Pages with forms have a policy of their own: without a referrer a browser names no origin either.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Whether it changes nothing.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NotForUs => {
                (StatusCode::MISDIRECTED_REQUEST, "This is no name of this listener (OPS_HOSTS).\n")
                    .into_response()
            }
            Self::Stranger => {
                let challenge = "Basic realm=\"5C Menus, ops side\", charset=\"UTF-8\"";
                let headers = [(WWW_AUTHENTICATE, challenge)];
                (StatusCode::UNAUTHORIZED, headers, "Log in.\n").into_response()
            }
            Self::Locked(wait) => {
                let seconds = wait.as_secs().saturating_add(1).to_string();
                let text = "Too many wrong log-ins from your address.\n";
                (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds)], text).into_response()
            }
        }
    }
}
