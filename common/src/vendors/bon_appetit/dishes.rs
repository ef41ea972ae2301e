//! The dishes of a café page: which of them a day names, and what each one says.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memchr;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::php::PhpArray;
use crate::vendors::{
    ParseError,
    keyed::keyed,
    legible::Legible,
    loose::{List, Loose, Object, Text, read},
    stated::Stated,
    text,
};
use crate::{
    hall::Vendor,
    labels,
    menu::{MAX_DISHES, MenuItem},
    tags::Tags,
};

/// The page's dishes while stations name them. Each is read once, however often it is named.
pub(super) struct Dishes<'a> {
    known: HashMap<Cow<'a, str>, Dish<'a>>,
    icons: Stated<'a>,
    named: usize,
    legible: Legible,
}

enum Dish<'a> {
    Unread(Item<'a>),
    /// None if it has no name to show.
    Read(Option<MenuItem>),
    Unreadable,
}

/// `Bamco.menu_items`, by id.
pub(super) type Items<'a> = PhpArray<'a, Object<Item<'a>>>;

/// A dish. Of its many fields only those that are served are kept, as text until a station names
/// it: the others may be anything, and so may these of a dish that nobody serves.
#[derive(Default)]
pub(super) struct Item<'a> {
    label: Option<&'a RawValue>,
    description: Option<&'a RawValue>,
    cor_icon: Option<&'a RawValue>,
    options: Option<&'a RawValue>,
}

keyed!(Item<'a> {
    "label" => label,
    "description" => description,
    "cor_icon" => cor_icon,
    "options" => options,
});

/// What a station names a dish by: text, or a number where PHP took it for one.
#[derive(Default)]
pub(super) struct Id<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Loose<'de> for Id<'a> {
    fn wrong(&mut self) {}

    fn number(&mut self, id: u64) {
        self.0 = Some(id.to_string().into());
    }

    fn text(&mut self, id: Cow<'de, str>) {
        self.0 = Some(id);
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}

impl<'a> Dishes<'a> {
    pub(super) fn new(items: Option<Items<'a>>) -> Self {
        let items = items.unwrap_or_default().into_entries();
        let mut known = HashMap::with_capacity(items.len());
        // What is no dish cannot be served, as if it were not there.
        known.extend(items.filter_map(|(id, Object(item))| Some((id, Dish::Unread(item?)))));
        Self { known, icons: Stated::by(tags_of), named: 0, legible: Legible::default() }
    }

    /// The dish of that id; none if it has no name to show, or is not there or not readable, which
    /// is counted.
    pub(super) fn serve(&mut self, id: &Id<'a>) -> Result<Option<MenuItem>, ParseError> {
        self.named += 1;
        if self.named > MAX_DISHES {
            return Err(ParseError::Shape("more dishes than a day can have"));
        }
        let dish = id.0.as_ref().and_then(|id| self.known.get_mut(id));
        match dish.map(|dish| dish.read(&mut self.icons)) {
            Some(Dish::Read(item)) => {
                self.legible.read();
                Ok(item.clone())
            }
            _ => {
                self.legible.lose(1);
                Ok(None)
            }
        }
    }

    /// How many of the dishes named were left out; an error where a menu of the rest would mislead.
    pub(super) fn skipped(self) -> Result<usize, ParseError> {
        self.legible.skipped()
    }
}

impl<'a> Dish<'a> {
    fn read(&mut self, icons: &mut Stated<'a>) -> &Self {
        if let Self::Unread(item) = self {
            *self = item.read(icons).map_or(Self::Unreadable, Self::Read);
        }
        self
    }
}

impl<'a> Item<'a> {
    /// What is served, if it has a name; `None` if a value has a wrong type.
    fn read(&self, icons: &mut Stated<'a>) -> Option<Option<MenuItem>> {
        let (label, description) = (words(self.label)?, words(self.description)?);
        let (label, description) = (label.said()?, description.read()?);
        let tags = icons.tags(self.cor_icon, ())?;
        let Some(name) = text::clean(label) else { return Some(None) };
        let description = text::clean(description).filter(|words| !is_same(words, &name));
        let description = match self.options {
            // As nearly all dishes have it.
            Some(options) if options.get() != "[]" => with_choices(description, options),
            _ => description,
        };
        Some(Some(MenuItem { name, description, tags }))
    }
}

/// The tags of a set of icons; `None` if a value has a wrong type.
fn tags_of(icons: &str, (): ()) -> Option<Tags> {
    let icons: PhpArray<'_, Text<'_>> = serde_json::from_str(icons).ok()?;
    let mut tags = Tags::new();
    for icon in icons.into_values() {
        let label = icon.said()?;
        // The other icons are diets or promises, or mean nothing to us.
        if labels::is_allergen(Vendor::BonAppetit, label) {
            tags.add_contains(label);
        } else {
            tags.add_label(label);
        }
    }
    Some(tags)
}

/// `None` if what is there cannot be read as any value.
fn words(raw: Option<&RawValue>) -> Option<Text<'_>> {
    raw.map_or(Some(Text::Absent), |raw| match plain(raw) {
        Some(text) => Some(Text::Is(text.into())),
        None => serde_json::from_str(raw.get()).ok(),
    })
}

/// The text that is written without any escape, so that it stands between its quotes as it is.
fn plain(raw: &RawValue) -> Option<&str> {
    let text = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    memchr(b'\\', text.as_bytes()).is_none().then_some(text)
}

/// In any letter case.
fn is_same(one: &str, other: &str) -> bool {
    lower(one).eq(lower(other))
}

fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// `[]`, or what a guest may choose within the dish.
#[derive(Default)]
struct Options<'a> {
    values: List<Choice<'a>>,
}

keyed!(Options<'a> { "values" => values });

#[derive(Default)]
struct Choice<'a> {
    label: Text<'a>,
}

keyed!(Choice<'a> { "label" => label });

/// The description, and after it what a guest may choose.
fn with_choices(description: Option<String>, options: &RawValue) -> Option<String> {
    let options = serde_json::from_str(options.get()).unwrap_or_default();
    let Object(Some(Options { values })) = options else { return description };
    let choices = values.entries().unwrap_or_default().iter().flatten();
    let choices: Vec<String> =
        choices.filter_map(|choice| text::clean(choice.label.read()?)).collect();
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
