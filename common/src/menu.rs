//! What a menu is: meals, stations, items and tags, and what a vendor can say of a day.
//! Knows nothing of Redis, SQL or HTTP.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
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
fn slug(text: &str, joint: char) -> String {
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

/// One dish as it is served to callers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    /// The vendor's name for it, cleaned; never empty.
    pub name: String,
    /// What the vendor adds to the name.
    pub description: Option<String>,
    /// What the vendor states of it.
    pub tags: Tags,
}

/// A counter within a hall and what it serves; never empty once it is in a menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// The vendor's name for it, cleaned.
    pub name: String,
    /// In the vendor's order, each name once.
    pub items: Vec<MenuItem>,
}

/// One meal of one day as a document gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MealMenu {
    /// Which meal.
    pub meal: Meal,
    /// First serving, local time, where the document says it.
    pub start: Option<NaiveTime>,
    /// Last serving, local time, where the document says it.
    pub end: Option<NaiveTime>,
    /// In the vendor's order, each name once, none empty.
    pub stations: Vec<Station>,
}

impl MealMenu {
    /// How many dishes.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.stations.iter().map(|station| station.items.len()).sum()
    }
}

/// What a vendor says of one day of one hall. "Broken" is no day: it is an error of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Day {
    /// There are menus, each meal once.
    Posted(Vec<MealMenu>),
    /// The vendor says that the hall is shut.
    Closed,
    /// The vendor says nothing of this day (yet).
    NotPosted,
}

/// What one document says, by day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Every day that the document speaks of.
    pub days: BTreeMap<NaiveDate, Day>,
    /// Dishes that had to be left out (no such reference, wrong type); filler is not counted.
    pub skipped: usize,
}

/// What a vendor last said of a day, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayState {
    /// There are menus.
    Posted,
    /// The hall is shut.
    Closed,
    /// Nothing was said (yet).
    NotPosted,
}

impl DayState {
    /// The word in columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Closed => "closed",
            Self::NotPosted => "not_posted",
        }
    }
}

/// A day with the menus that count for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDay {
    /// The hall's own day.
    pub date: NaiveDate,
    /// The vendor's last word.
    pub state: DayState,
    /// When that word was read.
    pub fetched_at: DateTime<Utc>,
    /// Until when it need not be asked for again.
    pub fresh_until: DateTime<Utc>,
    /// `Posted`: the menus of that reading. `NotPosted`: menus of earlier readings, kept.
    pub menus: Vec<KnownMenu>,
}

/// A menu and the reading that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMenu {
    /// The menu.
    pub menu: MealMenu,
    /// When it was read.
    pub fetched_at: DateTime<Utc>,
}

impl KnownDay {
    /// The day as one reading gives it.
    #[must_use]
    pub fn read(
        date: NaiveDate,
        day: Day,
        fetched_at: DateTime<Utc>,
        fresh_until: DateTime<Utc>,
    ) -> Self {
        let (state, meals) = match day {
            Day::Posted(meals) => (DayState::Posted, meals),
            Day::Closed => (DayState::Closed, Vec::new()),
            Day::NotPosted => (DayState::NotPosted, Vec::new()),
        };
        let menus = meals.into_iter().map(|menu| KnownMenu { menu, fetched_at }).collect();
        Self { date, state, fetched_at, fresh_until, menus }
    }
}

/// Builds a day's meals by the rules that hold for every vendor: the same meal, station or item
/// twice is one, in the order first seen; what stays empty is left out.
#[derive(Debug, Default)]
pub struct DayBuilder {
    meals: Vec<MealMenu>,
    open: usize,
}

impl DayBuilder {
    /// Opens a meal, or goes on with it: hours then span both.
    pub fn meal(&mut self, meal: Meal, start: Option<NaiveTime>, end: Option<NaiveTime>) {
        let at = self.meals.iter().position(|known| known.meal == meal);
        self.open = at.unwrap_or(self.meals.len());
        match self.meals.get_mut(self.open) {
            Some(known) => {
                known.start = [known.start, start].into_iter().flatten().min();
                known.end = [known.end, end].into_iter().flatten().max();
            }
            None => self.meals.push(MealMenu { meal, start, end, stations: Vec::new() }),
        }
    }

    /// Adds an item to a station of the meal opened last.
    pub fn item(&mut self, station: &str, item: MenuItem) {
        let Some(meal) = self.meals.get_mut(self.open) else { return };
        let at = meal.stations.iter().position(|known| known.name == station);
        let station = match at {
            Some(at) => meal.stations.get_mut(at),
            None => {
                meal.stations.push(Station { name: station.to_owned(), items: Vec::new() });
                meal.stations.last_mut()
            }
        };
        let Some(station) = station else { return };
        match station.items.iter_mut().find(|known| known.name == item.name) {
            Some(known) => {
                known.tags.join(item.tags);
                known.description = known.description.take().or(item.description);
            }
            None => station.items.push(item),
        }
    }

    /// The meals that hold anything.
    #[must_use]
    pub fn finish(self) -> Vec<MealMenu> {
        self.meals.into_iter().filter(|meal| !meal.stations.is_empty()).collect()
    }
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

    #[test]
    fn the_same_meal_station_or_item_twice_is_one() {
        let item = |name: &str, label: &str| {
            let mut tags = Tags::new();
            tags.add_label(label);
            MenuItem { name: name.to_owned(), description: None, tags }
        };
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0);
        let mut day = DayBuilder::default();
        day.meal(Meal::Breakfast, at(7), at(9));
        day.item("Grill", item("Eggs", "Vegetarian"));
        day.meal(Meal::Lunch, None, None);
        day.meal(Meal::Breakfast, at(9), at(10));
        day.item("Grill", item("Eggs", "Organic"));
        day.item("Bar", item("Fruit", "Vegan"));
        let meals = day.finish();
        assert_eq!(meals.len(), 1, "a meal without items is left out");
        assert_eq!((meals[0].start, meals[0].end), (at(7), at(10)));
        assert_eq!(meals[0].item_count(), 2);
        assert_eq!(
            meals[0].stations[0].items[0].tags.iter().collect::<Vec<_>>(),
            ["organic", "vegetarian"]
        );
    }
}
