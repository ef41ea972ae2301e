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
