//! What both programs are told by the environment, in sections; the programs' own structs are built
//! from them.

mod alerts;
mod secret;
mod traces;
mod vars;

use std::{net::SocketAddr, time::Duration};

use chrono_tz::Tz;
use url::Url;

use crate::hall::Vendor;
pub use alerts::AlertSettings;
pub use secret::{Secret, SecretUrl};
pub use traces::TraceSettings;
pub use vars::{Problems, Variable, Vars, environment, help};

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
    let help = "a further listener for scrapers, without a password; unset: none";
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
    fn a_secret_may_be_in_a_file_or_in_the_environment_but_not_in_both() {
        let folder = std::env::temp_dir().join(format!("menus5c-{:016x}", fastrand::u64(..)));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let read = |url: &'static str, path: &str| {
            let get = |name: &str| match name {
                "DATABASE_URL" => Some(url.to_owned()),
                "DATABASE_URL_FILE" => Some(path.to_owned()),
                _ => None,
            };
            let mut vars = Vars::new(&get);
            let stores = Stores::read(&mut vars, false);
            vars.finish(stores).map(|stores| stores.unwrap().database_url.reveal().to_owned())
        };
        let url = "postgres://u:SECRET@h/db";
        assert_eq!(read("", &file("good", &format!(" {url}\n"))).unwrap(), url);
        assert_eq!(read(url, "").unwrap(), url);
        for (url, path) in [
            (url, file("good", url)),
            ("", folder.join("none").display().to_string()),
            ("", folder.display().to_string()),
            ("", file("empty", "\n")),
            ("", file("long", &"SECRET".repeat(4096))),
            ("", file("wrong", "mysql://u:SECRET@h/db")),
        ] {
            let Problems(lines) = read(url, &path).unwrap_err();
            let named = lines.iter().filter(|line| line.starts_with("DATABASE_URL"));
            assert_eq!((lines.len(), named.count()), (1, 1), "{path}: {lines:?}");
            assert!(!lines.join("\n").contains("SECRET"), "{lines:?}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
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
