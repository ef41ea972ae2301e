//! What both programs are told by the environment, in sections; the programs' own structs are built
//! from them.

mod alerts;
mod lifetimes;
mod secret;
mod stores;
mod traces;
mod vars;
mod vendors;

use std::net::SocketAddr;

use chrono_tz::Tz;

pub use alerts::AlertSettings;
pub use lifetimes::Lifetimes;
pub use secret::{Secret, SecretUrl};
pub use stores::Stores;
pub use traces::TraceSettings;
pub use vars::{Problems, Variable, Vars, environment, help};
pub use vendors::VendorSettings;

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
    use std::time::Duration;

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
