//! `/schedule`: when menus are made warm, what the last runs did, whichever worker made them, and
//! how meals began; `/schedule.json` the same for programs.

use std::sync::Arc;

use axum::{Json, Router, extract::State, response::Response, routing::get};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use common::prewarm::{Plan, Run, Starts};
use maud::{Markup, html};
use serde::Serialize;

use super::{Ops, page};
use crate::schedule::{Warmer, next_meals};

pub(crate) fn routes() -> Router<Arc<Ops>> {
    Router::new().route("/schedule", get(show)).route("/schedule.json", get(json))
}

async fn show(State(ops): State<Arc<Ops>>) -> Response {
    let seen = Seen::now(&ops.warmer).await;
    page::page("Schedule", content(&seen, ops.warmer.zone))
}

async fn json(State(ops): State<Arc<Ops>>) -> Json<Seen> {
    Json(Seen::now(&ops.warmer).await)
}

/// All that is shown.
#[derive(Debug, Serialize)]
struct Seen {
    on: bool,
    cron: String,
    lead_mins: i64,
    time_zone: String,
    /// Who answers; the runs name who made them.
    this_worker: String,
    next_tick: Option<DateTime<Utc>>,
    next_morning: Option<DateTime<Utc>>,
    /// `null`: nothing ran for days, or Redis cannot tell.
    last_runs: LastRuns,
    hours_read_at: Option<DateTime<Utc>>,
    next_meals: Vec<NextMeal>,
    /// The last seven days; empty where Redis cannot tell.
    starts: Vec<Starts>,
    warm_ratio: Option<f64>,
    redis: &'static str,
}

#[derive(Debug, Default, Serialize)]
struct LastRuns {
    meals: Option<Run>,
    days: Option<Run>,
}

#[derive(Debug, Serialize)]
struct NextMeal {
    hall_id: String,
    meal: Option<String>,
    opens: String,
    warm_from: DateTime<Utc>,
}

impl Seen {
    async fn now(warmer: &Warmer) -> Self {
        let now = Utc::now();
        let (meals, days, starts) = tokio::join!(
            warmer.prewarm.last_run(Plan::Meals),
            warmer.prewarm.last_run(Plan::Days),
            warmer.prewarm.starts(now.with_timezone(&warmer.zone).date_naive()),
        );
        let redis = if starts.is_ok() { "ok" } else { "down" };
        let starts = starts.unwrap_or_default();
        let last_runs = LastRuns { meals: meals.unwrap_or(None), days: days.unwrap_or(None) };
        let known = warmer.known();
        let next = known.as_ref().map(|known| next_meals(&known.schedule, warmer.zone, now));
        let next = next.unwrap_or_default().into_iter().map(|next| NextMeal {
            hall_id: next.hall.to_string(),
            meal: next.meal.map(|meal| meal.to_string()),
            opens: next.opens.to_rfc3339(),
            warm_from: next.opens.to_utc() - warmer.lead,
        });
        let on = !warmer.lead.is_zero();
        Self {
            on,
            cron: warmer.ticks.expression().to_owned(),
            lead_mins: warmer.lead.num_minutes(),
            time_zone: warmer.zone.to_string(),
            this_worker: warmer.name.clone(),
            next_tick: warmer.ticks.next(now).filter(|_| on),
            next_morning: warmer.ticks.next_morning(now).filter(|_| on),
            last_runs,
            hours_read_at: known.map(|known| known.read_at),
            next_meals: next.collect(),
            warm_ratio: Starts::ratio(&starts),
            starts,
            redis,
        }
    }

    fn took(&self, run: &Run) -> String {
        if run.worker == self.this_worker {
            "this worker".to_owned()
        } else {
            format!("another worker ({})", run.worker)
        }
    }
}

fn content(seen: &Seen, zone: Tz) -> Markup {
    html! {
        @if !seen.on {
            p.note { "Off: PREWARM_LEAD_MINS is 0. Menus are read when somebody asks." }
        }
        @if seen.redis != "ok" {
            p.note { "Redis cannot be asked: what the last runs did is not known." }
        }
        dl.facts {
            dt { "Looked at" } dd { code { (seen.cron) } " (" (seen.time_zone) ")" }
            dt { "Before a meal" } dd { (seen.lead_mins) " minutes" }
            dt { "Next" } dd { (local(seen.next_tick, zone)) }
            dt { "Next morning" } dd { (local(seen.next_morning, zone)) ", the coming seven days" }
            dt { "Hours read" } dd { (local(seen.hours_read_at, zone)) }
            dt { "This worker" } dd { code { (seen.this_worker) } }
        }
        h2 { "Meals" }
        (ran(seen, seen.last_runs.meals.as_ref(), zone))
        h2 { "Coming days" }
        (ran(seen, seen.last_runs.days.as_ref(), zone))
        h2 { "How meals began" }
        (began(seen))
        h2 { "Next meals" }
        (next(seen, zone))
    }
}

fn ran(seen: &Seen, run: Option<&Run>, zone: Tz) -> Markup {
    let Some(run) = run else { return html! { p.note { "No run is on record." } } };
    html! {
        p {
            "The tick of " (local(Some(run.tick), zone)) " was taken by " (seen.took(run)) ": "
            (run.looked_at.len()) " documents in " (run.took_ms) " ms."
        }
        @if !run.looked_at.is_empty() {
            div.scroll { table {
                thead { tr { th { "Menu" } th { "Meal begins" } th { "Found" } th { "Job" } } }
                tbody {
                    @for one in &run.looked_at {
                        tr {
                            td { code { (one.key) } }
                            td { (local(one.opens, zone)) }
                            td { (one.found) }
                            td { (one.pushed.as_deref().unwrap_or("none")) }
                        }
                    }
                }
            } }
        }
    }
}

fn began(seen: &Seen) -> Markup {
    html! {
        @if let Some(ratio) = seen.warm_ratio {
            p { (format!("{:.1}", ratio * 100.0)) " % of the meals of these days found a fresh entry." }
        }
        div.scroll { table {
            thead { tr { th { "Day" } th { "Warm" } th { "Stale" } th { "Cold" } th { "No menu" } } }
            tbody {
                @for day in &seen.starts {
                    tr {
                        td { (day.date) }
                        td { (day.warm) } td { (day.stale) } td { (day.cold) } td { (day.no_menu) }
                    }
                }
            }
        } }
    }
}

fn next(seen: &Seen, zone: Tz) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "Hall" } th { "Meal" } th { "Begins" } th { "Warm from" } } }
            tbody {
                @for one in &seen.next_meals {
                    tr {
                        td { (one.hall_id) }
                        td { (one.meal.as_deref().unwrap_or("special opening")) }
                        td { (one.opens) }
                        td { (local(Some(one.warm_from), zone)) }
                    }
                }
            }
        } }
    }
}

fn local(at: Option<DateTime<Utc>>, zone: Tz) -> String {
    let text = at.map(|at| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z").to_string());
    text.unwrap_or_else(|| "–".to_owned())
}
