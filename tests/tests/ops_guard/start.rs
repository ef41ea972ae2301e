//! What a worker refuses to start with, and who asks it from its own machine.

use std::{net::SocketAddr, process::Command};

use reqwest::Method;
use tests::{Stack, binary, metrics_url};

use crate::client::{Asked, PASSWORD, USER, ask, from, guarded};

fn worker(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let stores = [
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
    ];
    let mut command = Command::new(binary("worker"));
    command.env_clear().envs(stores).envs(variables.iter().copied()).args(arguments);
    let out = command.output().unwrap();
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn a_worker_that_anybody_could_look_at_does_not_start() {
    let short = "SECRET of 15 by";
    for (variables, named) in [
        (vec![("OPS_ADDR", "0.0.0.0:0")], "OPS_PASSWORD"),
        (vec![("OPS_ADDR", "[::]:0")], "OPS_PASSWORD"),
        (
            vec![("OPS_ADDR", "0.0.0.0:0"), ("OPS_USER", "ops"), ("OPS_PASSWORD", "")],
            "OPS_PASSWORD",
        ),
        (vec![("OPS_ADDR", "0.0.0.0:0"), ("OPS_USER", "ops")], "OPS_PASSWORD"),
        (vec![("OPS_USER", "ops"), ("OPS_PASSWORD", short)], "OPS_PASSWORD"),
        (vec![("OPS_USER", "ops")], "OPS_PASSWORD"),
        (vec![("OPS_PASSWORD", "SECRET of 16 byt")], "OPS_USER"),
        (vec![("OPS_USER", "o:s"), ("OPS_PASSWORD", "SECRET of 16 byt")], "OPS_USER"),
        (vec![("OPS_HOSTS", "http://ops.example")], "OPS_HOSTS"),
    ] {
        let (code, said) = worker(&[], &variables);
        assert_eq!(code, Some(2), "{variables:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with(&format!("{named}: ")) && !said.contains("SECRET"), "{said}");
    }
}

#[tokio::test]
async fn a_worker_on_loopback_needs_no_password() {
    let stack = Stack::wanted().apis(0).start().await;
    let client = from(1);
    for path in ["/", "/api/v1/overview", "/metrics", "/healthz"] {
        assert_eq!(ask(&client, &stack, Method::GET, path).answer().await.status(), 200, "{path}");
    }
    let foreign = ask(&client, &stack, Method::GET, "/").header("host", "evil.test");
    assert_eq!(foreign.answer().await.status(), 421, "names are looked at all the same");
}

#[tokio::test]
async fn the_health_check_logs_in_with_what_its_environment_has() {
    let stack = guarded().start().await;
    let address = stack.workers[0].url().trim_start_matches("http://").to_owned();
    let at = ("OPS_ADDR", address.as_str());
    let user = ("OPS_USER", USER);
    let check = |login: &[(&str, &str)]| worker(&["healthcheck"], &[&[at], login].concat()).0;
    assert_eq!(check(&[user, ("OPS_PASSWORD", PASSWORD)]), Some(0));
    assert_eq!(check(&[user, ("OPS_PASSWORD", "PASSWORD-of-that-test")]), Some(1));
    assert_eq!(check(&[]), Some(1));
}

#[tokio::test]
async fn a_scraper_needs_no_password_at_its_own_listener() {
    let stack = guarded().with("METRICS_ADDR", "127.0.0.1:0").start().await;
    let metrics = metrics_url(&stack.workers[0]);
    let address: SocketAddr =
        metrics.trim_start_matches("http://").trim_end_matches("/metrics").parse().unwrap();
    let client = from(1);
    for (path, expected) in [
        ("metrics", 200),
        ("healthz", 200),
        ("readyz", 200),
        ("", 404),
        ("api/v1/overview", 404),
        ("queues", 404),
    ] {
        let url = format!("http://{address}/{path}");
        assert_eq!(client.get(url).answer().await.status(), expected, "/{path}");
    }
}
