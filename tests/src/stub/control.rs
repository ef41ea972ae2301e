//! The stub's own calls: making vendors ill, changing menus, counting reads. JSON over HTTP.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::net::TcpStream;

use super::document::Scope;
use super::fault::{Fault, MODES};
use super::hall::{Hall, Vendor};
use super::http::{Answer, Connection, Request};
use super::journal::Count;
use super::menu::Expected;
use super::posting::{Kind, Posting};
use super::serve::Core;

/// Serves one caller to the end.
pub(crate) async fn control(core: Arc<Core>, stream: TcpStream) {
    let mut connection = Connection::new(stream);
    while let Ok(Some(request)) = connection.request().await {
        if connection.send(&answer(&core, &request)).await.is_err() {
            return;
        }
    }
}

fn answer(core: &Core, request: &Request) -> Answer {
    let done = || Ok(json!({"ok": true}));
    let result = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/") => return Answer::new(200, "text/plain; charset=utf-8", help()),
        ("POST", "/fault") => fault(core, &request.body).and_then(|()| done()),
        ("POST", "/heal") => {
            core.faults.heal();
            done()
        }
        ("POST", "/post") => post(core, &request.body).and_then(|()| done()),
        ("POST", "/today") => today(core, &request.body).and_then(|()| done()),
        ("GET", "/expected") => expected(core, &request.query),
        ("GET", "/reads") => Ok(reads(core)),
        ("DELETE", "/reads") => {
            core.journal.forget();
            done()
        }
        ("GET", "/journal") => Ok(journal(core)),
        (method, path) => {
            return json_answer(
                404,
                &json!({"error": format!("no call {method} {path}: see GET /")}),
            );
        }
    };
    match result {
        Ok(value) => json_answer(200, &value),
        Err(error) => json_answer(400, &json!({"error": error})),
    }
}

fn json_answer(status: u16, value: &Value) -> Answer {
    Answer::new(status, "application/json", format!("{value}\n"))
}

fn object(body: &[u8], known: &[&str]) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    let fields = value.as_object().ok_or("the body must be a JSON object")?;
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown field {key:?}: use {}", known.join(", "))),
        None => Ok(value),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str, String> {
    let text = value.get(field).and_then(Value::as_str);
    text.ok_or_else(|| format!("{field:?} must be given, as text"))
}

fn whole(value: &Value, field: &str) -> Result<Option<u64>, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(number) => {
            number.as_u64().map(Some).ok_or_else(|| format!("{field:?} must be a whole number"))
        }
    }
}

fn fault(core: &Core, body: &[u8]) -> Result<(), String> {
    let value = object(body, &["scope", "mode", "value", "retry_after", "times"])?;
    let scope = Scope::parse(text(&value, "scope")?)?;
    let setting = value.get("value").unwrap_or(&Value::Null);
    let fault = Fault::parse(text(&value, "mode")?, setting, whole(&value, "retry_after")?)?;
    let times = whole(&value, "times")?.map(|times| usize::try_from(times).unwrap_or(usize::MAX));
    core.faults.add(scope, fault, times);
    Ok(())
}

fn post(core: &Core, body: &[u8]) -> Result<(), String> {
    let value = object(body, &["hall", "date", "kind", "edition"])?;
    let hall = hall(text(&value, "hall")?)?;
    let date = date(text(&value, "date")?)?;
    let kind = match value.get("kind") {
        None => Kind::Regular,
        Some(_) => Kind::parse(text(&value, "kind")?)?,
    };
    let edition = whole(&value, "edition")?.unwrap_or(0);
    let edition = u32::try_from(edition).map_err(|_| "\"edition\" is too large")?;
    core.shelf().change(|postings| postings.post(hall, date, Posting { kind, edition }));
    Ok(())
}

fn today(core: &Core, body: &[u8]) -> Result<(), String> {
    let value = object(body, &["date"])?;
    let day = match value.get("date") {
        Some(Value::Null) => None,
        _ => Some(date(text(&value, "date")?)?),
    };
    core.shelf().change(|postings| postings.set_today(day));
    Ok(())
}

fn hall(text: &str) -> Result<Hall, String> {
    let halls: Vec<&str> = Hall::ALL.iter().map(|hall| hall.as_str()).collect();
    Hall::parse(text).ok_or_else(|| format!("unknown hall {text:?}: use {}", halls.join(", ")))
}

fn date(text: &str) -> Result<chrono::NaiveDate, String> {
    text.parse().map_err(|_| format!("{text:?} is no date: use YYYY-MM-DD"))
}

fn expected(core: &Core, query: &str) -> Result<Value, String> {
    let field = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.ok_or_else(|| format!("{name:?} must be given"))
    };
    let expected = core.shelf().expected(hall(field("hall")?)?, date(field("date")?)?);
    Ok(match expected {
        Expected::Menu(meals) => json!({"state": "menu", "meals": meals}),
        Expected::Closed => json!({"state": "closed"}),
        Expected::NotPosted => json!({"state": "not_posted"}),
    })
}

fn reads(core: &Core) -> Value {
    let count = |count: Count| {
        json!({
            "reads": count.reads, "max_concurrent": count.max_concurrent, "peak_1s": count.peak_1s,
        })
    };
    let documents: Map<String, Value> =
        core.journal.documents().into_iter().map(|(name, of)| (name, count(of))).collect();
    let vendors: Map<String, Value> = Vendor::ALL
        .into_iter()
        .map(|vendor| (vendor.as_str().to_owned(), count(core.journal.vendor(vendor.as_str()))))
        .collect();
    let total = core.journal.total();
    json!({
        "total": total.reads, "max_concurrent": total.max_concurrent, "peak_1s": total.peak_1s,
        "vendors": vendors, "documents": documents,
    })
}

fn journal(core: &Core) -> Value {
    let entry = |read: super::Read| {
        json!({
            "document": read.document, "target": read.target, "vendor": read.vendor,
            "at": read.at.to_rfc3339(), "user_agent": read.user_agent, "api_key": read.api_key,
            "status": read.status, "conditional": read.conditional,
        })
    };
    core.journal.reads().into_iter().map(entry).collect()
}

/// Every call in a line, and every mode.
pub(crate) fn help() -> String {
    let mut help = String::from(
        "vendor-stub: three dining vendors on one address\n\n\
         GET    /          this text\n\
         POST   /fault     {\"scope\":\"pomona:frary\",\"mode\":\"delay\",\"value\":200,\"times\":1}\n\
         POST   /heal      every vendor in good health, at once\n\
         POST   /post      {\"hall\":\"hoch\",\"date\":\"2026-02-09\",\"kind\":\"regular\",\"edition\":1}\n\
         POST   /today     {\"date\":\"2026-02-09\"}, or null for the clock's day\n\
         GET    /expected  ?hall=hoch&date=2026-02-09: what a right reader must serve\n\
         GET    /reads     how often documents were read, and how many at once\n\
         DELETE /reads     counts from nought\n\
         GET    /journal   every read\n\n\
         scope: all, a vendor (sodexo, bon_appetit, pomona), a hall, vendor:hall,\n\
         \x20      vendor:hall:YYYY-MM-DD, vendor:hall:page; the latest that matches counts\n\
         times: how many reads it lasts; without it, until healed\n\
         kind:  regular, weekday, weekend, closed, not_posted, holiday_brunch, large\n\nmodes:\n",
    );
    for (mode, value, does) in MODES {
        help.push_str(&format!("  {mode:<11} {value:<5} {does}\n"));
    }
    help
}
