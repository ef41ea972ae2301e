//! From a vendor's answer to what it says: which parser reads it, and how it can be wrong.

pub mod bon_appetit;
pub mod pomona;
pub mod sodexo;
pub mod text;

use chrono::NaiveDate;

/// Why a body is not the document that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The values are not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A page (a login, an error) where data was expected.
    #[error("an HTML page where data was expected")]
    Html,
    /// Something that every such document has is missing or has another type.
    #[error("not the vendor's shape: {0}")]
    Shape(&'static str),
    /// The document speaks of another day.
    #[error("the document is for {shown}, not for {asked}")]
    WrongDay {
        /// The day that was asked for.
        asked: NaiveDate,
        /// The day that the document shows.
        shown: NaiveDate,
    },
    /// Most of the dishes that the day names are not in the document.
    #[error("{missing} of {named} dishes are not in the document")]
    Dangling {
        /// How many are missing.
        missing: usize,
        /// How many are named.
        named: usize,
    },
}
