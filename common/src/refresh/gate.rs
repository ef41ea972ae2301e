//! A reading that would take most of a good copy away is not believed until the next one says the
//! same: until then the copy serves, as stale, and the next reading comes soon.
//!
//! Believed at once: "closed", which a vendor says in so many words and not by leaving something
//! out; a day on which our own hours shut the hall; and whatever there is no copy to serve in place
//! of. A day that the vendor is silent on needs no gate, because silence takes nothing away.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    config::Lifetimes,
    drift::{
        Figures,
        plausible::{self, Doubts},
    },
    hall::HallId,
    hours::HallHours,
    meal::Meal,
    menu::{DayState, KnownDay},
    metrics::IMPLAUSIBLE,
    store::{Past, Store, StoreError},
    vendors::Document,
};

/// Readings are dated to the second.
const SECOND: Duration = Duration::from_secs(1);

/// A second reading counts so many lives of a stale entry after the first: six minutes as shipped. A
/// vendor's own cache shows one rendering of a page for five (Bon Appétit's `WordPress`).
const APART: u32 = 3;

/// Weighs readings. Whoever saves one asks here before.
#[derive(Clone)]
pub struct Gate {
    store: Store,
    lifetimes: Lifetimes,
}

/// The days of a reading, weighed.
pub(super) struct Weighed {
    /// Those that are believed, and how long they are good for.
    pub(super) believed: Vec<(KnownDay, Duration)>,
    /// Those that are not.
    pub(super) held: Vec<Held>,
    /// Figures of all that was read.
    pub(super) figures: BTreeMap<NaiveDate, BTreeMap<Meal, Figures>>,
    /// When the vendor was asked.
    pub(super) read_at: DateTime<Utc>,
}

/// A day that is not believed.
pub(super) struct Held {
    /// What was read.
    pub(super) read: KnownDay,
    /// What serves instead; `None`: nobody can say what that is.
    pub(super) copy: Option<KnownDay>,
    doubts: Doubts,
}

impl Weighed {
    /// What is not believed, in words.
    pub(super) fn doubt(&self) -> Option<String> {
        let held = self.held.first()?;
        Some(format!("{}: {}", held.read.date, in_words(&held.doubts)))
    }

    /// Figures of what is believed.
    pub(super) fn believed_figures(&self) -> Vec<(NaiveDate, &Meal, &Figures)> {
        let days = self.believed.iter().map(|(day, _)| day.date);
        let of_day =
            |date| self.figures.get(&date).into_iter().flatten().map(move |one| (date, one));
        days.flat_map(of_day).map(|(date, (meal, figures))| (date, meal, figures)).collect()
    }
}

impl Gate {
    /// A gate before this store.
    #[must_use]
    pub const fn new(store: Store, lifetimes: Lifetimes) -> Self {
        Self { store, lifetimes }
    }

    /// Weighs what was read while nobody could say what is usual. Nobody waits for that any more.
    ///
    /// # Errors
    /// When Postgres cannot say it now either.
    pub(super) async fn weigh_late(
        &self,
        document: Document,
        days: &[(KnownDay, Duration)],
    ) -> Result<(Weighed, Past), StoreError> {
        let dates: Vec<NaiveDate> = days.iter().map(|(day, _)| day.date).collect();
        let past = self.store.past(document.hall(), &dates).await?;
        Ok((self.weigh(document, days.to_vec(), Some(&past)).await, past))
    }

    /// Tells the days that are believed from those that are not.
    pub(super) async fn weigh(
        &self,
        document: Document,
        days: Vec<(KnownDay, Duration)>,
        past: Option<&Past>,
    ) -> Weighed {
        let (hall, read_at) = (document.hall(), days.first().map(|(day, _)| day.fetched_at));
        let figures: BTreeMap<_, _> =
            days.iter().map(|(day, _)| (day.date, figures_of(day))).collect();
        let mut doubted = BTreeMap::new();
        let nothing = Past::default();
        let past = past.unwrap_or(&nothing);
        for (day, _) in days.iter().filter(|(day, _)| day.state == DayState::Posted) {
            let doubts = figures.get(&day.date).map(|read| doubts(day.date, read, past));
            if let Some(doubts) = doubts.filter(|doubts| !doubts.is_empty()) {
                doubted.insert(day.date, doubts);
            }
        }
        let mut weighed = Weighed {
            believed: days,
            held: Vec::new(),
            figures,
            read_at: read_at.unwrap_or_default(),
        };
        if !doubted.is_empty() {
            self.hold(document, &mut weighed, self.unexplained(hall, doubted).await, past).await;
        }
        weighed
    }

    /// What our own hours do not explain: a hall that is shut, or a meal that is not served, may be
    /// left out.
    async fn unexplained(
        &self,
        hall: HallId,
        mut doubted: BTreeMap<NaiveDate, Doubts>,
    ) -> BTreeMap<NaiveDate, Doubts> {
        let Some(hours) = self.hours_of(hall, doubted.keys().copied()).await else {
            return doubted;
        };
        for (date, doubts) in &mut doubted {
            let is_served = |meal: &Meal| {
                hours.on(*date).any(|(served, _)| served.is_none_or(|served| served == meal))
            };
            let is_open = hours.on(*date).next().is_some();
            doubts.retain(|meal, items| is_open && (*items > 0 || is_served(meal)));
        }
        doubted.retain(|_, doubts| !doubts.is_empty());
        doubted
    }

    /// The hours of a hall on these dates; `None` where nobody can say.
    pub(super) async fn hours_of(
        &self,
        hall: HallId,
        dates: impl Iterator<Item = NaiveDate> + Clone,
    ) -> Option<HallHours> {
        let (first, last) = (dates.clone().min()?, dates.max()?);
        let schedule = self.store.hours(first, last).await.ok()?;
        schedule.halls.into_iter().find(|hours| hours.id == hall)
    }

    /// Holds back the doubted days that the reading before did not say the same of, and that there
    /// is a copy to serve instead of.
    async fn hold(
        &self,
        document: Document,
        weighed: &mut Weighed,
        mut doubted: BTreeMap<NaiveDate, Doubts>,
        past: &Past,
    ) {
        let (hall, vendor) = (document.hall(), document.hall().vendor().as_str());
        doubted.retain(|date, doubts| {
            let agrees = self.agrees(*date, doubts, past, weighed.read_at);
            if agrees {
                IMPLAUSIBLE.one(&[vendor, "agreed"]);
                tracing::info!(document = %document, %date, doubts = in_words(doubts), "believed: the reading before said the same");
            }
            !agrees
        });
        let dates: Vec<NaiveDate> = doubted.keys().copied().collect();
        if dates.is_empty() {
            return;
        }
        let copies = self.copies(hall, &dates, weighed.read_at).await;
        let mut believed = Vec::new();
        for (read, life) in std::mem::take(&mut weighed.believed) {
            let copy = copies.as_ref().map(|copies| copies.get(&read.date).cloned());
            match (copy, doubted.remove(&read.date)) {
                (Some(None), _) | (_, None) => believed.push((read, life)),
                (copy, Some(doubts)) => {
                    weighed.held.push(Held { read, copy: copy.flatten(), doubts });
                }
            }
        }
        weighed.believed = believed;
        self.note_held(document, weighed, past).await;
    }

    /// The copies that can serve; `None`: nobody can say.
    async fn copies(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
        read_at: DateTime<Utc>,
    ) -> Option<BTreeMap<NaiveDate, KnownDay>> {
        let oldest = read_at - self.lifetimes.stale_max;
        let can_serve = |copy: &KnownDay| copy.menus.iter().any(|known| known.fetched_at >= oldest);
        match self.store.days(hall, dates).await {
            Ok(days) => {
                Some(days.into_iter().filter(can_serve).map(|day| (day.date, day)).collect())
            }
            Err(error) => {
                tracing::warn!(hall.id = %hall, %error, "not known what would be lost: not believed");
                None
            }
        }
    }

    /// Whether an earlier reading was doubted for the same. Not one of a moment ago: that may have
    /// met the same hiccup.
    fn agrees(
        &self,
        date: NaiveDate,
        doubts: &Doubts,
        past: &Past,
        read_at: DateTime<Utc>,
    ) -> bool {
        let Some((before, at)) = past.day(date).and_then(|day| day.suspect.as_ref()) else {
            return false;
        };
        // Both are whole seconds, so they may be that much closer than they look.
        let apart = (read_at - *at).to_std().unwrap_or_default().saturating_sub(SECOND);
        apart >= self.lifetimes.stale * APART && plausible::agree(before, doubts)
    }

    async fn note_held(&self, document: Document, weighed: &Weighed, past: &Past) {
        let vendor = document.hall().vendor().as_str();
        let is_known = |held: &Held| {
            let before = past.day(held.read.date).and_then(|day| day.suspect.as_ref());
            before.is_some_and(|(before, _)| plausible::agree(before, &held.doubts))
        };
        let mut new = Vec::new();
        for held in &weighed.held {
            IMPLAUSIBLE.one(&[vendor, "held"]);
            if !is_known(held) {
                tracing::warn!(document = %document, date = %held.read.date, doubts = in_words(&held.doubts), "not believed until the next reading says the same");
                new.push((held.read.date, &held.doubts));
            }
        }
        let noted = self.store.doubt(document.hall(), &new, weighed.read_at).await;
        if let Err(error) = noted {
            tracing::warn!(document = %document, %error, "doubts are not noted");
        }
    }
}

fn figures_of(day: &KnownDay) -> BTreeMap<Meal, Figures> {
    let menus = day.menus.iter().map(|known| &known.menu);
    menus.map(|menu| (menu.meal.clone(), Figures::of(menu))).collect()
}

fn doubts(date: NaiveDate, read: &BTreeMap<Meal, Figures>, past: &Past) -> Doubts {
    let Some(saved) = past.day(date) else { return Doubts::new() };
    plausible::doubts(read, &saved.figures, |meal| past.history(date, meal))
}

fn in_words(doubts: &Doubts) -> String {
    let meals: Vec<String> =
        doubts.iter().map(|(meal, items)| format!("{meal} has {items} dishes")).collect();
    meals.join(", ")
}
