//! What is thought of a reading, after it was saved: how each meal compares with those before it,
//! and how the day's menus changed.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Refresher, gate::Weighed};
use crate::{
    changes::{self, Change},
    drift::{self, Judgement, MIN_HISTORY, Verdict},
    hall::HallId,
    hours::HallHours,
    meal::Meal,
    menu::{DayState, KnownDay},
    store::{Judged, Past, content_hash},
    vendors::Document,
};

impl Refresher {
    /// How the believed days differ from what is saved of them. Copies are looked at only where
    /// something differs.
    pub(super) async fn changes(
        &self,
        hall: HallId,
        weighed: &Weighed,
        past: &Past,
    ) -> Vec<Change> {
        let differs = |day: &KnownDay| {
            let saved = past.day(day.date).filter(|saved| saved.menus_read_at.is_some());
            day.state == DayState::Posted
                && saved.is_some_and(|saved| saved.content_hash != content_hash(day))
        };
        let days: Vec<&KnownDay> =
            weighed.believed.iter().map(|(day, _)| day).filter(|day| differs(day)).collect();
        let dates: Vec<NaiveDate> = days.iter().map(|day| day.date).collect();
        if dates.is_empty() {
            return Vec::new();
        }
        let saved = self.saved_days(hall, &dates).await.unwrap_or_default();
        let before = |day: &KnownDay| saved.iter().find(|saved| saved.date == day.date);
        days.into_iter()
            .filter_map(|day| Some(changes::between(before(day)?, day)))
            .flatten()
            .collect()
    }

    /// Keeps figures, changes and verdicts of a reading, and tells once where a state turns.
    pub(super) async fn judge(
        &self,
        document: Document,
        weighed: &Weighed,
        past: &Past,
        changes: &[Change],
    ) {
        let hall = document.hall();
        let figures = weighed.believed_figures();
        let kept = async {
            if !figures.is_empty() {
                self.store.keep_figures(hall, &figures, weighed.read_at).await?;
            }
            if !changes.is_empty() {
                self.store.keep_changes(hall, changes).await?;
            }
            self.turn_states(hall, weighed, past).await
        };
        if let Err(error) = kept.await {
            tracing::warn!(document = %document, %error, "the reading is not judged");
        }
    }

    async fn turn_states(
        &self,
        hall: HallId,
        weighed: &Weighed,
        past: &Past,
    ) -> Result<(), crate::store::StoreError> {
        let now = Utc::now();
        let today = self.today(now);
        let days = weighed.believed.iter().map(|(day, _)| day);
        let days: Vec<&KnownDay> = days
            .chain(weighed.held.iter().map(|held| &held.read))
            .filter(|day| day.date >= today)
            .collect();
        let dates: Vec<NaiveDate> = days.iter().map(|day| day.date).collect();
        if dates.is_empty() {
            return Ok(());
        }
        let mut judged: Vec<Judged> = Vec::new();
        for day in &days {
            judged.extend(read_meals(day, weighed, past));
            if day.date == today && day.state != DayState::Closed {
                judged.extend(missing_meals(day.date, weighed, past));
            }
        }
        let is_odd = |one: &Judged| one.judgement.verdict > Verdict::Ok || one.empty_reads > 0;
        if judged.iter().any(is_odd)
            && let Some(hours) = self.gate.hours_of(hall, dates.iter().copied()).await
        {
            judged.retain(|one| one.empty_reads == 0 || self.is_served(&hours, one));
            for one in judged.iter_mut().filter(|one| one.empty_reads > 0) {
                one.is_over = !self.is_due(&hours, one, now);
            }
            for one in judged.iter_mut().filter(|one| hours.on(one.date).next().is_none()) {
                one.judgement = Judgement::default();
            }
        }
        let near = (today, today.succ_opt().unwrap_or(today));
        for turn in self.store.judge(hall, &dates, &judged, weighed.read_at, near).await? {
            let (from, to) = (turn.from.as_str(), turn.to.as_str());
            if turn.to == Verdict::Ok {
                tracing::info!(hall.id = %hall, meal = %turn.meal, from, to, "looks as usual again");
            } else {
                let signs = serde_json::to_string(&turn.signs).unwrap_or_default();
                tracing::warn!(hall.id = %hall, vendor.name = %turn.vendor, meal = %turn.meal, date = %turn.date, from, to, signs, "looks otherwise than usual");
            }
        }
        Ok(())
    }

    /// Whether our hours say that the meal is served that day, and not over.
    fn is_due(&self, hours: &HallHours, one: &Judged, now: DateTime<Utc>) -> bool {
        self.ends(hours, one).any(|closes| closes > now)
    }

    /// Whether our hours say that the meal is served that day.
    fn is_served(&self, hours: &HallHours, one: &Judged) -> bool {
        self.ends(hours, one).next().is_some()
    }

    fn ends<'a>(
        &self,
        hours: &'a HallHours,
        one: &'a Judged,
    ) -> impl Iterator<Item = DateTime<Utc>> + 'a {
        let servings = hours.servings(self.zone, one.date);
        servings
            .filter(|serving| serving.meal.as_ref().is_none_or(|meal| *meal == one.meal))
            .map(|serving| serving.closes.to_utc())
    }
}

fn read_meals(day: &KnownDay, weighed: &Weighed, past: &Past) -> Vec<Judged> {
    let date = day.date;
    let meals = weighed.figures.get(&date).into_iter().flatten();
    meals
        .map(|(meal, figures)| {
            let judgement = drift::judge(figures, &past.history(date, meal));
            Judged { date, meal: meal.clone(), judgement, empty_reads: 0, is_over: false }
        })
        .collect()
}

/// Meals that there usually are on that weekday, and that were not read.
fn missing_meals(date: NaiveDate, weighed: &Weighed, past: &Past) -> Vec<Judged> {
    let is_read =
        |meal: &Meal| weighed.figures.get(&date).is_some_and(|read| read.contains_key(meal));
    let usual = past.meals(date).filter(|meal| !is_read(meal));
    usual
        .filter_map(|meal| {
            let history = past.history(date, meal);
            let before = past.day(date).and_then(|day| day.empty_reads.get(meal));
            let empty_reads = before.copied().unwrap_or(0).saturating_add(1);
            let judgement = drift::judge_empty(empty_reads, &history);
            (history.len() >= MIN_HISTORY).then(|| Judged {
                date,
                meal: meal.clone(),
                judgement,
                empty_reads,
                is_over: false,
            })
        })
        .collect()
}
