//! A document that is really read: what its answer settles, and what is left where there is none.

use std::{borrow::Cow, time::Duration};

use chrono::{NaiveDate, SubsecRound, Utc};
use tokio::time::Instant;

use super::{
    Done, LOOK_EVERY, Outcome, Refresher, beside::Beside, done, entries::jitter, gate::Weighed,
    saves::Awaited,
};
use crate::{
    cache::{Overwrite, Settled},
    config::Lifetimes,
    entry::MenuKey,
    hall::HallId,
    menu::{Day, DayState, KnownDay},
    metrics,
    queue::Reason,
    store::{FetchRun, Past, StoreError},
    vendors::{Document, Read, VendorError, VendorTurn},
};

/// Entries live this long that were made while the vendor was only probed.
const REFRAINED: Duration = Duration::from_secs(5);

impl Refresher {
    /// Asks the vendor and settles every key that its answer, or its failure, can answer. `is_sure`:
    /// whether any store could say that nobody has read it yet; `ahead`: a turn that was had meanwhile.
    pub(super) async fn read_and_settle(
        &self,
        document: Document,
        key: &MenuKey,
        reason: Reason,
        is_sure: bool,
        ahead: Option<VendorTurn>,
    ) -> Done {
        let asked = Instant::now();
        let turn = match ahead {
            Some(turn) => Ok(turn),
            None => self.vendors.turn(document).await,
        };
        // Stores that were silent may have found their voice, and somebody else have read it by then.
        let has_queued = turn.is_ok() && asked.elapsed() >= LOOK_EVERY;
        if has_queued
            && !is_sure
            && let Some(done) = self.settled_meanwhile(key, reason).await
        {
            return done;
        }
        // The moment of asking, not of answering: a reader that was paused in between must not
        // pass for the later one.
        let started_at = Utc::now();
        let awaited = self.saves.awaited();
        let (read, beside) = match turn {
            Ok(turn) => self.read_beside(document, key, started_at, turn).await,
            Err(error) => {
                // A vendor that is left alone is seen in metrics, though nothing is sent.
                let unsent = Err(error);
                metrics::vendor_read(document.hall(), &unsent, Duration::ZERO);
                (unsent, Beside::default())
            }
        };
        let read = match read {
            Err(error) if error.is_unasked() => return self.refrain(document, key, &error).await,
            read => read,
        };
        let mut run = FetchRun::new(document, reason, started_at);
        let (outcome, settled, cached) = match read {
            Ok(read) => self.settle_read(document, key, (read, awaited), &beside, &mut run).await,
            Err(error) => {
                run.note_failure(&error);
                let life = self.failure(document, &error).await;
                let (class, error) = (error.class(), run.error.as_deref().unwrap_or_default());
                tracing::warn!(document = %document, error.class = class, error, "vendor failed");
                let settled = self.fallback(document, key, started_at, life).await;
                let cached = self.put(&settled).await;
                if !cached {
                    // Otherwise the cache remembers it, for every process.
                    self.failing.note(document, life);
                }
                (Outcome::Snapshot, settled, cached)
            }
        };
        run.finished_at = Utc::now();
        if let Err(error) = self.store.record_run(&run).await {
            tracing::warn!(document = %document, %error, "the read is not on record");
        }
        done(key, outcome, &settled, cached)
    }

    /// As after a failed read, though nothing was read: the vendor is left alone for now. That is
    /// cheap and may end any moment, so it is looked at again soon; no record is kept of it.
    async fn refrain(&self, document: Document, key: &MenuKey, error: &VendorError) -> Done {
        tracing::debug!(document = %document, error.class = error.class(), %error, "not asked");
        let life = error.quiet().unwrap_or_else(|| jitter(REFRAINED, REFRAINED / 5));
        let done = self.without_reading(document, key, life).await;
        if !done.cached {
            self.failing.note(document, life);
        }
        done
    }

    /// As after a failed read, because there was one a moment ago.
    pub(super) async fn without_reading(
        &self,
        document: Document,
        key: &MenuKey,
        left: Duration,
    ) -> Done {
        let mut settled = self.fallback(document, key, Utc::now(), left).await;
        for one in &mut settled {
            one.lifetime = one.lifetime.min(left);
        }
        let cached = self.put(&settled).await;
        done(key, Outcome::Snapshot, &settled, cached)
    }

    async fn settle_read(
        &self,
        document: Document,
        key: &MenuKey,
        (mut read, awaited): (Read, Awaited<'_>),
        beside: &Beside,
        run: &mut FetchRun,
    ) -> (Outcome, Vec<Settled>, bool) {
        let (now, hall, past) = (Utc::now(), document.hall(), beside.past.as_ref());
        if let Some(other) = read.mistaken {
            self.withdraw(hall, other).await;
        }
        let fetched_at = run.started_at.trunc_subsecs(0);
        let Lifetimes { fresh, fresh_jitter, .. } = self.lifetimes;
        // Within its bounds counted from the moment of asking: what took long to come is no fresher for that.
        let took = (now - run.started_at).to_std().unwrap_or_default();
        let shortest = fresh.saturating_sub(fresh_jitter);
        let fresh = jitter(fresh, fresh_jitter).saturating_sub(took).max(shortest);
        let days: Vec<(KnownDay, Duration)> = self
            .dates(document, key, now)
            .into_iter()
            .map(|date| {
                let day = read.reading.days.remove(&date).unwrap_or(Day::NotPosted);
                let life = if matches!(day, Day::Posted(_)) { fresh } else { self.negative() };
                (KnownDay::read(date, day, fetched_at, now + life), life)
            })
            .collect();
        run.count(&read, days.iter().map(|(day, _)| day));
        metrics::vendor_document(hall.vendor(), run);
        let weighed = self.gate.weigh(document, days, past).await;
        if let Some(doubt) = weighed.doubt() {
            run.note_doubt(&doubt);
        }
        let serve = async {
            let mut settled = self.with_kept_copies(hall, &weighed.believed, beside).await;
            settled.extend(self.held_entries(hall, &weighed));
            let cached = self.put(&settled).await;
            drop(awaited);
            if !cached && !weighed.held.is_empty() {
                // Otherwise the lifetime of its entries keeps the next reading away for as long.
                self.failing.note(document, self.lifetimes.stale);
            }
            (settled, cached)
        };
        // Side by side: who waits for a menu does not wait for the database to keep it, least of
        // all for one that is away; nor is it kept from the database by a cache that is away. Either
        // alone is whole: the entries in one script, the rows in one statement.
        let keep = async {
            let _turn = self.saves.turn().await;
            self.keep(document, &weighed, past).await
        };
        let ((settled, cached), changed) = tokio::join!(serve, keep);
        if let Some(cache) = &self.cache {
            // What is listed of a hall says when each menu was read: it says so anew.
            cache.forget_upcoming(hall).await;
        }
        match changed {
            Some(changed) => run.note_change(changed),
            // No store has it: then this process does.
            None if !cached => self.memory.keep(document, &settled),
            None => {}
        }
        tell(document, run);
        let is_held = weighed.held.iter().any(|held| held.read.date == key.date);
        let outcome = if is_held { Outcome::Snapshot } else { Outcome::Live };
        (outcome, settled, cached)
    }

    /// Saves what is believed, and keeps what is thought of all of it. Tells how many days changed;
    /// `None`: they could not be saved.
    async fn keep(
        &self,
        document: Document,
        weighed: &Weighed,
        past: Option<&Past>,
    ) -> Option<i64> {
        let late;
        let (weighed, past) = match past {
            Some(past) => (weighed, past),
            // Served it may be; what is kept must have been weighed.
            None => match self.gate.weigh_late(document, &weighed.believed).await {
                Ok(now) => {
                    late = now;
                    (&late.0, &late.1)
                }
                Err(error) => return self.keep_for_later(document, weighed, &error),
            },
        };
        let hall = document.hall();
        let changes = self.changes(hall, weighed, past).await;
        match self.store.save(hall, weighed.believed.iter().map(|(day, _)| day)).await {
            Ok(changed) => {
                self.unsaved.forget(document);
                self.judge(document, weighed, past, &changes).await;
                Some(changed)
            }
            Err(error) => self.keep_for_later(document, weighed, &error),
        }
    }

    fn keep_for_later(
        &self,
        document: Document,
        weighed: &Weighed,
        error: &StoreError,
    ) -> Option<i64> {
        metrics::SAVES_FAILED.one(&[]);
        tracing::warn!(document = %document, %error, "not saved");
        self.unsaved.keep(document, weighed.believed.clone());
        None
    }

    /// The entries of a reading; days that the vendor does not post (any more) get back the menus
    /// that were saved of them, and "closed" where the hall's own hours say so.
    async fn with_kept_copies(
        &self,
        hall: HallId,
        days: &[(KnownDay, Duration)],
        beside: &Beside,
    ) -> Vec<Settled> {
        let is_silent = |day: &KnownDay| day.state == DayState::NotPosted;
        let silent: Vec<NaiveDate> =
            days.iter().filter(|(day, _)| is_silent(day)).map(|(day, _)| day.date).collect();
        let (kept, shut) =
            tokio::join!(self.copies(hall, &silent, beside), self.shut_of(hall, &silent, beside));
        let mut settled = Vec::new();
        for (day, life) in days {
            let copy = kept.iter().flatten().find(|kept| is_silent(day) && kept.date == day.date);
            let day = match copy.map(|copy| copy.menus.clone()) {
                Some(menus) => Cow::Owned(KnownDay { menus, ..day.clone() }),
                None => Cow::Borrowed(day),
            };
            settled.extend(self.entries(hall, &day, *life, shut.contains(&day.date)));
        }
        if kept.is_none() {
            // Nobody knows what was saved of the silent days: "no menu" must not hide it.
            for one in settled.iter_mut().filter(|one| silent.contains(&one.key.date)) {
                one.over = Overwrite::Nothing;
            }
        }
        settled
    }
}

fn tell(document: Document, run: &FetchRun) {
    let FetchRun { bytes, meals, items, skipped, .. } = *run;
    tracing::info!(document = %document, size_bytes = bytes, meals, items, skipped, "vendor read");
    if skipped > 0 {
        tracing::warn!(document = %document, items, skipped, "dishes could not be read");
    }
}
