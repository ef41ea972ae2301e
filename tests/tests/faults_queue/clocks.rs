//! Machines whose clock is wrong.

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use tests::{Asked, Load, Stack, dinners, menu_path};

use super::{MS, SECOND};

/// Debian's `libfaketime`: it tells a program another time of day. What a program waits by, the
/// monotonic clock, it leaves alone, as a wrong clock does.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|folder| folder.path());
    let libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    libraries.into_iter().find(|library| library.exists())
}

fn shift(library: &std::path::Path, by: &str) -> [(&'static str, String); 3] {
    [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME", by.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// Two apis, the first of which has another time, or one worker that has.
async fn start(of_api: Option<[(&'static str, String); 3]>, of_worker: bool) -> Stack {
    let mut wanted = Stack::wanted().apis(0).workers(0);
    if let Some(variables) = of_api.as_ref().filter(|_| of_worker) {
        for (name, value) in variables {
            wanted = wanted.for_workers(name, value);
        }
    }
    let mut stack = wanted.workers(1).start().await;
    stack.add_api();
    if let Some(variables) = of_api.filter(|_| !of_worker) {
        for (name, value) in &variables {
            stack.for_apis(name, value);
        }
    }
    stack.add_api();
    stack
}

/// Every menu once, cold, asked of the last api; the slowest.
async fn ask_each(stack: &Stack, asked: &[Asked]) -> Duration {
    let right = Load::of(stack, asked);
    right.apis.write().expect("nobody else").remove(0);
    let mut slowest = Duration::ZERO;
    for at in 0..asked.len() {
        let sample = right.one(at).await;
        assert_eq!((sample.status, sample.stale, &sample.wrong), (200, false, &None), "{sample:?}");
        slowest = slowest.max(sample.took);
    }
    slowest
}

/// How far the api's clock, by its header `date`, and the worker's, by `fetched_at`, are ahead of ours.
async fn ahead(stack: &Stack, (hall, date, meal): Asked) -> [i64; 2] {
    let path = menu_path(hall, date, meal);
    let answer = stack.ask(1, reqwest::Method::GET, &path, &[]).await;
    let json = answer.json();
    let read = json["fetched_at"].as_str().expect("a time");
    let times = [
        DateTime::parse_from_rfc2822(answer.header("date")).expect("a date"),
        DateTime::parse_from_rfc3339(read).expect("a time"),
    ];
    times.map(|time| (time.to_utc() - Utc::now()).num_seconds())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q13_programs_whose_clocks_disagree_start_jobs_at_once_and_each_once() {
    let Some(library) = library() else {
        println!("not shown: there is no libfaketime here (Debian: faketime)");
        return;
    };
    let calm = start(None, false).await;
    let usual = ask_each(&calm, &dinners(&calm, 1..6)).await;
    for (by, of_worker) in [("+45s", false), ("-45s", false), ("+45s", true), ("-45s", true)] {
        let stack = start(Some(shift(&library, by)), of_worker).await;
        let keys = dinners(&stack, 1..6);
        let cold = ask_each(&stack, &keys).await;
        let [api, worker] = ahead(&stack, keys[0]).await;
        println!("{by}, of the worker: {of_worker}: slowest {cold:?}, else {usual:?}");
        let is_off = |seconds: i64| (35..=50).contains(&seconds.abs());
        assert!(if of_worker { is_off(worker) } else { is_off(api) }, "{api} {worker}");
        assert!(cold <= usual + SECOND, "{cold:?}, else {usual:?}");
        assert_eq!(stack.vendor.total_reads(), 20, "each once");
        // What is fresh is fresh for both; what has expired is read once more, and not before.
        assert!(ask_each(&stack, &keys).await <= usual + 50 * MS);
        assert_eq!(stack.vendor.total_reads(), 20, "no early job");
        // A copy in Postgres is fresh by the clock of who looks: here it is old by any.
        stack.grow_old().await;
        let old =
            "fresh_until = now() - interval '2 minutes', fetched_at = now() - interval '1 hour'";
        stack.database.run(&format!("update menu_days set {old}")).await;
        let again = ask_each(&stack, &keys).await;
        assert!(again <= usual + SECOND, "{again:?}, else {usual:?}");
        assert_eq!(stack.vendor.total_reads(), 40, "no late job");
    }
}
