//! Where the vendors are, and how they may be read.

use std::time::Duration;

use url::Url;

use super::{Secret, Vars};
use crate::hall::Vendor;

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
    /// Whom a vendor can write to about our requests.
    pub contact: Option<String>,
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
            contact: contact(vars),
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

    /// Who we say that we are.
    #[must_use]
    pub fn user_agent(&self) -> String {
        let contact = self.contact.as_ref().map(|contact| format!("; {contact}"));
        let (version, contact) = (env!("CARGO_PKG_VERSION"), contact.unwrap_or_default());
        format!("5c-menus/{version} (Claremont dining menus{contact})")
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

/// It stands in the comment of a header: so nothing that would end that, or is no plain text.
fn contact(vars: &mut Vars<'_>) -> Option<String> {
    const NAME: &str = "VENDOR_CONTACT";
    let help = "an address or a page that vendors can write to, in the User-Agent";
    let contact = vars.optional(NAME, help)?;
    let plain = |one: char| one.is_ascii_graphic() && !"()\\;".contains(one);
    if contact.len() <= 100 && contact.chars().all(plain) {
        return Some(contact);
    }
    vars.problem(format!("{NAME}: must be an address or a URL of at most 100 characters"));
    None
}

fn base_url(vars: &mut Vars<'_>, name: &'static str, help: &'static str) -> Option<Url> {
    let url = vars.optional_url(name, &["http", "https"], help)?;
    Url::parse(url.reveal()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(contact: &str) -> Result<String, String> {
        let get = |name: &str| (name == "VENDOR_CONTACT").then(|| contact.to_owned());
        let mut vars = Vars::new(&get);
        let settings = VendorSettings::read(&mut vars);
        vars.finish(settings.user_agent()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn whom_to_write_to_stands_in_the_comment_and_cannot_end_it() {
        let told = |contact| read(contact).unwrap();
        assert!(told("").ends_with(" (Claremont dining menus)"));
        for contact in ["dining@example.edu", "+https://menus.example.edu/about?x=1"] {
            assert!(told(contact).ends_with(&format!(" (Claremont dining menus; {contact})")));
        }
        let long = "x".repeat(101);
        for wrong in ["a) b", "a;b", "a\\b", "two words", "a\r\nx: y", "é@example.edu", &long] {
            assert!(read(wrong).unwrap_err().contains("VENDOR_CONTACT"), "{wrong}");
        }
    }
}
