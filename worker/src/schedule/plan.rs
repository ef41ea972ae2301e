//! What is due. Pure: hours, entries and `now` are told.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use common::{
    cache::Look,
    entry::{Entry, MenuKey, NoMenu},
    hall::HallId,
    hours::{HallHours, Schedule, Serving},
    meal::Meal,
    refresh::JUST_READ,
    vendors::Document,
};

/// An entry is to last until so much of its meal has passed.
const FIRST_PART: TimeDelta = TimeDelta::minutes(30);
/// How many days are looked after in the morning, today among them.
pub(super) const DAYS: u64 = 7;
/// A run may be late by this much: what ends before the next tick and this ends too early.
const LATE: TimeDelta = TimeDelta::seconds(30);

/// A menu that is to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) key: MenuKey,
    /// When its meal begins; `None`: it only has to be there.
    pub(super) opens: Option<DateTime<Utc>>,
}

/// The menus of the meals that begin within `lead`, or began a short while ago.
pub(super) fn meals(hours: &Schedule, zone: Tz, now: DateTime<Utc>, lead: TimeDelta) -> Vec<Due> {
    let mut due = Vec::new();
    for hall in &hours.halls {
        for (date, serving) in around(hall, zone, now) {
            let (opens, closes) = (serving.opens.to_utc(), serving.closes.to_utc());
            if opens - lead <= now && now < (opens + FIRST_PART).min(closes) {
                let keys = keys(hall, date, &serving);
                due.extend(keys.into_iter().map(|key| Due { key, opens: Some(opens) }));
            }
        }
    }
    due
}

/// The menus of the coming days, as far as the hours know of them.
pub(super) fn days(hours: &Schedule, zone: Tz, now: DateTime<Utc>) -> Vec<Due> {
    let mut due = Vec::new();
    for hall in &hours.halls {
        for date in dates(zone, now, 0, DAYS) {
            let keys = hall.servings(zone, date).flat_map(|serving| keys(hall, date, &serving));
            due.extend(keys.map(|key| Due { key, opens: None }));
        }
    }
    due
}

/// The menus of the meals that began after `after` and not after `now`, with their dates.
pub(super) fn began(
    hours: &Schedule,
    zone: Tz,
    after: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, MenuKey)> {
    let mut began = Vec::new();
    for hall in &hours.halls {
        for (date, serving) in around(hall, zone, now) {
            let opens = serving.opens.to_utc();
            let meal = serving.meal.clone().filter(|meal| Meal::SIX.contains(meal));
            if let Some(meal) = meal.filter(|_| after < opens && opens <= now) {
                began.push((opens, MenuKey { hall: hall.id, date, meal }));
            }
        }
    }
    began
}

/// When the next meal begins, if that is before tomorrow is over.
pub(super) fn next_start(hours: &Schedule, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let starts = hours.halls.iter().flat_map(|hall| around(hall, zone, now));
    starts.map(|(_, serving)| serving.opens.to_utc()).filter(|opens| *opens > now).min()
}

/// A hall's next time of a meal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) hall: HallId,
    /// `None`: a special opening, of which no meal is stated.
    pub(crate) meal: Option<Meal>,
    pub(crate) opens: DateTime<Tz>,
}

/// The next time of each meal of each hall, within a week, in the order of time.
pub(crate) fn next_meals(hours: &Schedule, zone: Tz, now: DateTime<Utc>) -> Vec<Next> {
    let mut next: Vec<Next> = Vec::new();
    for hall in &hours.halls {
        for date in dates(zone, now, 0, DAYS + 1) {
            for serving in hall.servings(zone, date).filter(|serving| serving.opens > now) {
                let known = next.iter().any(|one| one.hall == hall.id && one.meal == serving.meal);
                if !known {
                    next.push(Next { hall: hall.id, meal: serving.meal, opens: serving.opens });
                }
            }
        }
    }
    next.sort_by_key(|one| one.opens);
    next
}

/// How a menu that is due is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// It runs out too early.
    Short,
    /// An older copy stands in for it.
    Stale,
    /// The vendor failed.
    Failed,
    /// Something that is none of ours.
    Foreign,
    /// Nothing is there.
    Missing,
    /// It is there, and lasts.
    Holds,
}

impl Found {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Foreign => "foreign",
            Self::Missing => "missing",
            Self::Holds => "holds",
        }
    }

    /// Whether what is there has to be replaced.
    pub(super) const fn replaces(self) -> bool {
        !matches!(self, Self::Missing | Self::Holds)
    }
}

/// The moment of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: DateTime<Utc>,
    pub(super) next_tick: DateTime<Utc>,
    pub(super) lead: TimeDelta,
}

/// When its vendor was asked about a day and said nothing of it, or that it is closed, by what is
/// held of all its meals. A menu of such a day is an old copy because the vendor has withdrawn it,
/// and not because the vendor failed.
pub(super) fn silent_since(day: &[Look]) -> Option<DateTime<Utc>> {
    let said = day.iter().filter_map(|look| {
        let Look::Held(held) = look else { return None };
        match held.entry {
            Entry::NoMenu { reason: NoMenu::NotPosted | NoMenu::Closed, fetched_at } => {
                Some(fetched_at)
            }
            _ => None,
        }
    });
    said.max()
}

/// What a look means for a menu that is due; `silent`: see [`silent_since`].
///
/// An entry lives shorter than it takes from the first tick of a meal to the end of its first part.
/// So it is read anew once after the lead has begun, if it would not last; and again only where it
/// would end before the next tick.
pub(super) fn judge(look: &Look, silent: Option<DateTime<Utc>>, due: &Due, at: Moment) -> Found {
    let held = match look {
        Look::Nothing => return Found::Missing,
        Look::Foreign => return Found::Foreign,
        Look::Held(held) => held,
    };
    let Some(opens) = due.opens else { return Found::Holds };
    let read_at = match (&held.entry, silent) {
        (Entry::Menu { is_stale: true, .. }, None) => return Found::Stale,
        (Entry::Menu { is_stale: true, .. }, Some(asked_at)) => asked_at,
        (entry, _) => entry.fetched_at(),
    };
    let just_read = (at.now - read_at).to_std().is_ok_and(|age| age < JUST_READ);
    let ends = at.now + TimeDelta::from_std(held.left).unwrap_or(TimeDelta::MAX);
    let lasts = ends >= opens + FIRST_PART;
    let read_before = read_at < opens - at.lead;
    let is_short = match &held.entry {
        Entry::Failed { .. } if just_read => false,
        Entry::Failed { .. } => return Found::Failed,
        Entry::Menu { is_stale: false, .. } => read_before || ends <= at.next_tick + LATE,
        // No menu (any more): to ask for one once is enough.
        Entry::Menu { .. } | Entry::NoMenu { .. } => read_before,
    };
    if is_short && !lasts && !just_read { Found::Short } else { Found::Holds }
}

/// Of each document the menu that needs it most: one read settles all of them.
pub(super) fn by_document(found: Vec<(Due, Found)>) -> Vec<(Due, Found)> {
    let mut documents: Vec<(Document, (Due, Found))> = Vec::new();
    for (due, found) in found {
        let document = Document::of(due.key.hall, due.key.date);
        match documents.iter_mut().find(|(known, _)| *known == document) {
            Some((_, (_, most))) if *most <= found => {}
            Some((_, one)) => *one = (due, found),
            None => documents.push((document, (due, found))),
        }
    }
    documents.into_iter().map(|(_, one)| one).collect()
}

/// Everything of a hall that begins yesterday, today or tomorrow, by the local day of `now`.
fn around(
    hall: &HallHours,
    zone: Tz,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (NaiveDate, Serving)> {
    let days = dates(zone, now, 1, 3);
    days.flat_map(move |date| hall.servings(zone, date).map(move |serving| (date, serving)))
}

fn dates(zone: Tz, now: DateTime<Utc>, back: u64, count: u64) -> impl Iterator<Item = NaiveDate> {
    let today = now.with_timezone(&zone).date_naive();
    let first = today.checked_sub_days(Days::new(back)).unwrap_or(today);
    first.iter_days().take(usize::try_from(count).unwrap_or_default())
}

/// The menus behind what is served: of a special opening, and of a meal that vendors are not asked
/// for by its name, those that the hall usually has.
fn keys(hall: &HallHours, date: NaiveDate, serving: &Serving) -> Vec<MenuKey> {
    let meals = match &serving.meal {
        Some(meal) if Meal::SIX.contains(meal) => vec![meal.clone()],
        _ => hall.usual_meals(date),
    };
    let is_read = |meal: &Meal| Meal::SIX.contains(meal);
    let meals = meals.into_iter().filter(is_read);
    meals.map(|meal| MenuKey { hall: hall.id, date, meal }).collect()
}

#[cfg(test)]
mod tests;
