//! What a word of a vendor, or its silence, means for every key of a document: which entry, and for
//! how long.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

use super::{Refresher, gate::Weighed};
use crate::{
    cache::{Overwrite, Settled},
    entry::{Entry, MenuKey, NoMenu},
    hall::HallId,
    meal::Meal,
    menu::{DayState, KnownDay},
    vendors::{Document, FetchError, VendorError},
};

/// Failure entries live at most this long.
const LONGEST_FAILURE: Duration = Duration::from_secs(60);

/// Failure entries of a document that the vendor refuses live at least this long.
const REFUSED: Duration = Duration::from_secs(60);

/// Failure entries live this long where Postgres could not be asked for copies.
const UNSURE: Duration = Duration::from_secs(2);

impl Refresher {
    /// Every entry that a day's last word makes. `life`: what is left of that word.
    pub(super) fn entries(
        &self,
        hall: HallId,
        day: &KnownDay,
        life: Duration,
        shut: bool,
    ) -> Vec<Settled> {
        let mut settled = if day.state == DayState::NotPosted {
            self.stale_entries(hall, day)
        } else {
            menu_entries(hall, day, false, life)
        };
        let reason = match day.state {
            DayState::Posted => NoMenu::MealNotServed,
            DayState::NotPosted if !shut => NoMenu::NotPosted,
            DayState::Closed | DayState::NotPosted => NoMenu::Closed,
        };
        let lifetime = self.negative().min(life);
        for meal in Meal::SIX {
            let key = MenuKey { hall, date: day.date, meal };
            if !settled.iter().any(|one| one.key == key) {
                let entry = Entry::NoMenu { reason, fetched_at: day.fetched_at };
                settled.push(Settled { key, entry, lifetime, over: Overwrite::Older });
            }
        }
        settled
    }

    pub(super) fn stale_entries(&self, hall: HallId, day: &KnownDay) -> Vec<Settled> {
        let mut young = day.clone();
        let oldest = Utc::now() - self.lifetimes.stale_max;
        young.menus.retain(|known| known.fetched_at >= oldest);
        menu_entries(hall, &young, true, jitter(self.lifetimes.stale, self.lifetimes.stale / 6))
    }

    /// What a copy says of every key of its day: as it did while it is fresh, of which no failure takes
    /// anything away; its menus as stale after.
    async fn copy_entries(&self, hall: HallId, day: &KnownDay) -> Vec<Settled> {
        match self.left_of(day, Utc::now()) {
            Some(left) => {
                let shut = self.is_shut(hall, day).await;
                self.entries(hall, day, left, shut)
            }
            None => self.stale_entries(hall, day),
        }
    }

    /// The vendor failed: every key of the document gets the last good copy, or a failure entry, so
    /// that the vendor is asked again seconds later and not by every visitor.
    pub(super) async fn fallback(
        &self,
        document: Document,
        key: &MenuKey,
        asked_at: DateTime<Utc>,
        failure_life: Duration,
    ) -> Vec<Settled> {
        let hall = document.hall();
        let dates = self.dates(document, key, asked_at);
        let copies = self.saved_days(hall, &dates).await;
        // Where nobody can say whether there is a copy, the question is put again soon.
        let failure_life = if copies.is_some() { failure_life } else { failure_life.min(UNSURE) };
        // But nobody is told to come back while the vendor still wants quiet.
        let quiet = self.vendors.quiet(document).await.unwrap_or_default();
        let failure_life = failure_life.max(quiet);
        let mut settled = Vec::new();
        for day in copies.iter().flatten() {
            settled.extend(self.copy_entries(hall, day).await);
        }
        let entry = Entry::Failed { fetched_at: asked_at.trunc_subsecs(0) };
        for date in dates {
            for meal in Meal::SIX {
                let key = MenuKey { hall, date, meal };
                if !settled.iter().any(|one| one.key == key) {
                    let (entry, over) = (entry.clone(), Overwrite::Nothing);
                    settled.push(Settled { key, entry, lifetime: failure_life, over });
                }
            }
        }
        // A failed read never takes away what is there.
        for one in &mut settled {
            one.over = Overwrite::Nothing;
        }
        settled
    }

    /// Of the days that are not believed: the copies as stale, for the short time until the next reading.
    pub(super) fn held_entries(&self, hall: HallId, weighed: &Weighed) -> Vec<Settled> {
        let held = weighed.held.iter();
        held.flat_map(|held| match &held.copy {
            Some(copy) => self.copied(hall, copy, &held.read),
            None => self.uncopied(hall, &held.read),
        })
        .collect()
    }

    fn copied(&self, hall: HallId, copy: &KnownDay, read: &KnownDay) -> Vec<Settled> {
        let mut settled = self.stale_entries(hall, copy);
        // A meal that only the reading has takes nothing away.
        let mut new = menu_entries(hall, read, false, self.lifetimes.stale);
        new.retain(|one| !settled.iter().any(|copied| copied.key == one.key));
        settled.append(&mut new);
        for meal in Meal::SIX {
            let key = MenuKey { hall, date: copy.date, meal };
            if !settled.iter().any(|one| one.key == key) {
                let (reason, fetched_at) = (NoMenu::MealNotServed, copy.fetched_at);
                let entry = Entry::NoMenu { reason, fetched_at };
                let lifetime = self.lifetimes.stale.min(self.negative());
                settled.push(Settled { key, entry, lifetime, over: Overwrite::Older });
            }
        }
        settled
    }

    /// While nobody knows the copy, what was read serves where the cache has nothing.
    fn uncopied(&self, hall: HallId, read: &KnownDay) -> Vec<Settled> {
        let mut settled = self.entries(hall, read, self.lifetimes.stale, false);
        for one in &mut settled {
            one.over = Overwrite::Nothing;
        }
        settled
    }

    pub(super) fn negative(&self) -> Duration {
        jitter(self.lifetimes.negative, self.lifetimes.negative / 6)
    }

    /// Doubles with every failed read in a row; longer at once where asking again soon cannot help.
    pub(super) async fn failure(&self, document: Document, error: &VendorError) -> Duration {
        let failures = match &self.cache {
            Some(cache) => cache.count_failure(&document).await.unwrap_or(1),
            None => 1,
        };
        let life = pause_after(self.lifetimes.failure, failures);
        let least = match error {
            VendorError::Fetch(FetchError::Status { status: 401 | 403, .. }) => REFUSED,
            VendorError::Fetch(FetchError::Status { status: 404 | 410, .. }) => self.negative(),
            error => error.quiet().unwrap_or_default(),
        };
        jitter(life, life / 5).max(least)
    }
}

/// Doubled with each failure in a row after the first, up to [`LONGEST_FAILURE`].
fn pause_after(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(failures.clamp(1, 8) - 1)).min(LONGEST_FAILURE)
}

fn menu_entries(hall: HallId, day: &KnownDay, is_stale: bool, lifetime: Duration) -> Vec<Settled> {
    day.menus
        .iter()
        .filter_map(|known| {
            let key = MenuKey { hall, date: day.date, meal: known.menu.meal.clone() };
            let entry = Entry::menu(&key, &known.menu.stations, is_stale, known.fetched_at).ok()?;
            Some(Settled { key, entry, lifetime, over: Overwrite::Older })
        })
        .collect()
}

/// Uniform in `base ± spread`, in whole seconds where both are.
pub(super) fn jitter(base: Duration, spread: Duration) -> Duration {
    let unit = if base.subsec_nanos() == 0 && spread.subsec_nanos() == 0 { 1_000 } else { 1 };
    let count = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) / unit;
    let (base, spread) = (count(base), count(spread));
    Duration::from_millis(fastrand::u64(base.saturating_sub(spread)..=base + spread) * unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_life_is_drawn_between_its_bounds_whatever_they_are(
            base in 0..2_000_000_u64,
            spread in 0..2_000_000_u64,
            unit in prop::sample::select(vec![1, 1_000_u64]),
        ) {
            let (base, spread) = (base * unit, spread * unit);
            let drawn = jitter(Duration::from_millis(base), Duration::from_millis(spread));
            let drawn = u64::try_from(drawn.as_millis()).expect("no such life");
            prop_assert!((base.saturating_sub(spread)..=base + spread).contains(&drawn), "{drawn}");
        }

        #[test]
        fn a_failure_is_remembered_for_longer_each_time_and_for_a_minute_at_most(
            first in 1..120_u64,
            failures in any::<u32>(),
        ) {
            let after = |failures| pause_after(Duration::from_secs(first), failures);
            let life = after(failures);
            prop_assert!(life <= LONGEST_FAILURE && life >= after(1), "{life:?}");
            prop_assert!(after(failures.saturating_add(1)) >= life);
            let drawn = jitter(life, life / 5);
            prop_assert!(drawn <= LONGEST_FAILURE + LONGEST_FAILURE / 5, "{drawn:?}");
        }
    }

    #[test]
    fn lifetimes_spread_over_their_whole_range_and_never_leave_it() {
        let seconds = Duration::from_secs;
        let drawn: Vec<u64> =
            (0..20_000).map(|_| jitter(seconds(1800), seconds(300)).as_secs()).collect();
        assert!(drawn.iter().all(|life| (1500..=2100).contains(life)));
        assert!(drawn.contains(&1500) && drawn.contains(&2100), "both ends are drawn");
        let mean = drawn.iter().sum::<u64>() / 20_000;
        assert!((1790..=1810).contains(&mean), "uniform: mean {mean}");
        assert_eq!(jitter(seconds(5), Duration::ZERO), seconds(5));
    }
}
