//! Jobs that are poison, forgotten, far too many, asked for by everybody at once, or of a machine
//! whose clock is wrong: one test a row of
//! the faults that are survived (`docs/operations.md`, "Faults"). Workers that are killed, stopped and
//! frozen, and jobs that are none of ours: `workers.rs`. Visitors who leave, keys that expire again and
//! again: `miss.rs`.

#![expect(clippy::print_stdout, reason = "figures that are worth reading")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test cannot go on without")]

mod clocks;
mod jobs;
mod many;

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
