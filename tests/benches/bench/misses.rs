//! What a miss costs: the real programs, the stub in the vendors' place; beside them the caches that
//! one could put in front of an origin, over the same delay. "Over the delay" is a caller's time less
//! the delay that the stub or the origin was told to make. Counts are asserted: they have no slack.

mod alone;
mod herd;
mod life;
mod many;
mod push;
mod trips;

use std::time::Duration;

use tests::Answer;

use crate::{numbers::Spread, report::Report};
pub(crate) use many::{impatient, week};

pub(crate) async fn measure() -> Report {
    let mut report = Report::new();
    herd::measure(&mut report).await;
    alone::measure(&mut report).await;
    many::measure(&mut report).await;
    push::measure(&mut report).await;
    life::measure(&mut report).await;
    trips::measure(&mut report).await;
    report
}

/// How long they took over the delay.
fn over<'a>(answers: impl IntoIterator<Item = &'a Answer>, delay: Duration) -> Spread {
    Spread::of(answers.into_iter().map(|answer| answer.took.saturating_sub(delay)))
}

const TIMES: [&str; 4] = ["", "p50 ms", "p99 ms", "longest ms"];

fn row(name: &str, spread: &Spread) -> Vec<String> {
    [vec![name.to_owned()], spread.cells().to_vec()].concat()
}
