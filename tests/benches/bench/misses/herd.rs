//! A thousand clients at once on a key that nobody has.

use std::{collections::BTreeSet, time::Duration};

use tests::{
    Answer, Stack, menu_path,
    stub::{Hall, Scope},
};

use super::{TIMES, over, row};
use crate::{
    crowd,
    field::{Field, LOG},
    numbers::{Spread, median, short},
    report::Report,
    settings,
};

const CLIENTS: usize = 1000;
const DELAY: Duration = Duration::from_millis(200);

pub(super) async fn measure(report: &mut Report) {
    let stack = Stack::wanted().apis(3).workers(2).with("LOG", LOG).start().await;
    stack.vendor.delay(Scope::All, DELAY);
    let field = Field::start().await;
    let rounds = settings::times(10);
    // The machine alone: as many clients, and a server that waits and sends.
    let floor = field.origin.url();
    let others = [
        ("the origin itself", floor),
        ("nginx", field.nginx.url()),
        ("Varnish", field.varnish.url()),
    ];
    let mut took: [Vec<Spread>; 4] = Default::default();
    let clients = [(); 4].map(|()| crowd::stranger());
    for round in 0..rounds {
        took[0].push(over(&ours(&stack, &clients[0], round).await, DELAY));
        for (at, (name, url)) in others.iter().enumerate() {
            let url = format!("{url}/small/{}/{round}-{at}", DELAY.as_millis());
            let (answers, _) = crowd::at_once(&clients[at + 1], vec![url; CLIENTS]).await;
            assert!(answers.iter().all(|answer| answer.status == 200), "{name}");
            took[at + 1].push(over(&answers, DELAY));
        }
    }
    let names = ["ours", others[0].0, others[1].0, others[2].0];
    let rows = names.iter().zip(&took).map(|(name, rounds)| {
        let times = [at(rounds, 0.5), at(rounds, 0.99), longest(rounds)].map(short);
        [vec![(*name).to_owned()], times.to_vec()].concat()
    });
    let first = took[0].first().map(|first| row("ours, the first thousand", first));
    let note = format!(
        "{CLIENTS} clients at once on one cold key, over the delay of {} ms, {rounds} rounds in turns, medians, and the longest of all; ours: 3 api and 2 worker processes, 1 read and {CLIENTS} × 200 with equal bodies in {rounds} of {rounds}; the first thousand open their connections to programs that have just started:",
        DELAY.as_millis()
    );
    report.table("misses-herd", note, &TIMES, rows.chain(first).collect());
    let [ours, floor, ..] = &took;
    goals(report, ours, floor);
}

/// Of each round so much took no longer than that: the median of the rounds.
fn at(rounds: &[Spread], share: f64) -> f64 {
    median(rounds.iter().map(|round| round.at(share)))
}

fn longest(rounds: &[Spread]) -> f64 {
    rounds.iter().map(|round| round.at(1.0)).fold(0.0, f64::max)
}

async fn ours(stack: &Stack, http: &reqwest::Client, round: usize) -> Vec<Answer> {
    let hall = if round % 20 < 10 { Hall::Hoch } else { Hall::Collins };
    let path = menu_path(hall, stack.in_days(round as u64 % 10), "dinner");
    if round.is_multiple_of(20) {
        stack.grow_old().await;
    }
    stack.vendor.forget_reads();
    let apis = stack.apis.iter().cycle().take(CLIENTS);
    let (answers, _) =
        crowd::at_once(http, apis.map(|api| format!("{}{path}", api.url())).collect()).await;
    assert_eq!(stack.vendor.total_reads(), 1, "round {round}");
    assert!(answers.iter().all(|answer| answer.status == 200), "round {round}");
    let bodies: BTreeSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(bodies.len(), 1, "round {round}: equal bodies");
    answers
}

fn goals(report: &mut Report, ours: &[Spread], floor: &[Spread]) {
    let got = at(ours, 0.5);
    let what = "1000 on a cold key, over the delay, p50";
    report.goal(what, "≤ 100 ms", format!("{} ms", short(got)), got <= 100.0);
    let (got, floor) = (at(ours, 0.99), at(floor, 0.99));
    let wanted = format!("≤ 160 ms, or 1.3 × the origin's {}", short(floor));
    let what = "1000 on a cold key, over the delay, p99";
    report.goal(what, &wanted, format!("{} ms", short(got)), got <= f64::max(160.0, floor * 1.3));
}
