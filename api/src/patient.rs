//! A connection that is waited for, but not for ever: for the head of a request, for the next request,
//! and for a caller who does not read, or reads a little now and then. While a request is being
//! answered nothing is expected of it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// How long each of them may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From the first byte of a request, or from the connection's start, to the end of its head.
    pub(crate) head: Duration,
    /// From an answer to the next request.
    pub(crate) idle: Duration,
    /// For a caller to take something of what is sent.
    pub(crate) write: Duration,
    /// From the first wait for that to the moment when all is taken: a caller who takes a byte now
    /// and then would otherwise be waited for as long as it likes.
    pub(crate) answer: Duration,
}

/// Whether a request of this connection is being answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<AtomicBool>);

impl Busy {
    /// Its head was read.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// See the top of the file.
pub(crate) struct Patient<T> {
    io: T,
    patience: Patience,
    busy: Busy,
    /// When the caller must have sent what is waited for.
    read_by: Instant,
    /// Nothing has come since the last answer.
    idle: bool,
    /// When the caller must have taken what is sent, while it does not.
    write_by: Option<Instant>,
    /// When it must have taken all of it, once it did not take it at once.
    taken_by: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl<T> Patient<T> {
    pub(crate) fn new(io: T, patience: Patience, busy: Busy) -> Self {
        let read_by = Instant::now() + patience.head;
        let timer = Box::pin(tokio::time::sleep_until(read_by));
        Self { io, patience, busy, read_by, idle: false, write_by: None, taken_by: None, timer }
    }

    /// Whether the time is up; if not, the task is woken when it is. The timer is set anew only when
    /// it has rung too early or would ring too late, so that a request costs no timer.
    fn is_late(&mut self, by: Instant, context: &mut Context<'_>) -> bool {
        if self.timer.deadline() > by {
            self.timer.as_mut().reset(by);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= by {
                return true;
            }
            self.timer.as_mut().reset(by);
        }
        false
    }

    fn note_write(&mut self, written: &Poll<io::Result<usize>>, context: &mut Context<'_>) -> bool {
        if written.is_ready() {
            self.busy.0.store(false, Ordering::Relaxed);
            self.idle = true;
            self.read_by = Instant::now() + self.patience.idle;
            self.write_by = None;
            return false;
        }
        let now = Instant::now();
        let by = *self.write_by.get_or_insert(now + self.patience.write);
        let taken_by = *self.taken_by.get_or_insert(now + self.patience.answer);
        self.is_late(by.min(taken_by), context)
    }
}

fn late<R>() -> Poll<io::Result<R>> {
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if read.is_ready() {
            if self.idle {
                self.idle = false;
                self.read_by = Instant::now() + self.patience.head;
            }
            return read;
        }
        let by = self.read_by;
        // A write that is stuck has its own time.
        if self.busy.0.load(Ordering::Relaxed) || self.write_by.is_some() {
            return Poll::Pending;
        }
        if self.is_late(by, context) { late() } else { Poll::Pending }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        if self.note_write(&written, context) { late() } else { written }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, parts);
        if self.note_write(&written, context) { late() } else { written }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// Asked for when there is no more to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_flush(context))?;
        self.taken_by = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_shutdown(context))?;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(5),
        idle: Duration::from_secs(60),
        write: Duration::from_secs(30),
        answer: Duration::from_secs(120),
    };

    fn pair() -> (Patient<DuplexStream>, Busy, DuplexStream) {
        let (ours, theirs) = duplex(16);
        let busy = Busy::default();
        (Patient::new(ours, PATIENCE, busy.clone()), busy, theirs)
    }

    async fn read(patient: &mut Patient<DuplexStream>) -> io::Result<usize> {
        patient.read(&mut [0; 16]).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_or_drips_ends_in_time() {
        let (mut patient, _, _theirs) = pair();
        let started = Instant::now();
        assert_eq!(read(&mut patient).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed().as_secs(), 5);

        let (mut patient, _, mut theirs) = pair();
        let started = Instant::now();
        let drip = async {
            loop {
                theirs.write_all(b"x").await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let reading = async { while read(&mut patient).await.is_ok() {} };
        tokio::select! { () = reading => {}, () = drip => {} }
        assert_eq!(started.elapsed().as_secs(), 5, "each byte buys no time");
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_there_is_more_time_and_while_answering_no_limit() {
        let (mut patient, busy, mut theirs) = pair();
        theirs.write_all(b"GET").await.unwrap();
        assert_eq!(read(&mut patient).await.unwrap(), 3);
        busy.begin();
        let waiting = tokio::time::timeout(Duration::from_secs(1000), read(&mut patient));
        assert!(waiting.await.is_err(), "it is our turn");
        patient.write_all(b"200").await.unwrap();
        let answered = Instant::now();
        assert_eq!(read(&mut patient).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(answered.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_head_has_its_own_time_however_long_it_was_idle() {
        let (mut patient, _, mut theirs) = pair();
        patient.write_all(b"200").await.unwrap();
        tokio::time::advance(Duration::from_secs(59)).await;
        theirs.write_all(b"G").await.unwrap();
        assert_eq!(read(&mut patient).await.unwrap(), 1);
        let begun = Instant::now();
        assert!(read(&mut patient).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_does_not_read_is_given_up() {
        let (mut patient, _, _theirs) = pair();
        let started = Instant::now();
        let written = patient.write_all(&[0; 64]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed().as_secs(), 30);
    }

    /// Takes a byte, every so many seconds.
    async fn sip(theirs: &mut DuplexStream, seconds: u64) {
        while theirs.read_exact(&mut [0; 1]).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_takes_a_byte_now_and_then_is_given_up_too() {
        let (mut patient, _, mut theirs) = pair();
        let started = Instant::now();
        let written = tokio::select! {
            written = patient.write_all(&[0; 1000]) => written,
            () = sip(&mut theirs, 5) => Ok(()),
        };
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed().as_secs(), 120);
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_has_its_own_time_to_be_taken() {
        let (mut patient, _, mut theirs) = pair();
        let answering = async {
            for _ in 0..5 {
                patient.write_all(&[0; 50]).await?;
                patient.flush().await?;
            }
            io::Result::Ok(())
        };
        let started = Instant::now();
        let written = tokio::select! {
            written = answering => written,
            () = sip(&mut theirs, 2) => Ok(()),
        };
        written.unwrap();
        assert!(started.elapsed().as_secs() > 400, "longer than one answer may take");
    }
}
