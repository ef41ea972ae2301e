//! The vocabulary: every tag that we know, what it is called, what follows from it, and in which
//! words each vendor says it. What parsers understand and what callers are told is this one table.

mod table;

use serde::Serialize;

pub use table::ALL;

use crate::hall::Vendor;

/// What sort of thing a tag states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// For whom the dish is made.
    Diet,
    /// How it was raised, bought or cooked.
    Promise,
    /// What it contains that people are allergic to.
    Allergen,
    /// What else it contains that people avoid.
    Ingredient,
}

/// A tag and all that is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The tag.
    pub id: &'static str,
    /// What sort of thing it states.
    pub kind: Kind,
    /// For people.
    pub name: &'static str,
    /// What is true of every dish that bears it, in tags.
    pub implies: &'static [&'static str],
    /// Each vendor's own words for it; none where a vendor never states it.
    pub vendors: Words,
    /// Which allergens and ingredients the vendor denies by stating it.
    #[serde(skip)]
    pub rules_out: &'static [&'static str],
    /// Other spellings that are understood, whoever writes them: of diets and promises in lower
    /// case, of the rest as what follows `contains-`.
    #[serde(skip)]
    also: &'static [&'static str],
}

/// What a label is called by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the vendor of that name")]
pub struct Words {
    pub sodexo: &'static [&'static str],
    pub bon_appetit: &'static [&'static str],
    pub pomona: &'static [&'static str],
}

/// The label of a tag.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Label> {
    ALL.iter().find(|label| label.id == id)
}

/// The diet or promise that a vendor's word means, in any letter case.
pub(crate) fn by_word(word: &str) -> Option<&'static Label> {
    ALL.iter().filter(|label| !label.is_contained()).find(|label| {
        let words = label.vendors.all().chain(label.also);
        words.into_iter().any(|own| own.eq_ignore_ascii_case(word))
    })
}

/// The allergen or ingredient of that name, in lower case with hyphens: `tree-nut`, `eggs`.
#[must_use]
pub fn contained(name: &str) -> Option<&'static Label> {
    ALL.iter().find(|label| label.contains() == Some(name) || label.also_contains(name))
}

/// Whether that vendor names an allergen with this word, in any letter case.
pub(crate) fn is_allergen(vendor: Vendor, word: &str) -> bool {
    let word = word.trim();
    ALL.iter()
        .filter(|label| label.kind == Kind::Allergen)
        .any(|label| label.vendors.of(vendor).iter().any(|own| own.eq_ignore_ascii_case(word)))
}

impl Label {
    /// Whether it states something that is in the dish.
    #[must_use]
    pub const fn is_contained(&self) -> bool {
        matches!(self.kind, Kind::Allergen | Kind::Ingredient)
    }

    /// What is in the dish: the tag without its `contains-`.
    #[must_use]
    pub fn contains(&self) -> Option<&'static str> {
        self.id.strip_prefix("contains-")
    }

    fn also_contains(&self, name: &str) -> bool {
        self.is_contained() && self.also.contains(&name)
    }

    const fn new(kind: Kind, id: &'static str, name: &'static str) -> Self {
        let vendors = Words { sodexo: &[], bon_appetit: &[], pomona: &[] };
        Self { id, kind, name, implies: &[], vendors, rules_out: &[], also: &[] }
    }

    const fn said(
        mut self,
        sodexo: &'static [&'static str],
        bon_appetit: &'static [&'static str],
        pomona: &'static [&'static str],
    ) -> Self {
        self.vendors = Words { sodexo, bon_appetit, pomona };
        self
    }

    const fn implying(mut self, implies: &'static [&'static str]) -> Self {
        self.implies = implies;
        self
    }

    const fn ruling_out(mut self, rules_out: &'static [&'static str]) -> Self {
        self.rules_out = rules_out;
        self
    }

    const fn or_spelt(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }
}

impl Words {
    /// One vendor's.
    #[must_use]
    pub const fn of(&self, vendor: Vendor) -> &'static [&'static str] {
        match vendor {
            Vendor::Sodexo => self.sodexo,
            Vendor::BonAppetit => self.bon_appetit,
            Vendor::Pomona => self.pomona,
        }
    }

    fn all(&self) -> impl Iterator<Item = &'static &'static str> {
        self.sodexo.iter().chain(self.bon_appetit).chain(self.pomona)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::Tags;

    #[test]
    fn each_tag_stands_once_and_speaks_only_of_tags_that_there_are() {
        for (at, label) in ALL.iter().enumerate() {
            assert_eq!(ALL.iter().position(|other| other.id == label.id), Some(at), "{label:?}");
            assert_eq!(label.is_contained(), label.contains().is_some(), "{label:?}");
            for id in label.implies {
                assert!(by_id(id).is_some_and(|other| other.kind == label.kind), "{label:?}");
            }
            for id in label.rules_out {
                assert!(by_id(id).is_some_and(Label::is_contained), "{label:?}: {id}");
            }
        }
    }

    #[test]
    fn a_parser_makes_of_each_vendors_words_the_tag_that_the_table_says() {
        for label in &ALL {
            for vendor in Vendor::ALL {
                for word in label.vendors.of(vendor) {
                    let mut tags = Tags::new();
                    let known = match label.kind {
                        Kind::Allergen => tags.add_contains(word),
                        _ => tags.add_label(&word.to_uppercase()),
                    };
                    assert!(known && tags.has(label.id), "{vendor} {word:?}: {tags:?}");
                    let shared = |tag: &str| {
                        let other = by_id(tag).unwrap();
                        label.implies.contains(&tag) || other.vendors.of(vendor).contains(word)
                    };
                    let rest = tags.iter().filter(|tag| *tag != label.id);
                    assert!(rest.into_iter().all(shared), "{vendor} {word:?}: {tags:?}");
                }
            }
        }
    }

    #[test]
    fn other_spellings_are_understood() {
        for label in &ALL {
            for word in label.also {
                let mut tags = Tags::new();
                let known = if label.is_contained() {
                    tags.add_contains(word)
                } else {
                    tags.add_label(word)
                };
                assert!(known && tags.has(label.id), "{word:?}: {tags:?}");
            }
        }
    }

    #[test]
    fn an_icon_is_an_allergen_where_its_vendor_calls_one_so() {
        for word in ["wheat/gluten", "DAIRY", " Tree Nuts ", "soybeans"] {
            assert!(is_allergen(Vendor::BonAppetit, word), "{word}");
        }
        for word in ["Vegan", "Beef", "Information Unavailable", ""] {
            assert!(!is_allergen(Vendor::BonAppetit, word), "{word}");
        }
        assert!(!is_allergen(Vendor::Sodexo, "Dairy"));
    }
}
