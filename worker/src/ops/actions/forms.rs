//! The page with the forms, and who is paused.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use common::{
    hall::{HallId, Vendor},
    meal::Meal,
    vendors,
};
use maud::{Markup, html};
use serde_json::json;

use super::{
    Refusal,
    action::{USUAL_PAUSE, minutes, vendor_name},
};
use crate::ops::{Ops, page::page};

/// Lengths of a pause that the form offers, in minutes.
const LENGTHS: [u64; 6] = [15, USUAL_PAUSE, 180, 360, 720, 1440];

/// `GET /ops/actions`
pub(super) async fn show(State(ops): State<Arc<Ops>>) -> Response {
    let today = ops.desk.today();
    let (first, last) = vendors::window(today);
    let window = (first.to_string(), today.to_string(), last.to_string());
    let paused = ops.desk.pauses.left().await;
    let body = html! {
        p.lead { "Each of these asks once more before it does anything, and is put on record." }
        (vendor_card(paused.as_ref().ok()))
        div.grid {
            section.card aria-labelledby="refetch" {
                h2 id="refetch" { "Read a menu anew" }
                p.quiet { "The vendor is asked even where a fresh menu is cached; not within a minute of the last reading." }
                form method="post" action="/ops/actions/refetch" {
                    (menu_fields("refetch", Some(&window), &today.to_string()))
                    div.buttons { button type="submit" { "Read anew …" } }
                }
            }
            section.card aria-labelledby="drop" {
                h2 id="drop" { "Forget a cached menu" }
                p.quiet { "The next visitor has it from Postgres while it is fresh there, else from the vendor." }
                form method="post" action="/ops/actions/drop-entry" {
                    (menu_fields("drop", None, &today.to_string()))
                    div.buttons { button type="submit" { "Forget …" } }
                }
            }
        }
        section.card {
            h2 { "Elsewhere" }
            p {
                a href="/ops/overrides" { "Opening hours of single days" } " · "
                a href="/ops/dead" { "Dead jobs" } " · "
                a href="/ops/audit" { "What was done, and by whom" }
            }
        }
    };
    page("Actions", body)
}

/// `GET /ops/api/vendors`
pub(super) async fn vendors(State(ops): State<Arc<Ops>>) -> Response {
    match ops.desk.pauses.left().await {
        Ok(left) => {
            let row = |(vendor, left): (Vendor, Option<Duration>)| json!({ "vendor": vendor, "paused_for_secs": left.map(|left| left.as_secs()) });
            let rows: Vec<_> = Vendor::ALL.into_iter().zip(left).map(row).collect();
            Json(rows).into_response()
        }
        Err(error) => Refusal::from(error).problem(),
    }
}

type Left = [Option<Duration>; Vendor::ALL.len()];

fn vendor_card(paused: Option<&Left>) -> Markup {
    html! {
        section.card aria-labelledby="vendors" {
            h2 id="vendors" { "Vendors" }
            p.quiet { "While one is paused, no worker and no api asks it; visitors get the last good copies, marked as stale." }
            @if let Some(paused) = paused {
                div.scroll { table {
                    thead { tr { th scope="col" { "Vendor" } th scope="col" { "State" } th scope="col" { "" } } }
                    tbody {
                        @for (vendor, left) in Vendor::ALL.into_iter().zip(paused) { (vendor_row(vendor, *left)) }
                    }
                } }
                form method="post" action="/ops/actions/pause-vendor" {
                    h3 { "Pause a vendor" }
                    div.row {
                        div.field {
                            label for="pause-vendor" { "Vendor" }
                            select id="pause-vendor" name="vendor" required {
                                @for vendor in Vendor::ALL { option value=(vendor) { (vendor_name(vendor)) } }
                            }
                        }
                        div.field {
                            label for="pause-minutes" { "For" }
                            select id="pause-minutes" name="minutes" {
                                @for length in LENGTHS {
                                    option value=(length) selected[length == USUAL_PAUSE] {
                                        (minutes(Duration::from_secs(length * 60)))
                                    }
                                }
                            }
                        }
                    }
                    div.buttons { button type="submit" { "Pause …" } }
                }
            } @else {
                p.note.bad { "Redis cannot be asked at the moment, so nobody can say who is paused." }
            }
        }
    }
}

fn vendor_row(vendor: Vendor, left: Option<Duration>) -> Markup {
    html! {
        tr {
            th scope="row" { (vendor_name(vendor)) }
            td {
                @match left {
                    Some(left) => { span.badge.warn { "paused" } " " span.quiet.number { (minutes(left)) " left" } }
                    None => { span.badge.ok { "asked" } }
                }
            }
            td.end {
                @if left.is_some() {
                    form method="post" action="/ops/actions/resume-vendor" {
                        input type="hidden" name="vendor" value=(vendor);
                        button.plain.small type="submit" aria-label={ "Resume " (vendor_name(vendor)) } { "Resume …" }
                    }
                }
            }
        }
    }
}

/// Hall, day and meal. `form` makes the ids unique; `window`: first day, today, last day.
fn menu_fields(form: &str, window: Option<&(String, String, String)>, today: &str) -> Markup {
    let [hall, date, meal] = ["hall", "date", "meal"].map(|field| format!("{form}-{field}"));
    html! {
        div.row {
            div.field {
                label for=(hall) { "Hall" }
                select id=(hall) name="hall" required { (halls()) }
            }
            div.field {
                label for=(date) { "Day" }
                input id=(date) name="date" type="date" required value=(today)
                    min=[window.map(|window| &window.0)] max=[window.map(|window| &window.2)];
            }
            div.field {
                label for=(meal) { "Meal" }
                select id=(meal) name="meal" required { (meals(Some(&Meal::Lunch))) }
            }
        }
    }
}

/// An option for each hall.
pub(crate) fn halls() -> Markup {
    html! { @for hall in HallId::ALL { option value=(hall) { (hall) } } }
}

/// An option for each of the six meals.
pub(crate) fn meals(chosen: Option<&Meal>) -> Markup {
    html! {
        @for meal in Meal::OF_A_DAY {
            option value=(meal) selected[chosen == Some(&meal)] { (meal.as_str().replace('_', " ")) }
        }
    }
}
