//! Hits by the number of apis, and a cold week of all halls by the number of either program. All of it
//! on one machine, so more processes than cores add nothing: what is to be seen is what they cost, and
//! that vendors are not read more often.

use tests::{Program, Stack, menu_path, stub::Hall};

use crate::{
    misses::{impatient, week},
    numbers::{grouped, median, short},
    report::Report,
    settings,
    wrk::{self, Load},
};

const COUNTS: [usize; 3] = [1, 2, 4];
const CONNECTIONS: usize = 64;

pub(super) async fn measure(report: &mut Report) {
    apis(report).await;
    weeks(report).await;
}

async fn apis(report: &mut Report) {
    let (rounds, seconds) = (settings::times(3), settings::seconds(2));
    let mut rows = Vec::new();
    for count in COUNTS {
        let stack = Stack::wanted().apis(count).with("LOG", "info").start().await;
        let path = menu_path(Hall::Malott, stack.weekday(), "lunch");
        for api in 0..count {
            stack.ask(api, reqwest::Method::GET, &path, &[]).await;
        }
        let mut all = Vec::new();
        for _ in 0..rounds {
            let rounds = stack.apis.iter().map(|api| at_api(api, &path, count, seconds));
            all.push(futures::future::join_all(rounds).await);
        }
        let of = |sum: &dyn Fn(&[wrk::Round]) -> f64| median(all.iter().map(|round| sum(round)));
        let rate = of(&|round| round.iter().map(|one| one.per_second).sum());
        let p99 = of(&|round| round.iter().map(|one| one.p99).fold(0.0, f64::max));
        let cpu = of(&|round| round.iter().map(|one| one.cpu).sum::<f64>() / count as f64);
        let memory = stack.apis.iter().map(Program::memory).sum::<usize>() as f64 / 1024.0;
        let cells = [grouped(rate), short(p99), short(cpu), short(memory)];
        rows.push([vec![count.to_string()], cells.to_vec()].concat());
    }
    let note = format!(
        "Hits by api processes, {CONNECTIONS} connections shared among them, a `wrk` for each, {rounds} rounds of {seconds} s:"
    );
    let head = ["apis", "requests/s, all", "p99 ms, the slowest", "CPU µs a request", "MiB, all"];
    report.table("processes-apis", note, &head, rows);
}

async fn at_api(api: &Program, path: &str, count: usize, seconds: u64) -> wrk::Round {
    let url = format!("{}{path}", api.url());
    wrk::round(&url, api.pid(), Load::of(CONNECTIONS / count, seconds)).await
}

/// A cold week of all halls, by apis and by workers.
async fn weeks(report: &mut Report) {
    let rounds = settings::times(3);
    let mut rows = Vec::new();
    for (apis, workers) in
        COUNTS.map(|count| (count, 1)).into_iter().chain([(1, 2), (1, 4), (4, 4)])
    {
        let (mut walls, mut reads, mut late) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            let stack = impatient(apis, workers).await;
            let week = week(&stack).await;
            walls.push(week.wall_ms);
            late += week.late;
            reads.push(format!("{} of {}", week.reads, week.documents));
        }
        reads.dedup();
        let wall = short(median(walls));
        rows.push(vec![
            apis.to_string(),
            workers.to_string(),
            wall,
            reads.join(", "),
            late.to_string(),
        ]);
    }
    let note = format!(
        "147 cold keys × 10 clients at once, delay 200 ms, new systems each time, {rounds} rounds:"
    );
    report.table(
        "processes-week",
        note,
        &["apis", "workers", "wall ms", "reads of documents", "neither 200 nor 404"],
        rows,
    );
}
