//! The shape of Sodexo's menus. Of their many fields only those that are served are read, so the
//! others may be anything.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::tags::Tags;
use crate::vendors::keyed::keyed;
use crate::vendors::loose::{List, Loose, Text, read};

/// A meal.
#[derive(Default)]
pub(super) struct Section<'a> {
    pub(super) name: Text<'a>,
    pub(super) groups: List<Group<'a>>,
}

keyed!(Section<'a> { "name" => name, "groups" => groups });

/// A station.
#[derive(Default)]
pub(super) struct Group<'a> {
    pub(super) name: Text<'a>,
    pub(super) items: List<Dish<'a>>,
}

keyed!(Group<'a> { "name" => name, "items" => items });

#[derive(Default)]
pub(super) struct Dish<'a> {
    pub(super) formal_name: Text<'a>,
    pub(super) description: Text<'a>,
    /// Text until a dish is served.
    pub(super) allergens: Option<&'a RawValue>,
    is_vegan: Flag,
    is_vegetarian: Flag,
    is_plant_based: Flag,
    is_mindful: Flag,
    is_gluten_free: Flag,
    menu_item_id: Number,
}

keyed!(Dish<'a> {
    "formalName" => formal_name,
    "description" => description,
    "allergens" => allergens,
    "isVegan" => is_vegan,
    "isVegetarian" => is_vegetarian,
    "isPlantBased" => is_plant_based,
    "isMindful" => is_mindful,
    "isGlutenFree" => is_gluten_free,
    "menuItemId" => menu_item_id,
});

#[derive(Default)]
struct Allergen<'a> {
    name: Text<'a>,
    contains: Flag,
}

keyed!(Allergen<'a> { "name" => name, "contains" => contains });

/// The vendor's words for diets,
const DIETS: [&str; 5] = ["isVegan", "isVegetarian", "isPlantBased", "isMindful", "isGlutenFree"];
/// and which of them are said of a dish.
pub(super) type Diets = [bool; DIETS.len()];

/// The tags of a list of allergens and of diets: to be in the list is to be contained, unless the entry
/// itself denies it. `None` if a value has a wrong type.
pub(super) fn tags_of(allergens: &str, diets: Diets) -> Option<Tags> {
    let allergens: List<Allergen<'_>> = serde_json::from_str(allergens).ok()?;
    let mut tags = Tags::new();
    for allergen in allergens.entries()? {
        let Allergen { name, contains } = allergen.as_ref()?;
        let name = name.said()?;
        if contains.read()? != Some(false) {
            tags.add_contains(name);
        }
    }
    for (diet, is_said) in DIETS.into_iter().zip(diets) {
        if is_said {
            tags.add_label(diet);
        }
    }
    Some(tags)
}

impl Dish<'_> {
    /// The diets that it is said to be for; `None` if a value has a wrong type.
    pub(super) fn diets(&self) -> Option<Diets> {
        let says = |flag: Flag| Some(flag.read()? == Some(true));
        Some([
            says(self.is_vegan)?,
            says(self.is_vegetarian)?,
            says(self.is_plant_based)?,
            says(self.is_mindful)?,
            says(self.is_gluten_free)?,
        ])
    }

    /// The vendor's number, which no dish of another day has.
    pub(super) const fn number(&self) -> Option<u64> {
        self.menu_item_id.0
    }
}

/// True or false, or the word for it.
#[derive(Clone, Copy, Default)]
pub(super) enum Flag {
    Is(bool),
    #[default]
    Unstated,
    Wrong,
}

impl Flag {
    /// What it says, if anything; `None` if something else was sent.
    pub(super) const fn read(self) -> Option<Option<bool>> {
        match self {
            Self::Is(flag) => Some(Some(flag)),
            Self::Unstated => Some(None),
            Self::Wrong => None,
        }
    }
}

impl<'de> Loose<'de> for Flag {
    fn wrong(&mut self) {
        *self = Self::Wrong;
    }

    fn boolean(&mut self, flag: bool) {
        *self = Self::Is(flag);
    }

    fn text(&mut self, word: std::borrow::Cow<'de, str>) {
        let is = |wanted: &str| word.trim().eq_ignore_ascii_case(wanted);
        *self = match (is("true"), is("false")) {
            (true, _) => Self::Is(true),
            (_, true) => Self::Is(false),
            _ => Self::Unstated,
        };
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}

/// A number of a dish; none for 0 and for whatever is no number.
#[derive(Default)]
struct Number(Option<u64>);

impl<'de> Loose<'de> for Number {
    fn wrong(&mut self) {}

    fn number(&mut self, number: u64) {
        self.0 = (number > 0).then_some(number);
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}
