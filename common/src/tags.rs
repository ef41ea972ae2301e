//! What a vendor states of a dish.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use crate::{labels, meal::slug};

/// What a vendor states of a dish, in one vocabulary for all of them: sorted, without duplicates.
/// A tag that is absent means "not stated", never "free of".
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Tags {
    /// A few, nearly all of them from the vocabulary, which needs no copies.
    stated: Vec<Cow<'static, str>>,
    /// What was said in words that the vocabulary lacks; of this reading alone, never served.
    unknown: Vec<String>,
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
        Self { stated: Vec::new(), unknown: Vec::new() }
    }

    /// Adds what a vendor's diet label means ("Made without Gluten-Containing Ingredients",
    /// "Contains Beef"). `false`: no tag belongs to that label.
    pub fn add_label(&mut self, label: &str) -> bool {
        let label = label.trim();
        if let Some(known) = labels::by_word(label) {
            for &id in std::iter::once(&known.id).chain(known.implies) {
                insert(&mut self.stated, id.into());
            }
            return true;
        }
        let label = label.to_lowercase();
        if let Some(allergen) = label.strip_prefix("contains ") {
            return self.add_contains(allergen);
        }
        self.note_unknown(&label);
        false
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
            if let Some(known) = labels::contained(&what) {
                insert(&mut self.stated, known.id.into());
                continue;
            }
            let tag = format!("contains-{what}");
            self.note_unknown(&tag);
            insert(&mut self.stated, tag.into());
        }
        named
    }

    /// Adds all that `other` states.
    pub fn join(&mut self, other: Self) {
        other.stated.into_iter().for_each(|tag| insert(&mut self.stated, tag));
        other.unknown.into_iter().for_each(|word| insert(&mut self.unknown, word));
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
            insert(&mut self.unknown, word.chars().take(UNKNOWN_CHARS).collect());
        }
    }

    /// Whether this very tag is stated.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.stated.iter().any(|stated| stated == tag)
    }

    /// The tags in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.stated.iter().map(AsRef::as_ref)
    }
}

/// Where it belongs, unless it is there.
fn insert<T: Ord>(sorted: &mut Vec<T>, one: T) {
    if let Err(at) = sorted.binary_search(&one) {
        sorted.insert(at, one);
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.stated.serialize(serializer)
    }
}

impl From<Vec<String>> for Tags {
    fn from(tags: Vec<String>) -> Self {
        tags.into_iter().collect()
    }
}

impl FromIterator<String> for Tags {
    fn from_iter<I: IntoIterator<Item = String>>(tags: I) -> Self {
        let mut stated: Vec<_> = tags.into_iter().map(Cow::Owned).collect();
        stated.sort_unstable();
        stated.dedup();
        Self { stated, unknown: Vec::new() }
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
