//! Whom operators' alerts go to.

use std::{fmt, time::Duration};

use super::{Secret, SecretUrl, Vars};

/// A shorter secret could be guessed.
const LEAST_SECRET: usize = 16;

/// Where alerts go, and how they are signed.
#[derive(Clone)]
pub struct AlertSettings {
    /// The address; its path may be a token.
    pub url: Option<SecretUrl>,
    /// What they are signed with.
    pub secret: Option<Secret>,
    /// The pause after the first try in vain; doubles.
    pub retry: Duration,
}

impl AlertSettings {
    /// Reads the section.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let url = vars.optional_url(
            "ALERT_WEBHOOK_URL",
            &["http", "https"],
            "where changes of a vendor's page are told by POST; unset: in the log alone",
        );
        let secret = vars
            .optional("ALERT_WEBHOOK_SECRET", "signs what is told there (HMAC-SHA256)")
            .filter(|secret| {
                let is_long = secret.len() >= LEAST_SECRET;
                if !is_long {
                    vars.problem(format!("ALERT_WEBHOOK_SECRET: at least {LEAST_SECRET} bytes"));
                }
                is_long
            })
            .map(Secret::new);
        let retry = vars.duration_or(
            "ALERT_RETRY_MS",
            Duration::from_millis(1),
            5_000,
            10..=600_000,
            "pause after the first alert that was not taken; doubles up to 10 minutes",
        );
        Self { url, secret, retry }
    }
}

/// Of the address nothing but that there is one: what other URLs hide in the password, webhooks have
/// in the path.
impl fmt::Debug for AlertSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertSettings")
            .field("url", &self.url.is_some())
            .field("secret", &self.secret)
            .field("retry", &self.retry)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_address_nor_secret_is_shown_and_a_short_secret_is_refused() {
        let get = |name: &str| match name {
            "ALERT_WEBHOOK_URL" => Some("https://hooks.example/TOKEN".to_owned()),
            "ALERT_WEBHOOK_SECRET" => Some("SECRET-of-enough-letters".to_owned()),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        let settings = AlertSettings::read(&mut vars);
        assert_eq!(
            settings.url.as_ref().map(SecretUrl::reveal),
            Some("https://hooks.example/TOKEN")
        );
        let shown = format!("{settings:?}");
        assert!(!shown.contains("TOKEN") && !shown.contains("SECRET"), "{shown}");
        let short = |name: &str| (name == "ALERT_WEBHOOK_SECRET").then(|| "SHORT".to_owned());
        let mut vars = Vars::new(&short);
        AlertSettings::read(&mut vars);
        let problems = vars.finish(()).unwrap_err().to_string();
        assert!(
            problems.contains("ALERT_WEBHOOK_SECRET") && !problems.contains("SHORT"),
            "{problems}"
        );
    }

    #[test]
    fn the_secret_may_be_in_a_file() {
        let path = std::env::temp_dir().join(format!("menus5c-{:016x}", fastrand::u64(..)));
        std::fs::write(&path, "SECRET-of-enough-letters\n").unwrap();
        let named =
            |name: &str| (name == "ALERT_WEBHOOK_SECRET_FILE").then(|| path.display().to_string());
        let mut vars = Vars::new(&named);
        let secret = AlertSettings::read(&mut vars).secret;
        assert_eq!(secret.as_ref().map(Secret::reveal), Some("SECRET-of-enough-letters"));
        assert!(vars.finish(()).is_ok());
        std::fs::remove_file(&path).unwrap();
    }
}
