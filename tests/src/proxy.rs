//! A TCP line between a program and what it stands on, which can be made ill while it is in use:
//! cut, reset, refused, silent, slow, or deaf in one direction.

mod pump;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::stores::free_port;
use pump::Pump;

/// What is wrong with a line. Bytes that got lost stay lost: a connection of which some were
/// swallowed stays silent for good, as a peer's that forgot it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Nothing moves, either way; later it all comes.
    Hold,
    /// Connections are accepted, and everything is swallowed, both ways: no reset, no end.
    Blackhole,
    /// What is asked arrives, what is answered is swallowed.
    LoseAnswers,
    /// The same for a connection from the first time that it asks something with these bytes in it.
    LoseAnswersTo(&'static str),
    /// What is asked is swallowed.
    LoseQuestions,
    /// So many bytes in so much time, both ways.
    Drip(usize, Duration),
    /// A connection ends after so many bytes of answers.
    CutAfter(usize),
    /// Connections end, and new ones at once.
    Cut,
    /// The same with a reset.
    Reset,
    /// Connections end, and nobody listens.
    Refuse,
}

/// See the top of the file; ends with the value.
pub struct Proxy {
    port: u16,
    trouble: watch::Sender<Trouble>,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    open: AtomicUsize,
    asked: AtomicU64,
    answered: AtomicU64,
}

impl Proxy {
    /// A healthy line to that address, on a free port.
    ///
    /// # Panics
    /// When it cannot listen.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn to(target: SocketAddr) -> Self {
        let (port, counts) = (free_port(), Arc::<Counts>::default());
        let (trouble, told) = watch::channel(Trouble::None);
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        let accepting = tokio::spawn(accept(listener, port, target, told, Arc::clone(&counts)));
        Self { port, trouble, counts, accepting }
    }

    /// The same URL with this line in front of what it names.
    ///
    /// # Panics
    /// When it is no URL.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub fn url(&self, direct: &str) -> String {
        let mut url = reqwest::Url::parse(direct).expect("a URL");
        url.set_port(Some(self.port)).expect("a port");
        url.to_string()
    }

    /// From now on, for what goes on as well.
    pub fn set(&self, trouble: Trouble) {
        self.trouble.send_replace(trouble);
    }

    /// Connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Relaxed)
    }

    /// Connections now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counts.open.load(Relaxed)
    }

    /// Bytes passed on so far: asked, answered.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (self.counts.asked.load(Relaxed), self.counts.answered.load(Relaxed))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        // Connections end with it.
        self.trouble.send_replace(Trouble::Cut);
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    target: SocketAddr,
    mut told: watch::Receiver<Trouble>,
    counts: Arc<Counts>,
) {
    let mut listening = Some(listener);
    loop {
        let Some(listener) = listening.take() else {
            if told.wait_for(|now| *now != Trouble::Refuse).await.is_err() {
                return;
            }
            listening = TcpListener::bind(("127.0.0.1", port)).await.ok();
            continue;
        };
        let mut until = told.clone();
        let refused = loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((client, _)) = accepted else { continue };
                    counts.connections.fetch_add(1, Relaxed);
                    tokio::spawn(carry(client, target, told.clone(), Arc::clone(&counts)));
                }
                now = until.wait_for(|now| *now == Trouble::Refuse) => break now.is_ok(),
            }
        };
        drop(listener);
        if !refused {
            return;
        }
    }
}

/// One connection.
async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    told: watch::Receiver<Trouble>,
    counts: Arc<Counts>,
) {
    counts.open.fetch_add(1, Relaxed);
    let ends = |now: &Trouble| matches!(now, Trouble::Cut | Trouble::Reset | Trouble::Refuse);
    let mut end = told.clone();
    if !ends(&told.borrow())
        && let Ok(mut server) = TcpStream::connect(target).await
    {
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let losing = [AtomicBool::new(false), AtomicBool::new(false)];
        let (asks, hears) = client.split();
        let (answers, told_to) = server.split();
        let questions =
            Pump { told: told.clone(), losing: &losing, back: false, passed: &counts.asked };
        let replies = Pump { told, losing: &losing, back: true, passed: &counts.answered };
        tokio::select! {
            _ = questions.run(asks, told_to) => {}
            _ = replies.run(answers, hears) => {}
            _ = end.wait_for(ends) => {}
        }
    }
    if *end.borrow() == Trouble::Reset {
        let _ = client.set_zero_linger();
    }
    counts.open.fetch_sub(1, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A line to a server that sends back what it hears.
    async fn echo() -> (Proxy, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::to(listener.local_addr().unwrap()).await;
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        (proxy, serving)
    }

    async fn connect(proxy: &Proxy) -> std::io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", proxy.port)).await
    }

    /// What comes back of a word: all of it, nothing yet (`None`), or the end.
    async fn says(stream: &mut TcpStream, word: &str) -> Option<std::io::Result<String>> {
        let asked = async {
            stream.write_all(word.as_bytes()).await?;
            let mut answer = vec![0; word.len()];
            stream.read_exact(&mut answer).await?;
            Ok(String::from_utf8(answer).unwrap())
        };
        tokio::time::timeout(Duration::from_millis(200), asked).await.ok()
    }

    #[tokio::test]
    async fn a_line_passes_counts_holds_and_ends() {
        let (proxy, _serving) = echo().await;
        let mut stream = connect(&proxy).await.unwrap();
        assert_eq!(says(&mut stream, "one").await.unwrap().unwrap(), "one");
        assert_eq!((proxy.connections(), proxy.open(), proxy.bytes()), (1, 1, (3, 3)));
        proxy.set(Trouble::Hold);
        assert!(says(&mut stream, "two").await.is_none());
        proxy.set(Trouble::None);
        let mut held = [0; 3];
        stream.read_exact(&mut held).await.unwrap();
        assert_eq!(&held, b"two", "nothing was lost");
        proxy.set(Trouble::Reset);
        let reset = says(&mut stream, "three").await.unwrap().unwrap_err();
        assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
        proxy.set(Trouble::Refuse);
        crate::eventually("nobody listens", Duration::from_secs(1), async || {
            connect(&proxy).await.err()
        })
        .await;
        proxy.set(Trouble::None);
        crate::eventually("somebody listens", Duration::from_secs(1), async || {
            let mut stream = connect(&proxy).await.ok()?;
            says(&mut stream, "four").await?.ok()
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_lost_stays_lost_for_that_connection_alone() {
        for trouble in [
            Trouble::Blackhole,
            Trouble::LoseAnswers,
            Trouble::LoseQuestions,
            Trouble::LoseAnswersTo("w"),
        ] {
            let (proxy, _serving) = echo().await;
            let mut stream = connect(&proxy).await.unwrap();
            assert_eq!(says(&mut stream, "one").await.unwrap().unwrap(), "one");
            proxy.set(trouble);
            assert!(says(&mut stream, "two").await.is_none(), "{trouble:?}");
            proxy.set(Trouble::None);
            assert!(says(&mut stream, "three").await.is_none(), "{trouble:?}");
            let mut other = connect(&proxy).await.unwrap();
            assert_eq!(says(&mut other, "two").await.unwrap().unwrap(), "two");
        }
    }

    #[tokio::test]
    async fn a_line_drips_and_cuts_in_the_middle_of_an_answer() {
        let (proxy, _serving) = echo().await;
        proxy.set(Trouble::Drip(1, Duration::from_millis(20)));
        let mut stream = connect(&proxy).await.unwrap();
        let begun = std::time::Instant::now();
        assert_eq!(says(&mut stream, "four").await.unwrap().unwrap(), "four");
        assert!(begun.elapsed() >= Duration::from_millis(4 * 20));
        proxy.set(Trouble::CutAfter(2));
        let mut stream = connect(&proxy).await.unwrap();
        stream.write_all(b"four").await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"fo");
    }
}
