//! The record of what was done at the ops side: who, what, and what came of it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use common::store::AuditRow;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Ops,
    actions::Refusal,
    page::{clock, page, page_in},
};

/// Rows of a page.
const PAGE: i64 = 50;

pub(super) fn routes() -> Router<Arc<Ops>> {
    Router::new()
        .route("/ops/audit", get(show))
        .route("/ops/audit/{id}", get(one))
        .route("/ops/api/audit", get(list))
}

/// Who asks: the user of the log-in, as the guard has checked it; `loopback` where nobody logs in.
#[derive(Debug, Clone)]
pub(super) struct Who(pub(super) String);

#[derive(Debug, Deserialize)]
struct Asked {
    before: Option<String>,
}

impl Asked {
    fn before(&self) -> Result<Option<i64>, Refusal> {
        let number = |text: &String| {
            let number = text.parse().ok().filter(|id: &i64| *id > 0);
            number.ok_or_else(|| Refusal::value("before", "must be the number of a record"))
        };
        self.before.as_ref().map(number).transpose()
    }
}

async fn rows(ops: &Ops, asked: &Asked) -> Result<Vec<AuditRow>, Refusal> {
    Ok(ops.store.audit(asked.before()?, PAGE).await?)
}

async fn list(State(ops): State<Arc<Ops>>, Query(asked): Query<Asked>) -> Response {
    match rows(&ops, &asked).await {
        Ok(rows) => Json(rows).into_response(),
        Err(refusal) => refusal.problem(),
    }
}

async fn show(
    State(ops): State<Arc<Ops>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let rows = rows(&ops, &asked).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let body = html! {
        p.lead { "What was done here, the newest first. Times are UTC." }
        section.card {
            @if rows.is_empty() { p { "Nothing" @if asked.before.is_some() { " older" } "." } }
            @else { (table(&rows)) }
        }
        div.buttons {
            @if asked.before.is_some() { a.button href="/ops/audit" { "Newest" } }
            @if let Some(last) = rows.last().filter(|_| is_full) {
                a.button href={ "/ops/audit?before=" (last.id) } { "Older" }
            }
        }
    };
    Ok(page("Audit", body))
}

fn table(rows: &[AuditRow]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "Came of it" } } }
            tbody {
                @for row in rows {
                    tr {
                        td.number { a href={ "/ops/audit/" (row.id) } { (clock(row.at)) } }
                        td.wrap { (row.who) }
                        td.wrap { strong { (row.action) } br; span.quiet { (arguments(&row.arguments)) } }
                        td.wrap { (state(row)) " " (row.result.as_deref().unwrap_or_default()) }
                    }
                }
            }
        } }
    }
}

/// `GET /ops/audit/{id}`: one deed; this is where a form leads when it is done.
async fn one(State(ops): State<Arc<Ops>>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let gone = || Refusal::gone("record");
    let id = id.parse().map_err(|_| gone())?;
    let row = ops.store.audit_row(id).await?.ok_or_else(gone)?;
    let (kind, title) = match row.succeeded {
        Some(true) => ("note ok", "Done"),
        Some(false) => ("note bad", "Not done"),
        None => ("note warn", "Begun"),
    };
    let open = "It is not on record how it ended: it is under way, or the program was gone by then";
    let body = html! {
        p class=(kind) role="status" { (row.result.as_deref().unwrap_or(open)) "." }
        section.card {
            h2 { (row.action) }
            dl.facts {
                dt { "Arguments" } dd { (arguments(&row.arguments)) }
                dt { "Who" } dd { (row.who) }
                dt { "When (UTC)" } dd.number { (clock(row.at)) }
                dt { "State" } dd { (state(&row)) }
            }
        }
        div.buttons {
            a.button href="/ops/actions" { "Actions" }
            a.button href="/ops/overrides" { "Overrides" }
            a.button href="/" { "Queue" }
        }
    };
    Ok(page_in("/ops/audit", StatusCode::OK, title, body))
}

fn state(row: &AuditRow) -> Markup {
    html! {
        @match row.succeeded {
            Some(true) => span.badge.ok { "done" },
            Some(false) => span.badge.bad { "refused" },
            None => span.badge.warn { "begun" },
        }
    }
}

/// `hall hoch, date 2026-11-24, meal lunch`.
fn arguments(arguments: &Value) -> String {
    let pairs = arguments
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null() && *value != "");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    pairs.map(|(name, value)| format!("{name} {}", text(value))).collect::<Vec<_>>().join(", ")
}
