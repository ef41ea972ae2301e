//! Somebody who asks the ops side: from an address of choice, as whoever he says he is.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::{Client, Method, RequestBuilder, Response};
use tests::{Stack, Wanted};

pub(crate) const USER: &str = "ops";
pub(crate) const PASSWORD: &str = "PASSWORD-of-this-test";

/// A worker whose ops side has a password.
pub(crate) fn guarded() -> Wanted {
    Stack::wanted().apis(0).with("OPS_USER", USER).with("OPS_PASSWORD", PASSWORD)
}

/// A client at the so-manieth address of this machine.
pub(crate) fn from(number: u16) -> Client {
    let [high, low] = number.to_be_bytes();
    let address = IpAddr::V4(Ipv4Addr::new(127, 1, high, low));
    Client::builder().no_proxy().local_address(address).build().unwrap()
}

/// A request of the worker's ops side.
pub(crate) fn ask(client: &Client, stack: &Stack, method: Method, path: &str) -> RequestBuilder {
    client.request(method, format!("{}{path}", stack.workers[0].url()))
}

pub(crate) trait Asked {
    fn right(self) -> Self;
    async fn answer(self) -> Response;
}

impl Asked for RequestBuilder {
    fn right(self) -> Self {
        self.basic_auth(USER, Some(PASSWORD))
    }

    async fn answer(self) -> Response {
        self.send().await.unwrap()
    }
}

/// Every header that a browser must be told, whatever the answer.
pub(crate) fn is_hardened(answer: &Response) {
    let text = |name: &str| {
        let values: Vec<_> = answer.headers().get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name} of {answer:?}");
        values[0].to_str().unwrap().to_owned()
    };
    let policy = text("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    for part in ["'unsafe-eval'", "http", "*", "data:", "script-src 'self' 'unsafe-inline'"] {
        assert!(!policy.contains(part), "{part} in {policy}");
    }
    assert_eq!(text("x-content-type-options"), "nosniff");
    assert_eq!(text("x-frame-options"), "DENY");
    assert_eq!(text("referrer-policy"), "no-referrer");
    assert_eq!(text("cache-control"), "no-store");
    let cors = |name: &&str| name.starts_with("access-control");
    assert_eq!(answer.headers().keys().map(|name| name.as_str()).find(cors), None);
}
