//! Dead jobs: which there are, and why. To try one again or to delete it is an action.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use common::{entry::instant, link::LinkError};
use maud::{Markup, html};
use serde_json::json;

use super::{
    Ops,
    actions::{Refusal, menu},
    page::{clock, page},
};
use crate::queue::{DeadLetter, LISTED};

pub(super) fn routes() -> Router<Arc<Ops>> {
    Router::new().route("/ops/dead", get(show)).route("/ops/api/dead", get(list))
}

async fn list(State(ops): State<Arc<Ops>>) -> Response {
    match ops.desk.dead.newest().await {
        Ok(letters) => Json(letters.iter().map(as_json).collect::<Vec<_>>()).into_response(),
        Err(error) => Refusal::from(error).problem(),
    }
}

fn as_json(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "job": letter.id, "menu": letter.job.as_ref().map(|job| &job.key),
        "reason": letter.job.as_ref().map(|job| job.reason), "attempts": letter.attempts,
        "error": letter.error, "died_at": died_at(letter).map(instant),
    })
}

async fn show(State(ops): State<Arc<Ops>>) -> Response {
    page("Dead jobs", body(ops.desk.dead.newest().await))
}

fn body(letters: Result<Vec<DeadLetter>, LinkError>) -> Markup {
    html! {
        p.lead {
            "Jobs that failed for good. Their menus can be asked for as before: a visitor makes a new job. "
            "A vendor that fails makes no dead job."
        }
        @match letters {
            Err(_) => p.note.bad { "Redis cannot be asked at the moment." },
            Ok(letters) if letters.is_empty() => section.card { p { "There are none." } },
            Ok(letters) => section.card {
                @if letters.len() == LISTED { p.quiet { "The newest " (LISTED) "." } }
                div.scroll { table {
                    thead { tr { th scope="col" { "Job" } th scope="col" { "Died (UTC)" } th scope="col" { "Tries" } th scope="col" { "Why" } th scope="col" { "" } } }
                    tbody { @for letter in &letters { (row(letter)) } }
                } }
            },
        }
    }
}

fn row(letter: &DeadLetter) -> Markup {
    let name = letter.job.as_ref().map(|job| menu(&job.key));
    html! {
        tr {
            th scope="row" {
                @if let Some(name) = &name { (name) } @else { "none of our jobs" }
                br;
                code.quiet { (letter.id) }
            }
            td.number { (died_at(letter).map(clock).unwrap_or_default()) }
            td.number { (letter.attempts) }
            td.wrap { (letter.error) }
            td.end { div.buttons {
                @if name.is_some() { (button("retry-job", "Retry …", letter)) }
                (button("delete-job", "Delete …", letter))
            } }
        }
    }
}

fn button(action: &str, text: &str, letter: &DeadLetter) -> Markup {
    html! {
        form method="post" action={ "/ops/actions/" (action) } {
            input type="hidden" name="job" value=(letter.id);
            button.plain.small type="submit" aria-label={ (text) " " (letter.id) } { (text) }
        }
    }
}

fn died_at(letter: &DeadLetter) -> Option<DateTime<Utc>> {
    DateTime::<Utc>::from_timestamp(letter.died_at, 0)
}
