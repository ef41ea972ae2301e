//! An answer of the api, read whole.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Status, headers, body and how long it took.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// From asking to the last byte.
    pub took: Duration,
}

impl Answer {
    /// Sends it and reads the answer to the end.
    ///
    /// # Errors
    /// When none comes, or not all of it.
    pub async fn of(request: RequestBuilder) -> reqwest::Result<Self> {
        let asked = Instant::now();
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        Ok(Self { status, headers, text, took: asked.elapsed() })
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[expect(clippy::panic, reason = "a test cannot go on without")]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The number after `max-age=`.
    #[must_use]
    pub fn max_age(&self) -> Option<u64> {
        self.header("cache-control")
            .split(", ")
            .find_map(|part| part.strip_prefix("max-age=")?.parse().ok())
    }

    /// Asserts a problem of this status, and gives its `detail` and `reason`.
    ///
    /// # Panics
    /// When it is another answer.
    #[must_use]
    pub fn problem(&self, status: u16) -> (String, String) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body.get("status"), Some(&status.into()), "{body}");
        assert_eq!(
            body.get("instance").and_then(Value::as_str),
            Some(self.header("x-request-id")),
            "{body}"
        );
        let text =
            |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert!(text("type").starts_with("/problems/") && !text("title").is_empty(), "{body}");
        (text("detail"), text("reason"))
    }
}
