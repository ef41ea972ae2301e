//! What the Sodexo parser promises: real answers where they are at hand, and small ones in the same
//! shape with dishes of our own for what no capture shows.

#![expect(
    clippy::expect_used,
    clippy::string_slice,
    clippy::panic,
    reason = "a test may fail in any way"
)]

mod support;

#[path = "sodexo/broken.rs"]
mod broken;
#[path = "sodexo/days.rs"]
mod days;
#[path = "sodexo/dishes.rs"]
mod dishes;
#[path = "sodexo/documents.rs"]
mod documents;
#[path = "sodexo/page.rs"]
mod page;
