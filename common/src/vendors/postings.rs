//! Which day each posting of a vendor belongs to that names no day in its documents and numbers each
//! posting anew: a number that is another day's is another day's menu. Kept by all processes together
//! where Redis is up, and by each alone besides.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use redis::Script;
use tokio::time::Instant;

use crate::{cache::Names, hall::HallId, link::Link};

/// A day's number is known so long after it was last read.
const LIFE: Duration = Duration::from_secs(48 * 3600);

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("postings.lua")));

/// What is known of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is the day's own.
    Own,
    /// It is the day's own, and was taken for that of this other day until now.
    TakenFrom(NaiveDate),
    /// It is another day's.
    Of(NaiveDate),
}

/// The first and the last day that a vendor may call today: by the clock of its halls in winter, and
/// by UTC.
#[derive(Debug, Clone, Copy)]
struct Today(NaiveDate, NaiveDate);

impl Today {
    fn at(now: DateTime<Utc>) -> Self {
        Self((now - TimeDelta::hours(8)).date_naive(), now.date_naive())
    }

    /// Whether the day takes a posting from one that has it.
    fn takes(self, day: NaiveDate, from: NaiveDate) -> bool {
        (self.0..=self.1).contains(&day) && from > self.1
    }
}

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
    /// But where a vendor shows today's menu whatever the day that it is asked for, a day to come may
    /// have come first: today takes it back.
    pub(super) async fn claim(
        &self,
        hall: HallId,
        day: NaiveDate,
        number: u64,
        now: DateTime<Utc>,
    ) -> Claim {
        let today = Today::at(now);
        let agreed = self.ask(hall, day, number, today).await;
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        local.forget_old();
        match agreed {
            Some(Claim::Of(other)) => Claim::Of(other),
            Some(own) => {
                if let Claim::TakenFrom(from) = own {
                    local.0.remove(&(hall, from));
                }
                local.note(hall, day, number, today);
                own
            }
            None => local.claim(hall, day, number, today),
        }
    }

    /// `None` where Redis cannot say.
    async fn ask(&self, hall: HallId, day: NaiveDate, number: u64, today: Today) -> Option<Claim> {
        let (link, names) = self.shared.as_ref()?;
        let mut claim = CLAIM.key(names.postings(hall));
        claim.arg(day.to_string()).arg(number).arg(LIFE.as_secs());
        claim.arg(today.0.to_string()).arg(today.1.to_string());
        let asked = link.ask(async |redis| claim.invoke_async::<String>(redis).await).await;
        let answer = asked
            .inspect_err(|error| tracing::debug!(%error, "postings are told apart by this process"))
            .ok()?;
        let (word, day) = answer.split_once(' ').unwrap_or_default();
        Some(match (word, day.parse().ok()) {
            ("other", Some(day)) => Claim::Of(day),
            ("from", Some(day)) => Claim::TakenFrom(day),
            _ => Claim::Own,
        })
    }
}

/// What one process knows, for when it has nobody to agree with.
#[derive(Default)]
struct Local(HashMap<(HallId, NaiveDate), (u64, Instant)>);

impl Local {
    fn claim(&mut self, hall: HallId, day: NaiveDate, number: u64, today: Today) -> Claim {
        let has_it = |(at, (known, _)): (&(HallId, NaiveDate), &(u64, Instant))| {
            (at.0 == hall && at.1 != day && *known == number).then_some(at.1)
        };
        let other = self.0.iter().find_map(has_it);
        let claim = match other {
            Some(other) if !today.takes(day, other) => return Claim::Of(other),
            Some(other) => {
                self.0.remove(&(hall, other));
                Claim::TakenFrom(other)
            }
            None => Claim::Own,
        };
        self.note(hall, day, number, today);
        claim
    }

    fn forget_old(&mut self) {
        self.0.retain(|_, (_, since)| since.elapsed() < LIFE);
    }

    /// What is shown of a day that is over may be today's as well.
    fn note(&mut self, hall: HallId, day: NaiveDate, number: u64, today: Today) {
        if day >= today.0 {
            self.0.insert((hall, day), (number, Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 2, number).unwrap()
    }

    /// Of that day in California.
    fn noon(number: u32) -> DateTime<Utc> {
        day(number).and_hms_opt(20, 0, 0).unwrap().and_utc()
    }

    #[tokio::test(start_paused = true)]
    async fn a_posting_is_of_one_day_until_that_day_has_another_or_nobody_has_read_it_for_long() {
        use Claim::{Of, Own};
        let (alone, now) = (Postings::new(None), noon(9));
        let claim = async |at, number| alone.claim(HallId::Hoch, day(at), number, now).await;
        assert_eq!(claim(9, 7).await, Own);
        assert_eq!(claim(9, 7).await, Own, "its own is no other's");
        assert_eq!(claim(10, 7).await, Of(day(9)));
        assert_eq!(claim(10, 8).await, Own);
        let elsewhere = alone.claim(HallId::Frary, day(10), 7, now).await;
        assert_eq!(elsewhere, Own, "another hall counts anew");
        assert_eq!(claim(9, 6).await, Own);
        assert_eq!(claim(11, 7).await, Own, "given up by the day that had it");
        tokio::time::advance(LIFE).await;
        assert_eq!(claim(12, 7).await, Own, "forgotten");
    }

    #[tokio::test]
    async fn todays_posting_is_taken_back_from_a_day_to_come_and_from_no_other() {
        use Claim::{Of, Own, TakenFrom};
        let alone = Postings::new(None);
        let claim = async |at, number, now| alone.claim(HallId::Hoch, day(at), number, now).await;
        assert_eq!(claim(19, 7, noon(9)).await, Own, "nobody has read the day that it is of");
        assert_eq!(
            claim(12, 7, noon(9)).await,
            Of(day(19)),
            "no day to come is better than another"
        );
        assert_eq!(claim(9, 7, noon(9)).await, TakenFrom(day(19)));
        assert_eq!(claim(19, 7, noon(9)).await, Of(day(9)));
        assert_eq!(claim(10, 7, noon(10)).await, Of(day(9)), "yesterday's, still shown");
        // What is shown of yesterday keeps nothing from today.
        assert_eq!(claim(9, 8, noon(10)).await, Own);
        assert_eq!(claim(10, 8, noon(10)).await, Own);
        // At seven in the evening of the 10th in California it is the 11th in UTC.
        let evening = "2026-02-11T03:00:00Z".parse().unwrap();
        assert_eq!(claim(20, 9, evening).await, Own);
        assert_eq!(claim(11, 9, evening).await, TakenFrom(day(20)));
        assert_eq!(claim(10, 9, evening).await, Of(day(11)), "both may be called today");
    }
}
