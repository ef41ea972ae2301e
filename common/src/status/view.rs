//! The parts of the status that two pages show: that of ops, and that of everybody. Text that says it
//! all without colour, and without a script.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::{Cell, ChangeRow, State, Status, Trouble};
use crate::{drift::Verdict, hall::Vendor};

/// For the parts below, on any page; the page says what the colours are (`--ok`, `--warn`, `--bad`,
/// `--quiet`, `--line`, and `--ok-sheet` and so on for grounds).
pub const STYLE: &str = include_str!("view.css");

/// How it stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// Older menus are served somewhere.
    Warn,
    /// Somewhere there is none to serve.
    Bad,
}

impl Level {
    /// The word in classes and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

impl State {
    /// A sign that needs no colour.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Fresh => "●",
            Self::Stale => "◐",
            Self::NotServed => "·",
            Self::Closed => "–",
            Self::NotPosted => "○",
            Self::Unknown => "?",
            Self::Failed => "✕",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "read a while ago",
            Self::NotServed => "not served",
            Self::Closed => "closed",
            Self::NotPosted => "not posted yet",
            Self::Unknown => "not asked for yet",
            Self::Failed => "could not be read",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Fresh => "s-fresh",
            Self::Stale => "s-aged",
            Self::NotServed | Self::Closed => "s-none",
            Self::NotPosted | Self::Unknown => "s-open",
            Self::Failed => "s-failed",
        }
    }
}

impl Status {
    /// The one word.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.troubles.iter().map(|trouble| trouble.copy).min() {
            None => Level::Ok,
            Some(Some(_)) => Level::Warn,
            Some(None) => Level::Bad,
        }
    }

    /// The one sentence.
    #[must_use]
    pub fn sentence(&self, zone: Tz) -> String {
        if self.troubles.is_empty() {
            let today = || {
                self.halls.iter().flat_map(|hall| &hall.meals).filter_map(|meal| meal.days.first())
            };
            let aged = today().filter(|cell| cell.is_due && !cell.state.is_settled()).count();
            return match aged {
                0 => "All halls fresh".to_owned(),
                1 => "No vendor fails; 1 meal of today is read again when asked for".to_owned(),
                _ => {
                    format!("No vendor fails; {aged} meals of today are read again when asked for")
                }
            };
        }
        let troubles = self.troubles.iter().map(|trouble| trouble.words(self.at, zone));
        troubles.collect::<Vec<_>>().join("; ")
    }

    /// Every hall's meals on the days that are shown.
    #[must_use]
    pub fn days(&self) -> Markup {
        html! {
            div.scroll {
                table.heat {
                    thead { tr {
                        th scope="col" { "Hall" }
                        th scope="col" { "Meal" }
                        @for date in &self.dates {
                            th scope="col" { (date.format("%a")) br; (date.format("%-m/%-d")) }
                        }
                    } }
                    @for hall in &self.halls {
                        tbody {
                            @for (nth, meal) in hall.meals.iter().enumerate() {
                                tr {
                                    @if nth == 0 {
                                        th scope="rowgroup" rowspan=(hall.meals.len()) { (hall.name) }
                                    }
                                    th scope="row" { (meal.meal.to_string().replace('_', " ")) }
                                    @for cell in &meal.days { (cell.shown()) }
                                }
                            }
                        }
                    }
                }
            }
            ul.legend {
                @for state in State::ALL {
                    li { span.sign.(state.class()) aria-hidden="true" { (state.sign()) } " " (state.words()) }
                }
            }
        }
    }

    /// How menus changed.
    #[must_use]
    pub fn changed(&self, zone: Tz) -> Markup {
        html! {
            @if self.changes.is_empty() { p.quiet { "No menu changed in the last two days." } }
            @else {
                ul.changes {
                    @for change in self.changes.iter().take(20) { li { (change.words(zone)) } }
                }
            }
        }
    }
}

impl State {
    /// Whether nobody would ask the vendor now.
    const fn is_settled(self) -> bool {
        matches!(self, Self::Fresh | Self::Closed | Self::NotServed)
    }
}

impl Trouble {
    fn words(&self, now: DateTime<Utc>, zone: Tz) -> String {
        let (hall, vendor, span) = (&self.name, name(self.vendor), span(now - self.since));
        let copy = match self.copy {
            Some(at) => format!("serving the {} copy", at.with_timezone(&zone).format("%H:%M")),
            None => "nothing to serve".to_owned(),
        };
        format!("{hall}: {vendor} failing for {span}, {copy}")
    }
}

impl Cell {
    fn shown(&self) -> Markup {
        let is_odd = matches!(self.verdict, Some(Verdict::Watch | Verdict::Drift));
        let words = format!(
            "{}{}{}",
            self.state.words(),
            self.items.map(|items| format!(", {items} dishes")).unwrap_or_default(),
            if is_odd { ", unlike those before it" } else { "" },
        );
        let class = if self.is_due { "due" } else { "off" };
        html! {
            td.(self.state.class()).(class) title=(words) {
                span aria-hidden="true" { (self.state.sign()) @if is_odd { "!" } }
                span.spoken { (words) }
            }
        }
    }
}

impl ChangeRow {
    fn words(&self, zone: Tz) -> Markup {
        let at = self.at.with_timezone(&zone);
        html! {
            b { (self.hall_id.as_str()) " " (self.meal.to_string().replace('_', " ")) }
            " of " (self.date.format("%a %-m/%-d")) ": "
            "+" (self.added) " −" (self.removed) " at " (at.format("%H:%M")) " "
            span.quiet {
                @for name in self.added_names.iter().take(3) { "+ " (name) " " }
                @for name in self.removed_names.iter().take(3) { "− " (name) " " }
            }
        }
    }
}

/// As people call it.
#[must_use]
pub const fn name(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::BonAppetit => "Bon Appétit",
        Vendor::Pomona => "Pomona's feed",
        Vendor::Sodexo => "Sodexo",
    }
}

/// A span in words, roughly.
#[must_use]
pub fn span(time: TimeDelta) -> String {
    match (time.num_hours(), time.num_minutes(), time.num_seconds()) {
        (48.., ..) => format!("{} days", time.num_days()),
        (2.., ..) => format!("{} h", time.num_hours()),
        (_, 2.., _) => format!("{} min", time.num_minutes()),
        (.., seconds) => format!("{} s", seconds.max(0)),
    }
}
