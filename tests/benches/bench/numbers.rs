//! Medians, percentiles, and how they are written.

use std::time::Duration;

/// How long many things took.
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    /// Of these times.
    pub(crate) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<f64> =
            times.into_iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        times.sort_unstable_by(f64::total_cmp);
        Self(times)
    }

    /// In milliseconds: so much of all took no longer.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(rank.clamp(1, self.0.len().max(1)) - 1).copied().unwrap_or_default()
    }

    /// How many took longer than so many milliseconds.
    pub(crate) fn over(&self, limit: f64) -> usize {
        self.0.iter().filter(|time| **time > limit).count()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// p50, p99 and the longest, as cells of a table.
    pub(crate) fn cells(&self) -> [String; 3] {
        [0.5, 0.99, 1.0].map(|share| short(self.at(share)))
    }
}

/// The value in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// With as many decimals as say something.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        0.0..1.0 => format!("{value:.2}"),
        1.0..10.0 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// A whole number, by thousands.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `1.23×`
pub(crate) fn ratio(ours: f64, theirs: f64) -> String {
    format!("{:.2}×", ours / theirs)
}
