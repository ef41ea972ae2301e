//! Dead jobs are listed, tried again and deleted.

use tests::Jobs;

use super::*;

/// A dead letter as the queue writes it.
async fn bury(stack: &Stack, id: &str, arguments: &str) {
    let mut redis = stack.redis().await;
    let mut write = redis::pipe();
    write
        .zadd(stack.key("fetch:dead"), id, 1_795_242_203)
        .hset(stack.key("fetch:data"), id, arguments)
        .hset_multiple(
            stack.key(&format!("fetch:meta:{id}")),
            &[
                ("attempts", "3"),
                ("status", "Failed"),
                ("result", r#"{"Err":"the entries could <not> be written"}"#),
            ],
        );
    write.query_async::<()>(&mut redis).await.unwrap();
}

fn job(date: chrono::NaiveDate) -> (String, String) {
    let key = format!("menu:hoch:{date}:lunch");
    let arguments = json!({ "key": key, "reason": "miss", "request_id": "r-1" });
    (format!("{key}~7"), arguments.to_string())
}

#[tokio::test]
async fn a_dead_job_is_listed_and_tried_again() {
    let (stack, ops) = start().await;
    let (id, arguments) = job(stack.weekday());
    assert!(ops.get("/ops/dead").await.text.contains("There are none"));
    bury(&stack, &id, &arguments).await;
    let listed = ops.get("/ops/api/dead").await.json();
    assert_eq!(listed[0]["job"], *id, "{listed}");
    assert_eq!((&listed[0]["attempts"], &listed[0]["reason"]), (&3.into(), &"miss".into()));
    assert_eq!(listed[0]["error"], "the entries could <not> be written");
    let page = ops.get("/ops/dead").await;
    assert!(
        page.text.contains("could &lt;not&gt; be written") && page.text.contains(&id),
        "{page:?}"
    );

    let done = result(&ops.act("retry-job", &json!({ "job": id })).await);
    assert!(done.starts_with("A job was pushed that reads lunch at hoch"), "{done}");
    stack.is_idle().await;
    assert_eq!((stack.jobs().await, stack.vendor.total_reads()), (Jobs::NONE, 1));
    assert_eq!(stack.database.text("select reason from fetch_runs").await, "manual");
    let again = ops.act("retry-job", &json!({ "job": id })).await;
    assert_eq!(refused(&again), (404, "There is no such dead job (any more)".to_owned()));
    let left = stack.keys().await.into_iter().filter(|key| key.contains("~7")).count();
    assert_eq!(left, 0, "nothing of it is left");
}

#[tokio::test]
async fn a_dead_job_that_cannot_run_any_more_can_only_be_deleted() {
    let (stack, ops) = start().await;
    let (past, arguments) = job(stack.today() - chrono::Days::new(10));
    bury(&stack, &past, &arguments).await;
    bury(&stack, "rubbish <b>~1", "{}").await;
    let page = ops.get("/ops/dead").await;
    assert!(page.text.contains("none of our jobs") && page.text.contains("rubbish &lt;b&gt;~1"));
    for (id, why) in [
        (past.as_str(), "No vendor is asked for that day or meal any more; it can only be deleted"),
        ("rubbish <b>~1", "It is none of our jobs; it can only be deleted"),
    ] {
        let retry = ops.act("retry-job", &json!({ "job": id })).await;
        assert_eq!(refused(&retry), (409, why.to_owned()));
        assert_eq!(
            result(&ops.act("delete-job", &json!({ "job": id })).await),
            "The dead job is forgotten"
        );
        assert_eq!(ops.act("delete-job", &json!({ "job": id })).await.status, 404);
    }
    assert_eq!((stack.jobs().await, stack.vendor.total_reads()), (Jobs::NONE, 0));
    for odd in ["", "a\u{0}b", &"x".repeat(300)] {
        assert_eq!(ops.act("delete-job", &json!({ "job": odd })).await.status, 422, "{odd:?}");
    }
}
