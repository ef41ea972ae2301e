//! What metrics are made of: atomics in tables of a fixed size, and how they are written down
//! (Prometheus' text format, 0.0.4). A label's values are a list that is known when the program is
//! built, so nothing that a caller sends can make a series; a word that is not on the list counts
//! as the last that is.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// A label: its name, and every value that it can have.
pub type Label = (&'static str, &'static [&'static str]);

/// What a metric is called, what it says, and what it is told apart by.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name, with the unit.
    pub name: &'static str,
    /// Its help text.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [Label],
}

/// Anything that can be written down.
pub trait Metric: Sync {
    /// What it is called.
    fn about(&self) -> &About;

    /// Adds its lines.
    fn write(&self, out: &mut String);
}

/// All of them, as a scraper reads them.
#[must_use]
pub fn render(metrics: &[&dyn Metric]) -> String {
    let mut out = String::with_capacity(16 * 1024);
    metrics.iter().for_each(|metric| metric.write(&mut out));
    out
}

/// How many series these labels make.
#[must_use]
pub(super) const fn count(labels: &[Label]) -> usize {
    match labels {
        [] => 1,
        [(_, values), more @ ..] => values.len() * count(more),
    }
}

impl About {
    fn place(&self, words: &[&str]) -> usize {
        self.labels.iter().zip(words).fold(0, |place, ((_, values), word)| {
            let last = values.len().saturating_sub(1);
            let at = values.iter().position(|value| value == word).unwrap_or(last);
            place * values.len() + at
        })
    }

    /// `route="/healthz",method="GET"` of the series at this place.
    fn labels_at(&self, mut place: usize) -> String {
        let mut parts = Vec::with_capacity(self.labels.len());
        for (name, values) in self.labels.iter().rev() {
            let value = values.get(place % values.len()).copied().unwrap_or_default();
            parts.push(format!("{name}=\"{value}\""));
            place /= values.len();
        }
        parts.reverse();
        parts.join(",")
    }

    fn head(&self, kind: &str, out: &mut String) {
        let _ = writeln!(out, "# HELP {} {}\n# TYPE {} {kind}", self.name, self.help, self.name);
    }
}

fn sample(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = match labels {
        "" => writeln!(out, "{name} {value}"),
        labels => writeln!(out, "{name}{{{labels}}} {value}"),
    };
}

/// Counts of `N` series, that only grow.
pub struct Counter<const N: usize> {
    about: About,
    cells: [AtomicU64; N],
    /// Series that have not counted yet are not written.
    sparse: bool,
}

impl<const N: usize> Counter<N> {
    /// All series at 0. `N` must be what the labels make.
    #[must_use]
    pub const fn new(about: About) -> Self {
        assert!(N == count(about.labels), "so many series do the labels make");
        Self { about, cells: [const { AtomicU64::new(0) }; N], sparse: false }
    }

    /// For many labels, of which few meet.
    #[must_use]
    pub const fn sparse(mut self) -> Self {
        self.sparse = true;
        self
    }

    /// One more of the series with these label values.
    pub fn one(&self, words: &[&str]) {
        self.add(words, 1);
    }

    /// So many more.
    pub fn add(&self, words: &[&str], more: u64) {
        if let Some(cell) = self.cells.get(self.about.place(words)) {
            cell.fetch_add(more, Relaxed);
        }
    }
}

impl<const N: usize> Metric for Counter<N> {
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        self.about.head("counter", out);
        for (place, cell) in self.cells.iter().enumerate() {
            let value = cell.load(Relaxed);
            if value > 0 || !self.sparse {
                sample(out, self.about.name, &self.about.labels_at(place), value);
            }
        }
    }
}

/// What is not known is not written: yesterday's figure would be a wrong one.
const UNKNOWN: u64 = u64::MAX;

/// Figures of `N` series, that go up and down.
pub struct Gauge<const N: usize> {
    about: About,
    cells: [AtomicU64; N],
}

impl<const N: usize> Gauge<N> {
    /// All series not known yet. `N` must be what the labels make.
    #[must_use]
    pub const fn new(about: About) -> Self {
        assert!(N == count(about.labels), "so many series do the labels make");
        Self { about, cells: [const { AtomicU64::new(UNKNOWN) }; N] }
    }

    /// What it is now; `None`: nobody can say.
    pub fn set(&self, words: &[&str], value: Option<u64>) {
        if let Some(cell) = self.cells.get(self.about.place(words)) {
            cell.store(value.unwrap_or(UNKNOWN), Relaxed);
        }
    }

    /// One more, until what is returned is dropped. The figure must be known by then.
    #[must_use]
    pub fn one(&self, words: &[&str]) -> Held<'_> {
        let cell = self.cells.get(self.about.place(words));
        if let Some(cell) = cell {
            cell.fetch_add(1, Relaxed);
        }
        Held(cell)
    }
}

/// See [`Gauge::one`].
pub struct Held<'a>(Option<&'a AtomicU64>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(cell) = self.0 {
            cell.fetch_sub(1, Relaxed);
        }
    }
}

impl<const N: usize> Metric for Gauge<N> {
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        self.about.head("gauge", out);
        for (place, cell) in self.cells.iter().enumerate() {
            let value = cell.load(Relaxed);
            if value != UNKNOWN {
                sample(out, self.about.name, &self.about.labels_at(place), value);
            }
        }
    }
}

/// Upper bounds of the buckets of every histogram, in nanoseconds: from a hit to a whole budget.
const BOUNDS: [u64; 16] = [
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
];
const BUCKETS: usize = BOUNDS.len() + 1;

/// Times of `N` series. Series without any are not written.
pub struct Histogram<const N: usize> {
    about: About,
    /// Each time in the one bucket that it falls into; summed up when written.
    buckets: [[AtomicU64; BUCKETS]; N],
    /// Nanoseconds.
    sums: [AtomicU64; N],
}

impl<const N: usize> Histogram<N> {
    /// No times yet. `N` must be what the labels make.
    #[must_use]
    pub const fn new(about: About) -> Self {
        assert!(N == count(about.labels), "so many series do the labels make");
        Self {
            about,
            buckets: [const { [const { AtomicU64::new(0) }; BUCKETS] }; N],
            sums: [const { AtomicU64::new(0) }; N],
        }
    }

    /// One more time.
    pub fn observe(&self, words: &[&str], time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| nanos <= *bound).unwrap_or(BOUNDS.len());
        let place = self.about.place(words);
        if let (Some(buckets), Some(sum)) = (self.buckets.get(place), self.sums.get(place)) {
            sum.fetch_add(nanos, Relaxed);
            buckets.iter().skip(bucket).take(1).for_each(|one| {
                one.fetch_add(1, Relaxed);
            });
        }
    }

    fn write_one(&self, out: &mut String, labels: &str, counts: &[u64], sum: u64) {
        let name = self.about.name;
        let comma = if labels.is_empty() { "" } else { "," };
        let bounds = BOUNDS.iter().map(|bound| seconds(*bound).to_string());
        let mut so_far = 0;
        for (count, bound) in counts.iter().zip(bounds.chain(["+Inf".to_owned()])) {
            so_far += count;
            let labels = format!("{labels}{comma}le=\"{bound}\"");
            sample(out, &format!("{name}_bucket"), &labels, so_far);
        }
        sample(out, &format!("{name}_sum"), labels, seconds(sum));
        sample(out, &format!("{name}_count"), labels, so_far);
    }
}

fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

impl<const N: usize> Metric for Histogram<N> {
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        self.about.head("histogram", out);
        for (place, (buckets, sum)) in self.buckets.iter().zip(&self.sums).enumerate() {
            let counts: Vec<u64> = buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
            if counts.iter().any(|count| *count > 0) {
                self.write_one(out, &self.about.labels_at(place), &counts, sum.load(Relaxed));
            }
        }
    }
}
