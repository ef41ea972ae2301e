//! What vendors can do to us, row by row, with its figure: V1, V2, V5 to V15, V17, and where a read
//! can lead. (Quiet, breaker and retries: `faults_vendor.rs`. Every fault against a copy:
//! `vendor_down.rs`.)

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail in any way, and so may what it stands on"
)]

mod bodies;
mod bytes;
mod leads;
mod lived;
mod unchanged;
mod waits;

use std::time::Duration;

use tests::{
    Answer, Program, Stack, Wanted,
    stub::{Fault, Hall, Scope},
};

/// The budget of one read in these tests.
const BUDGET: Duration = Duration::from_millis(3000);

fn hurried() -> Wanted {
    Stack::wanted().with("FETCH_TIMEOUT_MS", BUDGET.as_millis())
}

/// A copy of Collins' dinner in Postgres, no longer fresh, and a vendor that is ill from now on.
async fn with_a_copy(stack: &Stack, fault: Fault) {
    let fresh = stack.menu(Hall::Collins, stack.weekday(), "dinner").await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    stack.grow_old().await;
    stack.vendor.forget_reads();
    stack.vendor.fault(Scope::All, fault);
}

fn is_stale(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["is_stale"]), (200, &true.into()), "{answer:?}");
}

/// How the last read ended, and after how many milliseconds.
async fn last_run(stack: &Stack) -> (String, i64) {
    stack.is_idle().await;
    let class = "select coalesce(error_class, state) from fetch_runs order by id desc limit 1";
    let took = "select (extract(epoch from finished_at - started_at) * 1000)::bigint
                from fetch_runs order by id desc limit 1";
    (stack.database.text(class).await, stack.database.number(took).await)
}

/// Memory of a program in KiB, as the kernel counts it: now, or the most since [`forget_peak`].
fn memory(program: &Program, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// What the program takes now; its peak is counted from here on.
fn forget_peak(program: &Program) -> u64 {
    std::fs::write(format!("/proc/{}/clear_refs", program.pid()), "5").unwrap();
    memory(program, "VmRSS")
}
