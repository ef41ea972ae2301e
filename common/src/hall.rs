//! The seven halls and who cooks there. Names, colleges and colours are data (table `halls`);
//! what the code must decide on is here.

use serde::{Deserialize, Serialize};

/// A company whose site we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// Bon Appétit Management Company: a page a day and café.
    BonAppetit,
    /// Pomona College's own Eatec feed: a file a hall, about seven days in it.
    Pomona,
    /// Sodexo: a JSON answer a day.
    Sodexo,
}

impl Vendor {
    /// Every vendor, in alphabetical order.
    pub const ALL: [Self; 3] = [Self::BonAppetit, Self::Pomona, Self::Sodexo];

    /// The word for it in keys, logs, columns and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BonAppetit => "bon_appetit",
            Self::Pomona => "pomona",
            Self::Sodexo => "sodexo",
        }
    }
}

impl std::fmt::Display for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A hall that exists. [`HallId::parse`] is the only way from text to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant is the hall of that name")]
pub enum HallId {
    Collins,
    Frank,
    Frary,
    Hoch,
    Malott,
    Mcconnell,
    Oldenborg,
}

impl HallId {
    /// Every hall, in the order of their ids.
    pub const ALL: [Self; 7] = [
        Self::Collins,
        Self::Frank,
        Self::Frary,
        Self::Hoch,
        Self::Malott,
        Self::Mcconnell,
        Self::Oldenborg,
    ];

    /// The id as it stands in URLs, keys and columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collins => "collins",
            Self::Frank => "frank",
            Self::Frary => "frary",
            Self::Hoch => "hoch",
            Self::Malott => "malott",
            Self::Mcconnell => "mcconnell",
            Self::Oldenborg => "oldenborg",
        }
    }

    /// The hall of exactly this id; other spellings are not halls, so they cannot multiply keys.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hall| hall.as_str() == text)
    }

    /// Whose site has this hall's menus.
    #[must_use]
    pub const fn vendor(self) -> Vendor {
        match self {
            Self::Collins | Self::Malott | Self::Mcconnell => Vendor::BonAppetit,
            Self::Frank | Self::Frary | Self::Oldenborg => Vendor::Pomona,
            Self::Hoch => Vendor::Sodexo,
        }
    }
}

impl std::fmt::Display for HallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_id_is_a_hall() {
        for hall in HallId::ALL {
            assert_eq!(HallId::parse(hall.as_str()), Some(hall));
            assert_eq!(serde_json::to_value(hall).unwrap(), hall.as_str());
        }
        for other in ["", "Hoch", " hoch", "hoch ", "mcconnel", "hoch:", "menu:hoch", "hoch\0"] {
            assert_eq!(HallId::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_vendor_reads_the_same_in_json_and_in_text() {
        for vendor in Vendor::ALL {
            assert_eq!(serde_json::to_value(vendor).unwrap(), vendor.as_str());
        }
    }
}
