//! Which document a request asks for, what it is called, and which documents a scope means.

use chrono::NaiveDate;

use super::hall::{Hall, Vendor};

/// One document of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Document {
    /// The Sodexo answer or the Bon Appétit page of one day.
    Day(Hall, NaiveDate),
    /// The Sodexo location page, or the Pomona page that names the feed.
    Page(Hall),
    /// The Pomona feed.
    Feed(Hall),
}

const SODEXO_MENU: &str = "/v0.2/data/menu/13147001/15258";

impl Document {
    /// The document at this path; `None` where the vendors have nothing.
    pub(crate) fn at(path: &str, query: &str) -> Option<Self> {
        if path == SODEXO_MENU {
            let date = query.split('&').find_map(|pair| pair.strip_prefix("date="))?;
            return Some(Self::Day(Hall::Hoch, day(date)?));
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let (folder, last) = path.rsplit_once('/')?;
        match folder {
            "/en-us/locations" => {
                (last == Hall::Hoch.path_word()).then_some(Self::Page(Hall::Hoch))
            }
            "/eatec" => of(Vendor::Pomona, last.strip_suffix(".json")?).map(Self::Feed),
            "/administration/dining/menus" => {
                Hall::parse(last).filter(|hall| hall.vendor() == Vendor::Pomona).map(Self::Page)
            }
            cafe => {
                let hall = of(Vendor::BonAppetit, cafe.strip_prefix("/cafe/")?)?;
                Some(Self::Day(hall, day(last)?))
            }
        }
    }

    pub(crate) const fn hall(self) -> Hall {
        match self {
            Self::Day(hall, _) | Self::Page(hall) | Self::Feed(hall) => hall,
        }
    }

    /// The document of that day; what is of no one day stays as it is.
    pub(crate) const fn on(self, date: NaiveDate) -> Self {
        match self {
            Self::Day(hall, _) => Self::Day(hall, date),
            other => other,
        }
    }

    /// The name in counts and scopes.
    pub(crate) fn name(self) -> String {
        let hall = self.hall();
        let place = format!("{}:{}", hall.vendor().as_str(), hall.as_str());
        match self {
            Self::Day(_, date) => format!("{place}:{date}"),
            Self::Page(_) => format!("{place}:page"),
            Self::Feed(_) => place,
        }
    }
}

fn of(vendor: Vendor, word: &str) -> Option<Hall> {
    Hall::ALL.into_iter().find(|hall| hall.vendor() == vendor && hall.path_word() == word)
}

fn day(text: &str) -> Option<NaiveDate> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// Which documents a fault or a delay is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything, unknown paths as well.
    All,
    /// All documents of a vendor.
    Vendor(Vendor),
    /// All documents of a hall.
    Hall(Hall),
    /// The document of this name, or all whose names go on with `:` after it.
    Document(String),
}

impl Scope {
    /// `all`, a vendor, a hall, `vendor:hall` or a document's whole name.
    ///
    /// # Errors
    /// Says what was expected when the text is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(vendor) = Vendor::parse(text) {
            return Ok(Self::Vendor(vendor));
        }
        if let Some(hall) = Hall::parse(text) {
            return Ok(Self::Hall(hall));
        }
        let mut parts = text.split(':');
        let vendor = parts.next().and_then(Vendor::parse);
        let hall = parts.next().and_then(Hall::parse);
        let rest = parts.next().is_none_or(|last| last == "page" || day(last).is_some());
        match (vendor, hall) {
            (Some(vendor), Some(hall)) if hall.vendor() == vendor && rest => {
                Ok(Self::Document(text.to_owned()))
            }
            _ => Err(format!(
                "unknown scope {text:?}: use all, a vendor (sodexo, bon_appetit, pomona), a hall \
                 (hoch, collins, …), vendor:hall, vendor:hall:YYYY-MM-DD or vendor:hall:page"
            )),
        }
    }

    /// Whether the document of this name is meant.
    pub(crate) fn holds(&self, document: &str) -> bool {
        let mut parts = document.split(':');
        let (vendor, hall) = (parts.next(), parts.next());
        match self {
            Self::All => true,
            Self::Vendor(wanted) => vendor == Some(wanted.as_str()),
            Self::Hall(wanted) => hall == Some(wanted.as_str()),
            Self::Document(name) => document
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_live_path_has_a_name_and_no_other_path_has_one() {
        for (path, query, name) in [
            (SODEXO_MENU, "date=2026-02-09", "sodexo:hoch:2026-02-09"),
            ("/en-us/locations/hoch-shanahan-dining-commons", "", "sodexo:hoch:page"),
            ("/cafe/collins/2026-02-09/", "", "bon_appetit:collins:2026-02-09"),
            ("/cafe/malott-dining-commons/2026-02-09/", "", "bon_appetit:malott:2026-02-09"),
            ("/cafe/mcconnell-bistro/2026-02-09", "", "bon_appetit:mcconnell:2026-02-09"),
            ("/eatec/Frank.json", "v=1", "pomona:frank"),
            ("/administration/dining/menus/oldenborg", "", "pomona:oldenborg:page"),
        ] {
            assert_eq!(Document::at(path, query).unwrap().name(), name);
        }
        for (path, query) in [
            ("/", ""),
            (SODEXO_MENU, ""),
            (SODEXO_MENU, "date=2026-02-30"),
            ("/cafe/malott/2026-02-09/", ""),
            ("/cafe/collins/", ""),
            ("/eatec/frank.json", ""),
            ("/administration/dining/menus/hoch", ""),
        ] {
            assert_eq!(Document::at(path, query), None, "{path}?{query}");
        }
    }

    #[test]
    fn a_scope_means_what_it_names() {
        let holds = |scope: &str, name: &str| Scope::parse(scope).unwrap().holds(name);
        assert!(holds("all", "other"));
        assert!(holds("sodexo", "sodexo:hoch:page"));
        assert!(holds("hoch", "sodexo:hoch:2026-02-09"));
        assert!(holds("pomona:frary", "pomona:frary"));
        assert!(holds("pomona:frary", "pomona:frary:page"));
        assert!(!holds("pomona:frary:page", "pomona:frary"));
        assert!(!holds("pomona", "sodexo:hoch:page"));
        for wrong in ["", "Hoch", "sodexo:frary", "pomona:frary:later", "http://x"] {
            assert!(Scope::parse(wrong).unwrap_err().contains("unknown scope"), "{wrong}");
        }
    }
}
