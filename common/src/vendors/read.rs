//! What a document says, once it is there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::NaiveDate;

use super::{ParseError, VendorError};
use crate::menu::Reading;

/// The longest document that is parsed where it was read.
const PARSED_IN_PLACE: usize = 1 << 20;

/// A document that was read.
#[derive(Debug)]
pub struct Read {
    /// What it says.
    pub reading: Reading,
    /// How long it was, decoded; 0 where it did not have to be sent.
    pub bytes: usize,
    /// The vendor said that it is as it was when this process read it last.
    pub unchanged: bool,
    /// A day that what was read was taken for until now: what is known of it is wrong.
    pub mistaken: Option<NaiveDate>,
}

/// Parses; a panic costs the read, no more. A page takes a millisecond, and to hand it to another thread
/// and back takes a machine that is idle half of that: so only what is larger than any vendor's usual
/// document is parsed off the request threads.
pub(super) async fn parsed(
    text: String,
    parse: impl FnOnce(&str) -> Result<Reading, ParseError> + Send + 'static,
) -> Result<Read, VendorError> {
    let bytes = text.len();
    let parsing = AssertUnwindSafe(move || parse(&text));
    let parsed = if bytes <= PARSED_IN_PLACE {
        catch_unwind(parsing).map_err(drop)
    } else {
        tokio::task::spawn_blocking(parsing.0).await.map_err(drop)
    };
    match parsed {
        Ok(Ok(reading)) => Ok(Read { reading, bytes, unchanged: false, mistaken: None }),
        Ok(Err(error)) => Err(VendorError::Parse { error, bytes }),
        Err(()) => Err(VendorError::Panic),
    }
}
