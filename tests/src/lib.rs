//! What the promise tests stand on: [`Stack`] starts the real programs over real stores, with
//! [`stub::VendorStub`] in the vendors' place. Tests meet the system as its users do: over HTTP, and
//! by looking into Redis and Postgres. None sleeps; each waits for a condition with a deadline.

mod answer;
pub mod chaos;
mod collector;
mod load;
mod metrics;
mod ops;
mod process;
mod proxy;
mod queries;
mod stack;
mod stores;
pub mod stub;
mod warm;
mod weeks;
mod year;

use std::time::{Duration, Instant};

pub use answer::Answer;
pub use collector::{Collector, Span, Told};
pub use load::{Asked, Load, Sample, Seen, dinners, lives};
pub use metrics::{Metrics, metrics_url};
pub use ops::OpsSide;
pub use process::{Program, binary};
pub use proxy::{Proxy, Trouble};
pub use queries::{Question, asked_by_the_program, questions, scans};
pub use stack::{Jobs, Stack, Wanted, menu_path};
pub use stores::{Database, OwnPostgres, OwnRedis};
pub use warm::warm;
pub use weeks::figures_by_the_migration;
pub use year::a_year;

/// A figure of a row in `docs/faults.md`, for who runs the test with `--no-capture`.
#[expect(clippy::print_stdout, reason = "figures that are worth reading")]
pub fn measured(row: &str, figure: impl std::fmt::Display) {
    println!("measured {row}: {figure}");
}

/// Waits until `look` finds something.
///
/// # Panics
/// When it has not by the deadline.
#[expect(clippy::panic, reason = "that is what a test does")]
pub async fn eventually<T>(what: &str, within: Duration, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        if Instant::now() > deadline {
            panic!("not within {within:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
