//! The shape of Pomona's feed, and what a record and a recipe of it mean by themselves.

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{labels::Labels, xml::OneOrMany};
use crate::vendors::{loose::Text, text};
use crate::{meal::Meal, menu::MenuItem};

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
    /// Half of the feed, and text until [`Labels`] reads it.
    #[serde(borrow)]
    allergens: Option<&'a RawValue>,
    #[serde(borrow, rename = "dietaryChoices")]
    diets: Option<&'a RawValue>,
    #[serde(borrow)]
    sustainability: Option<&'a RawValue>,
}

impl<'a> Record<'a> {
    pub(super) fn date(&self) -> Option<NaiveDate> {
        let digits = self.date.read()?.trim();
        let whole = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
        whole.then(|| NaiveDate::parse_from_str(digits, "%Y%m%d").ok())?
    }

    pub(super) fn recipes(&self) -> impl Iterator<Item = &Recipe<'a>> {
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

impl<'a> Recipe<'a> {
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
    pub(super) fn item(&self, labels: &mut Labels<'a>) -> Option<MenuItem> {
        self.shown.read()?;
        let name = text::clean(self.name.read()?)?;
        let tags = labels.tags(self.allergens, [self.diets, self.sustainability])?;
        let description = None; // the vendor's is the kitchen's
        Some(MenuItem { name, description, tags })
    }
}
