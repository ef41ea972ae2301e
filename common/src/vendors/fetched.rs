//! What a vendor answered: a body that arrived whole, or why there is none. A body that is not whole
//! is no body.

use chrono::Utc;
use futures::StreamExt;
use reqwest::{Response, StatusCode};

use super::{FetchError, retry_after::retry_after, validators::Validators};

/// The longest body, decoded. A Bon Appétit page is 1.6 MB; all else is less.
pub(super) const MAX_BYTES: usize = 8 << 20;
/// What a body is given room for at first.
const FIRST_BYTES: usize = 256 << 10;

/// What a vendor answered.
pub(super) enum Fetched {
    /// A body that arrived whole with status 200.
    Whole {
        /// The body.
        text: String,
        /// How the vendor marked it.
        validators: Option<Validators>,
    },
    /// The document is as it was when it was marked so.
    Unchanged,
}

impl Fetched {
    /// Takes an answer. `knows_it`: whether it was asked for only if it has changed.
    pub(super) async fn of(response: Response, knows_it: bool) -> Result<Self, FetchError> {
        // Only who asked for it can be told so.
        if response.status() == StatusCode::NOT_MODIFIED && knows_it {
            return Ok(Self::Unchanged);
        }
        if response.status() != StatusCode::OK {
            let retry_after = retry_after(response.headers(), Utc::now());
            return Err(FetchError::Status { status: response.status().as_u16(), retry_after });
        }
        let validators = Validators::of(response.headers(), Utc::now());
        let body = whole_body(response).await?;
        // One wrong byte in a name must not cost the day; a body of noise fails in the parser.
        let text = String::from_utf8(body)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Self::Whole { text, validators })
    }

    /// How long the body is, decoded.
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Whole { text, .. } => text.len(),
            Self::Unchanged => 0,
        }
    }
}

/// Reads to the end, counting what is decoded: a stated length can lie, and a small body can swell.
async fn whole_body(response: Response) -> Result<Vec<u8>, FetchError> {
    // Room for all that is stated, if that is no lie: while a body grows, it is in memory twice.
    let stated = response.content_length().and_then(|bytes| usize::try_from(bytes).ok());
    let mut body = Vec::with_capacity(stated.unwrap_or(0).min(MAX_BYTES));
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(transport)?;
        let whole = body.len() + chunk.len();
        if whole > MAX_BYTES {
            return Err(FetchError::TooLarge);
        }
        if whole > body.capacity() {
            // Doubled, but never past what may be read: while it moves, it is in memory twice.
            let room = (body.capacity() * 2).clamp(FIRST_BYTES.max(whole), MAX_BYTES);
            body.reserve_exact(room - body.len());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why there is no answer, or no whole one.
pub(super) fn transport(error: reqwest::Error) -> FetchError {
    // The URL is ours and known; it is kept out of logs because it may hold a key one day.
    let error = error.without_url();
    if error.is_timeout() {
        FetchError::Timeout
    } else if error.is_connect() || error.is_request() {
        FetchError::Connect(with_sources(&error))
    } else {
        FetchError::Broken(with_sources(&error))
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
