//! How leave to send a request is had: of Redis and of Postgres, or of whichever answers.

use std::pin::pin;

use futures::future::{Either, select};
use tokio::time::Instant;

use super::{
    Leave, Politeness, Site, Word,
    locked::{self, Slot},
    shared::Told,
};
use crate::{hall::Vendor, store::Lock, vendors::FetchError};

/// What was said, and whether Redis said it.
struct Said {
    word: Word,
    by_redis: bool,
}

impl Politeness {
    /// Waits until the site may be asked.
    ///
    /// # Errors
    /// At once while its vendor is paused, while it wants quiet or its breaker is open; and when the
    /// wait would end after the deadline.
    pub(in crate::vendors) async fn enter(
        &self,
        vendor: Vendor,
        name: &'static str,
        deadline: Instant,
    ) -> Result<Leave, FetchError> {
        let site = self.site(name);
        let token = format!("{:032x}", fastrand::u128(..));
        let late = || FetchError::Unsent("too many requests to this site wait already".to_owned());
        let gate = tokio::time::timeout_at(deadline, site.gate.lock()).await;
        let _gate = gate.map_err(|_| late())?;
        let (mut said, mut early) = self.ask_both(&site, vendor, name, &token).await;
        let mut has_turn = false;
        let refused = loop {
            has_turn |= said.by_redis && said.word == Word::Go;
            let word = match said.word {
                Word::Go => match self.start(&site, name, said.by_redis, early.take()).await {
                    Ok(slot) => return Ok(Leave { name, token, _slot: slot }),
                    Err(word) => word,
                },
                refused => refused,
            };
            match word {
                Word::Wait(left) if Instant::now() + left >= deadline => break late(),
                Word::Wait(left) => tokio::time::sleep(left).await,
                // It was not refused after all.
                Word::Go => {}
                Word::Paused(left) => break FetchError::Paused(left),
                Word::Quiet(left) => break FetchError::Quiet(left),
                Word::Open(left) => break FetchError::Open(left),
            }
            (said, early) = (self.ask(&site, vendor, name, &token).await, None);
        };
        if let Some(shared) = self.shared.as_ref().filter(|_| has_turn) {
            shared.withdraw(name, &token).await;
        }
        Err(refused)
    }

    /// Asks Redis, and Postgres for a slot beside it where nothing is known that forbids to start: a
    /// visitor may be waiting. Only once: those who have to wait would have the slots in turns.
    async fn ask_both(
        &self,
        site: &Site,
        vendor: Vendor,
        name: &'static str,
        token: &str,
    ) -> (Said, Option<Slot>) {
        let asked = pin!(self.ask(site, vendor, name, token));
        let is_free = self.shared.is_some() && site.local().ask(Instant::now()) == Word::Go;
        let Some(locks) = self.locks.as_ref().filter(|_| is_free) else {
            return (asked.await, None);
        };
        match select(asked, pin!(locked::ask(locks, name, &self.rules, true))).await {
            Either::Left((said, slot)) if said.word == Word::Go => (said, Some(slot.await)),
            Either::Left((said, _)) => (said, None),
            Either::Right((slot, asked)) => (asked.await, Some(slot)),
        }
    }

    async fn ask(&self, site: &Site, vendor: Vendor, name: &'static str, token: &str) -> Said {
        // What this process was told holds even where Redis has forgotten it.
        let quiet = site.local().quiet(Instant::now());
        let known = Told { pause: self.paused.note(vendor, None), quiet };
        let gap = self.rules.gap();
        let agreed = match &self.shared {
            Some(shared) => shared.ask(vendor, name, token, gap, known, &self.rules).await,
            None => None,
        };
        let said = agreed.map(|word| if let Word::Paused(left) = word { Some(left) } else { None });
        let word = match self.paused.note(vendor, said) {
            Some(left) => Word::Paused(left),
            None => agreed.unwrap_or_else(|| site.local().ask(Instant::now())),
        };
        Said { word, by_redis: agreed.is_some() }
    }

    /// Starts what Redis has let in, or else this process: with one of the slots that Postgres has, as
    /// somebody who has no Redis may have them all. `early`: what Postgres said meanwhile.
    async fn start(
        &self,
        site: &Site,
        name: &'static str,
        by_redis: bool,
        early: Option<Slot>,
    ) -> Result<Option<Lock>, Word> {
        let slot = match (early, &self.locks) {
            (Some(slot @ Slot::Ours(_)), _) => slot,
            (Some(Slot::Unknown), _) if by_redis => Slot::Unknown,
            // Who was told to wait by Redis may have had them for a moment.
            (_, Some(locks)) => locked::ask(locks, name, &self.rules, by_redis).await,
            (_, None) => Slot::Unknown,
        };
        // Another request of ours may have ended badly while Postgres was asked.
        let mut local = site.local();
        let word = if by_redis { Word::Go } else { local.ask(Instant::now()) };
        let opening = match slot {
            _ if word != Word::Go => return Err(word),
            Slot::Busy => return Err(Word::Wait(locked::ASK_AGAIN)),
            Slot::Ours(opening) => Some(opening),
            Slot::Unknown => None,
        };
        local.go(Instant::now(), self.rules.gap(), &self.rules);
        Ok(opening.map(|opening| opening.start(self.rules.spacing)))
    }
}
