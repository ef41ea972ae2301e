//! The seven halls and three vendors as the vendors' sites name them. Kept apart from the
//! product's own table on purpose: a slip there must not hide itself here.

/// A company whose site the stub replays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is the vendor of that name")]
pub enum Vendor {
    BonAppetit,
    Pomona,
    Sodexo,
}

impl Vendor {
    /// Every vendor.
    pub const ALL: [Self; 3] = [Self::BonAppetit, Self::Pomona, Self::Sodexo];

    /// The word for it in the names of documents and scopes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BonAppetit => "bon_appetit",
            Self::Pomona => "pomona",
            Self::Sodexo => "sodexo",
        }
    }

    /// The vendor of exactly this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.as_str() == text)
    }
}

/// A hall whose menus the stub serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is the hall of that name")]
pub enum Hall {
    Collins,
    Frank,
    Frary,
    Hoch,
    Malott,
    Mcconnell,
    Oldenborg,
}

impl Hall {
    /// Every hall.
    pub const ALL: [Self; 7] = [
        Self::Collins,
        Self::Frank,
        Self::Frary,
        Self::Hoch,
        Self::Malott,
        Self::Mcconnell,
        Self::Oldenborg,
    ];

    /// The hall's id.
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

    /// The hall of exactly this id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hall| hall.as_str() == text)
    }

    /// Whose site has it.
    #[must_use]
    pub const fn vendor(self) -> Vendor {
        match self {
            Self::Collins | Self::Malott | Self::Mcconnell => Vendor::BonAppetit,
            Self::Frank | Self::Frary | Self::Oldenborg => Vendor::Pomona,
            Self::Hoch => Vendor::Sodexo,
        }
    }

    /// How the vendor's address spells it: a café's path, a feed's file, a location.
    pub(crate) const fn path_word(self) -> &'static str {
        match self {
            Self::Collins => "collins",
            Self::Malott => "malott-dining-commons",
            Self::Mcconnell => "mcconnell-bistro",
            Self::Frank => "Frank",
            Self::Frary => "Frary",
            Self::Oldenborg => "Oldenborg",
            Self::Hoch => "hoch-shanahan-dining-commons",
        }
    }

    /// How the vendor shows it to readers.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Collins => "Collins",
            Self::Malott => "Malott Dining Commons",
            Self::Mcconnell => "McConnell Bistro",
            Self::Frank => "Frank",
            Self::Frary => "Frary",
            Self::Oldenborg => "Oldenborg",
            Self::Hoch => "Hoch-Shanahan Dining Commons",
        }
    }
}
