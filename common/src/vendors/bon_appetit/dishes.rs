//! The dishes of a café page: which of them a day names, and what each one says.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::php::PhpArray;
use crate::vendors::{ParseError, text};
use crate::{
    hall::Vendor,
    labels,
    menu::{MAX_DISHES, MenuItem},
    tags::Tags,
};

/// The page's dishes while stations name them. Each is read once, however often it is named.
pub(super) struct Dishes<'a> {
    unread: HashMap<String, &'a RawValue>,
    read: HashMap<String, Option<MenuItem>>,
    named: usize,
    missing: usize,
}

impl<'a> Dishes<'a> {
    pub(super) fn new(unread: HashMap<String, &'a RawValue>) -> Self {
        Self { unread, read: HashMap::new(), named: 0, missing: 0 }
    }

    /// The dish of that id; none if it has no name to show, or is not there or not readable, which
    /// is counted.
    pub(super) fn serve(&mut self, id: &Value) -> Result<Option<MenuItem>, ParseError> {
        self.named += 1;
        if self.named > MAX_DISHES {
            return Err(ParseError::Shape("more dishes than a day can have"));
        }
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        if let Some(raw) = self.unread.remove(&id)
            && let Ok(item) = serde_json::from_str::<Item>(raw.get())
        {
            self.read.insert(id.clone(), item.into_menu_item());
        }
        let dish = self.read.get(&id).cloned();
        self.missing += usize::from(dish.is_none());
        Ok(dish.flatten())
    }

    /// How many of the dishes named were left out; an error where a menu of the rest would mislead.
    pub(super) fn skipped(self) -> Result<usize, ParseError> {
        let Self { named, missing, .. } = self;
        if missing > named / 2 { Err(ParseError::Dangling { missing, named }) } else { Ok(missing) }
    }
}

/// A dish. Of its many fields only those that are served are read, so the others may be anything.
#[derive(Deserialize)]
struct Item {
    label: String,
    description: Option<String>,
    cor_icon: Option<PhpArray<String>>,
    #[serde(default)]
    options: Value,
}

impl Item {
    fn into_menu_item(self) -> Option<MenuItem> {
        let name = text::clean(&self.label)?;
        let description = self
            .description
            .and_then(|description| text::clean(&description))
            .filter(|description| description.to_lowercase() != name.to_lowercase());
        let description = with_choices(description, &self.options);
        let mut tags = Tags::new();
        for label in self.cor_icon.into_iter().flat_map(PhpArray::into_values) {
            // The other icons are diets or promises, or mean nothing to us.
            if labels::is_allergen(Vendor::BonAppetit, &label) {
                tags.add_contains(&label);
            } else {
                tags.add_label(&label);
            }
        }
        Some(MenuItem { name, description, tags })
    }
}

/// What a guest may choose within the dish, said after the description.
fn with_choices(description: Option<String>, options: &Value) -> Option<String> {
    let choices = options.get("values").and_then(Value::as_array).into_iter().flatten();
    let choices: Vec<String> =
        choices.filter_map(|choice| text::clean(choice.get("label")?.as_str()?)).collect();
    if choices.is_empty() {
        return description;
    }
    let choices = format!("Choices: {}", choices.join("; "));
    let both = match description {
        Some(description) => format!("{}. {choices}", description.trim_end_matches('.')),
        None => choices,
    };
    Some(both.chars().take(text::MAX_CHARS).collect())
}
