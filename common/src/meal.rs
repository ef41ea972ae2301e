//! What a meal is called: by callers, by vendors, and by us.

use serde::{Deserialize, Serialize};

/// A meal: one of the six that every hall may serve, or a vendor's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant but the last is the meal of that name")]
pub enum Meal {
    Breakfast,
    Brunch,
    Lunch,
    Dinner,
    LateNight,
    Snack,
    /// A vendor's own label as a slug (`holiday_buffet`); it can be served, never asked for by job.
    Other(MealSlug),
}

/// 1..=64 of `[a-z0-9_]`, and none of the six meals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MealSlug(String);

impl Meal {
    /// The six that a document is searched for; what it lacks of them gets a negative entry.
    pub const SIX: [Self; 6] =
        [Self::Breakfast, Self::Brunch, Self::Lunch, Self::Dinner, Self::LateNight, Self::Snack];

    /// The same in the order of a day, as lists show them.
    pub const OF_A_DAY: [Self; 6] =
        [Self::Breakfast, Self::Brunch, Self::Lunch, Self::Snack, Self::Dinner, Self::LateNight];

    /// The canonical word, as it stands in keys, bodies and columns.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Breakfast => "breakfast",
            Self::Brunch => "brunch",
            Self::Lunch => "lunch",
            Self::Dinner => "dinner",
            Self::LateNight => "late_night",
            Self::Snack => "snack",
            Self::Other(slug) => &slug.0,
        }
    }

    /// The meal that a caller asks for. Letter case, outer blanks, and blank or hyphen for `_` do
    /// not matter; `None` for text that cannot be any meal's word.
    #[must_use]
    pub fn parse(asked: &str) -> Option<Self> {
        let word: String = asked
            .trim()
            .chars()
            .map(|c| if c == ' ' || c == '-' { '_' } else { c.to_ascii_lowercase() })
            .collect();
        Self::from_word(word)
    }

    /// The meal that a vendor's label means. The order of the rules decides ("Continental
    /// Breakfast Brunch" is brunch); a label that no rule knows stays a meal of its own.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        let label = label.to_lowercase();
        let rules = [
            ("brunch", Self::Brunch),
            ("breakfast", Self::Breakfast),
            ("lunch", Self::Lunch),
            ("dinner", Self::Dinner),
            ("supper", Self::Dinner),
            ("late night", Self::LateNight),
            ("late-night", Self::LateNight),
            ("snack", Self::Snack),
        ];
        if let Some((_, meal)) = rules.into_iter().find(|(word, _)| label.contains(word)) {
            return Some(meal);
        }
        Self::from_word(slug(&label, '_'))
    }

    fn from_word(word: String) -> Option<Self> {
        if let Some(meal) = Self::SIX.into_iter().find(|meal| meal.as_str() == word) {
            return Some(meal);
        }
        let fits = (1..=64).contains(&word.len())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        fits.then_some(Self::Other(MealSlug(word)))
    }
}

impl std::fmt::Display for Meal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Meal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Meal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(word).ok_or_else(|| serde::de::Error::custom("not a meal"))
    }
}

/// Lower-case letters and digits, everything else folded into one `joint`, none outside.
pub(crate) fn slug(text: &str, joint: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(joint) {
            out.push(joint);
        }
        if out.len() >= 64 {
            break;
        }
    }
    out.truncate(out.trim_end_matches(joint).len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_may_write_a_meal_in_many_ways_and_means_one() {
        for text in ["lunch", "LUNCH", "  Lunch ", "lUnCh\t"] {
            assert_eq!(Meal::parse(text), Some(Meal::Lunch), "{text:?}");
        }
        for text in ["late_night", "Late Night", "late-night", " LATE-NIGHT "] {
            assert_eq!(Meal::parse(text), Some(Meal::LateNight), "{text:?}");
        }
        assert_eq!(Meal::parse("tea time").map(|m| m.to_string()), Some("tea_time".to_owned()));
        for text in ["", " ", "lunch!", "dîner", "a:b", "x\0", &"x".repeat(65)] {
            assert_eq!(Meal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_vendors_label_becomes_a_meal_by_the_order_of_the_rules() {
        for (label, word) in [
            ("BREAKFAST", "breakfast"),
            ("Continental Breakfast", "breakfast"),
            ("Breakfast/Brunch", "brunch"),
            ("Supper", "dinner"),
            ("Late Night", "late_night"),
            ("AFTERNOON SNACK", "snack"),
            ("Holiday Buffet!", "holiday_buffet"),
        ] {
            assert_eq!(Meal::from_label(label).unwrap().as_str(), word, "{label}");
        }
        assert_eq!(Meal::from_label(" ** "), None);
    }
}
