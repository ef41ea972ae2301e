//! Many cold keys at once: all meals of a week at all halls, and screens, which ask for as many.

use std::time::Duration;

use tests::{
    Stack, menu_path,
    stub::{Hall, Scope},
};

use super::{TIMES, over, row};
use crate::{
    crowd,
    field::Field,
    numbers::{median, short},
    report::Report,
    settings,
};

const DELAY: Duration = Duration::from_millis(200);
const CLIENTS: usize = 10;
const DAYS: u64 = 7;
const MEALS: [&str; 3] = ["breakfast", "lunch", "dinner"];

/// What a week of all halls cost.
pub(crate) struct Week {
    /// For all clients.
    pub(crate) wall_ms: f64,
    /// Reads of vendors.
    pub(crate) reads: usize,
    /// Documents that were read.
    pub(crate) documents: usize,
    /// Answers that were neither a menu nor that there is none.
    pub(crate) late: usize,
}

/// The paths of all meals of a week at all halls.
fn paths(stack: &Stack) -> Vec<String> {
    let mut paths = Vec::new();
    for hall in Hall::ALL {
        for day in 0..DAYS {
            for meal in MEALS {
                paths.push(menu_path(hall, stack.in_days(day), meal));
            }
        }
    }
    paths
}

/// A system that asks vendors as often as it likes, as caches in front of an origin do, connected to
/// both of its stores.
pub(crate) async fn impatient(apis: usize, workers: usize) -> Stack {
    let wanted = Stack::wanted().apis(apis).workers(workers);
    let stack = wanted.with("VENDOR_CONCURRENCY", 64).with("LOG", "info").start().await;
    for api in 0..apis {
        stack.ask(api, reqwest::Method::GET, "/api/v2/menus/day?date=2020-01-01", &[]).await;
    }
    stack.vendor.delay(Scope::All, DELAY);
    stack
}

/// A week of all halls, cold, each menu by ten clients at once, spread over the apis.
pub(crate) async fn week(stack: &Stack) -> Week {
    let apis = stack.apis.iter().cycle();
    let asked = paths(stack).into_iter().flat_map(|path| vec![path; CLIENTS]);
    let urls = asked.zip(apis).map(|(path, api)| format!("{}{path}", api.url())).collect();
    let (answers, took) = crowd::at_once(&crowd::stranger(), urls).await;
    let late = answers.iter().filter(|answer| ![200, 404].contains(&answer.status)).count();
    let counts = stack.vendor.counts();
    Week {
        wall_ms: took.as_secs_f64() * 1000.0,
        reads: stack.vendor.total_reads(),
        documents: counts.len(),
        late,
    }
}

/// As many paths and clients before a cache that knows nothing of documents.
async fn elsewhere(url: &str, count: usize, round: usize) -> f64 {
    let path = |key| format!("{url}/small/{}/week-{round}-{key}", DELAY.as_millis());
    let urls = (0..count).flat_map(|key| vec![path(key); CLIENTS]).collect();
    let (answers, took) = crowd::at_once(&crowd::stranger(), urls).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    took.as_secs_f64() * 1000.0
}

pub(super) async fn measure(report: &mut Report) {
    let field = Field::start().await;
    let (rounds, mut reads, mut late) = (settings::times(5), (0, 0), 0);
    let (mut keys, mut walls) = (0, [vec![], vec![], vec![]]);
    for round in 0..rounds {
        let stack = impatient(1, 1).await;
        keys = paths(&stack).len();
        let week = week(&stack).await;
        reads = (week.reads.max(reads.0), week.documents);
        late += week.late;
        walls[0].push(week.wall_ms);
        walls[1].push(elsewhere(field.nginx.url(), keys, round).await);
        walls[2].push(elsewhere(field.varnish.url(), keys, round).await);
    }
    let walls = walls.map(median);
    let read = [reads.0, keys, keys];
    let rows = ["ours", "nginx", "Varnish"]
        .iter()
        .enumerate()
        .map(|(at, name)| vec![(*name).to_owned(), short(walls[at]), read[at].to_string()]);
    let note = format!(
        "{keys} keys × {CLIENTS} clients, all cold and all at once, delay {} ms, {rounds} rounds with new systems, medians (spacing and concurrency of vendors off, as they are for the others):",
        DELAY.as_millis()
    );
    report.table("misses-week", note, &["", "wall ms", "reads, at most"], rows.collect());
    let (got, limit) = (walls[0], walls[2] + 300.0);
    let what = format!("{keys} keys × {CLIENTS} clients, cold, wall");
    let wanted = format!("≤ Varnish's {} + 300 ms", short(walls[2]));
    report.goal(&what, &wanted, format!("{} ms", short(got)), got <= limit);
    let what = format!("{keys} keys × {CLIENTS} clients, cold, reads");
    let (reads, documents) = reads;
    report.goal(
        &what,
        &format!("{documents}, a document once"),
        reads.to_string(),
        reads == documents,
    );
    let what = format!("{keys} keys × {CLIENTS} clients, cold, answers other than 200 and 404");
    report.goal(&what, "0", late.to_string(), late == 0);
    screens(report).await;
}

/// A day of all halls and a week of one, cold.
async fn screens(report: &mut Report) {
    let rounds = settings::times(5);
    let mut rows = Vec::new();
    for (what, path) in [
        ("a day of all halls", "/api/v2/menus/day?date="),
        ("a week of Hoch", "/api/v2/menus/week?hall_id=hoch&start="),
        ("a week of Collins", "/api/v2/menus/week?hall_id=collins&start="),
        ("a week of Frary", "/api/v2/menus/week?hall_id=frary&start="),
    ] {
        let mut answers = Vec::new();
        for _ in 0..rounds {
            let stack = impatient(1, 1).await;
            let answer = stack.get(&format!("{path}{}", stack.in_days(1))).await;
            assert!(answer.status == 200 && answer.text.contains("\"ok\""), "{answer:?}");
            assert!(!answer.text.contains("\"pending\""), "{answer:?}");
            answers.push(answer);
        }
        rows.push(row(what, &over(&answers, DELAY)));
    }
    let note = format!(
        "Screens, cold, over the delay of {} ms, {rounds} new systems each, programs just started:",
        DELAY.as_millis()
    );
    report.table("misses-screens", note, &TIMES, rows);
}
