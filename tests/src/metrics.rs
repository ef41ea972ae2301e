//! What a program says of itself in figures, read as strictly as the format is written (Prometheus
//! text, 0.0.4): anything that a scraper would have to guess fails the test.

use std::collections::{BTreeMap, BTreeSet};

use crate::{answer::Answer, process::Program};

/// All samples of one scrape, by series: `name{label="value"}`.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    samples: BTreeMap<String, f64>,
    kinds: BTreeMap<String, String>,
}

/// Where a program serves its metrics, as its log says.
///
/// # Panics
/// When it does not say so.
#[must_use]
#[expect(clippy::panic, reason = "a test cannot go on without")]
pub fn metrics_url(program: &Program) -> String {
    let log = program.log();
    let address =
        log.split("metrics.address=").nth(1).and_then(|rest| rest.split_whitespace().next());
    match address {
        Some(address) => format!("http://{address}/metrics"),
        None => panic!("no metrics.address in the log:\n{log}"),
    }
}

impl Metrics {
    /// Scrapes the listener of its own.
    pub async fn of(program: &Program) -> Self {
        Self::at(&metrics_url(program)).await
    }

    /// Scrapes an address.
    ///
    /// # Panics
    /// When what comes is not the format.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn at(url: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let answer = Answer::of(client.get(url)).await.expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4");
        Self::parse(&answer.text)
    }

    /// Reads the text; see the top of the file.
    ///
    /// # Panics
    /// At the first line that is not as it should be.
    #[must_use]
    #[expect(clippy::panic, reason = "that is what a test does")]
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends");
        let mut all = Self::default();
        let mut helped = String::new();
        let mut family = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
                assert!(is_name(name) && !help.is_empty(), "{line}");
                name.clone_into(&mut helped);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or((rest, ""));
                assert_eq!(name, helped, "HELP comes first: {line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                name.clone_into(&mut family);
                let before = all.kinds.insert(family.clone(), kind.to_owned());
                assert_eq!(before, None, "one family of a name: {line}");
            } else {
                let Some((series, value)) = line.rsplit_once(' ') else { panic!("{line}") };
                let kind = all.kinds.get(&family).map_or("", String::as_str);
                check_series(series, &family, kind);
                let number: f64 = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
                assert!(number.is_finite() && number >= 0.0, "{line}");
                assert_eq!(all.samples.insert(series.to_owned(), number), None, "twice: {line}");
            }
        }
        all.check_histograms();
        all
    }

    /// The value of a series, if it is there.
    #[must_use]
    pub fn known(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }

    /// The value of a series; one that is not there has counted nothing.
    #[must_use]
    pub fn value(&self, series: &str) -> f64 {
        self.known(series).unwrap_or_default()
    }

    /// Every series.
    #[must_use]
    pub fn series(&self) -> BTreeSet<String> {
        self.samples.keys().cloned().collect()
    }

    /// Every family's name.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.kinds.keys().cloned().collect()
    }

    /// Buckets grow, and the last holds all.
    fn check_histograms(&self) {
        for (series, count) in &self.samples {
            let Some((name, labels)) = series.split_once("_count") else { continue };
            if self.kinds.get(name).map(String::as_str) != Some("histogram") {
                continue;
            }
            let labels = labels.trim_start_matches('{').trim_end_matches('}');
            let comma = if labels.is_empty() { "" } else { "," };
            let start = format!("{name}_bucket{{{labels}{comma}le=\"");
            let mut buckets: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter_map(|(series, value)| {
                    let bound = series.strip_prefix(&start)?.strip_suffix("\"}")?;
                    Some((bound.parse().ok()?, *value))
                })
                .collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{series}: {buckets:?}");
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)), "{series}");
        }
    }
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(fits) && name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// A series of this family: its name, and labels that need no escapes.
fn check_series(series: &str, family: &str, kind: &str) {
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').unwrap_or("?")),
        None => (series, ""),
    };
    let suffix = name.strip_prefix(family);
    let fits = match kind {
        "histogram" => suffix.is_some_and(|part| ["_bucket", "_sum", "_count"].contains(&part)),
        _ => suffix == Some(""),
    };
    assert!(fits, "{series} is none of {family} ({kind})");
    for label in labels.split(',').filter(|_| !labels.is_empty()) {
        let parts =
            label.split_once("=\"").and_then(|(name, rest)| Some((name, rest.strip_suffix('"')?)));
        let fits = |value: &str| !value.is_empty() && !value.contains(['"', '\\', ' ']);
        assert!(parts.is_some_and(|(name, value)| is_name(name) && fits(value)), "{series}");
    }
}
