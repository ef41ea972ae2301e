//! How soon a program is there, what it weighs on disk and in memory.

use std::time::{Duration, Instant};

use tests::{Program, Stack, binary, menu_path, stub::Hall};

use crate::{
    crowd,
    numbers::{Spread, short},
    report::Report,
    settings,
    wrk::{self, Load},
};

const MIB: f64 = 1024.0;

pub(crate) async fn measure() -> Report {
    let mut report = Report::new();
    starts(&mut report).await;
    memory(&mut report).await;
    sizes(&mut report);
    report
}

async fn starts(report: &mut Report) {
    let mut stack = Stack::wanted().with("LOG", "info").start().await;
    let path = menu_path(Hall::Malott, stack.weekday(), "lunch");
    assert_eq!(stack.get(&path).await.status, 200);
    let count = settings::times(20);
    let (mut listening, mut answering, mut working) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let http = crowd::stranger();
        let begun = Instant::now();
        stack.add_api();
        listening.push(begun.elapsed());
        let api = stack.apis.pop().expect("the new one");
        crowd::one(&http, &format!("{}{path}", api.url())).await;
        answering.push(begun.elapsed());
    }
    for _ in 0..count {
        let begun = Instant::now();
        stack.add_worker();
        working.push(begun.elapsed());
        let mut worker = stack.workers.pop().expect("the new one");
        worker.terminate(Duration::from_secs(10)).await;
    }
    let spreads = [&listening, &answering, &working].map(|times| Spread::of(times.iter().copied()));
    let rows = [
        "api: from exec to `LISTENING`",
        "api: from exec to the first menu, 200, from Redis",
        "worker: from exec to `LISTENING`",
    ];
    let rows = rows.iter().zip(&spreads);
    let rows =
        rows.map(|(what, spread)| [vec![(*what).to_owned()], spread.cells().to_vec()].concat());
    let note = format!("{count} starts each, both stores up:");
    report.table("start", note, &["", "p50 ms", "p99 ms", "longest ms"], rows.collect());
    let first = spreads[1].at(1.0);
    report.goal(
        "exec to the first 200, the longest",
        "≤ 100 ms",
        format!("{} ms", short(first)),
        first <= 100.0,
    );
}

async fn memory(report: &mut Report) {
    const CONNECTIONS: usize = 256;
    let stack = Stack::wanted().with("LOG", "info").start().await;
    let path = menu_path(Hall::Malott, stack.weekday(), "lunch");
    let api = &stack.apis[0];
    let held = |program: &Program| program.memory() as f64 / MIB;
    // Its first word to both stores is said.
    let ready = stack.get("/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    let (idle, idle_worker) = (held(api), held(&stack.workers[0]));
    stack.get(&path).await;
    let url = format!("{}{path}", api.url());
    wrk::round(&url, api.pid(), Load::of(CONNECTIONS, settings::seconds(5))).await;
    let after = held(api);
    let day = format!("/api/v2/menus/day?date={}", stack.weekday());
    stack.get(&day).await;
    stack.is_idle().await;
    let worker = held(&stack.workers[0]);
    let mib = |value: f64| format!("{value:.1}");
    let rows = [
        ("api, idle", idle),
        ("api, after 256 connections", after),
        ("worker, idle", idle_worker),
        ("worker, after a day of all halls", worker),
    ];
    let rows = rows.map(|(what, value)| vec![what.to_owned(), mib(value)]).to_vec();
    report.table("memory", "Resident memory:".to_owned(), &["", "MiB"], rows);
    for (what, got, most) in
        [("api, idle", idle, 12.0), ("api, after 256 connections", after, 40.0)]
    {
        let what = format!("memory of the {what}");
        report.goal(&what, &format!("≤ {most:.0} MiB"), format!("{got:.1} MiB"), got <= most);
    }
}

fn sizes(report: &mut Report) {
    let size = |name: &str| {
        let file = std::fs::metadata(binary(name)).expect("a built program");
        file.len() as f64 / 1e6
    };
    let (api, worker) = (size("api"), size("worker"));
    let rows = [("api", api), ("worker", worker)];
    let rows = rows.map(|(name, size)| vec![name.to_owned(), format!("{size:.1}")]).to_vec();
    report.table("size", "Programs on disk:".to_owned(), &["", "MB"], rows);
    report.goal("the api on disk", "≤ 15 MB", format!("{api:.1} MB"), api <= 15.0);
}
