//! What the api says of itself in figures, and where: a listener of its own, never the one of
//! callers. What is counted is named in [`common::metrics`].

use std::net::SocketAddr;

use axum::{
    Router,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
    routing::get,
};
use common::{
    entry::Entry,
    metrics::{self, BREAKER_OPEN, FLIGHTS, MENUS, WAITERS},
    telemetry,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    StartError,
    app::App,
    event_loops::EventLoops,
    flights::Landing,
    front_door::{Door, Limits},
    problem::ApiError,
    served::From,
};

/// Scrapers come one by one; more than this is none.
const CONNECTIONS: usize = 32;

/// Counts an answer by where it came from, and passes it on.
pub(crate) fn menu(landing: Landing) -> Landing {
    MENUS.one(&[match &landing {
        Ok(served) => match (&served.ready.entry, served.from) {
            (Entry::NoMenu { .. }, _) => "no_menu",
            (Entry::Failed { .. }, _) => "unavailable",
            (Entry::Menu { .. }, From::Hit) => "hit",
            (Entry::Menu { .. }, From::Stored) => "stored",
            (Entry::Menu { .. }, From::Copy) => "copy",
            (Entry::Menu { .. }, From::Postgres) => "postgres",
            (Entry::Menu { .. }, From::Live) => "live",
        },
        Err(ApiError::Pending) => "pending",
        Err(ApiError::TooMany { .. } | ApiError::Overloaded) => "refused",
        Err(_) => "unavailable",
    }]);
    landing
}

/// Serves `/metrics` and nothing else there, until the token is cancelled.
pub(crate) async fn listen(
    address: SocketAddr,
    app: App,
    limits: Limits,
    loops: EventLoops,
    stop: &CancellationToken,
) -> Result<(), StartError> {
    let listener = TcpListener::bind(address).await.map_err(StartError::Metrics)?;
    telemetry::metrics_at(listener.local_addr().map_err(StartError::Metrics)?);
    let router = Router::new().route("/metrics", get(show)).with_state(app);
    let (limits, stop) = (Limits { connections: CONNECTIONS, ..limits }, stop.clone());
    let door = Door { name: "metrics", router, limits, loops, express: None };
    tokio::spawn(async move { door.serve(listener, &stop).await });
    Ok(())
}

async fn show(State(app): State<App>) -> Response {
    let away = |is_away| Some(u64::from(is_away));
    BREAKER_OPEN.set(&["postgres"], away(app.store.is_away()));
    BREAKER_OPEN.set(&["redis"], app.redis.as_ref().and_then(|redis| away(redis.link.is_away())));
    FLIGHTS.set(&[], u64::try_from(app.flights.count()).ok());
    WAITERS.set(&[], u64::try_from(app.flights.waiters()).ok());
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::render(metrics::API)).into_response()
}
