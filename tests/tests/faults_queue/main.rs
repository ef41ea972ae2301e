//! Jobs that are poison, forgotten, far too many, asked for by everybody at once, or of a machine
//! whose clock is wrong: one test a row of
//! the faults that are survived (`docs/operations.md`, "Faults"). Workers that are killed, stopped and
//! frozen, and jobs that are none of ours: `workers.rs`. Visitors who leave, keys that expire again and
//! again: `miss.rs`.

#![expect(clippy::print_stdout, reason = "figures that are worth reading")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test cannot go on without")]

mod clocks;
mod jobs;
mod leases;
mod many;

use std::time::Duration;

use common::{
    cache::Names,
    config::Vars,
    link::{Link, Patience},
};
use tests::Stack;

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Redis as the programs ask it.
fn redis_of(stack: &Stack) -> (Link, Names) {
    let url = stack.redis_url();
    let get = |name: &str| (name == "REDIS_URL").then(|| url.clone());
    let url = Vars::new(&get).required_url("REDIS_URL", &["redis"], "").expect("a URL");
    let patience = Patience { connect: SECOND * 2, response: SECOND * 2 };
    (Link::new(&url, patience).expect("a link"), Names::new(stack.key("")))
}
