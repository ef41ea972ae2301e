//! A way to Postgres that can be shut and opened again.

use std::net::TcpListener;

use tokio::{net::TcpStream, task::JoinSet};

pub(crate) struct Door {
    port: u16,
    target: (String, u16),
    url: reqwest::Url,
    accepting: Option<tokio::task::JoinHandle<()>>,
}

impl Door {
    /// Shut at first.
    pub(crate) fn to(url: &str) -> Self {
        let mut url = reqwest::Url::parse(url).unwrap();
        let target = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        Self { port, target, url, accepting: None }
    }

    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) async fn open(&mut self) {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let target = self.target.clone();
        self.accepting = Some(tokio::spawn(async move {
            let mut guests = JoinSet::new();
            while let Ok((mut inner, _)) = listener.accept().await {
                let target = target.clone();
                guests.spawn(async move {
                    let mut outer = TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut inner, &mut outer).await;
                });
            }
        }));
    }

    /// Nobody comes through any more, and who was inside is cut off.
    pub(crate) async fn shut(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
    }
}
