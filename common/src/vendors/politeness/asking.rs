//! How leave to send a request is had: of Redis and of Postgres, or of whichever answers.

use std::{pin::pin, sync::Arc};

use futures::future::{Either, select};
use tokio::{sync::OwnedMutexGuard, time::Instant};

use super::{
    Leave, Politeness, Rules, Site, Word,
    locked::{self, Slot},
    shared::{Place, Told},
};
use crate::{hall::Vendor, store::Lock, vendors::FetchError};

/// What was said, and whether Redis said it.
#[derive(Clone, Copy)]
struct Said {
    word: Word,
    by_redis: bool,
}

/// A site that was asked once for leave to send. Nobody else of this process asks while it lives; what was
/// given goes back with it.
pub(in crate::vendors) struct Asked {
    at: Instant,
    said: Said,
    /// What Postgres said meanwhile, if it was asked.
    slot: Option<Slot>,
    place: Place,
    _gate: OwnedMutexGuard<()>,
}

impl Asked {
    /// Whether what was said is still as good as if it were said now: others are told by when we asked when
    /// they may start, unless Postgres keeps the start for us.
    fn holds(&self, rules: &Rules) -> bool {
        let has_start = self.said.word == Word::Go && matches!(self.slot, Some(Slot::Ours(_)));
        has_start || rules.spacing.is_zero() || self.at.elapsed() < rules.spacing / 10
    }
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
        asked: Option<Asked>,
    ) -> Result<Leave, FetchError> {
        let site = self.site(name);
        let late = || FetchError::Unsent("too many requests to this site wait already".to_owned());
        let mut asked = match asked.filter(|asked| asked.holds(&self.rules)) {
            Some(asked) => asked,
            None => {
                let gate = Arc::clone(&site.gate).lock_owned();
                let gate = tokio::time::timeout_at(deadline, gate).await.map_err(|_| late())?;
                self.ask_both(&site, gate, vendor, name, false).await
            }
        };
        loop {
            let Said { word, by_redis } = asked.said;
            let word = match word {
                Word::Go => match self.start(&site, name, by_redis, asked.slot.take()).await {
                    Ok(slot) => return Ok(Leave { name, token: asked.place.keep(), _slot: slot }),
                    Err(word) => word,
                },
                refused => refused,
            };
            // Who has to wait keeps nobody from what Postgres has.
            asked.slot = None;
            match word {
                Word::Wait(left) if Instant::now() + left >= deadline => return Err(late()),
                Word::Wait(left) => tokio::time::sleep(left).await,
                // It was not refused after all.
                Word::Go => {}
                Word::Paused(left) => return Err(FetchError::Paused(left)),
                Word::Quiet(left) => return Err(FetchError::Quiet(left)),
                Word::Open(left) => return Err(FetchError::Open(left)),
            }
            asked.said = self.ask(&site, vendor, &mut asked.place, false).await;
        }
    }

    /// Asks a site before it is known whether anything will be sent to it, if nobody of this process is
    /// about to ask it, or has been told not to.
    pub(in crate::vendors) async fn ask_ahead(
        &self,
        vendor: Vendor,
        name: &'static str,
    ) -> Option<Asked> {
        let site = self.site(name);
        let gate = Arc::clone(&site.gate).try_lock_owned().ok()?;
        if site.local().ask(Instant::now()) != Word::Go {
            return None;
        }
        Some(self.ask_both(&site, gate, vendor, name, true).await)
    }

    /// Asks Redis, and Postgres for a slot beside it where nothing is known that forbids to start: a
    /// visitor may be waiting. Only once: those who have to wait would have the slots in turns.
    async fn ask_both(
        &self,
        site: &Site,
        gate: OwnedMutexGuard<()>,
        vendor: Vendor,
        name: &'static str,
        ahead: bool,
    ) -> Asked {
        let (at, mut place) = (Instant::now(), Place::new(self.shared.clone(), name));
        let is_free = self.shared.is_some() && site.local().ask(Instant::now()) == Word::Go;
        let (said, slot) = {
            let asked = pin!(self.ask(site, vendor, &mut place, ahead));
            match self.locks.as_ref().filter(|_| is_free) {
                None => (asked.await, None),
                Some(locks) => {
                    let slot = pin!(locked::ask(locks, name, &self.rules, true));
                    match select(asked, slot).await {
                        Either::Left((said, slot)) if said.word == Word::Go => {
                            (said, Some(slot.await))
                        }
                        Either::Left((said, _)) => (said, None),
                        Either::Right((slot, asked)) => {
                            let said = asked.await;
                            (said, Some(slot).filter(|_| said.word == Word::Go))
                        }
                    }
                }
            }
        };
        Asked { at, said, slot, place, _gate: gate }
    }

    async fn ask(&self, site: &Site, vendor: Vendor, place: &mut Place, ahead: bool) -> Said {
        // What this process was told holds even where Redis has forgotten it.
        let quiet = site.local().quiet(Instant::now());
        let known = Told { pause: self.paused.note(vendor, None), quiet };
        let gap = self.rules.gap();
        let agreed = match &self.shared {
            Some(shared) => shared.ask(vendor, place, gap, known, &self.rules, ahead).await,
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
