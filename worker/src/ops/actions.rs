//! What ops can do: forms, a question before each deed, the deed, and its record. Nothing is done that
//! cannot be put on record first; that another site's page asks for nothing, the guard sees to.

mod action;
mod fields;
mod forms;
mod refusal;
mod run;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Extension, Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use chrono::Utc;
use common::{
    hall::Vendor,
    metrics::{OPS_ACTIONS, VENDOR_PAUSED},
    queue::Queue,
    refresh::Refresher,
    vendors::Pauses,
};
use maud::html;
use serde_json::json;

use super::{
    Ops,
    audit::{self, Who},
    overrides, page,
};
use crate::queue::DeadLetters;
use action::Action;
pub(crate) use action::{hall, menu};
pub(crate) use fields::Fields;
pub(crate) use forms::{halls, meals};
pub(crate) use refusal::Refusal;

/// The largest body: a form has a handful of fields.
const LARGEST_BODY: usize = 16 * 1024;

/// For Redis to tell a scraper who is paused.
const PATIENCE: Duration = Duration::from_secs(1);

/// What actions work with.
pub(crate) struct Desk {
    pub(crate) refresher: Arc<Refresher>,
    pub(crate) queue: Queue,
    pub(crate) dead: DeadLetters,
    pub(crate) pauses: Pauses,
}

/// Pages and API of everything that ops can do.
pub(crate) fn routes() -> Router<Arc<Ops>> {
    Router::new()
        .route("/ops/actions", get(forms::show))
        .route("/ops/actions/{action}", post(ask_or_do))
        .route("/ops/api/actions/{action}", post(api_do))
        .route("/ops/api/vendors", get(forms::vendors))
        .merge(super::dead::routes())
        .merge(overrides::routes())
        .merge(audit::routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
}

/// A form was sent: first the question, and with `confirm=yes` the deed.
async fn ask_or_do(
    State(ops): State<Arc<Ops>>,
    Path(name): Path<String>,
    Extension(Who(who)): Extension<Who>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let mut said = fields.clone();
    let confirmed = said.maybe("confirm").as_deref() == Some("yes");
    let action = Action::parse(&name, said, ops.desk.today())?;
    if confirmed {
        let id = carry_out(ops, action, who).await?.0;
        return Ok(Redirect::to(&format!("/ops/audit/{id}")).into_response());
    }
    let outlook = run::look(&ops, &action).await?;
    Ok(question(&action, &outlook, &fields))
}

/// The same for programs, which need not be asked twice.
async fn api_do(
    State(ops): State<Arc<Ops>>,
    Path(name): Path<String>,
    Extension(Who(who)): Extension<Who>,
    fields: Result<Fields, Refusal>,
) -> Response {
    let done = async {
        let action = Action::parse(&name, fields?, ops.desk.today())?;
        carry_out(ops, action, who).await
    };
    match done.await {
        Ok((id, result)) => {
            Json(json!({ "audit_id": id, "action": name, "result": result })).into_response()
        }
        Err(refusal) => refusal.problem(),
    }
}

fn question(action: &Action, outlook: &run::Outlook, fields: &Fields) -> Response {
    let body = html! {
        @for note in &outlook.notes { p.note.warn { (note) "." } }
        section.card {
            p { (action.consequence()) }
            form method="post" action={ "/ops/actions/" (action.name()) } {
                @for (name, value) in fields.pairs().filter(|(name, _)| *name != "confirm") {
                    input type="hidden" name=(name) value=(value);
                }
                input type="hidden" name="confirm" value="yes";
                div.buttons {
                    button.danger[action.is_grave()] type="submit" { "Yes, do it" }
                    a.button href=(action.page()) { "No, back" }
                }
            }
        }
    };
    page::page_in(action.page(), StatusCode::OK, &action.question(), body)
}

/// Does it in a task of its own: a browser that goes away stops nothing half-way.
async fn carry_out(ops: Arc<Ops>, action: Action, who: String) -> Result<(i64, String), Refusal> {
    let done = tokio::spawn(async move { on_record(&ops, &action, &who).await });
    done.await.unwrap_or_else(|error| {
        tracing::error!(%error, "an action broke off");
        Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "It broke off; see the log and the audit",
        ))
    })
}

/// The record first. Who cannot be told afterwards what was done should not find it done.
async fn on_record(ops: &Ops, action: &Action, who: &str) -> Result<(i64, String), Refusal> {
    let (name, arguments) = (action.name(), action.arguments());
    let id = ops.store.begin_audit(who, name, &arguments).await.map_err(|error| {
        tracing::warn!(%error, action = name, "not done, because it cannot be put on record");
        let why = "Postgres is away, and what cannot be put on record is not done";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why)
    })?;
    let done = run::run(ops, action).await;
    let (word, result) = match &done {
        Ok(result) => ("done", result),
        Err(refusal) => ("refused", &refusal.text),
    };
    OPS_ACTIONS.one(&[name, word]);
    tracing::info!(ops.user = who, ops.action = name, %arguments, outcome = word, result, "ops action");
    if let Err(error) = ops.store.end_audit(id, done.is_ok(), result).await {
        tracing::warn!(%error, audit.id = id, "how it ended is not on record");
    }
    done.map(|result| (id, result))
}

impl Desk {
    /// Brings the metric up to date. What Redis does not tell in a moment is not known.
    pub(crate) async fn measure(&self) {
        let left = tokio::time::timeout(PATIENCE, self.pauses.left()).await;
        let left = left.ok().and_then(Result::ok);
        for (at, vendor) in Vendor::ALL.into_iter().enumerate() {
            let paused = left.and_then(|left| left.get(at).copied());
            VENDOR_PAUSED.set(&[vendor.as_str()], paused.map(|left| u64::from(left.is_some())));
        }
    }

    /// The halls' own day.
    pub(crate) fn today(&self) -> chrono::NaiveDate {
        Utc::now().with_timezone(&self.refresher.zone).date_naive()
    }
}
