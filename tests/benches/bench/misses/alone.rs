//! One client, and keys that nobody has, one after the other.

use std::time::Duration;

use chrono::NaiveDate;
use tests::{
    Answer, Stack,
    stub::{Hall, Kind, Scope},
};

use super::{TIMES, over, row};
use crate::{
    crowd,
    field::{Field, LOG},
    numbers::short,
    report::Report,
    settings,
};

const DELAY: Duration = Duration::from_millis(50);
/// Halls with a document for each day.
const HALLS: [Hall; 4] = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
const DAYS: u64 = 15;

pub(super) async fn measure(report: &mut Report) {
    let stack = Stack::wanted().with("LOG", LOG).start().await;
    stack.vendor.delay(Scope::All, DELAY);
    let field = Field::start().await;
    let keys = keys(&stack);
    let others = [
        ("the origin itself", field.origin.url()),
        ("nginx", field.nginx.url()),
        ("Varnish", field.varnish.url()),
    ];
    let mut took: [Vec<Answer>; 4] = Default::default();
    let mut compressed = Vec::new();
    let clients = [(); 4].map(|()| crowd::stranger());
    let browser = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let count = settings::times(100);
    for turn in 0..count * 2 {
        if turn % keys.len() == 0 {
            stack.grow_old().await;
            change(&stack, turn);
            stack.vendor.forget_reads();
        }
        let (hall, day) = keys[turn % keys.len()];
        let path = tests::menu_path(hall, day, "dinner");
        let url = format!("{}{path}", stack.apis[0].url());
        let is_compressed = turn % 2 == 1;
        let answer = crowd::one(if is_compressed { &browser } else { &clients[0] }, &url).await;
        assert_eq!(stack.vendor.total_reads(), turn % keys.len() + 1);
        assert!(stack.vendor.journal().iter().all(|read| read.status == 200), "whole documents");
        if is_compressed {
            compressed.push(answer);
            continue;
        }
        took[0].push(answer);
        for (at, (_, url)) in others.iter().enumerate() {
            let url = format!("{url}/small/{}/alone-{turn}-{at}", DELAY.as_millis());
            took[at + 1].push(crowd::one(&clients[at + 1], &url).await);
        }
    }
    let spreads = took.map(|answers| over(&answers, DELAY));
    let names = ["ours", others[0].0, others[1].0, others[2].0];
    let rows = names.iter().zip(&spreads).map(|(name, spread)| row(name, spread));
    let compressed = row("ours, compressed for who asks for it", &over(&compressed, DELAY));
    let unchanged = unchanged(&stack, &clients[0], &keys).await;
    let unchanged = row("ours, of a page that is as it was (304)", &over(&unchanged, DELAY));
    let rows = rows.chain([compressed, unchanged]).collect();
    let note = format!(
        "Cold keys one after the other, over the delay of {} ms, {count} of each in turns; ours reads the vendor's document whole, parses and saves it, three of four of them pages of cafés of 0.9 MB; the others pass a ready body on:",
        DELAY.as_millis()
    );
    report.table("misses-alone", note, &TIMES, rows);
    for (name, share, limit) in [("p50", 0.5, 5.0), ("p99", 0.99, 15.0)] {
        let got = spreads[0].at(share);
        let what = format!("one cold miss, over the delay, {name}");
        report.goal(&what, &format!("≤ {limit:.0} ms"), format!("{} ms", short(got)), got <= limit);
    }
}

/// From now on every page of every hall is another one than was read, as another day of its hall is: who
/// asks whether it has changed gets it whole.
fn change(stack: &Stack, turn: usize) {
    for hall in HALLS {
        stack.vendor.post(hall, stack.in_days(DAYS + 1), Kind::Regular, turn as u32);
    }
}

/// The café pages once more, of which the vendor says that they are as they were.
async fn unchanged(
    stack: &Stack,
    client: &reqwest::Client,
    keys: &[(Hall, NaiveDate)],
) -> Vec<Answer> {
    let read = |hall: Hall, day: NaiveDate| async move {
        let path = tests::menu_path(hall, day, "dinner");
        crowd::one(client, &format!("{}{path}", stack.apis[0].url())).await
    };
    let cafes = || keys.iter().filter(|(hall, _)| *hall != Hall::Hoch);
    stack.grow_old().await;
    for (hall, day) in cafes() {
        read(*hall, *day).await;
    }
    stack.grow_old().await;
    stack.vendor.forget_reads();
    let mut answers = Vec::new();
    for (hall, day) in cafes() {
        answers.push(read(*hall, *day).await);
    }
    assert!(stack.vendor.journal().iter().all(|read| read.status == 304), "none of them whole");
    answers
}

fn keys(stack: &Stack) -> Vec<(Hall, NaiveDate)> {
    let of = |hall| (0..DAYS).map(move |day| (hall, stack.in_days(day)));
    HALLS.into_iter().flat_map(of).collect()
}
