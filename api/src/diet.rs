//! What somebody can eat: `diet=` and `exclude_allergen=`, and what they make of a dish.
//!
//! Only what the vendor states counts. An excluded allergen that is stated drops the dish; one that
//! is not stated is named as just that, never taken for "free of". A diet beside something that it
//! rules out is believed by nobody: two dishes of one name may have become one.

use std::iter::once;

use common::{
    labels::{self, Kind, Label},
    tags::Tags,
};

use crate::{extract::Parameters, problem::ApiError};

/// The two parameters as asked; without either every dish is kept.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    diets: Vec<&'static Label>,
    /// `None`: nothing was said of allergens.
    excluded: Option<Vec<&'static Label>>,
}

/// What the wishes make of one dish.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be shown.
    Keep {
        /// Excluded allergens of which its vendor says nothing: none of them is ruled out. `None`
        /// where no allergen was excluded.
        not_stated: Option<Vec<&'static str>>,
    },
    /// It may not: a diet is not stated, or an excluded allergen is.
    Drop,
}

impl Wishes {
    /// Reads both parameters.
    pub(crate) fn read(asked: &Parameters) -> Result<Self, ApiError> {
        let words = asked.words("diet")?.unwrap_or_default();
        let diets = words.iter().map(|word| diet(word)).collect::<Result<_, _>>()?;
        let excluded = match asked.words("exclude_allergen")? {
            None => None,
            Some(words) => {
                let mut labels =
                    words.iter().map(|w| allergen(w)).collect::<Result<Vec<_>, _>>()?;
                // In the vocabulary's order, each once, however they were asked for.
                labels.sort_by_key(|label| labels::ALL.iter().position(|known| known == *label));
                labels.dedup();
                Some(labels)
            }
        };
        Ok(Self { diets, excluded })
    }

    /// Whether anything was asked at all.
    pub(crate) const fn are_any(&self) -> bool {
        !self.diets.is_empty() || self.excluded.is_some()
    }

    /// What they make of a dish with these tags.
    pub(crate) fn judge(&self, tags: &Tags) -> Verdict {
        if !self.diets.iter().all(|diet| counts(tags, diet)) {
            return Verdict::Drop;
        }
        let Some(excluded) = &self.excluded else { return Verdict::Keep { not_stated: None } };
        if excluded.iter().any(|allergen| is_in(tags, allergen)) {
            return Verdict::Drop;
        }
        let open = excluded.iter().filter(|allergen| !is_ruled_out(tags, allergen));
        Verdict::Keep { not_stated: Some(open.filter_map(|label| label.contains()).collect()) }
    }
}

/// Whether the dish has it, by this very tag or by one from which it follows.
fn states(tags: &Tags, label: &Label) -> bool {
    tags.has(label.id) || narrower(label).any(|kind| tags.has(kind.id))
}

/// Whether the vendor states the allergen: itself, a kind of it (almonds are tree nuts, wheat has
/// gluten), or no more than what it is a kind of ("tree nuts" and not which: they may be almonds).
fn is_in(tags: &Tags, allergen: &Label) -> bool {
    let may_be = |broader: &&str| {
        tags.has(broader)
            && labels::by_id(broader)
                .is_some_and(|broader| !narrower(broader).any(|kind| tags.has(kind.id)))
    };
    states(tags, allergen) || allergen.implies.iter().any(may_be)
}

/// Whether the vendor denies the allergen by a diet that it states.
fn is_ruled_out(tags: &Tags, allergen: &Label) -> bool {
    labels::ALL.iter().any(|label| label.rules_out.contains(&allergen.id) && counts(tags, label))
}

/// Whether the dish states this diet, and with it nothing that contradicts it, nor any diet from which
/// it may merely follow.
fn counts(tags: &Tags, diet: &'static Label) -> bool {
    let contradicted = |said: &Label| said.rules_out.iter().any(|denied| tags.has(denied));
    let mut said = once(diet).chain(narrower(diet)).filter(|one| tags.has(one.id)).peekable();
    said.peek().is_some() && !said.any(contradicted)
}

/// The labels that imply this one.
fn narrower(label: &Label) -> impl Iterator<Item = &'static Label> {
    labels::ALL.iter().filter(|kind| kind.implies.contains(&label.id))
}

/// The words of `diet`.
pub(crate) fn diets() -> impl Iterator<Item = &'static str> {
    labels::ALL.iter().filter(|label| is_diet(label)).map(|label| label.id)
}

/// The words of `exclude_allergen`.
pub(crate) fn allergens() -> impl Iterator<Item = &'static str> {
    labels::ALL.iter().filter_map(Label::contains)
}

const fn is_diet(label: &Label) -> bool {
    matches!(label.kind, Kind::Diet | Kind::Promise)
}

fn diet(word: &str) -> Result<&'static Label, ApiError> {
    let found = labels::by_id(word).filter(|label| is_diet(label));
    found.ok_or_else(|| unknown("diet", word, diets()))
}

/// `milk` or `contains-milk`.
fn allergen(word: &str) -> Result<&'static Label, ApiError> {
    let found = labels::contained(word.strip_prefix("contains-").unwrap_or(word));
    found.ok_or_else(|| unknown("exclude_allergen", word, allergens()))
}

fn unknown(name: &str, word: &str, known: impl Iterator<Item = &'static str>) -> ApiError {
    let known = known.collect::<Vec<_>>().join(", ");
    ApiError::Parameter(format!("Parameter {name}: {word:?} is none of {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(query: &str) -> Wishes {
        Wishes::read(&Parameters::of(query)).unwrap()
    }

    fn tags(list: &str) -> Tags {
        serde_json::from_value(list.split_whitespace().collect()).unwrap()
    }

    /// `drop`, or what is not stated.
    fn judged(query: &str, list: &str) -> String {
        match wishes(query).judge(&tags(list)) {
            Verdict::Drop => "drop".to_owned(),
            Verdict::Keep { not_stated: None } => "keep".to_owned(),
            Verdict::Keep { not_stated: Some(open) } => format!("open: {}", open.join(" ")),
        }
    }

    #[test]
    fn a_dish_must_state_every_diet_that_is_asked() {
        for (query, list, verdict) in [
            ("", "", "keep"),
            ("diet=vegan", "vegan vegetarian", "keep"),
            ("diet=vegetarian", "vegan", "keep"),
            ("diet=vegan", "vegetarian", "drop"),
            ("diet=vegan", "", "drop"),
            ("diet=halal,%20LOCAL", "halal local", "keep"),
            ("diet=halal,local", "halal", "drop"),
            ("diet=vegetarian&exclude_allergen=egg", "vegetarian", "open: egg"),
        ] {
            assert_eq!(judged(query, list), verdict, "{query} of {list:?}");
        }
    }

    #[test]
    fn an_excluded_allergen_drops_what_states_it_in_narrower_or_broader_words() {
        for (excluded, list, verdict) in [
            ("milk", "contains-milk", "drop"),
            ("contains-milk", "contains-milk vegan", "drop"),
            ("milk", "contains-egg", "open: milk"),
            ("dairy", "contains-milk", "drop"),
            ("tree-nut", "contains-almond", "drop"),
            ("tree-nut", "contains-coconut", "drop"),
            ("tree-nut", "contains-peanut", "open: tree-nut"),
            ("peanut", "contains-tree-nut", "open: peanut"),
            ("almond", "contains-tree-nut", "drop"),
            ("almond", "contains-tree-nut contains-walnut", "open: almond"),
            ("gluten", "contains-wheat", "drop"),
            ("wheat", "contains-gluten", "drop"),
            ("wheat", "contains-wheat contains-gluten", "drop"),
            ("fish", "contains-shellfish", "open: fish"),
            ("shellfish", "contains-fish", "open: shellfish"),
            ("beef,pork", "contains-pork", "drop"),
        ] {
            assert_eq!(judged(&format!("exclude_allergen={excluded}"), list), verdict, "{list}");
        }
    }

    #[test]
    fn what_is_not_stated_is_named_unless_a_stated_diet_rules_it_out() {
        let all = "egg,milk,fish,shellfish,beef,lamb,pork,poultry,gluten,wheat,soy,milk";
        for (list, open) in [
            ("", "milk egg fish shellfish soy wheat gluten beef lamb pork poultry"),
            ("vegetarian", "milk egg soy wheat gluten"),
            ("vegan vegetarian", "soy wheat gluten"),
            ("vegan gluten-free", "soy wheat"),
            (
                "plant-based halal kosher",
                "milk egg fish shellfish soy wheat gluten beef lamb pork poultry",
            ),
        ] {
            let open = format!("open: {open}");
            assert_eq!(judged(&format!("exclude_allergen={all}"), list), open, "{list:?}");
        }
    }

    #[test]
    fn a_diet_that_the_dish_contradicts_neither_counts_nor_rules_anything_out() {
        let joined = "contains-milk vegan vegetarian";
        for (query, list, verdict) in [
            ("diet=vegan", joined, "drop"),
            ("diet=vegetarian", joined, "drop"),
            ("exclude_allergen=egg,fish", joined, "open: egg fish"),
            ("diet=vegetarian", "contains-milk vegetarian", "keep"),
            ("exclude_allergen=egg,fish", "contains-milk vegetarian", "open: egg"),
            ("exclude_allergen=fish,beef", "contains-beef vegetarian", "drop"),
            ("exclude_allergen=fish", "contains-beef vegetarian", "open: fish"),
            ("diet=gluten-free", "contains-gluten gluten-free", "drop"),
            ("diet=gluten-free", "contains-wheat gluten-free", "keep"),
            ("diet=halal", "contains-milk halal vegan", "keep"),
        ] {
            assert_eq!(judged(query, list), verdict, "{query} of {list:?}");
        }
    }

    #[test]
    fn no_dish_that_states_an_excluded_allergen_is_ever_kept() {
        for stated in labels::ALL.iter().filter(|label| label.is_contained()) {
            let excluded = stated.contains().unwrap();
            for other in &labels::ALL {
                let list = format!("{} {}", stated.id, other.id);
                assert_eq!(judged(&format!("exclude_allergen={excluded}"), &list), "drop");
                assert!(
                    judged(&format!("exclude_allergen={excluded}"), "")
                        == format!("open: {excluded}")
                );
            }
            for broader in stated.implies.iter().filter_map(|id| id.strip_prefix("contains-")) {
                assert_eq!(judged(&format!("exclude_allergen={broader}"), stated.id), "drop");
            }
        }
    }

    #[test]
    fn a_word_that_is_none_of_ours_is_named_with_its_parameter() {
        for (query, start) in [
            ("diet=keto", "Parameter diet: \"keto\" is none of vegan, vegetarian, "),
            ("diet=contains-milk", "Parameter diet: \"contains-milk\" is none of "),
            ("diet=vegan,,halal", "Parameter diet: \"\" is none of "),
            ("diet=", "Parameter diet is empty"),
            ("exclude_allergen=vegan", "Parameter exclude_allergen: \"vegan\" is none of milk, "),
            ("exclude_allergen=milk,", "Parameter exclude_allergen: \"\" is none of "),
            ("exclude_allergen=contains-contains-milk", "Parameter exclude_allergen: "),
        ] {
            let error = Wishes::read(&Parameters::of(query)).unwrap_err().to_string();
            assert!(error.starts_with(start), "{query}: {error}");
        }
        let long = format!("diet={}", "x".repeat(257));
        let error = Wishes::read(&Parameters::of(&long)).unwrap_err().to_string();
        assert_eq!(error, "Parameter diet is longer than 256 bytes");
    }
}
