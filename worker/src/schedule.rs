//! Menus are warm before anybody asks: at every tick the meals that are about to begin are looked
//! after, at four in the morning the coming days. Any number of workers may do it: each tick is
//! taken by one of them. What a run does depends on what is there and not on the run before, so a
//! worker that dies with a tick, or a tick that nobody was awake for, costs one tick and no meal.
//!
//! [`Warmer::watch`] waits for the moments, `clock` says which they are, `plan` what is due, `run`
//! looks and pushes.

mod clock;
mod plan;
mod run;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use common::{
    cache::Cache,
    hours::Schedule,
    link::LinkError,
    metrics::PREWARM_TICKS,
    prewarm::{Plan, Prewarm, Taken},
    queue::Queue,
    store::Store,
};
use tokio_util::sync::CancellationToken;

pub(crate) use clock::Ticks;
pub(crate) use plan::next_meals;

/// No sleep is longer: a clock that jumps, or a machine that slept, is noticed after this.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// Before a tick that could not be looked after is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// A run takes no longer.
const LONGEST_RUN: Duration = Duration::from_secs(60);
/// A tick that was missed is made up for so long; it is known to be taken for as long.
const MADE_UP: TimeDelta = TimeDelta::hours(1);
/// How a meal began is told so long after at most; later nobody can know.
const JUST_BEGUN: TimeDelta = TimeDelta::seconds(30);
/// The coming days are taken so long by a worker that may die over it.
const DAYS_TAKEN: Duration = Duration::from_secs(120);

/// What looks after menus. One a worker.
pub(crate) struct Warmer {
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    pub(crate) queue: Queue,
    pub(crate) prewarm: Prewarm,
    pub(crate) ticks: Ticks,
    /// How long before a meal it is looked after.
    pub(crate) lead: TimeDelta,
    pub(crate) zone: Tz,
    /// Who this is, for who looks at the last run.
    pub(crate) name: String,
    pub(crate) hours: Mutex<Option<KnownHours>>,
}

/// The hours as they were read last.
#[derive(Clone)]
pub(crate) struct KnownHours {
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) read_at: DateTime<Utc>,
}

/// Why a tick could not be looked after.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error(transparent)]
    Redis(#[from] LinkError),
    #[error(transparent)]
    Cache(#[from] common::cache::CacheError),
    #[error("no hours are known: {0}")]
    Hours(common::store::StoreError),
    #[error("it took too long")]
    TooLong,
}

/// What this worker has seen to already.
struct Seen {
    /// Up to when meals that began were told.
    until: DateTime<Utc>,
    meals: Option<DateTime<Utc>>,
    days: Option<DateTime<Utc>>,
    trouble: bool,
}

impl Warmer {
    /// Looks after menus until the token is cancelled.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut seen = Seen { until: Utc::now(), meals: None, days: None, trouble: false };
        while !stop.is_cancelled() {
            let well = tokio::select! {
                well = self.see_to(Utc::now(), &mut seen) => well,
                () = stop.cancelled() => return,
            };
            let pause = if well { self.until_next(Utc::now()) } else { TRY_AGAIN };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Everything that is due by now; whether all of it could be done.
    async fn see_to(&self, now: DateTime<Utc>, seen: &mut Seen) -> bool {
        self.tell_starts(now, seen).await;
        let mut well = true;
        // A tick that is not the one seen to last is due, be it earlier: clocks are set back.
        for plan in [Plan::Meals, Plan::Days] {
            let latest = match plan {
                Plan::Meals => self.ticks.latest(now),
                Plan::Days => self.ticks.latest_morning(now),
            };
            let last = match plan {
                Plan::Meals => &mut seen.meals,
                Plan::Days => &mut seen.days,
            };
            let due = latest.filter(|tick| now - *tick < MADE_UP && *last != Some(*tick));
            let Some(tick) = due else { continue };
            let taken = tokio::time::timeout(LONGEST_RUN, self.tick(plan, tick, now)).await;
            let taken = taken.unwrap_or(Err(Missed::TooLong));
            let result = match taken {
                // Whoever is at it may die over it, so this is looked at again.
                Ok(Taken::Underway) => continue,
                Ok(taken) => {
                    *last = Some(tick);
                    if taken == Taken::Mine { "taken" } else { "other" }
                }
                Err(error) => {
                    well = false;
                    note(plan, &error, seen.trouble);
                    "failed"
                }
            };
            PREWARM_TICKS.one(&[plan.as_str(), result]);
        }
        if well && seen.trouble {
            tracing::info!("menus are looked after again");
        }
        seen.trouble = !well;
        well
    }

    /// Until the next moment at which something is due.
    fn until_next(&self, now: DateTime<Utc>) -> Duration {
        let opens =
            self.known().and_then(|hours| plan::next_start(&hours.schedule, self.zone, now));
        let moments = [self.ticks.next(now), self.ticks.next_morning(now), opens];
        let next = moments.into_iter().flatten().min();
        let left = next.and_then(|next| (next - now).to_std().ok());
        left.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
    }

    /// The hours of now: as they are, else as they were when the database last told.
    async fn hours(&self, now: DateTime<Utc>) -> Result<KnownHours, Missed> {
        let (from, to) = Schedule::dates_for(self.zone, now);
        match self.store.hours(from, to).await {
            Ok(schedule) => {
                let hours = KnownHours { schedule: Arc::new(schedule), read_at: now };
                let mut known = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
                *known = Some(hours.clone());
                Ok(hours)
            }
            Err(error) => self.known().ok_or(Missed::Hours(error)),
        }
    }

    pub(crate) fn known(&self) -> Option<KnownHours> {
        self.hours.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Said once; the tries that follow are for who looks closer.
fn note(plan: Plan, error: &Missed, again: bool) {
    let plan = plan.as_str();
    if again {
        tracing::debug!(plan, %error, "menus are still not looked after");
    } else {
        tracing::warn!(plan, %error, "menus are not looked after; trying until they are");
    }
}
