//! The shape of Pomona's feed, and what a record and a recipe of it mean by themselves.

use chrono::NaiveDate;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{labels::Labels, xml::OneOrMany};
use crate::vendors::{
    keyed::{Given, keyed},
    loose::Text,
    text,
};
use crate::{
    hall::{HallId, Vendor},
    meal::Meal,
    menu::MenuItem,
};

#[derive(Default)]
pub(super) struct Feed<'a> {
    exchange: Given<Exchange<'a>>,
}

keyed!(Feed<'a> { "EatecExchange" => exchange } needs exchange as "EatecExchange");

#[derive(Default)]
struct Exchange<'a> {
    menu: Given<OneOrMany<Record<'a>>>,
}

keyed!(Exchange<'a> { "menu" => menu } needs menu as "menu");

impl<'a> Feed<'a> {
    pub(super) fn menu(self) -> OneOrMany<Record<'a>> {
        self.exchange.get().menu.get()
    }
}

/// What one station serves at one meal of one date.
#[derive(Default)]
pub(super) struct Record<'a> {
    name: Text<'a>,
    date: Text<'a>,
    location: Text<'a>,
    period: Text<'a>,
    bulletin: Text<'a>,
    recipes: OneOrMany<Recipes<'a>>,
}

keyed!(Record<'a> {
    "@name" => name,
    "@servedate" => date,
    "@location" => location,
    "@mealperiodname" => period,
    "@menubulletin" => bulletin,
    "recipes" => recipes,
});

#[derive(Default)]
pub(super) struct Recipes<'a> {
    recipe: OneOrMany<Recipe<'a>>,
    closed: Option<IgnoredAny>,
}

keyed!(Recipes<'a> { "recipe" => recipe, "closed" => closed });

#[derive(Default)]
pub(super) struct Recipe<'a> {
    category: Text<'a>,
    name: Text<'a>,
    position: Text<'a>,
    shown: Text<'a>,
    /// Half of the feed, and text until [`Labels`] reads it.
    allergens: Option<&'a RawValue>,
    diets: Option<&'a RawValue>,
    sustainability: Option<&'a RawValue>,
}

keyed!(Recipe<'a> {
    "@category" => category,
    "@shortName" => name,
    "@menuPosition" => position,
    "@displayonwebsite" => shown,
    "allergens" => allergens,
    "dietaryChoices" => diets,
    "sustainability" => sustainability,
});

impl<'a> Record<'a> {
    /// The other hall of this vendor that it names, as in "Frary Dining".
    pub(super) fn other_hall(&self, hall: HallId) -> Option<HallId> {
        let location = self.location.read()?.to_lowercase();
        let names = |hall: HallId| location.contains(hall.as_str());
        let others = HallId::ALL.into_iter().filter(|other| other.vendor() == Vendor::Pomona);
        others.filter(|_| !names(hall)).find(|other| names(*other))
    }

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
