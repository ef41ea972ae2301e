//! How cost grows: with connections, with keys, with processes of either program.

mod connections;
mod keys;
mod processes;

use crate::report::Report;

pub(crate) async fn measure() -> Report {
    let mut report = Report::new();
    connections::measure(&mut report).await;
    keys::measure(&mut report).await;
    processes::measure(&mut report).await;
    report
}
