//! The frame of every ops page: title, navigation, style sheet. No script and no style stands in a
//! page, and it loads nothing from elsewhere.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use super::Ops;

/// Where the pages are: address, and what stands in the navigation.
const NAVIGATION: [(&str, &str); 7] = [
    ("/", "Queue"),
    ("/ops/status", "Status"),
    ("/schedule", "Schedule"),
    ("/ops/actions", "Actions"),
    ("/ops/dead", "Dead jobs"),
    ("/ops/overrides", "Overrides"),
    ("/ops/audit", "Audit"),
];

/// Of the frame; what the status adds comes after.
const STYLE: &str = include_str!("page/style.css");
const STYLE_AT: &str = "/ops/style.css";

/// Where a page differs from what the guard says of every answer. No script at all; and
/// `same-origin` lets the browser name our own origin in a form that it sends: without a referrer it
/// would say `null`, and the form would be refused.
const HEADERS: [(HeaderName, &str); 2] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "same-origin"),
];

/// An instant as pages show it: UTC.
pub(crate) fn clock(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The style sheet.
pub(crate) fn routes() -> Router<Arc<Ops>> {
    Router::new().route(STYLE_AT, get(style))
}

async fn style() -> Response {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    let sheet = format!("{STYLE}\n{}", common::status::STYLE);
    ([kind], sheet).into_response()
}

/// A page. The title is its heading too; where it is a word of the navigation, that is marked.
pub(crate) fn page(title: &str, body: Markup) -> Response {
    let at = NAVIGATION.iter().find(|(_, label)| *label == title).map_or("", |(path, _)| path);
    page_in(at, StatusCode::OK, title, body)
}

/// The same with a status, as a page below one of the navigation (`at`: its address).
pub(crate) fn page_in(at: &str, status: StatusCode, title: &str, body: Markup) -> Response {
    let mut response = (status, framed(at, title, body).into_string()).into_response();
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn framed(at: &str, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · 5C Menus ops" }
                // Without it a browser asks for /favicon.ico.
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(STYLE_AT);
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header {
                    div.bar {
                        p.brand { "5C Menus " span { "ops" } }
                        nav aria-label="Ops pages" {
                            ul {
                                @for (path, label) in NAVIGATION {
                                    li { a href=(path) aria-current=[(path == at).then_some("page")] { (label) } }
                                }
                            }
                        }
                    }
                }
                main id="main" {
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_no_script_no_inline_style_and_escapes_what_it_is_told() {
        let title = "<script>alert(1)</script>";
        let text = framed("/ops/audit", title, html! { p { (title) } }).into_string();
        assert!(!text.contains("<script") && !text.contains("style="), "{text}");
        assert_eq!(text.matches("aria-current=\"page\"").count(), 1);
        assert_eq!(text.matches("&lt;script&gt;").count(), 3, "{text}");
    }

    #[test]
    fn every_class_of_the_frame_is_in_the_style_sheet() {
        for class in [".skip", ".bar", ".brand", ".card", ".badge", ".scroll", ".facts", ".note"] {
            assert!(STYLE.contains(class), "{class}");
        }
    }
}
