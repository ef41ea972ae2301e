//! The shape of Pomona's feed, and what a record and a recipe of it mean by themselves.

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::loose::{OneOrMany, Text};
use crate::vendors::text;
use crate::{meal::Meal, menu::MenuItem, tags::Tags};

#[derive(Deserialize)]
pub(super) struct Feed<'a> {
    #[serde(borrow, rename = "EatecExchange")]
    pub(super) exchange: Exchange<'a>,
}

#[derive(Deserialize)]
pub(super) struct Exchange<'a> {
    #[serde(borrow)]
    pub(super) menu: OneOrMany<Record<'a>>,
}

/// What one station serves at one meal of one date.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "@name")]
    name: Text<'a>,
    #[serde(borrow, rename = "@servedate")]
    date: Text<'a>,
    #[serde(borrow, rename = "@mealperiodname")]
    period: Text<'a>,
    #[serde(borrow, rename = "@menubulletin")]
    bulletin: Text<'a>,
    #[serde(borrow)]
    recipes: OneOrMany<Recipes<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Recipes<'a> {
    #[serde(borrow)]
    recipe: OneOrMany<Recipe<'a>>,
    closed: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Recipe<'a> {
    #[serde(borrow, rename = "@category")]
    category: Text<'a>,
    #[serde(borrow, rename = "@shortName")]
    name: Text<'a>,
    #[serde(borrow, rename = "@menuPosition")]
    position: Text<'a>,
    #[serde(borrow, rename = "@displayonwebsite")]
    shown: Text<'a>,
    #[serde(borrow)]
    allergens: OneOrMany<Choices<'a>>,
    #[serde(borrow, rename = "dietaryChoices")]
    diets: OneOrMany<Choices<'a>>,
    #[serde(borrow)]
    sustainability: OneOrMany<Choices<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choices<'a> {
    #[serde(borrow, rename = "allergen", alias = "dietaryChoice")]
    choice: OneOrMany<Choice<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    #[serde(borrow, rename = "@id")]
    label: Text<'a>,
    #[serde(borrow, rename = "#text")]
    answer: Text<'a>,
}

impl Record<'_> {
    pub(super) fn date(&self) -> Option<NaiveDate> {
        let digits = self.date.read()?.trim();
        let whole = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
        whole.then(|| NaiveDate::parse_from_str(digits, "%Y%m%d").ok())?
    }

    pub(super) fn recipes(&self) -> impl Iterator<Item = &Recipe<'_>> {
        let groups = self.recipes.items.iter();
        groups.flat_map(|group| &group.recipe.items)
    }

    /// How many recipes were no object.
    pub(super) fn wrong(&self) -> usize {
        let groups = self.recipes.items.iter();
        self.recipes.wrong + groups.map(|group| group.recipe.wrong).sum::<usize>()
    }

    pub(super) fn dish_count(&self) -> usize {
        self.recipes().count() + self.wrong()
    }

    pub(super) fn is_closed(&self) -> bool {
        let mut groups = self.recipes.items.iter();
        let said = self.period.says("closed")
            || self.bulletin.says("closed")
            || groups.any(|group| group.closed.is_some());
        said && self.dish_count() == 0
    }

    pub(super) fn period_meal(&self) -> Option<Meal> {
        if self.period.says("closed") {
            return None;
        }
        Meal::from_label(self.period.read()?)
    }

    /// The feed calls brunch "Breakfast". It is brunch where no lunch follows, or where the name
    /// of the menu says so.
    pub(super) fn meal(&self, has_lunch: bool) -> Option<Meal> {
        let names_brunch = |name: &str| name.to_lowercase().contains("brunch");
        let is_brunch = !has_lunch || self.name.read().is_some_and(names_brunch);
        match self.period_meal()? {
            Meal::Breakfast if is_brunch => Some(Meal::Brunch),
            meal => Some(meal),
        }
    }
}

impl Recipe<'_> {
    pub(super) fn is_hidden(&self) -> bool {
        self.shown.says("no")
    }

    /// `None` if the type is wrong, `Some(None)` if the station has no name.
    pub(super) fn station(&self) -> Option<Option<String>> {
        self.category.read().map(text::clean)
    }

    pub(super) fn place(&self) -> Option<u64> {
        self.position.read()?.trim().parse().ok()
    }

    /// `None` if there is no name, or a value of a wrong type: half-read allergens may do harm.
    pub(super) fn item(&self) -> Option<MenuItem> {
        self.shown.read()?;
        let name = text::clean(self.name.read()?)?;
        let mut tags = Tags::new();
        for label in self.allergens.stated()? {
            tags.add_contains(label);
        }
        for label in self.diets.stated()? {
            tags.add_label(label);
        }
        for label in self.sustainability.stated()? {
            tags.add_label(label);
        }
        let description = None; // the vendor's is the kitchen's
        Some(MenuItem { name, description, tags })
    }
}

impl OneOrMany<Choices<'_>> {
    /// The labels with "Yes"; `None` if any value has a wrong type.
    fn stated(&self) -> Option<Vec<&str>> {
        let mut stated = Vec::new();
        let mut wrong = self.wrong;
        for choices in &self.items {
            wrong += choices.choice.wrong;
            for choice in &choices.choice.items {
                let label = choice.label.read()?;
                choice.answer.read()?;
                if choice.answer.says("yes") {
                    stated.push(label);
                }
            }
        }
        (wrong == 0).then_some(stated)
    }
}
