//! Opening hours of single days: which overrides there are, and the form for a new one. To add one or
//! to delete one is an action.

pub(crate) mod rules;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::NaiveDate;
use common::{entry::parse_date, store::OverrideRow};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Ops,
    actions::{Refusal, halls, meals},
    page::page,
};
pub(crate) use rules::NewOverride;

/// So many are listed, from a day on.
const LISTED: i64 = 200;

pub(super) fn routes() -> Router<Arc<Ops>> {
    Router::new().route("/ops/overrides", get(show)).route("/ops/api/overrides", get(list))
}

#[derive(Debug, Deserialize)]
struct Asked {
    from: Option<String>,
}

/// From yesterday on, or from the day that is asked for.
async fn rows(ops: &Ops, asked: &Asked) -> Result<(NaiveDate, Vec<OverrideRow>), Refusal> {
    let today = ops.desk.today();
    let from = match asked.from.as_deref() {
        None | Some("") => today.pred_opt().unwrap_or(today),
        Some(text) => parse_date(text)
            .ok_or_else(|| Refusal::value("from", "must be a day, written YYYY-MM-DD"))?,
    };
    Ok((from, ops.store.overrides_from(from, LISTED).await?))
}

async fn list(State(ops): State<Arc<Ops>>, Query(asked): Query<Asked>) -> Response {
    match rows(&ops, &asked).await {
        Ok((_, rows)) => Json(rows.iter().map(as_json).collect::<Vec<_>>()).into_response(),
        Err(refusal) => refusal.problem(),
    }
}

fn as_json(row: &OverrideRow) -> Value {
    let time = |time: chrono::NaiveTime| time.format("%H:%M").to_string();
    json!({
        "id": row.id, "hall": row.hall, "date": row.date, "meal": row.meal,
        "closed": row.times.is_none(), "start": row.times.map(|times| time(times.start)),
        "end": row.times.map(|times| time(times.end)), "reason": row.reason,
    })
}

/// What a row says, in words.
pub(super) fn sentence(row: &OverrideRow) -> String {
    let meal = row.meal.as_deref();
    rules::sentence(&row.hall, row.date, meal, row.times)
}

async fn show(
    State(ops): State<Arc<Ops>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let (from, rows) = rows(&ops, &asked).await?;
    let tomorrow = ops.desk.today().succ_opt().unwrap_or_default();
    let body = html! {
        p.lead { "Hours that replace a hall's usual ones on a single day: holidays, breaks, special openings." }
        section.card aria-labelledby="new" {
            h2 id="new" { "New override" }
            (form(tomorrow))
        }
        section.card aria-labelledby="list" {
            h2 id="list" { "From " (from) " on" }
            @if rows.is_empty() { p { "There are none." } } @else { (table(&rows)) }
        }
        (meaning())
    };
    Ok(page("Overrides", body))
}

fn form(tomorrow: NaiveDate) -> Markup {
    html! {
        form method="post" action="/ops/actions/add-override" {
            div.row {
                div.field {
                    label for="hall" { "Hall" }
                    select id="hall" name="hall" required { (halls()) }
                }
                div.field {
                    label for="date" { "Day" }
                    input id="date" name="date" type="date" required value=(tomorrow);
                }
                div.field {
                    label for="meal" { "Meal" }
                    select id="meal" name="meal" {
                        option value="" { "the whole day" }
                        (meals(None))
                    }
                }
            }
            fieldset {
                legend { "On that day it is" }
                label { input type="radio" name="closed" value="yes" checked; "closed" }
                label { input type="radio" name="closed" value="no"; "open, at these times" }
            }
            div.row {
                div.field {
                    label for="start" { "Opens" }
                    input id="start" name="start" type="time" aria-describedby="times";
                }
                div.field {
                    label for="end" { "Closes" }
                    input id="end" name="end" type="time" aria-describedby="times";
                }
                div.field {
                    label for="reason" { "Reason" }
                    input id="reason" name="reason" type="text" maxlength="200" placeholder="Thanksgiving";
                }
            }
            div.field { small id="times" { "Times only where it is open. A closing time before the opening time is on the next day." } }
            div.buttons { button type="submit" { "Add …" } }
        }
    }
}

fn table(rows: &[OverrideRow]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th scope="col" { "Day" } th scope="col" { "Hall" } th scope="col" { "Meal" } th scope="col" { "Hours" } th scope="col" { "Reason" } th scope="col" { "" } } }
            tbody { @for row in rows {
                tr {
                    th.number scope="row" { (row.date.format("%a %Y-%m-%d")) }
                    td { (row.hall) }
                    td { (row.meal.as_deref().map_or_else(|| "whole day".to_owned(), |meal| meal.replace('_', " "))) }
                    td.number {
                        @match row.times {
                            Some(times) => (rules::span(times)),
                            None => span.badge.warn { "closed" },
                        }
                    }
                    td.wrap { (row.reason) }
                    td.end {
                        form method="post" action="/ops/actions/delete-override" {
                            input type="hidden" name="id" value=(row.id);
                            button.plain.small type="submit" aria-label={ "Delete: " (sentence(row)) } { "Delete …" }
                        }
                    }
                }
            } }
        } }
    }
}

fn meaning() -> Markup {
    html! {
        section.card {
            h2 { "How they are read" }
            dl.facts {
                dt { "Whole day, closed" } dd { "The hall is shut, whatever else is stated." }
                dt { "Whole day, with times" } dd { "A special opening: it takes the place of all usual hours. Overrides of single meals come on top." }
                dt { "One meal, closed" } dd { "That meal is not served." }
                dt { "One meal, with times" } dd { "It is served then, and not at its usual time; also a meal that the day does not usually have." }
                dt { "Past midnight" } dd { "Hours belong to the day that they start on." }
            }
        }
    }
}
