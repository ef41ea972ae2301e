//! Does a menu look like those before it? Compares figures of a meal with those of the last eight
//! menus of the same hall, meal and weekday: a page that changed its form without a word still
//! parses, but no longer looks like itself. Pure: no clock, no SQL.
//!
//! A healthy menu differs from week to week, so each figure is measured by how much its own history
//! differs. One faint sign is worth a look (`watch`), two of them or a plain one an alarm (`drift`).

mod figures;
pub mod plausible;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod table;
mod usual;

use serde::{Deserialize, Serialize};

pub use figures::Figures;
pub use usual::Usual;

/// So many menus of the same weekday are looked back on: two months, in which a cycle of four or
/// five weeks comes round, and after which a change that stays has become the usual.
pub const LOOK_BACK: usize = 8;
/// They may lie this far back: a winter break of five weeks leaves eight.
pub const LOOK_BACK_WEEKS: u64 = 16;
/// With fewer than this nothing is usual yet: of three menus one odd one is the half.
pub const MIN_HISTORY: usize = 4;
/// Fewer dishes than this come and go as they like (a snack shelf).
pub const MIN_ITEMS: f64 = 6.0;
/// A meal that has shrunk to less than one in so many dishes has lost most of its page.
pub const THIRD: f64 = 3.0;
/// A fall that is worth a look: this share of the usual dishes is gone …
const FALL: f64 = 0.4;
/// … and that is so many spreads from the median.
const FAR: f64 = 4.0;
/// A small meal may be a third of itself by chance: an alarm wants so many spreads as well.
const NEAR: f64 = 2.5;
/// What is left of the usual likeness of stations: below this hardly any is called as before,
const STRANGERS: f64 = 0.35;
/// and below this about half are not, …
const HALF_STRANGERS: f64 = 0.6;
/// … if that is so many stations more than usually come and go.
const MOVED: f64 = 1.5;
/// Two counters are not a set that could be compared.
const MIN_STATIONS: usize = 3;
/// Below this part of the usual tagged dishes the tags are as good as gone,
const TAGS_GONE: f64 = 0.2;
/// and below this it is worth a look,
const TAGS_FEW: f64 = 0.5;
/// each if chance alone would hardly do it: so many standard deviations of drawing the dishes.
const TAGS_CHANCE: f64 = 3.0;
/// The same for the faint sign.
const TAGS_CHANCE_FEW: f64 = 4.0;
/// A word that nobody knows is worth a look on so many dishes,
const MIN_UNKNOWN: f64 = 4.0;
/// and on this share of them: one new dish of the week may bring a word of its own.
const UNKNOWN_SHARE: f64 = 0.1;
/// So many readings in a row without a meal that is due are worth a look,
const EMPTY_WATCH: u32 = 2;
/// and so many an alarm: a page that is being edited is whole again by then.
const EMPTY_DRIFT: u32 = 3;

/// What is thought of a reading.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As usual, or nothing to compare it with.
    #[default]
    Ok,
    /// Worth a look.
    Watch,
    /// Not the page that it was.
    Drift,
}

impl Verdict {
    /// All, the worst last.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Watch, Self::Drift];

    /// The word in logs, metrics and alerts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Watch => "watch",
            Self::Drift => "drift",
        }
    }
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// How many dishes there are.
    Items,
    /// How stations are called: their likeness to the usual ones, 0 to 1.
    Stations,
    /// How many dishes bear a tag.
    Tags,
    /// Dishes with words that the vocabulary lacks and that were never there before.
    Labels,
    /// Readings in a row without a meal that is due.
    Empty,
}

/// One way in which a reading differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// What differs.
    pub signal: Signal,
    /// Whether it is an alarm by itself.
    pub is_strong: bool,
    /// The figure.
    pub now: f64,
    /// What it usually is.
    pub usual: f64,
    /// Stations that are missing, or the unknown words; a few.
    pub words: Vec<String>,
}

/// A verdict with its reasons.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not "ok".
    pub signs: Vec<Sign>,
}

impl Judgement {
    fn of(signs: Vec<Sign>) -> Self {
        let verdict = match signs.as_slice() {
            [] => Verdict::Ok,
            [one] if !one.is_strong => Verdict::Watch,
            _ => Verdict::Drift,
        };
        Self { verdict, signs }
    }
}

/// What is thought of a menu whose like is `history`, the newest first or in any order.
#[must_use]
pub fn judge(now: &Figures, history: &[&Figures]) -> Judgement {
    let Some(usual) = Usual::of(history) else { return Judgement::default() };
    let signs = [items(now, &usual), stations(now, &usual), tags(now, &usual), labels(now, &usual)];
    Judgement::of(signs.into_iter().flatten().collect())
}

/// What is thought of a meal that is due and was not there, so many readings in a row.
#[must_use]
pub fn judge_empty(empty_reads: u32, history: &[&Figures]) -> Judgement {
    let usual = Usual::of(history).filter(|_| empty_reads >= EMPTY_WATCH);
    let sign = usual.map(|usual| {
        let is_strong = empty_reads >= EMPTY_DRIFT;
        sign(Signal::Empty, is_strong, f64::from(empty_reads), 0.0).about(usual.stations())
    });
    Judgement::of(sign.into_iter().collect())
}

fn items(now: &Figures, usual: &Usual<'_>) -> Option<Sign> {
    let (count, median) = (f64::from(now.items), usual.items);
    if median < MIN_ITEMS {
        return None;
    }
    let far = (count - median).abs() > FAR * usual.items_spread;
    let is_strong = count * THIRD < median && median - count > NEAR * usual.items_spread;
    let fallen = far && count < median * (1.0 - FALL);
    let swollen = far && count > median * THIRD;
    (is_strong || fallen || swollen).then(|| sign(Signal::Items, is_strong, count, median))
}

fn stations(now: &Figures, usual: &Usual<'_>) -> Option<Sign> {
    if usual.stations().count() < MIN_STATIONS {
        return None;
    }
    let likeness = usual.likeness_of(now);
    let part = likeness / usual.likeness;
    let moved = usual.moved_in(now) - usual.moved;
    let gone = usual.stations().filter(|name| !now.stations.iter().any(|own| own == name));
    let is_strong = part < STRANGERS;
    (is_strong || (part < HALF_STRANGERS && moved >= MOVED))
        .then(|| sign(Signal::Stations, is_strong, likeness, usual.likeness).about(gone))
}

fn tags(now: &Figures, usual: &Usual<'_>) -> Option<Sign> {
    let expected = usual.tagged_share * f64::from(now.items);
    let tagged = f64::from(now.items.saturating_sub(now.untagged));
    let deviation = (expected * (1.0 - usual.tagged_share)).sqrt().max(1.0);
    let fallen = (expected - tagged) / deviation;
    let is_strong = tagged < expected * TAGS_GONE && fallen > TAGS_CHANCE;
    let few = tagged < expected * TAGS_FEW && fallen > TAGS_CHANCE_FEW;
    (is_strong || few).then(|| sign(Signal::Tags, is_strong, tagged, expected))
}

fn labels(now: &Figures, usual: &Usual<'_>) -> Option<Sign> {
    let known = usual.unknown.as_ref()?;
    let new = now.unknown.iter().flatten().filter(|(word, _)| !known.contains(word.as_str()));
    let dishes: f64 = new.clone().map(|(_, dishes)| f64::from(*dishes)).sum();
    let enough = MIN_UNKNOWN.max(UNKNOWN_SHARE * f64::from(now.items));
    let words = new.map(|(word, _)| word.as_str());
    (dishes >= enough).then(|| sign(Signal::Labels, false, dishes, 0.0).about(words))
}

fn sign(signal: Signal, is_strong: bool, now: f64, usual: f64) -> Sign {
    let round = |figure: f64| (figure * 100.0).round() / 100.0;
    Sign { signal, is_strong, now: round(now), usual: round(usual), words: Vec::new() }
}

impl Sign {
    /// Names a few of them: an alert is no list.
    fn about<'a>(mut self, words: impl Iterator<Item = &'a str>) -> Self {
        self.words = words.take(5).map(|word| word.chars().take(60).collect()).collect();
        self
    }
}
