//! The ops side shows itself to those who may look, to nobody else, and changes nothing for a page
//! that is not its own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "that is what a test does"
)]

#[path = "ops_guard/client.rs"]
mod client;

#[path = "ops_guard/connections.rs"]
mod connections;
#[path = "ops_guard/log_in.rs"]
mod log_in;
#[path = "ops_guard/origins.rs"]
mod origins;
#[path = "ops_guard/start.rs"]
mod start;
