//! A hostile visitor cannot hurt the api. Each test bears the name of its row in the fault plan (A1 to
//! A11 and the security rows): what is sent, what comes back, and what it may cost. Times are held
//! against what the same run took without the fault, since machines differ; counts are exact.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "that is what a test does"
)]

mod asked;
mod costs;
mod floods;
mod limits;
mod secrets;
mod sockets;
