//! What a hit costs, beside the least that any server on this machine could take: a bare axum with a
//! body in memory (`constant`), and one that asks Redis for the body each time (`one-get`). All in one
//! run, in turns, since the machine is noisy. Needs `wrk`.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints its figures, and ends where it cannot have them"
)]

use std::{process::Stdio, time::Duration};

use axum::{Router, routing::get};
use bytes::Bytes;
use redis::AsyncConnectionConfig;
use tests::{Program, Stack, menu_path, stub::Hall};
use tokio::{net::TcpListener, process::Command};

const CONNECTIONS: u32 = 64;
const ROUNDS: usize = 5;
const SECONDS: u64 = 3;

/// Says which of the two limit servers this program is to be.
const LIMIT: &str = "BENCH_LIMIT";

#[expect(clippy::disallowed_methods, reason = "this program starts itself as another")]
fn main() {
    let given = |name: &str| std::env::var(name).unwrap_or_default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match given(LIMIT).as_str() {
        "constant" => runtime.block_on(constant(given("BODY"))),
        "one-get" => runtime.block_on(one_get(&given("REDIS_URL"), given("KEY"))),
        _ => runtime.block_on(measure()),
    }
}

/// The file's content for every request.
async fn constant(file: String) {
    let body = Bytes::from(std::fs::read(file).expect("the body"));
    let json = [("content-type", "application/json")];
    serve(Router::new().fallback(get(async move || (json, body.clone())))).await;
}

/// What this key holds, asked for each request.
async fn one_get(url: &str, key: String) {
    let client = redis::Client::open(url).expect("a URL");
    let config = AsyncConnectionConfig::new();
    let redis = client.get_multiplexed_async_connection_with_config(&config).await.expect("Redis");
    let json = [("content-type", "application/json")];
    let answer = async move || {
        let mut redis = redis.clone();
        let body: Vec<u8> =
            redis::cmd("GET").arg(&key).query_async(&mut redis).await.expect("the body");
        (json, body)
    };
    serve(Router::new().fallback(get(answer))).await;
}

async fn serve(router: Router) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    common::telemetry::listening(listener.local_addr().expect("an address"));
    axum::serve(listener, router).await.expect("served");
}

/// One round of wrk.
#[derive(Debug, Clone, Copy)]
struct Round {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Processor time of the server a request, in µs.
    cpu: f64,
}

struct Target {
    name: String,
    url: String,
    pid: u32,
    rounds: Vec<Round>,
}

async fn measure() {
    let stack = Stack::wanted().with("LOG", "info").start().await;
    let day = stack.weekday();
    let url = stack.apis[0].url();
    let small = small_menu(&stack, day).await;
    let large = menu_path(Hall::Collins, day, "dinner");
    let mut servers = Vec::new();
    let mut targets = Vec::new();
    for (size, path) in [("small", &small), ("large", &large)] {
        let body = stack.get(path).await.text;
        let file = std::env::temp_dir().join(format!("menus5c-{size}-{}", std::process::id()));
        std::fs::write(&file, &body).expect("the body");
        println!("{size}: {} bytes, {path}", body.len());
        let file = file.to_string_lossy().into_owned();
        let constant = limit("constant", vec![("BODY", file)]);
        let (redis, key) = (stack.redis_url(), path_key(&stack, path));
        let one_get = limit("one-get", vec![("REDIS_URL", redis), ("KEY", key)]);
        for (name, server) in [("constant", constant), ("one GET", one_get)] {
            let (name, url) = (format!("{name}, {size}"), server.url().to_owned());
            targets.push(Target { name, url, pid: server.pid(), rounds: Vec::new() });
            servers.push(server);
        }
        let (name, url) = (format!("/menus, {size}"), format!("{url}{path}"));
        targets.push(Target { name, url, pid: stack.apis[0].pid(), rounds: Vec::new() });
    }
    let others = others(day);
    for path in &others {
        stack.get(path).await;
        let (name, url) = (path.clone(), format!("{url}{path}"));
        targets.push(Target { name, url, pid: stack.apis[0].pid(), rounds: Vec::new() });
    }
    for _ in 0..ROUNDS {
        for target in &mut targets {
            let round = round(&target.url, target.pid).await;
            target.rounds.push(round);
        }
    }
    print(&targets);
}

/// Every other endpoint; the last three put an answer together each time.
fn others(day: chrono::NaiveDate) -> Vec<String> {
    [
        "/api/v2/halls".to_owned(),
        "/api/v2/halls/hoch/menus".to_owned(),
        "/api/v2/open-now".to_owned(),
        "/api/v2/stats/dashboard".to_owned(),
        "/api/v2/labels".to_owned(),
        format!("/api/v2/menus?hall_id=hoch&date={day}&meal=late_night"),
        "/openapi.json".to_owned(),
        format!("/api/v2/menus/week?hall_id=hoch&start={day}"),
        format!("/api/v2/menus/day?date={day}"),
        "/api/v2/items?q=chicken".to_owned(),
    ]
    .to_vec()
}

/// The smallest menu of that day.
async fn small_menu(stack: &Stack, day: chrono::NaiveDate) -> String {
    let mut least: Option<(usize, String)> = None;
    for hall in [Hall::Hoch, Hall::Frary, Hall::Malott] {
        let path = menu_path(hall, day, "lunch");
        let answer = stack.get(&path).await;
        if answer.status == 200 && least.as_ref().is_none_or(|(size, _)| answer.text.len() < *size)
        {
            least = Some((answer.text.len(), path));
        }
    }
    least.expect("a menu").1
}

fn path_key(stack: &Stack, path: &str) -> String {
    let value = |name: &str| {
        let (_, rest) = path.split_once(&format!("{name}=")).expect("a parameter");
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    stack.key(&format!("menu:{}:{}:{}", value("hall_id"), value("date"), value("meal")))
}

/// Starts this program as a limit server.
fn limit(which: &str, variables: Vec<(&str, String)>) -> Program {
    let variables: Vec<(String, String)> = variables
        .into_iter()
        .chain([(LIMIT, which.to_owned())])
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let log = std::env::temp_dir().join(format!("menus5c-{which}-{}.log", std::process::id()));
    Program::start(&std::env::current_exe().expect("itself"), &variables, log)
}

async fn round(url: &str, pid: u32) -> Round {
    let before = cpu(pid);
    let wrk = Command::new("wrk")
        .args(["--latency", "-t1", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s"), url])
        .stdin(Stdio::null())
        .output()
        .await
        .expect("wrk");
    let used = cpu(pid) - before;
    let text = String::from_utf8_lossy(&wrk.stdout).into_owned();
    let word = |label: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(label));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or_else(|| panic!("{text}"))
    };
    let requests = text
        .lines()
        .find(|line| line.contains("requests in"))
        .and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
        .expect("requests");
    assert!(!text.contains("Socket errors"), "{text}");
    Round {
        per_second: word("Requests/sec:").parse().expect("a number"),
        p50: milliseconds(word("50%")),
        p99: milliseconds(word("99%")),
        cpu: used.as_secs_f64() * 1e6 / requests,
    }
}

fn milliseconds(text: &str) -> f64 {
    let in_units =
        |unit: &str, factor: f64| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor);
    let found = in_units("us", 0.001).or_else(|| in_units("ms", 1.0));
    found.or_else(|| in_units("s", 1000.0)).unwrap_or_else(|| panic!("{text} is no time"))
}

/// Processor time of a process so far; Linux counts it in hundredths of a second.
fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn median(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn print(targets: &[Target]) {
    println!("{CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s each in turns, medians");
    println!("| | requests/s | p50 ms | p99 ms | CPU µs/request |\n|---|---|---|---|---|");
    for target in targets {
        let of = |what: fn(&Round) -> f64| median(&target.rounds, what);
        println!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.1} |",
            target.name,
            of(|round| round.per_second),
            of(|round| round.p50),
            of(|round| round.p99),
            of(|round| round.cpu)
        );
    }
}
