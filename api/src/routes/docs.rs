//! What there is to read about this service: its description (`/openapi.json`), a page to try it
//! (`/docs`), and a page for each type of problem (`/problems`). All of it is made once, comes from this
//! program alone, and runs under a policy that lets no page ask anybody else.

mod problems;
mod status;

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    http::{HeaderName, header},
    routing::{MethodRouter, get},
};
use utoipa::openapi::OpenApi;

pub(crate) use status::Standing;

use crate::{
    app::App,
    page::{Page, Reader},
};

/// Scripts, styles and requests of this origin only; images may also stand in the style sheet.
/// Swagger UI needs no more: what it styles by script goes past `style-src`, and it evaluates nothing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// Of every HTML page.
const OF_HTML: &[(HeaderName, &str)] =
    &[(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, "no-referrer")];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! of_swagger_ui {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz"))
    };
}

/// The routes of all pages. The description is put together for the first who wants it.
pub(super) fn pages(described: fn() -> OpenApi) -> Router<App> {
    let style = Page::new(include_str!("docs/pages.css"), CSS);
    let style_path = format!("/docs/pages-{}.css", style.mark());
    let status = status::style();
    let status_path = format!("/docs/status-{}.css", status.mark());
    let mut all = vec![(style_path.clone(), style.immutable()), (status_path.clone(), status)];
    all.extend(swagger_ui(&style_path));
    all.extend(problems::pages(&style_path));
    let live = status::routes([style_path, status_path]);
    let live = with_and_without_slash(live, "/openapi.json", description(described));
    let show = |page: Page| get(async move |reader: Reader| page.respond(&reader));
    all.into_iter()
        .fold(live, |router, (path, page)| with_and_without_slash(router, &path, show(page)))
}

fn description(described: fn() -> OpenApi) -> MethodRouter<App> {
    let page = Arc::new(LazyLock::new(move || {
        let document = serde_json::to_vec(&described()).unwrap_or_default();
        Page::new(document, "application/json")
    }));
    get(async move |reader: Reader| page.respond(&reader))
}

fn with_and_without_slash(router: Router<App>, path: &str, show: MethodRouter<App>) -> Router<App> {
    router.route(&format!("{path}/"), show.clone()).route(path, show)
}

/// `/docs` and what it loads, each under a name that changes with its content.
fn swagger_ui(pages_css: &str) -> Vec<(String, Page)> {
    let mut html = include_str!("docs/index.html").replace("{pages.css}", pages_css);
    let parts = [
        ("swagger-ui", "css", Page::packed(of_swagger_ui!("swagger-ui.css"), CSS)),
        ("swagger-ui-bundle", "js", Page::packed(of_swagger_ui!("swagger-ui-bundle.js"), SCRIPT)),
        ("start", "js", Page::new(include_str!("docs/start.js"), SCRIPT)),
        ("license", "txt", Page::packed(of_swagger_ui!("LICENSE"), TEXT)),
        ("notice", "txt", Page::packed(of_swagger_ui!("NOTICE"), TEXT)),
    ];
    let mut all = Vec::new();
    for (name, kind, page) in parts {
        let path = format!("/docs/{name}-{}.{kind}", page.mark());
        html = html.replace(&format!("{{{name}.{kind}}}"), &path);
        all.push((path, page.immutable()));
    }
    all.push(("/docs".to_owned(), Page::new(html, HTML).with(OF_HTML)));
    all
}

/// A page of ours in its frame; the content is HTML.
fn framed(style: &str, title: &str, content: &str) -> String {
    include_str!("docs/page.html")
        .replace("{pages.css}", style)
        .replace("{title}", &html_escape::encode_text(title))
        .replace("{content}", content)
}
