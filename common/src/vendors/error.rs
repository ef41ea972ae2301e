//! How a read of a vendor can fail.

use std::time::Duration;

use chrono::NaiveDate;

use super::{fetched::MAX_BYTES, politeness::Ended};
use crate::hall::HallId;

/// A site that says "too many requests", and not for how long, has quiet for a minute.
const UNSTATED_QUIET: Duration = Duration::from_secs(60);

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nothing, or not all of it, came in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// Another status than 200.
    #[error("status {status}")]
    Status {
        /// The status.
        status: u16,
        /// When the vendor wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// More than we read of any document.
    #[error("more than {MAX_BYTES} bytes")]
    TooLarge,
    /// The body ended early or could not be decoded.
    #[error("broken body: {0}")]
    Broken(String),
    /// The client could not be built, the address is none, or there was no turn in time.
    #[error("not sent: {0}")]
    Unsent(String),
    /// Not sent: somebody at the ops side paused the vendor, for so long from now.
    #[error("the vendor is paused for {} s more", .0.as_secs())]
    Paused(Duration),
    /// Not sent: the vendor asked for quiet, for so long from now.
    #[error("the vendor wants quiet for {} s more", .0.as_secs())]
    Quiet(Duration),
    /// Not sent: the vendor failed three times in a row, and is only probed, next after so long.
    #[error("the vendor fails; the next probe is due in {} s", .0.as_secs())]
    Open(Duration),
}

impl FetchError {
    pub(super) const fn class(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect(_) => "connect",
            Self::Status { status: 401 | 403, .. } => "refused",
            Self::Status { status: 429, .. } => "throttled",
            // "As it was", said to who did not ask.
            Self::Status { status: 304, .. } => "broken",
            Self::Status { status: 300..=399, .. } => "redirect",
            Self::Status { status: 400..=499, .. } => "status_4xx",
            Self::Status { .. } => "status_5xx",
            Self::TooLarge => "too_large",
            Self::Broken(_) => "broken",
            Self::Unsent(_) => "unsent",
            Self::Paused(_) => "paused",
            Self::Quiet(_) => "quiet",
            Self::Open(_) => "open",
        }
    }

    /// For how long the vendor wants not to be asked (RFC 6585, 4; RFC 9110, 15.6.4).
    pub(super) const fn quiet(&self) -> Option<Duration> {
        match self {
            Self::Status { status: 429, retry_after: None } => Some(UNSTATED_QUIET),
            Self::Status { status: 429 | 503, retry_after } => *retry_after,
            Self::Quiet(left) => Some(*left),
            _ => None,
        }
    }

    pub(super) const fn ended(&self) -> Ended {
        match self {
            Self::Timeout | Self::Connect(_) | Self::Broken(_) => Ended::Failed,
            Self::Status { status: 500.., .. } => Ended::Failed,
            _ => Ended::Answered,
        }
    }

    /// Whether asking once more at once may help: trouble on the way, not a word of the vendor.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Timeout | Self::Connect(_) | Self::Broken(_) => true,
            Self::Status { status, retry_after } => *status >= 500 && retry_after.is_none(),
            Self::TooLarge | Self::Unsent(_) | Self::Paused(_) | Self::Quiet(_) | Self::Open(_) => {
                false
            }
        }
    }
}

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
    /// The document speaks of another hall.
    #[error("the document is for {shown}, not for {asked}")]
    WrongHall {
        /// The hall that was asked for.
        asked: HallId,
        /// The hall that the document shows.
        shown: HallId,
    },
    /// Most of the dishes that a day states are not in the document, or not as they should be.
    #[error("{lost} of {stated} dishes cannot be read")]
    Unreadable {
        /// How many are lost.
        lost: usize,
        /// How many are stated.
        stated: usize,
    },
}

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// It could not be fetched whole.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It came, and is not what it should be.
    #[error("{error}")]
    Parse {
        /// What is wrong with it.
        error: ParseError,
        /// How long it was.
        bytes: usize,
    },
    /// The parser gave up in a way that it never should.
    #[error("the parser panicked")]
    Panic,
    /// Sodexo's API wants a key, and its page shows today only.
    #[error("no SODEXO_API_KEY, and the location page shows no other day than today")]
    NoKey,
}

impl VendorError {
    /// The kind of trouble in one word, for logs, metrics and `fetch_runs`.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.class(),
            Self::Parse { error: ParseError::WrongDay { .. }, .. } => "wrong_day",
            Self::Parse { error: ParseError::WrongHall { .. }, .. } => "wrong_hall",
            Self::Parse { .. } => "parse",
            Self::Panic => "panic",
            Self::NoKey => "no_key",
        }
    }

    /// For how long the vendor wants not to be asked at all.
    #[must_use]
    pub const fn quiet(&self) -> Option<Duration> {
        match self {
            Self::Fetch(error) => error.quiet(),
            _ => None,
        }
    }

    /// Whether the vendor was left alone, out of manners or because it is paused.
    #[must_use]
    pub const fn is_unasked(&self) -> bool {
        use FetchError::{Open, Paused, Quiet};
        matches!(self, Self::Fetch(Paused(_) | Quiet(_) | Open(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_vendor_that_does_not_cope_has_failed() {
        let status = |status| FetchError::Status { status, retry_after: None }.ended();
        assert_eq!([200, 302, 403, 404, 429].map(status), [Ended::Answered; 5]);
        assert_eq!([500, 503, 599].map(status), [Ended::Failed; 3]);
        assert_eq!(FetchError::Timeout.ended(), Ended::Failed);
        assert_eq!(FetchError::TooLarge.ended(), Ended::Answered);
    }
}
