//! Every deed is on record, and what cannot be put on record is not done.

use sqlx::{Connection, PgConnection};

use super::*;

#[tokio::test]
async fn who_did_what_when_and_what_came_of_it_is_on_record() {
    let (stack, ops) = start().await;
    assert!(ops.get("/ops/audit").await.text.contains("Nothing."));
    // Where nobody logs in, nobody can put another name on record.
    let answer = ops.act("pause-vendor", &json!({ "vendor": "pomona", "minutes": 90 })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let request = ops.post("/ops/api/actions/resume-vendor").header("origin", ops.url());
    let request =
        request.header("content-type", "application/json").basic_auth("o'ps <b>", Some("x"));
    let resumed = ops.send(request.body(r#"{"vendor":"pomona"}"#)).await;
    assert_eq!(resumed.status, 200, "{resumed:?}");
    assert_eq!(ops.act("delete-override", &json!({ "id": 99 })).await.status, 404);

    let rows = ops.get("/ops/api/audit").await.json();
    let told =
        |at: usize| ["who", "action", "succeeded", "result"].map(|name| rows[at][name].clone());
    assert_eq!(
        told(2),
        [
            json!("loopback"),
            json!("pause-vendor"),
            json!(true),
            json!("Pomona is not asked for 1 h 30 min")
        ]
    );
    assert_eq!(rows[2]["arguments"], json!({ "vendor": "pomona", "minutes": 90 }));
    assert_eq!(
        told(1),
        [json!("loopback"), json!("resume-vendor"), json!(true), json!("Pomona is asked again")]
    );
    assert_eq!(
        told(0),
        [
            json!("loopback"),
            json!("delete-override"),
            json!(false),
            json!("There is no such override (any more)")
        ]
    );
    let whole =
        "select count(*) from ops_audit where ended_at >= at and at > now() - interval '1 minute'";
    assert_eq!(stack.database.number(whole).await, 3);

    let page = ops.get("/ops/audit").await;
    assert!(page.text.contains("vendor pomona"), "{page:?}");
    let id = answer.json()["audit_id"].clone();
    let one = ops.get(&format!("/ops/audit/{id}")).await;
    assert!(one.text.contains("Pomona is not asked for 1 h 30 min"), "{one:?}");
    for unknown in ["0", "999", "x"] {
        assert_eq!(ops.get(&format!("/ops/audit/{unknown}")).await.status, 404, "{unknown}");
    }
    let log = stack.workers[0].log();
    assert!(log.contains("ops action") && log.contains("ops.action=\"pause-vendor\""), "{log}");
}

#[tokio::test]
async fn with_a_log_in_its_user_is_on_record() {
    let (user, password) = ("anna <b>", "correct horse battery");
    let stack = Stack::wanted().with("OPS_USER", user).with("OPS_PASSWORD", password).start().await;
    let ops = OpsSide::of(&stack.workers[0]);
    let request = || {
        let request = ops.post("/ops/api/actions/pause-vendor").header("origin", ops.url());
        request.header("content-type", "application/json").body(r#"{"vendor":"pomona"}"#)
    };
    assert_eq!(ops.send(request()).await.status, 401);
    assert_eq!(ops.send(request().basic_auth("ben", Some(password))).await.status, 401);
    assert_eq!(records(&stack).await, 0);
    let done = ops.send(request().basic_auth(user, Some(password))).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(stack.database.text("select who from ops_audit").await, user);
}

#[tokio::test]
async fn the_record_is_read_page_by_page() {
    let (stack, ops) = start().await;
    let rows = "insert into ops_audit (who, action, arguments, ended_at, succeeded, result)
                select 'test', 'refetch', json_build_object('n', n), now(), true, 'row ' || n
                from generate_series(1, 120) n";
    stack.database.run(rows).await;
    stack
        .database
        .run("insert into ops_audit (who, action, arguments) values ('test', 'refetch', '{}')")
        .await;
    let (mut seen, mut at) = (Vec::new(), "/ops/api/audit".to_owned());
    loop {
        let page = ops.get(&at).await.json();
        let page = page.as_array().unwrap().clone();
        assert!(page.len() <= 50);
        let Some(last) = page.last() else { break };
        at = format!("/ops/api/audit?before={}", last["id"]);
        seen.extend(page.iter().map(|row| row["id"].as_i64().unwrap()));
    }
    assert_eq!(seen.len(), 121);
    assert!(seen.is_sorted_by(|one, other| one > other), "the newest first, each once");
    let first = ops.get("/ops/audit").await;
    assert!(first.text.contains("Older") && first.text.contains("begun"), "{first:?}");
    let last = ops.get(&format!("/ops/audit?before={}", seen[100])).await;
    assert!(!last.text.contains("Older") && last.text.contains("Newest"), "{last:?}");
    for odd in ["0", "-1", "x", "99999999999999999999"] {
        assert_eq!(ops.get(&format!("/ops/audit?before={odd}")).await.status, 422, "{odd}");
    }
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_done() {
    let (stack, ops) = start().await;
    let url = stack.database.url().to_owned();
    let (server, name) = url.rsplit_once('/').unwrap();
    let mut postgres = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    for sql in [
        format!("alter database {name} allow_connections false"),
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres).await.unwrap();
    }
    let pause = ops.act("pause-vendor", &json!({ "vendor": "sodexo" })).await;
    let why = "Postgres is away, and what cannot be put on record is not done";
    assert_eq!(refused(&pause), (503, why.to_owned()));
    let form = ops.form("/ops/actions/pause-vendor", "vendor=sodexo&confirm=yes").await;
    assert!(form.status == 503 && form.text.contains(why), "{form:?}");
    assert!(!stack.keys().await.contains(&"paused:sodexo".to_owned()));
    assert_eq!(ops.get("/ops/actions").await.status, 200, "the forms need no Postgres");
    for page in ["/ops/audit", "/ops/overrides"] {
        assert_eq!(ops.get(page).await.status, 503, "{page}");
    }
    let back = format!("alter database {name} allow_connections true");
    sqlx::raw_sql(sqlx::AssertSqlSafe(back)).execute(&mut postgres).await.unwrap();
}

#[tokio::test]
async fn pages_carry_nothing_that_could_run_and_load_nothing_from_elsewhere() {
    let (_stack, ops) = start().await;
    for path in ["/ops/actions", "/ops/dead", "/ops/overrides", "/ops/audit"] {
        let page = ops.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
        // With `no-referrer` a browser would send forms with `Origin: null`.
        assert_eq!(page.header("referrer-policy"), "same-origin");
        for wrong in ["<script", " style=", "<style", "http://", "https://", " onclick"] {
            assert!(!page.text.contains(wrong), "{path}: {wrong}");
        }
        assert_eq!(page.text.matches("aria-current=\"page\"").count(), 1, "{path}");
    }
    let style = ops.get("/ops/style.css").await;
    assert_eq!((style.status, style.header("content-type")), (200, "text/css; charset=utf-8"));
}
