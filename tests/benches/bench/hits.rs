//! What a hit costs, beside the least that any server on this machine could take, and beside the
//! caches that one could put in front of an origin instead.

use tests::{menu_path, stub::Hall};

use crate::{
    field::{Field, Target, in_turns},
    numbers::{grouped, ratio, short},
    report::Report,
    settings,
    wrk::Load,
};

const CONNECTIONS: usize = 64;

pub(crate) async fn measure() -> Report {
    let mut report = Report::new();
    let (rounds, seconds) = (settings::times(5), settings::seconds(2));
    let mut field = Field::start().await;
    let [mut small, mut large] = [field.targets(0), field.targets(1)];
    for round in 0..rounds {
        // New programs each time: what a process happens to have, it has for all its life.
        if round > 0 {
            drop(field);
            field = Field::start().await;
        }
        for (body, known) in [&mut small, &mut large].into_iter().enumerate() {
            let mut targets = field.targets(body);
            in_turns(&mut targets, 1, Load::of(CONNECTIONS, seconds)).await;
            known.iter_mut().zip(targets).for_each(|(known, target)| known.add_rounds_of(target));
        }
    }
    for (body, targets) in field.bodies.iter().zip([&small, &large]) {
        let note = format!(
            "A menu of {} bytes, {CONNECTIONS} connections, {rounds} rounds of {seconds} s in turns, of new programs each, medians:",
            grouped(body.bytes as f64)
        );
        let rows = targets.iter().map(|target| row(target, ours(targets))).collect();
        let name = format!("hits-{}", body.size);
        let head = ["", "requests/s", "p50 ms", "p99 ms", "CPU µs a request", "ours beside it"];
        report.table(&name, note, &head, rows);
    }
    goals(&mut report, &small, &large);
    others(&field, &mut report).await;
    report
}

fn ours(targets: &[Target]) -> &Target {
    targets.last().expect("ours")
}

fn row(target: &Target, ours: &Target) -> Vec<String> {
    let rate = target.median(|round| round.per_second);
    let ratio = ratio(ours.median(|round| round.per_second), rate);
    let [p50, p99] = [target.median(|round| round.p50), target.median(|round| round.p99)];
    let cpu = format!("{:.1}", target.median(|round| round.cpu));
    let times = [p50, p99].map(|time| format!("{time:.2}"));
    let name = target.name.clone();
    [vec![name, grouped(rate)], times.to_vec(), vec![cpu, ratio]].concat()
}

fn goals(report: &mut Report, small: &[Target], large: &[Target]) {
    for (size, targets, least) in [("small", small, 0.90), ("large", large, 0.85)] {
        let rate = |at: usize| targets[at].median(|round| round.per_second);
        let (ours, constant) = (ours(targets), &targets[0]);
        for (at, what, least) in [
            (0, "the constant body", least),
            (1, "one GET", 1.6),
            (2, "nginx", 1.1),
            (3, "Varnish", 1.6),
        ] {
            let got = ours.median(|round| round.per_second) / rate(at);
            let name = format!("hits a second, {size}, against {what}");
            report.goal(&name, &format!("≥ {least:.2}×"), format!("{got:.2}×"), got >= least);
        }
        let cpu = ours.median(|round| round.cpu) / constant.median(|round| round.cpu);
        let name = format!("CPU a hit, {size}, against the constant body");
        report.goal(&name, "≤ 1.30×", format!("{cpu:.2}×"), cpu <= 1.3);
        let p99 = ours.median(|round| round.p99) / constant.median(|round| round.p99);
        let name = format!("p99 of a hit, {size}, against the constant body");
        report.goal(&name, "≤ 1.30×", format!("{p99:.2}×"), p99 <= 1.3);
    }
}

/// Those whose answers are kept ready, behind `/api/v2/menus`.
const KEPT: usize = 5;

/// Every endpoint in turns; the last three put an answer together each time.
async fn others(field: &Field, report: &mut Report) {
    let (day, api) = (field.day, &field.stack.apis[0]);
    let paths = [
        menu_path(Hall::Hoch, day, "dinner"),
        "/api/v2/halls".to_owned(),
        "/api/v2/halls/hoch/menus".to_owned(),
        "/api/v2/open-now".to_owned(),
        "/api/v2/stats/dashboard".to_owned(),
        "/api/v2/labels".to_owned(),
        "/openapi.json".to_owned(),
        format!("/api/v2/menus/week?hall_id=hoch&start={day}"),
        format!("/api/v2/menus/day?date={day}"),
        "/api/v2/items?q=chicken".to_owned(),
    ];
    let target = async |path: &str| {
        field.stack.get(path).await;
        let shown = path.replace(&day.to_string(), "…");
        Target::new(&format!("`{shown}`"), format!("{}{path}", api.url()), api.pid())
    };
    let no_menu = format!("/api/v2/menus?hall_id=hoch&date={day}&meal=late_night");
    let mut none = [target(&no_menu).await];
    let mut targets = Vec::new();
    for path in paths {
        targets.push(target(&path).await);
    }
    let (rounds, seconds) = (settings::times(7), settings::seconds(1));
    let load = Load::of(CONNECTIONS, seconds);
    in_turns(&mut targets, rounds, load).await;
    in_turns(&mut none, rounds, Load { negative: true, ..load }).await;
    let rows = none.iter().chain(&targets).map(|target| {
        let rate = grouped(target.median(|round| round.per_second));
        let times = [target.median(|round| round.p50), target.median(|round| round.p99)];
        [vec![target.name.clone(), rate], times.map(short).to_vec()].concat()
    });
    let p99 = |target: &Target| target.median(|round| round.p99);
    if let Some((menus, others)) = targets.split_first() {
        for kept in others.iter().take(KEPT) {
            let ratio = p99(kept) / p99(menus);
            let what = format!("p99 of {}, against `/api/v2/menus`", kept.name);
            report.goal(&what, "≤ 2.00×", format!("{ratio:.2}×"), ratio <= 2.0);
        }
    }
    let note = format!(
        "Every endpoint, likewise, {rounds} rounds of {seconds} s; the first answers 404, the last three put an answer together each time:"
    );
    report.table("hits-others", note, &["", "requests/s", "p50 ms", "p99 ms"], rows.collect());
}
