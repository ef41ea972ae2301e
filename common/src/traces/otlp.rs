//! Spans as OTLP has them in JSON (`ExportTraceServiceRequest`).

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use super::recording::{Ended, Value};

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// Who tells it.
pub(super) fn resource(service: &str) -> Json {
    let instance = format!("{:016x}", fastrand::u64(..));
    let told = [
        ("service.name", service),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", &instance),
    ];
    let told = told.map(|(name, value)| json!({"key": name, "value": {"stringValue": value}}));
    json!({ "attributes": told })
}

/// One request's worth of spans.
pub(super) fn request(resource: &Json, spans: &[Ended]) -> Json {
    let spans: Vec<Json> = spans.iter().map(span).collect();
    let scope = json!({"name": "5c-menus", "version": env!("CARGO_PKG_VERSION")});
    json!({"resourceSpans": [{
        "resource": resource,
        "scopeSpans": [{"scope": scope, "spans": spans}],
    }]})
}

fn span(Ended { recording, at }: &Ended) -> Json {
    let told = recording.attributes.iter();
    let attributes: Vec<Json> =
        told.map(|(name, told)| json!({"key": name, "value": value(told)})).collect();
    let mut span = json!({
        "traceId": format!("{:032x}", recording.context.trace),
        "spanId": format!("{:016x}", recording.context.span),
        "flags": 1,
        "name": recording.name,
        "kind": kind(recording.name),
        "startTimeUnixNano": nanos(recording.started),
        "endTimeUnixNano": nanos(*at),
        "attributes": attributes,
        "status": if recording.failed { json!({"code": ERROR}) } else { json!({}) },
    });
    if let (Some(parent), Json::Object(span)) = (recording.parent, &mut span) {
        span.insert("parentSpanId".to_owned(), json!(format!("{parent:016x}")));
    }
    span
}

/// Numbers of 64 bits are texts in JSON.
fn value(told: &Value) -> Json {
    match told {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
    }
}

/// `SPAN_KIND_…`: server, consumer, client; else internal.
fn kind(name: &str) -> u8 {
    match name {
        "http.request" => 2,
        "vendor.fetch" => 3,
        "job" => 5,
        _ => 1,
    }
}

fn nanos(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}
