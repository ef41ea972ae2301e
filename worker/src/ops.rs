//! The ops side: what a person or a supervisor may look at and do. Every page is registered here, and
//! all of them stand behind the [`guard`].

mod actions;
mod audit;
mod board;
mod dead;
mod guard;
mod health;
mod listener;
mod overrides;
mod page;
mod schedule;
mod status;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use common::{cache::Cache, link::Link, readiness::Readiness, store::Store, telemetry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::OpsSettings,
    queue::{Dashboard, Depth},
    schedule::Warmer,
};
pub(crate) use actions::Desk;
use guard::Guard;

/// The largest body that anything here takes, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// What the ops side looks at.
pub(crate) struct Ops {
    pub(crate) cache: Cache,
    pub(crate) store: Store,
    pub(crate) link: Link,
    pub(crate) readiness: Readiness,
    pub(crate) depth: Depth,
    pub(crate) desk: actions::Desk,
    pub(crate) warmer: Arc<Warmer>,
}

/// Answers until the token is cancelled.
pub(crate) async fn serve(
    listener: TcpListener,
    settings: OpsSettings,
    ops: Arc<Ops>,
    dashboard: Dashboard,
    stop: CancellationToken,
) {
    let (limits, board) = (settings.limits, board::routes(dashboard, stop.clone()));
    let router = router(settings, ops, board);
    listener::serve("ops", listener, router, limits, stop).await;
}

/// Health and metrics at an address of their own, for those who have no password.
pub(crate) async fn serve_metrics(
    address: SocketAddr,
    settings: &OpsSettings,
    ops: Arc<Ops>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    telemetry::metrics_at(listener.local_addr()?);
    let router = health::routes().with_state(ops);
    tokio::spawn(listener::serve("metrics", listener, router, settings.limits, stop));
    Ok(())
}

/// Our own pages may be written to, from pages of this very listener; the board's never.
fn router(settings: OpsSettings, ops: Arc<Ops>, board: Router) -> Router {
    let guard = Arc::new(Guard::new(settings));
    let own = Router::new()
        .merge(health::routes())
        .merge(page::routes())
        .merge(actions::routes())
        .merge(schedule::routes())
        .merge(status::routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(guard::same_origin))
        .with_state(ops);
    own.merge(board).layer(middleware::from_fn_with_state(guard, guard::guard))
}
