//! What is let in: a request that no answer is owed (a body, an endless path, one more of a client who
//! asks too much) is refused here, before any work is done for it. Who is let in is remembered while
//! the request is answered, so that what turns out to be dear can be charged to them.

mod bucket;
mod clients;
mod forwarded;
mod policy;

use std::{
    convert::Infallible,
    future::ready,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::HttpBody,
    extract::Request,
    response::{IntoResponse, Response},
};
use common::metrics::REQUESTS_REFUSED;
use futures::future::BoxFuture;
use tower::{Layer, Service};

pub(crate) use clients::{Clients, Peer, RATE_LIMIT, RATE_LIMIT_POLICY};
pub(crate) use forwarded::Proxies;
pub(crate) use policy::{Policy, RateLimit};

use crate::problem::ApiError;
use clients::Client;

/// The longest path and query, in bytes.
pub(crate) const LONGEST_URI: usize = 2048;
/// Whoever asks whether the process lives must be told, however often it is asked.
const FREE: [&str; 2] = ["/healthz", "/readyz"];

/// What clients may do; see `docs/operations.md`.
#[derive(Debug, Clone)]
pub(crate) struct AdmissionSettings {
    pub(crate) rate_limit: RateLimit,
    /// Whose word is taken on who asks.
    pub(crate) proxies: Proxies,
    /// Connections of one client at once.
    pub(crate) connections_each: usize,
}

tokio::task_local! {
    /// Whose request is being answered.
    static CLIENT: Arc<Client>;
}

/// What was taken of a client's allowance.
pub(crate) struct Charge(Option<(Arc<Client>, Policy)>);

/// Charges the client whose request is being answered. What nobody asked for is free.
///
/// # Errors
/// When they have used up what the policy gives.
pub(crate) fn charge(policy: Policy) -> Result<Charge, ApiError> {
    let Ok(client) = CLIENT.try_with(Arc::clone) else { return Ok(Charge(None)) };
    take(&client, policy)?;
    Ok(Charge(Some((client, policy))))
}

impl Charge {
    /// It was not dear after all.
    pub(crate) fn put_back(self) {
        if let Some((client, policy)) = self.0 {
            client.put_back(policy);
        }
    }
}

fn take(client: &Client, policy: Policy) -> Result<(), ApiError> {
    client.take(policy).map_err(|retry_after| {
        REQUESTS_REFUSED.one(&[policy.as_str()]);
        ApiError::TooMany { policy, retry_after }
    })
}

/// Puts the admission before a service.
#[derive(Clone)]
pub(crate) struct Admission(pub(crate) Clients);

impl<S> Layer<S> for Admission {
    type Service = Admitted<S>;

    fn layer(&self, inner: S) -> Admitted<S> {
        Admitted { clients: self.0.clone(), inner }
    }
}

/// A service that is asked only what is let in.
#[derive(Clone)]
pub(crate) struct Admitted<S> {
    clients: Clients,
    inner: S,
}

impl<S> Admitted<S> {
    fn admit(&self, request: &Request) -> Result<Option<Arc<Client>>, ApiError> {
        if request.uri().path_and_query().is_some_and(|asked| asked.as_str().len() > LONGEST_URI) {
            REQUESTS_REFUSED.one(&["uri"]);
            return Err(ApiError::UriTooLong);
        }
        // With another method it is refused for that.
        if request.method().is_safe() && !request.body().is_end_stream() {
            REQUESTS_REFUSED.one(&["body"]);
            return Err(ApiError::Body);
        }
        let Some(peer) = request.extensions().get::<Peer>() else { return Ok(None) };
        if FREE.contains(&request.uri().path().trim_end_matches('/')) {
            return Ok(None);
        }
        Ok(Some(self.clients.of(peer, request.headers())))
    }
}

impl<S> Service<Request> for Admitted<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let client = match self.admit(&request) {
            Ok(Some(client)) => client,
            Ok(None) => return Box::pin(self.inner.call(request)),
            Err(refused) => return Box::pin(ready(Ok(refused.into_response()))),
        };
        if let Err(refused) = take(&client, Policy::Requests) {
            let mut response = refused.into_response();
            client.tell(response.headers_mut());
            return Box::pin(ready(Ok(response)));
        }
        let answering = self.inner.call(request);
        Box::pin(CLIENT.scope(Arc::clone(&client), async move {
            let mut response = answering.await?;
            client.tell(response.headers_mut());
            Ok(response)
        }))
    }
}
