//! Reading the environment: required, optional and parsed variables, and all problems at once.
//! The only file that touches `std::env`; the programs' own structs are built from its sections.

use std::{fmt, net::SocketAddr, str::FromStr, time::Duration};

use chrono_tz::Tz;
use url::Url;

use crate::hall::Vendor;

/// One variable that a program reads: for `--help`, and to compare with `.env.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// What holds where it is not set; empty where nothing does.
    pub default: String,
    /// What it is for, in a few words.
    pub help: &'static str,
}

/// Everything that is wrong with the environment, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Problems(pub Vec<String>);

/// A URL whose password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The whole of it, for the client that connects.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::parse(&self.0) {
            Ok(mut url) => {
                if url.password().is_some() {
                    let _ = url.set_password(Some("***"));
                }
                url.set_query(None);
                f.write_str(url.as_str())
            }
            Err(_) => f.write_str("***"),
        }
    }
}

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret of this text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The process environment, for [`Vars::new`].
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
    std::env::var(name).ok()
}

/// Reads variables through a lookup, notes what it read and what was wrong.
pub struct Vars<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
    read: Vec<Variable>,
}

impl<'a> Vars<'a> {
    /// Starts on a lookup; a variable that is set to nothing counts as not set.
    #[must_use]
    pub fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { get, problems: Vec::new(), read: Vec::new() }
    }

    /// The value built from them, or every problem met on the way.
    ///
    /// # Errors
    /// All problems, if there is any.
    pub fn finish<T>(self, value: T) -> Result<T, Problems> {
        if self.problems.is_empty() { Ok(value) } else { Err(Problems(self.problems)) }
    }

    /// What was read so far.
    #[must_use]
    pub fn variables(self) -> Vec<Variable> {
        self.read
    }

    /// Notes a problem that more than one variable makes together.
    pub fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    fn raw(&mut self, name: &'static str, default: String, help: &'static str) -> Option<String> {
        self.read.push(Variable { name, default, help });
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A value that parses, or the default.
    pub fn parsed_or<T>(&mut self, name: &'static str, default: T, help: &'static str) -> T
    where
        T: FromStr + fmt::Display,
        T::Err: fmt::Display,
    {
        let Some(text) = self.raw(name, default.to_string(), help) else { return default };
        text.parse().unwrap_or_else(|error| {
            self.problems.push(format!("{name}: {error} (is: {text:?})"));
            default
        })
    }

    /// A whole number that lies in the range, or the default.
    pub fn number_or(
        &mut self,
        name: &'static str,
        default: u32,
        range: std::ops::RangeInclusive<u32>,
        help: &'static str,
    ) -> u32 {
        let count = self.parsed_or(name, default, help);
        if range.contains(&count) {
            return count;
        }
        let (least, most) = (range.start(), range.end());
        self.problems.push(format!("{name}: must be {least} to {most} (is: {count})"));
        default
    }

    /// A whole number of `unit`s that lies in the range, or the default.
    pub fn duration_or(
        &mut self,
        name: &'static str,
        unit: Duration,
        default: u32,
        range: std::ops::RangeInclusive<u32>,
        help: &'static str,
    ) -> Duration {
        unit * self.number_or(name, default, range, help)
    }

    /// A text, if there is one.
    pub fn optional(&mut self, name: &'static str, help: &'static str) -> Option<String> {
        self.raw(name, String::new(), help)
    }

    /// A URL of one of these schemes, if there is one.
    pub fn optional_url(
        &mut self,
        name: &'static str,
        schemes: &[&str],
        help: &'static str,
    ) -> Option<SecretUrl> {
        let text = self.raw(name, String::new(), help)?;
        match Url::parse(&text) {
            Ok(url) if schemes.contains(&url.scheme()) => Some(SecretUrl(text)),
            // The value may hold a password, so it is not repeated.
            _ => {
                let starts: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
                self.problems
                    .push(format!("{name}: not a URL that starts with {}", starts.join(" or ")));
                None
            }
        }
    }

    /// A URL of one of these schemes; a problem where there is none.
    pub fn required_url(
        &mut self,
        name: &'static str,
        schemes: &[&str],
        help: &'static str,
    ) -> Option<SecretUrl> {
        let before = self.problems.len();
        let url = self.optional_url(name, schemes, help);
        if url.is_none() && self.problems.len() == before {
            self.problems.push(format!("{name}: is required ({help})"));
        }
        url
    }
}

/// The two stores.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Where Postgres is.
    pub database_url: SecretUrl,
    /// Where Redis is; `None` = run without.
    pub redis_url: Option<SecretUrl>,
    /// Stands before every key, queue name and channel.
    pub key_prefix: String,
}

impl Stores {
    /// Reads the section; `None` after a problem.
    pub fn read(vars: &mut Vars<'_>, redis_required: bool) -> Option<Self> {
        let database_url =
            vars.required_url("DATABASE_URL", &["postgres", "postgresql"], "where Postgres is");
        let redis_help = "where Redis is; the api runs without it if empty";
        let redis_url = if redis_required {
            vars.required_url("REDIS_URL", &["redis", "rediss"], redis_help)
        } else {
            vars.optional_url("REDIS_URL", &["redis", "rediss"], redis_help)
        };
        let key_prefix =
            vars.optional("REDIS_KEY_PREFIX", "stands before every key, queue name and channel");
        let key_prefix = key_prefix.unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:{}".contains(c);
        if key_prefix.len() > 64 || !key_prefix.chars().all(fits) {
            vars.problem("REDIS_KEY_PREFIX: at most 64 of letters, digits and -_.:{}".to_owned());
        }
        Some(Self { database_url: database_url?, redis_url, key_prefix })
    }
}

/// How long things are good for.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// A fresh entry, before jitter.
    pub fresh: Duration,
    /// Fresh entries live up to this much longer or shorter.
    pub fresh_jitter: Duration,
    /// An entry made from the last good copy.
    pub stale: Duration,
    /// An entry that says "no menu".
    pub negative: Duration,
    /// The first failure entry of a document; doubles while it goes on failing.
    pub failure: Duration,
    /// The oldest copy that is still served in place of one that could not be read.
    pub stale_max: Duration,
}

impl Lifetimes {
    /// Reads the section.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        const DAY: Duration = Duration::from_secs(86_400);
        let lifetimes = Self {
            fresh: vars.duration_or(
                "CACHE_TTL_SECS",
                SECOND,
                1800,
                1..=86_400,
                "life of a fresh entry",
            ),
            fresh_jitter: vars.duration_or(
                "CACHE_TTL_JITTER_SECS",
                SECOND,
                300,
                0..=86_400,
                "a fresh entry lives up to this much longer or shorter",
            ),
            stale: vars.duration_or(
                "STALE_TTL_SECS",
                SECOND,
                120,
                1..=86_400,
                "life of an entry made from the last good copy",
            ),
            negative: vars.duration_or(
                "NEGATIVE_TTL_SECS",
                SECOND,
                300,
                1..=86_400,
                "life of an entry that says \"no menu\"",
            ),
            failure: vars.duration_or(
                "FAILURE_TTL_SECS",
                SECOND,
                10,
                1..=60,
                "life of the first failure entry of a document; doubles up to 60 s",
            ),
            stale_max: vars.duration_or(
                "STALE_MAX_DAYS",
                DAY,
                7,
                1..=365,
                "the oldest copy served in place of one that could not be read",
            ),
        };
        if lifetimes.fresh_jitter >= lifetimes.fresh {
            vars.problem("CACHE_TTL_JITTER_SECS: must be less than CACHE_TTL_SECS".to_owned());
        }
        lifetimes
    }
}

/// Where the vendors are and how they may be read.
#[derive(Debug, Clone)]
pub struct VendorSettings {
    /// Takes the place of scheme, host and port of the live Bon Appétit sites.
    pub bon_appetit_base: Option<Url>,
    /// The same for Pomona.
    pub pomona_base: Option<Url>,
    /// The same for Sodexo.
    pub sodexo_base: Option<Url>,
    /// Sodexo's header `API-Key`.
    pub sodexo_key: Option<Secret>,
    /// Whole budget of one read, retries included.
    pub fetch_timeout: Duration,
    /// How many requests are open with one vendor at most.
    pub concurrency: usize,
    /// How far apart requests to one vendor start at least.
    pub spacing: Duration,
    /// How often a vendor that fails is probed.
    pub probe_every: Duration,
}

impl VendorSettings {
    /// Reads the section.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let instead = "takes the place of scheme, host and port of the live site";
        Self {
            sodexo_base: base_url(vars, "SODEXO_BASE_URL", instead),
            bon_appetit_base: base_url(vars, "BON_APPETIT_BASE_URL", instead),
            pomona_base: base_url(vars, "POMONA_BASE_URL", instead),
            sodexo_key: vars
                .optional("SODEXO_API_KEY", "unset: Sodexo's menu comes from its page, today only")
                .map(Secret::new),
            fetch_timeout: vars.duration_or(
                "FETCH_TIMEOUT_MS",
                Duration::from_millis(1),
                30_000,
                100..=300_000,
                "whole budget of one vendor read, retries included",
            ),
            concurrency: usize::from(
                vars.parsed_or(
                    "VENDOR_CONCURRENCY",
                    std::num::NonZeroU8::MIN.saturating_add(1),
                    "requests open with one vendor at most",
                )
                .get(),
            ),
            spacing: vars.duration_or(
                "VENDOR_SPACING_MS",
                Duration::from_millis(1),
                250,
                0..=60_000,
                "requests to one vendor start at least this far apart",
            ),
            probe_every: vars.duration_or(
                "VENDOR_PROBE_SECS",
                Duration::from_secs(1),
                30,
                0..=3_600,
                "a vendor that failed three times in a row is asked once in this time",
            ),
        }
    }

    /// How long one try may take: a third of the budget leaves time for a second try, and for what
    /// follows a failed document.
    #[must_use]
    pub fn try_timeout(&self) -> Duration {
        self.fetch_timeout / 3
    }

    /// The address that stands in for the vendor's own.
    #[must_use]
    pub fn base(&self, vendor: Vendor) -> Option<&Url> {
        match vendor {
            Vendor::BonAppetit => self.bon_appetit_base.as_ref(),
            Vendor::Pomona => self.pomona_base.as_ref(),
            Vendor::Sodexo => self.sodexo_base.as_ref(),
        }
    }
}

fn base_url(vars: &mut Vars<'_>, name: &'static str, help: &'static str) -> Option<Url> {
    let url = vars.optional_url(name, &["http", "https"], help)?;
    Url::parse(url.reveal()).ok()
}

/// Where metrics are served to a scraper, if they are.
pub fn metrics_addr(vars: &mut Vars<'_>) -> Option<SocketAddr> {
    let help = "a further listener, with /metrics alone; unset: none";
    let text = vars.optional("METRICS_ADDR", help)?;
    let address = text.parse();
    if let Err(error) = &address {
        vars.problem(format!("METRICS_ADDR: {error} (is: {text:?})"));
    }
    address.ok()
}

/// The wall clock that halls live by.
pub fn time_zone(vars: &mut Vars<'_>) -> Tz {
    vars.parsed_or("TIMEZONE", Tz::America__Los_Angeles, "the halls' wall clock, an IANA name")
}

/// Log filter and form.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// A `tracing` filter.
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl LogSettings {
    /// Reads the section.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let filter = vars.parsed_or("LOG", "info".to_owned(), "what is logged, a tracing filter");
        if let Err(error) = filter.parse::<tracing_subscriber::EnvFilter>() {
            vars.problem(format!("LOG: {error} (is: {filter:?})"));
        }
        let form = vars.parsed_or("LOG_FORMAT", "text".to_owned(), "text, or json");
        if !["text", "json"].contains(&form.as_str()) {
            vars.problem(format!("LOG_FORMAT: must be text or json (is: {form:?})"));
        }
        Self { filter, json: form == "json" }
    }
}

/// What a program says of its variables under `--help`: name, default, what for.
#[must_use]
pub fn help(variables: &[Variable]) -> String {
    variables
        .iter()
        .map(|variable| {
            let default = if variable.default.is_empty() {
                String::new()
            } else {
                format!(" [{}]", variable.default)
            };
            format!("  {:<22} {}{default}\n", variable.name, variable.help)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let get = |name: &str| match name {
            "REDIS_URL" => Some("http://x".to_owned()),
            "CACHE_TTL_SECS" => Some("soon".to_owned()),
            "STALE_TTL_SECS" => Some("0".to_owned()),
            "TIMEZONE" => Some("Mars/Olympus".to_owned()),
            "LOG_FORMAT" => Some("xml".to_owned()),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        Stores::read(&mut vars, true);
        Lifetimes::read(&mut vars);
        time_zone(&mut vars);
        LogSettings::read(&mut vars);
        let Problems(lines) = vars.finish(()).unwrap_err();
        for name in [
            "DATABASE_URL",
            "REDIS_URL",
            "CACHE_TTL_SECS",
            "STALE_TTL_SECS",
            "TIMEZONE",
            "LOG_FORMAT",
        ] {
            assert_eq!(
                lines.iter().filter(|line| line.starts_with(name)).count(),
                1,
                "{name}: {lines:?}"
            );
        }
    }

    #[test]
    fn nothing_set_gives_the_contracts_defaults() {
        let mut vars = Vars::new(&|_| None);
        let lifetimes = Lifetimes::read(&mut vars);
        let vendors = VendorSettings::read(&mut vars);
        assert_eq!(time_zone(&mut vars), Tz::America__Los_Angeles);
        let seconds = |s| Duration::from_secs(s);
        assert_eq!((lifetimes.fresh, lifetimes.fresh_jitter), (seconds(1800), seconds(300)));
        assert_eq!((lifetimes.stale, lifetimes.negative), (seconds(120), seconds(300)));
        assert_eq!(vendors.fetch_timeout, seconds(30));
        assert_eq!((vendors.concurrency, vendors.spacing), (2, Duration::from_millis(250)));
        assert_eq!(vendors.probe_every, seconds(30));
        assert!(vars.finish(()).is_ok());
    }

    #[test]
    fn no_password_is_ever_shown() {
        let get = |name: &str| {
            (name == "DATABASE_URL").then(|| "postgres://u:SECRET@h/db?password=SECRET".to_owned())
        };
        let mut vars = Vars::new(&get);
        let stores = Stores::read(&mut vars, false).unwrap();
        assert!(!format!("{stores:?}").contains("SECRET"));
        let broken = |_: &str| Some("SECRET".to_owned());
        let mut vars = Vars::new(&broken);
        Stores::read(&mut vars, true);
        assert!(!vars.finish(()).unwrap_err().to_string().contains("SECRET"));
        assert!(!format!("{:?}", Secret::new("SECRET".to_owned())).contains("SECRET"));
    }
}
