//! What a vendor states of a dish.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{labels, meal::slug};

/// What a vendor states of a dish, in one vocabulary for all of them: sorted, without duplicates.
/// A tag that is absent means "not stated", never "free of".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeSet<String>);

impl Tags {
    /// No tag.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// Adds what a vendor's diet label means ("Made without Gluten-Containing Ingredients",
    /// "Contains Beef"). `false`: no tag belongs to that label.
    pub fn add_label(&mut self, label: &str) -> bool {
        let label = label.trim().to_lowercase();
        if let Some(allergen) = label.strip_prefix("contains ") {
            return self.add_contains(allergen);
        }
        let Some(label) = labels::by_word(&label) else { return false };
        self.0.insert(label.id.to_owned());
        self.0.extend(label.implies.iter().map(|&id| id.to_owned()));
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
            let tag = labels::contained(&what).map(|label| label.id.to_owned());
            self.0.insert(tag.unwrap_or_else(|| format!("contains-{what}")));
        }
        named
    }

    /// Adds all that `other` states.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether this very tag is stated.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.0.contains(tag)
    }

    /// The tags in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromIterator<String> for Tags {
    fn from_iter<I: IntoIterator<Item = String>>(tags: I) -> Self {
        Self(tags.into_iter().collect())
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
