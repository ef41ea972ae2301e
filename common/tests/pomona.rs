//! What the Pomona parser promises: real feeds where they are at hand, and small ones in the same
//! shape with dishes of our own for what no capture shows.

#![expect(clippy::expect_used, clippy::string_slice, reason = "a test may fail in any way")]

mod support;

#[path = "pomona/broken.rs"]
mod broken;
#[path = "pomona/captures.rs"]
mod captures;
#[path = "pomona/days.rs"]
mod days;
#[path = "pomona/dishes.rs"]
mod dishes;
#[path = "pomona/documents.rs"]
mod documents;
