//! `/ops/status`: how it all stands, on one page; `/ops/status.json` the same for programs. What the
//! days, the changes and the one sentence look like is `common::status`; queue, vendors and
//! pre-warming are for ops alone.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use common::{
    drift::{Sign, Verdict},
    prewarm::Starts,
    status::{FetchRow, Level, Status, VendorStatus, name, span},
    store::StoreError,
};
use maud::{Markup, html};
use serde::Serialize;

use super::{Ops, page};
use crate::queue::QueueFigures;

const TITLE: &str = "Status";
/// The page is asked for again by itself: it has no script.
const AGAIN: (HeaderName, HeaderValue) =
    (HeaderName::from_static("refresh"), HeaderValue::from_static("30"));
/// For Redis to tell.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn routes() -> Router<Arc<Ops>> {
    Router::new().route("/ops/status", get(show)).route("/ops/status.json", get(json))
}

/// All that is shown.
#[derive(Debug, Serialize)]
struct Seen {
    sentence: String,
    level: Level,
    #[serde(flatten)]
    status: Status,
    /// `null`: Redis cannot tell.
    queue: Option<QueueFigures>,
    prewarm: Warmth,
}

#[derive(Debug, Serialize)]
struct Warmth {
    /// Of the meals of the last seven days.
    warm_ratio: Option<f64>,
    starts: Vec<Starts>,
    next_tick: Option<DateTime<Utc>>,
}

impl Seen {
    async fn now(ops: &Ops) -> Result<Self, StoreError> {
        let (now, refresher) = (Utc::now(), &ops.desk.refresher);
        let today = now.with_timezone(&refresher.zone).date_naive();
        let (status, queue, starts) = tokio::join!(
            Status::look(refresher, now),
            tokio::time::timeout(PATIENCE, ops.depth.figures()),
            ops.warmer.prewarm.starts(today),
        );
        let (status, starts) = (status?, starts.unwrap_or_default());
        let warm_ratio = Starts::ratio(&starts);
        Ok(Self {
            sentence: status.sentence(refresher.zone),
            level: status.level(),
            status,
            queue: queue.ok().flatten(),
            prewarm: Warmth { warm_ratio, starts, next_tick: ops.warmer.ticks.next(now) },
        })
    }
}

async fn json(State(ops): State<Arc<Ops>>) -> Response {
    match Seen::now(&ops).await {
        Ok(seen) => Json(seen).into_response(),
        Err(error) => {
            let body = serde_json::json!({ "error": error.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn show(State(ops): State<Arc<Ops>>) -> Response {
    let zone = ops.desk.refresher.zone;
    let mut response = match Seen::now(&ops).await {
        Ok(seen) => page::page(TITLE, content(&seen, zone)),
        Err(error) => {
            tracing::warn!(%error, "the status cannot be shown");
            let body = html! { p.note.bad { "Postgres cannot be asked, so nothing is known of menus. "
            a href="/readyz" { "How the stores are" } } };
            page::page_in("/ops/status", StatusCode::SERVICE_UNAVAILABLE, TITLE, body)
        }
    };
    response.headers_mut().insert(AGAIN.0, AGAIN.1);
    response
}

fn content(seen: &Seen, zone: Tz) -> Markup {
    let at =
        html! { span.age { "as of " (seen.status.at.with_timezone(&zone).format("%H:%M:%S")) } };
    html! {
        p.note.(seen.level.as_str()) { strong { (seen.sentence) } }
        section.card { h2 { "Menus of the next days" (at) } (seen.status.days()) }
        section.card { h2 { "Vendors" (at) } (vendors(&seen.status.vendors)) }
        div.grid {
            section.card { h2 { "Queue" (at) } (queue(seen.queue.as_ref())) }
            section.card { h2 { "Warm before the meal" (at) } (warmth(&seen.prewarm, zone)) }
        }
        section.card { h2 { "Drift" (at) } (drift(&seen.status)) }
        section.card { h2 { "Changes" (at) } (seen.status.changed(zone)) }
        p.quiet { "The same as " a href="/ops/status.json" { "JSON" } ". This page asks again every 30 s." }
    }
}

fn vendors(all: &[VendorStatus]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "Vendor" } th { "Breaker" } th { "Span" } th { "Reads" } th { "Good" }
                th { "p50" } th { "p95" } th { "Ends" } th { "HTTP" }
            } }
            tbody {
                @for vendor in all {
                    @for (nth, (span, row)) in [("1 h", &vendor.hour), ("24 h", &vendor.day)].iter().enumerate() {
                        tr {
                            @if nth == 0 {
                                th rowspan="2" { (name(vendor.vendor)) }
                                td rowspan="2" { (sites(vendor)) }
                            }
                            td { (span) }
                            (fetches(row.as_ref()))
                        }
                    }
                }
            }
        } }
    }
}

fn sites(vendor: &VendorStatus) -> Markup {
    html! {
        @if vendor.sites.is_empty() { span.badge { "not known" } }
        @for site in &vendor.sites {
            @let (class, words) = match (site.is_open, site.quiet_secs) {
                (true, _) => ("bad", "open".to_owned()),
                (_, Some(left)) => ("warn", format!("quiet for {left} s")),
                (false, None) if site.failures == 1 => ("warn", "1 failure".to_owned()),
                (false, None) if site.failures > 0 => ("warn", format!("{} failures", site.failures)),
                (false, None) => ("ok", "closed".to_owned()),
            };
            span.badge.(class) title=(site.site) { (words) } " "
        }
    }
}

fn fetches(row: Option<&FetchRow>) -> Markup {
    let Some(row) = row else { return html! { td.quiet colspan="6" { "no reads" } } };
    let words = |ends: &common::status::Ends| {
        ends.iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
    };
    html! {
        td.number { (row.reads) }
        td.number { (row.ok * 100 / row.reads.max(1)) " %" }
        td.number { (format!("{:.0} ms", row.p50_ms)) }
        td.number { (format!("{:.0} ms", row.p95_ms)) }
        td { (words(&row.ends)) }
        td { (words(&row.http)) }
    }
}

fn queue(figures: Option<&QueueFigures>) -> Markup {
    let Some(figures) = figures else { return html! { p.note.warn { "Redis cannot be asked." } } };
    let oldest = figures.oldest_pending_ms.map_or("–".to_owned(), |ms| format!("{ms} ms"));
    html! {
        dl.facts {
            dt { "Pending" } dd.number { (figures.pending) }
            dt { "Oldest pending" } dd.number { (oldest) }
            dt { "Running" } dd.number { (figures.running) }
            dt { "Waiting for another try" } dd.number { (figures.scheduled) }
            dt { "Dead" } dd.number { (figures.dead) " " @if figures.dead > 0 { a href="/ops/dead" { "look" } } }
            dt { "Workers" } dd.number { (figures.workers) }
            dt { "Asked for today (UTC)" } dd.number {
                (figures.pushes.values().sum::<u64>()) ", of them coalesced "
                (figures.pushes.get("coalesced").copied().unwrap_or(0))
            }
        }
    }
}

fn warmth(prewarm: &Warmth, zone: Tz) -> Markup {
    let percent = |ratio: f64| format!("{:.0} %", ratio * 100.0);
    html! {
        dl.facts {
            dt { "Warm at the start of the meal" }
            dd.number { (prewarm.warm_ratio.map_or("no meal began yet".to_owned(), percent)) }
            @for day in prewarm.starts.iter().rev().take(3) {
                dt { (day.date.format("%a %-m/%-d")) }
                dd.number { (day.warm) " warm, " (day.stale) " stale, " (day.cold) " cold" }
            }
            dt { "Next look" }
            dd.number { (prewarm.next_tick.map_or("off".to_owned(), |at| at.with_timezone(&zone).format("%H:%M:%S").to_string())) }
        }
        p { a href="/schedule" { "What is looked after, and when" } }
    }
}

fn sign(sign: &Sign) -> String {
    let (what, now, usual) = (format!("{:?}", sign.signal).to_lowercase(), sign.now, sign.usual);
    let words =
        if sign.words.is_empty() { String::new() } else { format!(" ({})", sign.words.join(", ")) };
    format!("{what} {now:.2}, usually {usual:.2}{words}")
}

/// The meals that are unlike those before them.
fn drift(status: &Status) -> Markup {
    let meals = status.halls.iter().flat_map(|hall| {
        let odd = hall.meals.iter().filter_map(|meal| Some((meal, meal.drift.as_ref()?)));
        odd.map(move |(meal, drift)| (hall, meal, drift))
    });
    let odd: Vec<_> = meals.filter(|(.., drift)| drift.verdict != Verdict::Ok).collect();
    html! {
        @if odd.is_empty() { p.quiet { "Every meal is like those before it." } }
        @else {
            div.scroll { table {
                thead { tr { th { "Meal" } th { "Verdict" } th { "Since" } th { "Signs" } } }
                tbody {
                    @for (hall, meal, drift) in odd {
                        tr {
                            th { (hall.name) ", " (meal.meal.to_string()) }
                            td { span.badge.(if drift.verdict == Verdict::Drift { "bad" } else { "warn" }) { (drift.verdict.as_str()) } }
                            td { (span(status.at - drift.since)) }
                            td.wrap { (drift.signs.iter().map(sign).collect::<Vec<_>>().join("; ")) }
                        }
                    }
                }
            } }
        }
    }
}
