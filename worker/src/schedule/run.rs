//! One tick: what is due is looked at, and what does not hold is asked for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common::{
    cache::Look,
    entry::{Entry, MenuKey},
    hall::HallId,
    link::LinkError,
    meal::Meal,
    metrics::{PREWARM_DOCUMENTS, PREWARM_STARTS},
    prewarm::{LookedAt, Plan, Run, Start, Taken},
    queue::{Pushed, Reason, RefreshMenu},
};

use super::{
    DAYS_TAKEN, JUST_BEGUN, KnownHours, Missed, Seen, Warmer,
    plan::{self, Due, Found, Moment},
};

impl Warmer {
    /// Sees to a tick unless another worker does.
    pub(super) async fn tick(
        &self,
        plan: Plan,
        tick: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Taken, Missed> {
        // Before the tick is taken: who knows no hours leaves it to others.
        let hours = self.hours(now).await?;
        let stamp = tick.format("%Y-%m-%dT%H:%M:%SZ");
        match plan {
            Plan::Meals => {
                if !self.prewarm.take(&stamp.to_string()).await? {
                    return Ok(Taken::Done);
                }
                let due = plan::meals(&hours.schedule, self.zone, now, self.lead);
                self.run(plan, tick, now, &hours, due).await?;
            }
            Plan::Days => {
                // There is one morning a day: should its worker die, another takes it soon.
                let name = format!("days:{stamp}");
                let taken = self.prewarm.begin(&name, DAYS_TAKEN).await?;
                if taken != Taken::Mine {
                    return Ok(taken);
                }
                let due = plan::days(&hours.schedule, self.zone, now);
                self.run(plan, tick, now, &hours, due).await?;
                self.prewarm.done(&name).await?;
            }
        }
        Ok(Taken::Mine)
    }

    async fn run(
        &self,
        plan: Plan,
        tick: DateTime<Utc>,
        now: DateTime<Utc>,
        hours: &KnownHours,
        due: Vec<Due>,
    ) -> Result<(), Missed> {
        let keys: Vec<MenuKey> = due.iter().map(|due| due.key.clone()).collect();
        let looks = self.cache.get_many(&keys).await?;
        let next_tick = self.ticks.next(now).unwrap_or(now + TimeDelta::hours(1));
        let at = Moment { now, next_tick, lead: self.lead };
        let silent = self.silent(&due, &looks).await?;
        let found = due.into_iter().zip(&looks).map(|(due, look)| {
            let since = silent.get(&(due.key.hall, due.key.date)).copied();
            let found = plan::judge(look, since, &due, at);
            (due, found)
        });
        let mut looked_at = Vec::new();
        for (due, found) in plan::by_document(found.collect()) {
            looked_at.push(self.ask_for(due, found).await?);
        }
        let took_ms = u64::try_from((Utc::now() - now).num_milliseconds()).unwrap_or_default();
        let asked = looked_at.iter().filter(|one| one.pushed.is_some()).count();
        let (worker, hours_read_at) = (self.name.clone(), hours.read_at);
        tracing::debug!(plan = plan.as_str(), %tick, documents = looked_at.len(), asked, "looked after");
        let run = Run { plan, tick, at: now, took_ms, worker, hours_read_at, looked_at };
        Ok(self.prewarm.save(&run).await?)
    }

    /// The days on whose older copies it is known that the vendor has withdrawn them, and since when.
    async fn silent(
        &self,
        due: &[Due],
        looks: &[Look],
    ) -> Result<BTreeMap<(HallId, NaiveDate), DateTime<Utc>>, Missed> {
        let is_stale = |look: &Look| matches!(look, Look::Held(held) if matches!(held.entry, Entry::Menu { is_stale: true, .. }));
        let stale = due.iter().zip(looks).filter(|(_, look)| is_stale(look));
        let days: BTreeSet<_> = stale.map(|(due, _)| (due.key.hall, due.key.date)).collect();
        let keys = days.iter().flat_map(|(hall, date)| {
            Meal::SIX.map(|meal| MenuKey { hall: *hall, date: *date, meal })
        });
        let looks = self.cache.get_many(&keys.collect::<Vec<_>>()).await?;
        let days = days.iter().zip(looks.chunks(Meal::SIX.len()));
        Ok(days.filter_map(|(day, looks)| Some((*day, plan::silent_since(looks)?))).collect())
    }

    /// Pushes a job for what does not hold.
    async fn ask_for(&self, due: Due, found: Found) -> Result<LookedAt, LinkError> {
        let mut pushed = None;
        if found != Found::Holds {
            let (key, reason) = (due.key.clone(), Reason::Prewarm);
            let job = RefreshMenu { key, reason, request_id: None, traceparent: None };
            let answer = self.queue.push(&job, found.replaces()).await;
            let word = answer.as_ref().map_or("error", |answer| word(answer.pushed));
            PREWARM_DOCUMENTS.one(&[word]);
            answer?;
            pushed = Some(word.to_owned());
        } else {
            PREWARM_DOCUMENTS.one(&["holds"]);
        }
        let found = found.as_str().to_owned();
        Ok(LookedAt { key: due.key, opens: due.opens, found, pushed })
    }

    /// Tells how the meals that began since the last look found their entries.
    pub(super) async fn tell_starts(&self, now: DateTime<Utc>, seen: &mut Seen) {
        let after = if seen.until > now { now } else { seen.until.max(now - JUST_BEGUN) };
        seen.until = now;
        let Some(hours) = self.known() else { return };
        let mut at: BTreeMap<DateTime<Utc>, Vec<MenuKey>> = BTreeMap::new();
        for (opens, key) in plan::began(&hours.schedule, self.zone, after, now) {
            at.entry(opens).or_default().push(key);
        }
        for (opens, keys) in at {
            if let Err(error) = self.tell_start(opens, &keys).await {
                tracing::debug!(%error, "nobody knows how these meals began");
            }
        }
    }

    async fn tell_start(&self, opens: DateTime<Utc>, keys: &[MenuKey]) -> Result<(), Missed> {
        let name = format!("start:{}", opens.format("%Y-%m-%dT%H:%M:%SZ"));
        if !self.prewarm.take(&name).await? {
            return Ok(());
        }
        // All meals of each day: where others are there, one that is not is not served.
        let days =
            keys.iter().flat_map(|key| Meal::SIX.map(|meal| MenuKey { meal, ..key.clone() }));
        let days: Vec<MenuKey> = days.collect();
        let looks = self.cache.get_many(&days).await?;
        let mut starts: BTreeMap<NaiveDate, Vec<Start>> = BTreeMap::new();
        for (key, day) in keys.iter().zip(looks.chunks(Meal::SIX.len())) {
            let start = start(key, day);
            PREWARM_STARTS.one(&[start.as_str()]);
            starts.entry(key.date).or_default().push(start);
            tracing::info!(cache.key = %key, entry = start.as_str(), "a meal begins");
        }
        for (date, starts) in starts {
            self.prewarm.note_starts(date, &starts).await?;
        }
        Ok(())
    }
}

/// How a meal finds its entry; `day`: the looks at all meals of that day, in their order.
fn start(key: &MenuKey, day: &[Look]) -> Start {
    let is_menu = |look: &Look| matches!(look, Look::Held(held) if matches!(held.entry, Entry::Menu { is_stale: false, .. }));
    let own = Meal::SIX.iter().position(|meal| *meal == key.meal).and_then(|at| day.get(at));
    match own {
        Some(Look::Held(held)) => match held.entry {
            Entry::Menu { is_stale: false, .. } => Start::Warm,
            Entry::Menu { .. } => Start::Stale,
            Entry::NoMenu { .. } => Start::NoMenu,
            Entry::Failed { .. } => Start::Cold,
        },
        _ if day.iter().any(is_menu) => Start::NoMenu,
        _ => Start::Cold,
    }
}

const fn word(pushed: Pushed) -> &'static str {
    match pushed {
        Pushed::Enqueued => "enqueued",
        Pushed::Coalesced => "coalesced",
        Pushed::Cached => "cached",
        Pushed::Healed => "healed",
        Pushed::Full => "full",
    }
}
