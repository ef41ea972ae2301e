//! Reading variables: required, optional and parsed, and every problem at once. The only file that
//! touches `std::env`.

use std::{fmt, fs::File, io::Read, str::FromStr, time::Duration};

use url::Url;

use super::SecretUrl;

/// Secrets may be kept in a file, which the second variable names: then they are in no environment,
/// which others may see.
const IN_FILES: [(&str, &str); 6] = [
    ("DATABASE_URL", "DATABASE_URL_FILE"),
    ("REDIS_URL", "REDIS_URL_FILE"),
    ("SODEXO_API_KEY", "SODEXO_API_KEY_FILE"),
    ("OPS_PASSWORD", "OPS_PASSWORD_FILE"),
    ("ALERT_WEBHOOK_SECRET", "ALERT_WEBHOOK_SECRET_FILE"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS_FILE"),
];
/// The longest secret, in bytes.
const LONGEST_SECRET: u64 = 4096;

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
        let value = self.set(name);
        let Some((_, file)) = IN_FILES.iter().find(|(known, _)| *known == name) else {
            return value;
        };
        let help = "a file that holds it instead";
        self.read.push(Variable { name: file, default: String::new(), help });
        match (value, self.set(file)) {
            (value, None) => value,
            (None, Some(path)) => self.content(file, &path),
            (Some(_), Some(_)) => {
                self.problems.push(format!("{file}: {name} is set as well"));
                None
            }
        }
    }

    /// The value of a variable; set to nothing is not set.
    fn set(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// What is in the file, without the blanks round it. What went wrong is said without it.
    fn content(&mut self, name: &str, path: &str) -> Option<String> {
        let mut text = String::new();
        let read = File::open(path)
            .and_then(|file| file.take(LONGEST_SECRET + 1).read_to_string(&mut text));
        let problem = match read {
            Err(error) => format!("{name}: {path}: {error}"),
            Ok(_) if text.len() as u64 > LONGEST_SECRET => {
                format!("{name}: {path} holds more than {LONGEST_SECRET} bytes")
            }
            Ok(_) if text.trim().is_empty() => format!("{name}: {path} is empty"),
            Ok(_) => return Some(text.trim().to_owned()),
        };
        self.problems.push(problem);
        None
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
