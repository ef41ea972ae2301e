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
    script, skim,
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
    label: Raw<'a>,
    description: Raw<'a>,
    cor_icon: Raw<'a>,
    options: Raw<'a>,
}

keyed!(Item<'a> {
    "label" => label,
    "description" => description,
    "cor_icon" => cor_icon,
    "options" => options,
});

/// A value as it is written; none for null.
#[derive(Default, Clone, Copy)]
struct Raw<'a>(Option<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let value: Option<&'de RawValue> = Deserialize::deserialize(json)?;
        Ok(Self(value.map(RawValue::get)))
    }
}

/// What `Bamco.menu_items` is assigned, and what follows it.
///
/// # Errors
/// It has not the form of JSON, breaks off, or is JSON of another type.
pub(super) fn items(text: &str) -> Result<(Items<'_>, &str), serde_json::Error> {
    skimmed(text).map_or_else(|| script::value(text), Ok)
}

/// The same where it is as it mostly is. Of a dish's text nine tenths are not served, and not read.
fn skimmed(text: &str) -> Option<(Items<'_>, &str)> {
    let mut items = Vec::new();
    let after = skim::members(text, |id, text| {
        let mut item = Item::default();
        let after = skim::members(text, |name, text| {
            let (value, after) = skim::value(text)?;
            let value = Raw((value != "null").then_some(value));
            match name {
                "label" => item.label = value,
                "description" => item.description = value,
                "cor_icon" => item.cor_icon = value,
                "options" => item.options = value,
                _ => {}
            }
            Some(after)
        })?;
        items.push((id, Object(Some(item))));
        Some(after)
    })?;
    Some((PhpArray::of(items.into_iter()), after))
}

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
        let (label, description) = (words(self.label.0)?, words(self.description.0)?);
        let (label, description) = (label.said()?, description.read()?);
        let tags = icons.tags(self.cor_icon.0, ())?;
        let Some(name) = text::clean(label) else { return Some(None) };
        let description = text::clean(description).filter(|words| !is_same(words, &name));
        let description = match self.options.0 {
            // As nearly all dishes have it.
            Some(options) if options != "[]" => with_choices(description, options),
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
fn words(raw: Option<&str>) -> Option<Text<'_>> {
    raw.map_or(Some(Text::Absent), |raw| match plain(raw) {
        Some(text) => Some(Text::Is(text.into())),
        None => serde_json::from_str(raw).ok(),
    })
}

/// The text that is written without any escape, so that it stands between its quotes as it is.
fn plain(raw: &str) -> Option<&str> {
    let text = raw.strip_prefix('"')?.strip_suffix('"')?;
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
fn with_choices(description: Option<String>, options: &str) -> Option<String> {
    let options = serde_json::from_str(options).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn raws(items: Items<'_>) -> Vec<(String, Option<[Option<String>; 4]>)> {
        let raws = |item: Item<'_>| {
            [item.label, item.description, item.cor_icon, item.options]
                .map(|raw| raw.0.map(str::to_owned))
        };
        items.into_entries().map(|(id, Object(item))| (id.into_owned(), item.map(raws))).collect()
    }

    #[test]
    fn what_is_stepped_over_and_what_is_read_whole_are_the_same_dishes() {
        for text in [
            "{};",
            " {\"1\":{}, \"2\" : {\"label\":null,\"price\":1.5}} rest",
            r#"{"1":{"label":"a } \" \\","x":{"label":"b","y":[{"z":"]"}]},"options":[]},"2":{"cor_icon":{"4":"Vegan"}}};"#,
            r#"{"1":{"label":"a","label":"b"},"1":{"description":"c"}}"#,
        ] {
            let (skimmed, after) = skimmed(text).unwrap();
            let (whole, rest) = script::value(text).unwrap();
            assert_eq!((raws(skimmed), after), (raws(whole), rest), "{text}");
        }
    }

    #[test]
    fn what_is_not_as_it_mostly_is_is_read_whole() {
        for text in ["[]", r#"[{"label":"a"}]"#, r#"{"1":7,"2":{}}"#, r#"{"\u0031":{"label":"a"}}"#]
        {
            assert!(skimmed(text).is_none(), "{text}");
            assert!(items(text).is_ok(), "{text}");
        }
        for text in
            ["", "{", "null", r#"{"1":{"label":"a"}"#, r#"{"1":{"x":undefined}}"#, r#"{"1":{},}"#]
        {
            assert!(items(text).is_err(), "{text}");
        }
    }
}
