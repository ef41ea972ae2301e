//! `/status`: how it stands, for everybody; `/status.json` the same for programs. Looked up once for
//! all who ask within some seconds; with Postgres away, what was last known, with its age.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, response::Response, routing::get};
use chrono::Utc;
use common::{
    status::{Level, STYLE, Status},
    store::StoreError,
};
use maud::html;
use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};

use super::{CSS, HTML, OF_HTML, framed};
use crate::{
    app::App,
    page::{Page, Reader},
    problem::ApiError,
};

/// So long a look is good for.
const HOLDS: Duration = Duration::from_secs(10);
const LASTS: &str = "public, max-age=10";
/// What is not known any better is shown for so long.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The last look.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Option<(Instant, Arc<Pages>)>>);

struct Pages {
    html: Page,
    json: Page,
}

#[derive(Serialize)]
struct Body<'a> {
    sentence: &'a str,
    level: Level,
    #[serde(flatten)]
    status: &'a Status,
}

/// The style sheet of the page.
pub(super) fn style() -> Page {
    let colours = include_str!("status.css");
    Page::new(format!("{colours}\n{STYLE}"), CSS).immutable()
}

/// Its routes; `styles` are the addresses of its two style sheets.
pub(super) fn routes(styles: [String; 2]) -> Router<App> {
    let styles = Arc::new(styles);
    let same = Arc::clone(&styles);
    let show =
        get(async move |State(app): State<App>, reader: Reader| -> Result<Response, ApiError> {
            Ok(pages(&app, &styles).await?.html.respond(&reader))
        });
    let json =
        get(async move |State(app): State<App>, reader: Reader| -> Result<Response, ApiError> {
            Ok(pages(&app, &same).await?.json.respond(&reader))
        });
    Router::new()
        .route("/status", show.clone())
        .route("/status/", show)
        .route("/status.json", json.clone())
        .route("/status.json/", json)
}

async fn pages(app: &App, styles: &[String; 2]) -> Result<Arc<Pages>, ApiError> {
    let mut known = app.standing.0.lock().await;
    if let Some((since, pages)) = &*known
        && since.elapsed() < HOLDS
    {
        return Ok(Arc::clone(pages));
    }
    match Status::look(&app.refresher, Utc::now()).await {
        Ok(status) => {
            let pages = Arc::new(Pages::of(app, &status.for_everybody(), styles));
            *known = Some((Instant::now(), Arc::clone(&pages)));
            Ok(pages)
        }
        Err(error) => {
            // Once it is known to be away, each visitor's word of it would only fill the log.
            if !matches!(error, StoreError::Away) {
                tracing::warn!(%error, "the status cannot be looked up");
            }
            let last = known.as_ref().filter(|(since, _)| since.elapsed() < LONGEST);
            last.map(|(_, pages)| Arc::clone(pages)).ok_or(ApiError::StoresAway)
        }
    }
}

impl Pages {
    fn of(app: &App, status: &Status, [pages_css, status_css]: &[String; 2]) -> Self {
        let (sentence, level) = (status.sentence(app.zone), status.level());
        let at = status.at.with_timezone(&app.zone).format("%H:%M:%S").to_string();
        let age = || html! { span.age { "as of " (at) } };
        let content = html! {
            link rel="stylesheet" href=(status_css);
            p.standing.(level.as_str()) { strong { (sentence) } }
            h2 { "Menus of the next days " (age()) }
            (status.days())
            h2 { "What changed " (age()) }
            (status.changed(app.zone))
            p { "The same as " a href="/status.json" { "JSON" } "." }
        };
        let body = Body { sentence: &sentence, level, status };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        Self {
            html: Page::new(framed(pages_css, "Status", &content.into_string()), HTML)
                .with(OF_HTML)
                .lasting(LASTS),
            json: Page::new(json, "application/json").lasting(LASTS),
        }
    }
}
