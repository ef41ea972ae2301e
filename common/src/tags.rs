//! What a vendor states of a dish.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{labels, meal::slug};

/// What a vendor states of a dish, in one vocabulary for all of them: sorted, without duplicates.
/// A tag that is absent means "not stated", never "free of".
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags {
    stated: BTreeSet<String>,
    /// What was said in words that the vocabulary lacks; of this reading alone, never served.
    #[serde(skip)]
    unknown: BTreeSet<String>,
}

/// So many words that the vocabulary lacks are kept of a dish,
const UNKNOWN_WORDS: usize = 8;
/// and so many characters of each.
const UNKNOWN_CHARS: usize = 60;

/// Dishes that state the same are the same, whatever else was said of them.
impl PartialEq for Tags {
    fn eq(&self, other: &Self) -> bool {
        self.stated == other.stated
    }
}

impl Eq for Tags {}

impl Tags {
    /// No tag.
    #[must_use]
    pub const fn new() -> Self {
        Self { stated: BTreeSet::new(), unknown: BTreeSet::new() }
    }

    /// Adds what a vendor's diet label means ("Made without Gluten-Containing Ingredients",
    /// "Contains Beef"). `false`: no tag belongs to that label.
    pub fn add_label(&mut self, label: &str) -> bool {
        let label = label.trim().to_lowercase();
        if let Some(allergen) = label.strip_prefix("contains ") {
            return self.add_contains(allergen);
        }
        let Some(label) = labels::by_word(&label) else {
            self.note_unknown(&label);
            return false;
        };
        self.stated.insert(label.id.to_owned());
        self.stated.extend(label.implies.iter().map(|&id| id.to_owned()));
        true
    }

    /// Adds `contains-…` for an allergen or a kind of meat. "Tree Nut (Pine Nut)" and
    /// "Wheat/Gluten" state two things each and give two tags. `false`: nothing was named.
    pub fn add_contains(&mut self, allergen: &str) -> bool {
        let mut named = false;
        for part in allergen.split(['(', ')', '/']) {
            let what = slug(part, '-');
            if what.is_empty() {
                continue;
            }
            named = true;
            let known = labels::contained(&what).map(|label| label.id.to_owned());
            let tag = known.unwrap_or_else(|| format!("contains-{what}"));
            if labels::by_id(&tag).is_none() {
                self.note_unknown(&tag);
            }
            self.stated.insert(tag);
        }
        named
    }

    /// Adds all that `other` states.
    pub fn join(&mut self, other: Self) {
        self.stated.extend(other.stated);
        self.unknown.extend(other.unknown);
    }

    /// Whether nothing is stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stated.is_empty()
    }

    /// What the vendor said in words that the vocabulary lacks, in lower case.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(String::as_str)
    }

    fn note_unknown(&mut self, word: &str) {
        if !word.is_empty() && self.unknown.len() < UNKNOWN_WORDS {
            self.unknown.insert(word.chars().take(UNKNOWN_CHARS).collect());
        }
    }

    /// Whether this very tag is stated.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.stated.contains(tag)
    }

    /// The tags in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.stated.iter().map(String::as_str)
    }
}

impl FromIterator<String> for Tags {
    fn from_iter<I: IntoIterator<Item = String>>(tags: I) -> Self {
        Self { stated: tags.into_iter().collect(), unknown: BTreeSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vegan_always_brings_vegetarian_and_gluten_friendly_is_no_promise() {
        let mut tags = Tags::new();
        assert!(tags.add_label("Vegan"));
        assert!(tags.add_label("Made without Gluten-Containing Ingredients"));
        assert!(!tags.add_label("Gluten-Friendly"));
        assert!(!tags.add_label("Offered Often"));
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["gluten-free", "vegan", "vegetarian"]);
        assert_eq!(tags.unknown().collect::<Vec<_>>(), ["gluten-friendly", "offered often"]);
    }

    #[test]
    fn words_that_the_vocabulary_lacks_are_noted_and_never_served() {
        let mut tags = Tags::new();
        assert!(tags.add_contains("Lupin"));
        assert!(tags.add_label("Vegetarian"));
        assert_eq!(tags.unknown().collect::<Vec<_>>(), ["contains-lupin"]);
        let json = serde_json::to_string(&tags).unwrap();
        assert_eq!(json, r#"["contains-lupin","vegetarian"]"#);
        let back: Tags = serde_json::from_str(&json).unwrap();
        assert_eq!((back.unknown().count(), back), (0, tags.clone()));
        (0..100).for_each(|word| {
            tags.add_label(&"x".repeat(100 + word));
            tags.add_label(&format!("word {word}"));
        });
        assert_eq!(tags.unknown().count(), UNKNOWN_WORDS);
        assert!(tags.unknown().all(|word| word.chars().count() <= UNKNOWN_CHARS));
    }

    #[test]
    fn an_allergen_that_names_two_things_gives_two_tags() {
        let mut tags = Tags::new();
        assert!(tags.add_contains("Tree Nut (Pine Nut)"));
        assert!(tags.add_contains("Wheat/Gluten"));
        assert!(tags.add_label("Contains Beef"));
        assert!(!tags.add_contains(" () "));
        assert_eq!(
            tags.iter().collect::<Vec<_>>(),
            [
                "contains-beef",
                "contains-gluten",
                "contains-pine-nut",
                "contains-tree-nut",
                "contains-wheat"
            ]
        );
    }
}
