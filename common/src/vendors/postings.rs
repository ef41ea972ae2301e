//! Which day each posting of a vendor belongs to that names no day in its documents and numbers each
//! posting anew: a number that is another day's is another day's menu. Kept by all processes together
//! where Redis is up, and by each alone besides.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use chrono::NaiveDate;
use redis::Script;
use tokio::time::Instant;

use crate::{cache::Names, hall::HallId, link::Link};

/// A day's number is known so long after it was last read.
const LIFE: Duration = Duration::from_secs(48 * 3600);

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("postings.lua")));

/// See the top of the file. One a process.
pub(super) struct Postings {
    shared: Option<(Link, Names)>,
    local: Mutex<Local>,
}

impl Postings {
    pub(super) fn new(shared: Option<(Link, Names)>) -> Self {
        Self { shared, local: Mutex::default() }
    }

    /// Notes that the day has this posting; or else names the day that has it already. Who came
    /// first is believed: the coming week is read daily, so a day is known long before it is today.
    pub(super) async fn claim(
        &self,
        hall: HallId,
        day: NaiveDate,
        number: u64,
    ) -> Option<NaiveDate> {
        let agreed = self.ask(hall, day, number).await;
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        match agreed {
            Some(None) => {
                local.forget_old();
                local.note(hall, day, number);
                None
            }
            Some(other) => other,
            None => local.claim(hall, day, number),
        }
    }

    /// `None` where Redis cannot say.
    async fn ask(&self, hall: HallId, day: NaiveDate, number: u64) -> Option<Option<NaiveDate>> {
        let (link, names) = self.shared.as_ref()?;
        let mut claim = CLAIM.key(names.postings(hall));
        claim.arg(day.to_string()).arg(number).arg(LIFE.as_secs());
        let asked = link.ask(async |redis| claim.invoke_async::<String>(redis).await).await;
        let other = asked
            .inspect_err(|error| tracing::debug!(%error, "postings are told apart by this process"))
            .ok()?;
        Some(other.parse().ok())
    }
}

/// What one process knows, for when it has nobody to agree with.
#[derive(Default)]
struct Local(HashMap<(HallId, NaiveDate), (u64, Instant)>);

impl Local {
    fn claim(&mut self, hall: HallId, day: NaiveDate, number: u64) -> Option<NaiveDate> {
        self.forget_old();
        let has_it = |(at, (known, _)): (&(HallId, NaiveDate), &(u64, Instant))| {
            (at.0 == hall && at.1 != day && *known == number).then_some(at.1)
        };
        let other = self.0.iter().find_map(has_it);
        if other.is_none() {
            self.note(hall, day, number);
        }
        other
    }

    fn forget_old(&mut self) {
        self.0.retain(|_, (_, since)| since.elapsed() < LIFE);
    }

    fn note(&mut self, hall: HallId, day: NaiveDate, number: u64) {
        self.0.insert((hall, day), (number, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 2, number).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_posting_is_of_one_day_until_that_day_has_another_or_nobody_has_read_it_for_long() {
        let alone = Postings::new(None);
        let claim = async |at, number| alone.claim(HallId::Hoch, day(at), number).await;
        assert_eq!(claim(9, 7).await, None);
        assert_eq!(claim(9, 7).await, None, "its own is no other's");
        assert_eq!(claim(10, 7).await, Some(day(9)));
        assert_eq!(claim(10, 8).await, None);
        assert_eq!(alone.claim(HallId::Frary, day(10), 7).await, None, "another hall counts anew");
        assert_eq!(claim(9, 6).await, None);
        assert_eq!(claim(11, 7).await, None, "given up by the day that had it");
        tokio::time::advance(LIFE).await;
        assert_eq!(claim(12, 7).await, None, "forgotten");
    }
}
