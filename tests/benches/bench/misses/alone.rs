//! One client, and keys that nobody has, one after the other.

use std::time::Duration;

use chrono::NaiveDate;
use tests::{
    Stack,
    stub::{Hall, Kind, Scope},
};
use tokio::task::block_in_place;

use super::{TIMES, row};
use crate::{
    caller::Caller,
    field::{Field, LOG},
    numbers::{Spread, short},
    report::Report,
    settings,
};

const DELAY: Duration = Duration::from_millis(50);
/// Halls with a document for each day.
const HALLS: [Hall; 4] = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
const DAYS: u64 = 15;
/// No coding at all.
const PLAIN: &str = "identity";

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
    let mut took: [Vec<Duration>; 4] = Default::default();
    let mut compressed = Vec::new();
    let api = stack.apis[0].url();
    // The others pass a body on as it is: nobody's is compressed, but for the browser.
    let (mut plain, mut browser) = (Caller::to(api, PLAIN), Caller::to(api, "gzip, br"));
    let mut of_others = others.map(|(_, url)| Caller::to(url, PLAIN));
    let count = settings::times(100);
    for turn in 0..count * 2 {
        if turn % keys.len() == 0 {
            stack.grow_old().await;
            change(&stack, turn);
            stack.vendor.forget_reads();
        }
        let (hall, day) = keys[turn % keys.len()];
        let path = tests::menu_path(hall, day, "dinner");
        let is_compressed = turn % 2 == 1;
        let caller = if is_compressed { &mut browser } else { &mut plain };
        let answer = block_in_place(|| caller.ask(&path));
        assert_eq!(stack.vendor.total_reads(), turn % keys.len() + 1);
        assert!(stack.vendor.journal().iter().all(|read| read.status == 200), "whole documents");
        if is_compressed {
            compressed.push(answer);
            continue;
        }
        took[0].push(answer);
        for (at, caller) in of_others.iter_mut().enumerate() {
            let path = format!("/small/{}/alone-{turn}-{at}", DELAY.as_millis());
            took[at + 1].push(block_in_place(|| caller.ask(&path)));
        }
    }
    let spreads = took.map(over);
    let names = ["ours", others[0].0, others[1].0, others[2].0];
    let rows = names.iter().zip(&spreads).map(|(name, spread)| row(name, spread));
    let compressed = row("ours, compressed for who asks for it", &over(compressed));
    let unchanged = unchanged(&stack, &mut plain, &keys).await;
    let unchanged = row("ours, of a page that is as it was (304)", &over(unchanged));
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

fn over(took: Vec<Duration>) -> Spread {
    Spread::of(took.into_iter().map(|took| took.saturating_sub(DELAY)))
}

/// The café pages once more, of which the vendor says that they are as they were.
async fn unchanged(
    stack: &Stack,
    caller: &mut Caller,
    keys: &[(Hall, NaiveDate)],
) -> Vec<Duration> {
    let mut read = |(hall, day): &(Hall, NaiveDate)| {
        let path = tests::menu_path(*hall, *day, "dinner");
        block_in_place(|| caller.ask(&path))
    };
    let cafes = || keys.iter().filter(|(hall, _)| *hall != Hall::Hoch);
    stack.grow_old().await;
    for key in cafes() {
        read(key);
    }
    stack.grow_old().await;
    stack.vendor.forget_reads();
    let took = cafes().map(read).collect();
    assert!(stack.vendor.journal().iter().all(|read| read.status == 304), "none of them whole");
    took
}

fn keys(stack: &Stack) -> Vec<(Hall, NaiveDate)> {
    let of = |hall| (0..DAYS).map(move |day| (hall, stack.in_days(day)));
    HALLS.into_iter().flat_map(of).collect()
}
