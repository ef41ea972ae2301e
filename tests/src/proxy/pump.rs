//! One direction of a connection on an ill line.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
};

use super::Trouble;

/// See the top of the file.
pub(super) struct Pump<'a> {
    pub(super) told: watch::Receiver<Trouble>,
    /// Whether questions, and answers, of this connection are lost.
    pub(super) losing: &'a [AtomicBool; 2],
    pub(super) back: bool,
    pub(super) passed: &'a AtomicU64,
}

impl Pump<'_> {
    pub(super) async fn run(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        let (mut buffer, mut passed) = (vec![0; 64 * 1024], 0);
        loop {
            let now = *self.told.borrow_and_update();
            if now == Trouble::Hold {
                let _ = self.told.changed().await;
                continue;
            }
            let length = tokio::select! {
                read = from.read(&mut buffer) => read?,
                _ = self.told.changed() => continue,
            };
            let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
                return Ok(());
            };
            // It may have been told since the read began.
            let now = *self.told.borrow();
            self.note_loss(now, bytes);
            let [questions, answers] = self.losing;
            if if self.back { answers } else { questions }.load(Relaxed) {
                continue;
            }
            let most = match now {
                Trouble::CutAfter(most) if self.back => most.saturating_sub(passed),
                _ => length,
            };
            let rest = bytes.get(..most.min(length)).unwrap_or_default();
            self.pass(now, rest, &mut to).await?;
            passed += rest.len();
            if rest.len() < length {
                return Ok(());
            }
        }
    }

    fn note_loss(&self, now: Trouble, bytes: &[u8]) {
        let [questions, answers] = self.losing;
        match now {
            Trouble::Blackhole => if self.back { answers } else { questions }.store(true, Relaxed),
            Trouble::LoseAnswers if self.back => answers.store(true, Relaxed),
            Trouble::LoseQuestions if !self.back => questions.store(true, Relaxed),
            Trouble::LoseAnswersTo(what)
                if !self.back && bytes.windows(what.len()).any(|part| part == what.as_bytes()) =>
            {
                answers.store(true, Relaxed);
            }
            _ => {}
        }
    }

    async fn pass(
        &self,
        now: Trouble,
        bytes: &[u8],
        to: &mut (impl AsyncWrite + Unpin),
    ) -> std::io::Result<()> {
        let (few, pause) = match now {
            Trouble::Drip(few, pause) => (few.max(1), pause),
            _ => (usize::MAX, Duration::ZERO),
        };
        for part in bytes.chunks(few) {
            // Held on its way, or let go at once when the trouble is over.
            if *self.told.borrow() == Trouble::Hold {
                let _ = self.told.clone().wait_for(|now| *now != Trouble::Hold).await;
            } else if *self.told.borrow() == now && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            to.write_all(part).await?;
            self.passed.fetch_add(part.len() as u64, Relaxed);
        }
        to.flush().await
    }
}
