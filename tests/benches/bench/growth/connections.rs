//! Hits by how many connections ask for them.

use crate::{
    field::{Field, NAMES, Target, in_turns},
    numbers::grouped,
    report::{Line, Plot, Report},
    settings,
    wrk::{Load, Round},
};

const CONNECTIONS: [usize; 6] = [1, 4, 16, 64, 256, 1024];

pub(super) async fn measure(report: &mut Report) {
    let field = Field::start().await;
    let (rounds, seconds) = (settings::times(3), settings::seconds(1));
    let mut at: Vec<Vec<Target>> = Vec::new();
    for connections in CONNECTIONS {
        let mut targets = field.targets(0);
        in_turns(&mut targets, rounds, Load::of(connections, seconds)).await;
        at.push(targets);
    }
    let what = format!(
        "A menu of {} bytes, {rounds} rounds of {seconds} s in turns, medians",
        grouped(field.bodies[0].bytes as f64)
    );
    table(
        report,
        "connections-rate",
        &format!("{what}; requests a second by connections:"),
        &at,
        |round| round.per_second,
        grouped,
    );
    let two = |time: f64| format!("{time:.2}");
    table(report, "connections-p50", "The same, p50 in ms:", &at, |round| round.p50, two);
    table(report, "connections-p99", "The same, p99 in ms:", &at, |round| round.p99, two);
    plot(report, "connections-p50", "p50 of a hit", "ms", &at, |round| round.p50);
    plot(report, "connections-p99", "p99 of a hit", "ms", &at, |round| round.p99);
    plot(report, "connections-rate", "hits a second", "requests/s", &at, |round| round.per_second);
}

fn table(
    report: &mut Report,
    name: &str,
    note: &str,
    at: &[Vec<Target>],
    of: fn(&Round) -> f64,
    written: impl Fn(f64) -> String,
) {
    let mut head = vec!["connections"];
    head.extend(NAMES);
    let rows = CONNECTIONS.iter().zip(at).map(|(connections, targets)| {
        let cells = targets.iter().map(|target| written(target.median(of)));
        [vec![connections.to_string()], cells.collect()].concat()
    });
    report.table(name, note.to_owned(), &head, rows.collect());
}

fn plot(
    report: &mut Report,
    name: &str,
    title: &str,
    y: &str,
    at: &[Vec<Target>],
    of: fn(&Round) -> f64,
) {
    let line = |server: usize| Line {
        name: NAMES[server].to_owned(),
        points: CONNECTIONS
            .iter()
            .zip(at)
            .map(|(connections, targets)| (*connections as f64, targets[server].median(of)))
            .collect(),
    };
    report.plots.push(Plot {
        name: name.to_owned(),
        title: format!("{title}, by connections"),
        x: "connections".to_owned(),
        y: y.to_owned(),
        lines: (0..NAMES.len()).map(line).collect(),
    });
}
