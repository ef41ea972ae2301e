//! The ops side of a worker, as a browser and as a program meet it.

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::{answer::Answer, process::Program};

/// One worker's.
pub struct OpsSide {
    client: Client,
    url: String,
}

impl OpsSide {
    /// That of this worker.
    ///
    /// # Panics
    /// When there is no HTTP client.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub fn of(worker: &Program) -> Self {
        let client = Client::builder().no_proxy().build().expect("an HTTP client");
        Self { client, url: worker.url().to_owned() }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.url))).await
    }

    /// A request without a body and without an origin, to be completed.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    /// A form, as a browser sends it from a page of ours; it follows where the answer leads.
    pub async fn form(&self, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        let request = self.post(path).header("origin", &self.url).header("content-type", kind);
        self.send(request.body(form.to_owned())).await
    }

    /// An action, as a program asks for it.
    pub async fn act(&self, action: &str, arguments: &Value) -> Answer {
        let request = self.post(&format!("/ops/api/actions/{action}")).header("origin", &self.url);
        let request = request.header("content-type", "application/json");
        self.send(request.body(arguments.to_string())).await
    }

    /// Any request.
    ///
    /// # Panics
    /// When no answer comes.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request).await.expect("an answer")
    }
}
