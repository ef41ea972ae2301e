//! What a vendor states of a dish.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::meal::slug;

/// What a vendor states of a dish, in one vocabulary for all of them: sorted, without duplicates.
/// A tag that is absent means "not stated", never "free of".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeSet<String>);

/// Vendors' words for a diet or a promise, in lower case, and our tag for each.
const DIETS: [(&str, &str); 22] = [
    ("vegan", "vegan"),
    ("vegetarian", "vegetarian"),
    ("gluten free", "gluten-free"),
    ("gluten-free", "gluten-free"),
    ("made without gluten-containing ingredients", "gluten-free"),
    ("halal", "halal"),
    ("kosher", "kosher"),
    ("plant based", "plant-based"),
    ("plant-based", "plant-based"),
    ("organic", "organic"),
    ("humane", "humane"),
    ("humanely raised", "humane"),
    ("local", "local"),
    ("sustainable", "sustainable"),
    ("seafood watch", "seafood-watch"),
    ("farm to fork", "farm-to-fork"),
    ("in balance", "in-balance"),
    ("mindful", "mindful"),
    ("mindful mondays", "mindful"),
    ("mindful monday", "mindful"),
    ("locally crafted", "local"),
    ("locally sourced", "local"),
];

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
        let Some((_, tag)) = DIETS.iter().find(|(word, _)| *word == label) else {
            return false;
        };
        self.0.insert((*tag).to_owned());
        if *tag == "vegan" {
            self.0.insert("vegetarian".to_owned());
        }
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
            let what = match what.as_str() {
                "eggs" => "egg",
                "peanuts" => "peanut",
                "tree-nuts" | "treenut" | "treenuts" => "tree-nut",
                "soybean" | "soybeans" => "soy",
                "dairy" => "milk",
                other => other,
            };
            self.0.insert(format!("contains-{what}"));
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
