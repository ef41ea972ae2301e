//! Passwords and keys: in files if one likes, and never in what the programs say.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail in any way")]

use std::{path::PathBuf, time::Duration};

use tests::{
    Stack,
    stub::{API_KEY, Fault, Hall, Scope},
};

const SECRET: &str = "SECRET0123";

/// A folder with these files; gone with the value.
struct Files(PathBuf);

impl Files {
    fn with(files: &[(&str, String)]) -> Self {
        let folder =
            std::env::temp_dir().join(format!("menus5c-secrets-{:016x}", fastrand::u64(..)));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), format!("{text}\n")).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Stores whose URLs hold a secret.
async fn stores() -> (Stack, [(&'static str, String); 5]) {
    let mut stack = Stack::wanted().apis(0).workers(0).own_redis().start().await;
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER").arg("menus").arg("on").arg(format!(">{SECRET}"));
    set.arg("~*").arg("&*").arg("+@all");
    set.query_async::<()>(&mut stack.redis().await).await.unwrap();
    let redis = stack.redis_url().replace("redis://", &format!("redis://menus:{SECRET}@"));
    let mut postgres = reqwest::Url::parse(stack.database.url()).unwrap();
    // The tests' Postgres trusts everybody, whatever the password.
    postgres.set_password(Some(SECRET)).unwrap();
    stack.set("LOG", "trace");
    stack.set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    stack.set("OTEL_BSP_SCHEDULE_DELAY", 20);
    let urls = [
        ("DATABASE_URL", postgres.into()),
        ("REDIS_URL", redis),
        ("SODEXO_API_KEY", API_KEY.into()),
        ("ALERT_WEBHOOK_SECRET", SECRET.repeat(2)),
        ("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization=Bearer%20{SECRET}")),
    ];
    (stack, urls)
}

/// Things that go well and things that fail; both are told of in the log.
async fn all_sorts(stack: &mut Stack) {
    stack.add_worker();
    stack.somebody_works().await;
    stack.add_api();
    let date = stack.weekday();
    assert_eq!(stack.menu(Hall::Hoch, date, "lunch").await.status, 200, "with the key");
    stack.vendor.fault(Scope::All, Fault::Reset);
    let _ = stack.menu(Hall::Hoch, date.succ_opt().unwrap(), "lunch").await;
    stack.vendor.heal();
    stack.is_idle().await;
    if let Some(redis) = stack.own_redis.as_mut() {
        redis.kill();
    }
    let _ = stack.menu(Hall::Frary, date, "dinner").await;
    stack.leftovers_are_fine();
}

/// All that can be seen of the programs from outside, but for their environment.
async fn seen(stack: &Stack) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    for path in ["/readyz", "/healthz", "/api/v2/halls?college=x", "/nowhere"] {
        seen.push((path.to_owned(), format!("{:?}", stack.get(path).await)));
    }
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
    let http = http.unwrap();
    for path in ["/readyz", "/metrics", "/"] {
        let url = format!("{}{path}", stack.workers[0].url());
        let answer = http.get(url).send().await.unwrap();
        seen.push((format!("ops {path}"), answer.text().await.unwrap()));
    }
    for program in stack.apis.iter().chain(&stack.workers) {
        seen.push(("log".to_owned(), program.log()));
        // What `ps` shows.
        let line = std::fs::read(format!("/proc/{}/cmdline", program.pid())).unwrap();
        seen.push(("arguments".to_owned(), String::from_utf8_lossy(&line).into_owned()));
    }
    seen
}

#[tokio::test]
async fn a_secret_in_a_url_is_in_no_log_no_metric_and_no_answer() {
    let (mut stack, urls) = stores().await;
    urls.iter().for_each(|(name, value)| stack.set(name, value));
    stack.set("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{SECRET}:{SECRET}@127.0.0.1:1"));
    all_sorts(&mut stack).await;
    let seen = seen(&stack).await;
    let logs = seen.iter().filter(|(place, _)| place == "log");
    assert!(logs.map(|(_, text)| text.len()).min() > Some(1000), "there is something to look at");
    for (place, text) in seen {
        assert!(!text.contains(SECRET), "{place}: {text}");
        assert!(!text.contains(API_KEY), "{place}: {text}");
    }
}

#[tokio::test]
async fn secrets_may_be_kept_in_files_and_are_then_in_no_environment() {
    let (mut stack, urls) = stores().await;
    let files = Files::with(&urls);
    for (name, _) in &urls {
        stack.set(name, "");
        stack.set(&format!("{name}_FILE"), files.0.join(name).display());
    }
    all_sorts(&mut stack).await;
    for program in stack.apis.iter().chain(&stack.workers) {
        let environment = std::fs::read(format!("/proc/{}/environ", program.pid())).unwrap();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        assert!(environment.contains("DATABASE_URL_FILE=/"), "{environment}");
        assert!(!environment.contains(SECRET) && !environment.contains(API_KEY));
    }
}
