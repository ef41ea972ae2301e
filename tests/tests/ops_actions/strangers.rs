//! Nothing is done for another site's page, or of what cannot be read.

use super::*;

const ACTIONS: [(&str, &str); 8] = [
    ("refetch", "hall=hoch&date=DAY&meal=lunch"),
    ("drop-entry", "hall=hoch&date=DAY&meal=lunch"),
    ("pause-vendor", "vendor=sodexo"),
    ("resume-vendor", "vendor=sodexo"),
    ("retry-job", "job=x~1"),
    ("delete-job", "job=x~1"),
    ("add-override", "hall=hoch&date=DAY&closed=yes"),
    ("delete-override", "id=1"),
];

async fn nothing_was_done(stack: &Stack) {
    assert_eq!((records(stack).await, stack.vendor.total_reads()), (0, 0));
    assert_eq!(stack.database.number("select count(*) from dining_hours_overrides").await, 0);
    assert!(!stack.keys().await.iter().any(|key| key.starts_with("paused:")));
}

#[tokio::test]
async fn what_another_sites_page_sends_is_refused() {
    let (stack, ops) = start().await;
    let day = stack.weekday().to_string();
    let form = "application/x-www-form-urlencoded";
    let ours = ops.url().to_owned();
    for (action, body) in ACTIONS {
        let body = format!("{}&confirm=yes", body.replace("DAY", &day));
        for path in [format!("/ops/actions/{action}"), format!("/ops/api/actions/{action}")] {
            for headers in [
                vec![],
                vec![("origin", "http://evil.example")],
                vec![("origin", "null")],
                vec![("origin", "http://127.0.0.1:1")],
                vec![("origin", ours.as_str()), ("sec-fetch-site", "cross-site")],
                vec![("sec-fetch-site", "none")],
            ] {
                let mut request = ops.post(&path).header("content-type", form).body(body.clone());
                for (name, value) in &headers {
                    request = request.header(*name, *value);
                }
                let answer = ops.send(request).await;
                assert_eq!(answer.status, 403, "{path} {headers:?}: {answer:?}");
                assert!(answer.text.contains("Only pages of this very address"), "{answer:?}");
                let is_problem = answer.header("content-type") == "application/problem+json";
                assert_eq!(is_problem, path.starts_with("/ops/api/"), "{path}: {answer:?}");
            }
        }
        assert_eq!(ops.get(&format!("/ops/actions/{action}")).await.status, 405, "POST only");
        assert_eq!(ops.get(&format!("/ops/api/actions/{action}?{body}")).await.status, 405);
    }
    nothing_was_done(&stack).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_changes_nothing() {
    let (stack, ops) = start().await;
    let send = async |path: &str, kind: Option<&str>, body: &str| {
        let request = ops.post(path).header("origin", ops.url()).body(body.to_owned());
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        ops.send(request).await
    };
    for path in ["/ops/actions/pause-vendor", "/ops/api/actions/pause-vendor"] {
        for kind in [
            None,
            Some("text/plain"),
            Some("multipart/form-data; boundary=x"),
            Some("application/xml"),
        ] {
            assert_eq!(send(path, kind, "vendor=sodexo&confirm=yes").await.status, 415, "{kind:?}");
        }
        let (form, json) = ("application/x-www-form-urlencoded", "application/json; charset=utf-8");
        for (kind, body, status) in [
            (json, "{", 400),
            (json, "[]", 400),
            (json, r#"{"vendor":["sodexo"]}"#, 400),
            (form, "vendor=sodexo&vendor=pomona", 400),
            (form, "", 422),
            (form, "vendor=", 422),
            (form, "vendor=SODEXO", 422),
            (form, "vendor=sodexo&minuts=5", 422),
            (json, r#"{"vendor":"sodexo","minutes":"x"}"#, 422),
        ] {
            assert_eq!(send(path, Some(kind), body).await.status, status, "{path} {body}");
        }
        let large = format!("vendor=sodexo&x={}", "x".repeat(20_000));
        assert_eq!(send(path, Some(form), &large).await.status, 413);
    }
    assert_eq!(ops.form("/ops/actions/dance", "").await.status, 404);
    let day = stack.weekday();
    for (arguments, why) in [
        (
            json!({ "hall": "nowhere", "date": day, "meal": "lunch" }),
            "hall must be one of the seven halls",
        ),
        (
            json!({ "hall": "hoch", "date": "2026-02-30", "meal": "lunch" }),
            "date must be a day, written YYYY-MM-DD",
        ),
        (
            json!({ "hall": "hoch", "date": day, "meal": "lunch:x" }),
            "meal must be a meal's word, such as lunch",
        ),
        (
            json!({ "hall": "hoch", "date": day, "meal": "tea" }),
            "meal must be one of the six that vendors are asked for",
        ),
    ] {
        let answer = ops.act("refetch", &arguments).await;
        assert_eq!(refused(&answer), (422, why.to_owned()));
    }
    let far = ops.act("refetch", &menu_arguments("hoch", stack.in_days(15), "lunch")).await;
    assert!(refused(&far).1.starts_with("date must be from "), "{far:?}");
    nothing_was_done(&stack).await;
}
