//! Many clients at once.

use std::time::{Duration, Instant};

use tests::Answer;

/// A client that nobody has used yet: its first requests open their connections.
pub(crate) fn stranger() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The others pass a body on as it is: nobody's is compressed.
    let client = reqwest::Client::builder().no_proxy().no_gzip().no_brotli();
    client.build().expect("an HTTP client")
}

/// Asks for all of them at once; gives the answers and how long all of it took.
pub(crate) async fn at_once(http: &reqwest::Client, urls: Vec<String>) -> (Vec<Answer>, Duration) {
    let begun = Instant::now();
    let asked = urls.into_iter().map(|url| tokio::spawn(Answer::of(http.get(url))));
    let answers = futures::future::join_all(asked).await;
    let took = begun.elapsed();
    (
        answers.into_iter().map(|answer| answer.expect("no panic").expect("an answer")).collect(),
        took,
    )
}

/// Asks for one, which must be there.
pub(crate) async fn one(http: &reqwest::Client, url: &str) -> Answer {
    let answer = Answer::of(http.get(url)).await.expect("an answer");
    assert_eq!(answer.status, 200, "{url}: {answer:?}");
    answer
}
