//! What can be done at the ops side: an action by its name and its fields, parsed whole before
//! anything happens, and what is said of it.

use std::time::Duration;

use chrono::NaiveDate;
use common::{
    entry::{MenuKey, parse_date},
    hall::{HallId, Vendor},
    meal::Meal,
    vendors::{self, LONGEST_PAUSE},
};
use serde_json::{Value, json};

use super::{Fields, Refusal};
use crate::ops::overrides::{NewOverride, rules};

/// A pause of which no length is said, in minutes.
pub(crate) const USUAL_PAUSE: u64 = 60;

/// See the top of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Have a menu read anew.
    Refetch(MenuKey),
    /// Forget a cached menu.
    DropEntry(MenuKey),
    /// Ask a vendor no more for a while.
    PauseVendor(Vendor, Duration),
    /// Ask it again.
    ResumeVendor(Vendor),
    /// Push a dead job anew.
    RetryJob(String),
    /// Forget a dead job.
    DeleteJob(String),
    /// Other hours on a day.
    AddOverride(NewOverride),
    /// The usual hours again.
    DeleteOverride(i64),
}

impl Action {
    /// The action of this name, from its fields.
    pub(crate) fn parse(name: &str, mut fields: Fields, today: NaiveDate) -> Result<Self, Refusal> {
        let from = &mut fields;
        let action = match name {
            "refetch" => Self::Refetch(fetchable(key(from)?, today)?),
            "drop-entry" => Self::DropEntry(key(from)?),
            "pause-vendor" => Self::PauseVendor(vendor(from)?, length(from)?),
            "resume-vendor" => Self::ResumeVendor(vendor(from)?),
            "retry-job" => Self::RetryJob(job(from)?),
            "delete-job" => Self::DeleteJob(job(from)?),
            "add-override" => Self::AddOverride(rules::parse(from, today)?),
            "delete-override" => {
                let id = |text: &str| text.parse().ok().filter(|id: &i64| *id > 0);
                Self::DeleteOverride(from.parsed("id", "the number of an override", id)?)
            }
            _ => return Err(Refusal::gone("action")),
        };
        fields.finish()?;
        Ok(action)
    }

    /// The word in addresses, in the audit and in metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Refetch(_) => "refetch",
            Self::DropEntry(_) => "drop-entry",
            Self::PauseVendor(..) => "pause-vendor",
            Self::ResumeVendor(_) => "resume-vendor",
            Self::RetryJob(_) => "retry-job",
            Self::DeleteJob(_) => "delete-job",
            Self::AddOverride(_) => "add-override",
            Self::DeleteOverride(_) => "delete-override",
        }
    }

    /// What goes on record.
    pub(crate) fn arguments(&self) -> Value {
        match self {
            Self::Refetch(key) | Self::DropEntry(key) => {
                json!({ "hall": key.hall, "date": key.date, "meal": key.meal })
            }
            Self::PauseVendor(vendor, length) => {
                json!({ "vendor": vendor, "minutes": length.as_secs() / 60 })
            }
            Self::ResumeVendor(vendor) => json!({ "vendor": vendor }),
            Self::RetryJob(job) | Self::DeleteJob(job) => json!({ "job": job }),
            Self::AddOverride(new) => new.arguments(),
            Self::DeleteOverride(id) => json!({ "id": id }),
        }
    }

    /// What is asked before it is done.
    pub(crate) fn question(&self) -> String {
        match self {
            Self::Refetch(key) => format!("Read {} anew?", menu(key)),
            Self::DropEntry(key) => format!("Forget the cached {}?", menu(key)),
            Self::PauseVendor(vendor, length) => {
                format!("Ask {} for nothing for {}?", vendor_name(*vendor), minutes(*length))
            }
            Self::ResumeVendor(vendor) => format!("Ask {} again?", vendor_name(*vendor)),
            Self::RetryJob(_) => "Try this dead job again?".to_owned(),
            Self::DeleteJob(_) => "Delete this dead job?".to_owned(),
            Self::AddOverride(new) => format!("{}?", new.sentence()),
            Self::DeleteOverride(id) => format!("Delete override {id}?"),
        }
    }

    /// What it will do.
    pub(crate) const fn consequence(&self) -> &'static str {
        match self {
            Self::Refetch(_) => {
                "A job is pushed that asks the vendor even where a fresh entry is there. It reads the \
                 whole document, so every meal of that day is renewed; at Pomona's halls the week."
            }
            Self::DropEntry(_) => {
                "The next visitor has it from Postgres while the day is fresh there, else from the \
                 vendor. Nothing that was saved is lost."
            }
            Self::PauseVendor(..) => {
                "No worker and no api asks that vendor until the pause ends, by itself or by hand. \
                 Visitors get what is cached, then the last good copies, marked as stale; where \
                 there is none, 503."
            }
            Self::ResumeVendor(_) => "Every process may ask it again at once.",
            Self::RetryJob(_) => {
                "A job for the same menu is pushed that asks the vendor anew, and the dead one is \
                 forgotten."
            }
            Self::DeleteJob(_) => "It is forgotten for good. The menu can be asked for as before.",
            Self::AddOverride(_) => {
                "It takes the place of the usual hours on that day, at once: cached hours are dropped."
            }
            Self::DeleteOverride(_) => {
                "That day has its usual hours again, or what other overrides say, at once."
            }
        }
    }

    /// The page that it belongs to.
    pub(crate) const fn page(&self) -> &'static str {
        match self {
            Self::RetryJob(_) | Self::DeleteJob(_) => "/ops/dead",
            Self::AddOverride(_) | Self::DeleteOverride(_) => "/ops/overrides",
            _ => "/ops/actions",
        }
    }

    /// Whether the button is to look like a warning.
    pub(crate) const fn is_grave(&self) -> bool {
        matches!(self, Self::PauseVendor(..) | Self::DeleteJob(_) | Self::DeleteOverride(_))
    }
}

/// The id of a dead job, which may be none of ours.
fn job(fields: &mut Fields) -> Result<String, Refusal> {
    let fits = |text: &str| text.len() <= 200 && !text.chars().any(char::is_control);
    fields.parsed("job", "the id of a dead job", |text| fits(text).then(|| text.to_owned()))
}

/// The hall of a field.
pub(crate) fn hall(fields: &mut Fields) -> Result<HallId, Refusal> {
    fields.parsed("hall", "one of the seven halls", HallId::parse)
}

/// A menu by its three parts: no text of a caller becomes a key.
fn key(fields: &mut Fields) -> Result<MenuKey, Refusal> {
    let hall = hall(fields)?;
    let date = fields.parsed("date", "a day, written YYYY-MM-DD", parse_date)?;
    let meal = fields.parsed("meal", "a meal's word, such as lunch", Meal::parse)?;
    Ok(MenuKey { hall, date, meal })
}

/// A menu that vendors are asked for at all.
fn fetchable(key: MenuKey, today: NaiveDate) -> Result<MenuKey, Refusal> {
    let (first, last) = vendors::window(today);
    if matches!(key.meal, Meal::Other(_)) {
        return Err(Refusal::value("meal", "must be one of the six that vendors are asked for"));
    }
    if !(first..=last).contains(&key.date) {
        return Err(Refusal::value("date", &format!("must be from {first} to {last}")));
    }
    Ok(key)
}

fn vendor(fields: &mut Fields) -> Result<Vendor, Refusal> {
    let named = |text: &str| Vendor::ALL.into_iter().find(|vendor| vendor.as_str() == text);
    fields.parsed("vendor", "bon_appetit, pomona or sodexo", named)
}

/// From a minute to a day: a pause always ends.
fn length(fields: &mut Fields) -> Result<Duration, Refusal> {
    let most = LONGEST_PAUSE.as_secs() / 60;
    let Some(text) = fields.maybe("minutes") else {
        return Ok(Duration::from_secs(USUAL_PAUSE * 60));
    };
    let minutes = text.parse().ok().filter(|minutes| (1..=most).contains(minutes));
    let wrong = || Refusal::value("minutes", &format!("must be a whole number from 1 to {most}"));
    minutes.map(|minutes| Duration::from_secs(minutes * 60)).ok_or_else(wrong)
}

/// A menu in words.
pub(crate) fn menu(key: &MenuKey) -> String {
    format!("{} at {} on {}", key.meal.as_str().replace('_', " "), key.hall, key.date)
}

/// A vendor's name as people write it.
pub(crate) const fn vendor_name(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::BonAppetit => "Bon Appétit",
        Vendor::Pomona => "Pomona",
        Vendor::Sodexo => "Sodexo",
    }
}

/// A length of time in words, rounded up to minutes.
pub(crate) fn minutes(length: Duration) -> String {
    let minutes = length.as_secs().div_ceil(60);
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        (0, _) => format!("{minutes} min"),
        (_, 0) => format!("{hours} h"),
        _ => format!("{hours} h {rest} min"),
    }
}

#[cfg(test)]
mod tests;
