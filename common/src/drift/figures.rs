//! What of a menu is compared.

use std::collections::BTreeMap;

use crate::menu::MealMenu;

/// More stations than any hall has; bounds what is kept of a hostile page.
const MAX_STATIONS: usize = 64;
/// So many words that the vocabulary lacks are kept of a menu.
const MAX_UNKNOWN: usize = 32;

/// What of a meal is compared with other days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Dishes.
    pub items: u32,
    /// Those of which nothing is stated.
    pub untagged: u32,
    /// Names, sorted.
    pub stations: Vec<String>,
    /// Words that the vocabulary lacks, and on how many dishes; `None`: nobody noted them.
    pub unknown: Option<BTreeMap<String, u32>>,
}

impl Figures {
    /// Those of a menu that was just parsed.
    #[must_use]
    pub fn of(menu: &MealMenu) -> Self {
        let mut figures = Self { unknown: Some(BTreeMap::new()), ..Self::default() };
        let stations = menu.stations.iter().take(MAX_STATIONS);
        figures.stations = stations.map(|station| station.name.clone()).collect();
        figures.stations.sort_unstable();
        for item in menu.stations.iter().flat_map(|station| &station.items) {
            figures.items += 1;
            figures.untagged += u32::from(item.tags.is_empty());
            let words = figures.unknown.get_or_insert_default();
            for word in item.tags.unknown() {
                if words.len() < MAX_UNKNOWN || words.contains_key(word) {
                    *words.entry(word.to_owned()).or_default() += 1;
                }
            }
        }
        figures
    }
}
