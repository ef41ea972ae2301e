//! What everything is called that we keep in Redis.

use crate::{
    entry::MenuKey,
    hall::{HallId, Vendor},
    vendors::Document,
};

/// The names of all that we keep in Redis: one place for the prefix.
#[derive(Debug, Clone)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// Names that start with `prefix`.
    #[must_use]
    pub const fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// How every name begins; an entry's goes on with its key.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of an entry.
    #[must_use]
    pub fn entry(&self, key: &MenuKey) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The channel that says which entries are there now.
    #[must_use]
    pub fn ready(&self) -> String {
        format!("{}ready", self.prefix)
    }

    /// How the keys of everything that is cached begin: entries, lists and figures.
    #[must_use]
    pub fn cached(&self) -> Vec<String> {
        ["menu:", "halls:", "menus:", "hours:", "dashboard:"]
            .map(|family| self.list(family))
            .to_vec()
    }

    /// The key without the prefix; `None` for a key of somebody else.
    #[must_use]
    pub fn strip<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(&self.prefix)
    }

    /// The queue, and with it every key that starts with its name.
    #[must_use]
    pub fn queue(&self) -> String {
        format!("{}fetch", self.prefix)
    }

    /// The lease on a document.
    #[must_use]
    pub fn lease(&self, document: &Document) -> String {
        format!("{}lease:{document}", self.prefix)
    }

    /// What belongs to pre-warming: a tick that was taken, a run, a day.
    #[must_use]
    pub(crate) fn prewarm(&self, what: &str) -> String {
        format!("{}prewarm:{what}", self.prefix)
    }

    /// Of a vendor's site: its wish for quiet, its pace, its failures.
    pub(crate) fn manners(&self, site: &str) -> [String; 3] {
        ["quiet", "pace", "failing"].map(|what| format!("{}{what}:{site}", self.prefix))
    }

    /// Is there while the vendor is paused.
    pub(crate) fn pause(&self, vendor: Vendor) -> String {
        format!("{}paused:{vendor}", self.prefix)
    }

    /// Which of a hall's days have which posting.
    pub(crate) fn postings(&self, hall: HallId) -> String {
        format!("{}postings:{hall}", self.prefix)
    }

    pub(super) fn list(&self, list: &str) -> String {
        format!("{}{list}", self.prefix)
    }

    pub(super) fn failures(&self, document: &Document) -> String {
        format!("{}failures:{document}", self.prefix)
    }
}
