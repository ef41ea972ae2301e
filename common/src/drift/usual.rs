//! What is usual: medians, because one odd day must not move them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Figures, LOOK_BACK, MIN_HISTORY};

/// Makes the median of absolute deviations comparable to a standard deviation (normal law).
const MAD_TO_SIGMA: f64 = 1.4826;
/// The spread is never taken for less than this share of the median: eight equal menus are chance;
const LEAST_SPREAD: f64 = 0.12;
/// nor for less than this part of the root of the median: few dishes differ more.
const LEAST_SPREAD_ROOT: f64 = 0.7;

/// What a hall's meal is usually like on that weekday.
#[derive(Debug)]
pub struct Usual<'a> {
    /// The median number of dishes.
    pub items: f64,
    /// How far from it a menu usually is.
    pub items_spread: f64,
    /// The share of dishes with a tag, the median.
    pub tagged_share: f64,
    /// How much a menu's stations usually resemble the usual ones; 0 to 1, never 0.
    pub likeness: f64,
    /// How many stations usually come and go.
    pub moved: f64,
    /// Every word that the vocabulary lacks and that was there already; `None`: not known yet.
    pub unknown: Option<BTreeSet<&'a str>>,
    /// Every station, and which share of the menus has it.
    stations: BTreeMap<&'a str, f64>,
}

impl<'a> Usual<'a> {
    /// `None` where there are too few to tell.
    #[must_use]
    pub fn of(history: &[&'a Figures]) -> Option<Self> {
        let history: Vec<&Figures> =
            history.iter().copied().filter(|one| one.items > 0).take(LOOK_BACK).collect();
        if history.len() < MIN_HISTORY {
            return None;
        }
        let items: Vec<f64> = history.iter().map(|one| f64::from(one.items)).collect();
        let median_items = median(items.clone())?;
        let deviations = items.iter().map(|count| (count - median_items).abs()).collect();
        let least = (LEAST_SPREAD * median_items).max(LEAST_SPREAD_ROOT * median_items.sqrt());
        let shares = history.iter().map(|one| {
            f64::from(one.items.saturating_sub(one.untagged)) / f64::from(one.items.max(1))
        });
        let mut usual = Self {
            items: median_items,
            items_spread: (median(deviations)? * MAD_TO_SIGMA).max(least),
            tagged_share: median(shares.collect())?,
            likeness: 1.0,
            moved: 0.0,
            unknown: unknown(&history),
            stations: stations(&history),
        };
        let each =
            |of: fn(&Self, &Figures) -> f64| history.iter().map(|one| of(&usual, one)).collect();
        let (likeness, moved) = (median(each(Self::likeness_of))?, median(each(Self::moved_in))?);
        // Never nothing: it is divided by. Stations that change each day resemble none.
        (usual.likeness, usual.moved) = (likeness.max(0.1), moved);
        Some(usual)
    }

    /// The stations that at least half of the menus have.
    pub fn stations(&self) -> impl Iterator<Item = &'a str> {
        self.stations.iter().filter(|(_, share)| **share >= 0.5).map(|(name, _)| *name)
    }

    /// What these stations have in common with the usual ones, of all that either has (Jaccard),
    /// each counted by how often it is there: one that comes every other week is half a station.
    #[must_use]
    pub fn likeness_of(&self, one: &Figures) -> f64 {
        let own: BTreeSet<&str> = one.stations.iter().map(String::as_str).collect();
        let usual = self.stations.iter();
        let common: f64 =
            usual.clone().filter(|(name, _)| own.contains(*name)).map(|(_, share)| share).sum();
        let missing: f64 =
            usual.filter(|(name, _)| !own.contains(*name)).map(|(_, share)| share).sum();
        let all = count(own.len()) + missing;
        if all > 0.0 { common / all } else { 1.0 }
    }

    /// How many stations came or went, counted likewise.
    #[must_use]
    pub fn moved_in(&self, one: &Figures) -> f64 {
        let own: BTreeSet<&str> = one.stations.iter().map(String::as_str).collect();
        let known = self.stations.iter();
        let known: f64 =
            known.map(|(name, share)| if own.contains(name) { 1.0 - share } else { *share }).sum();
        known + count(own.iter().filter(|name| !self.stations.contains_key(*name)).count())
    }
}

fn stations<'a>(history: &[&'a Figures]) -> BTreeMap<&'a str, f64> {
    let mut seen: BTreeMap<&str, f64> = BTreeMap::new();
    let one = 1.0 / count(history.len().max(1));
    for name in history.iter().flat_map(|one| &one.stations) {
        *seen.entry(name).or_default() += one;
    }
    seen
}

fn unknown<'a>(history: &[&'a Figures]) -> Option<BTreeSet<&'a str>> {
    let noted: Vec<_> = history.iter().filter_map(|one| one.unknown.as_ref()).collect();
    let words = || noted.iter().flat_map(|words| words.keys()).map(String::as_str).collect();
    (noted.len() >= MIN_HISTORY).then(words)
}

/// The one in the middle; of an even number the mean of the two.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    if figures.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *figures.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
