//! JSON in which anything may be of another type than it should be. The types here take whatever
//! comes, in one pass and without a tree of it, and remember what was wrong instead of failing the
//! document.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Takes a value of any type. It begins as what stands for an absent value, and null leaves it so.
pub(super) trait Loose<'de>: Default {
    /// For every type that has no method of its own.
    fn wrong(&mut self);

    fn boolean(&mut self, _: bool) {
        self.wrong();
    }

    /// Whole and not negative.
    fn number(&mut self, _: u64) {
        self.wrong();
    }

    fn text(&mut self, _: Cow<'de, str>) {
        self.wrong();
    }

    fn list<A: SeqAccess<'de>>(&mut self, list: A) -> Result<(), A::Error> {
        self.wrong();
        IgnoredAny.visit_seq(list).map(drop)
    }

    fn object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        self.wrong();
        IgnoredAny.visit_map(object).map(drop)
    }
}

/// For `Deserialize` of such a type.
pub(super) fn read<'de, T: Loose<'de>, D: Deserializer<'de>>(json: D) -> Result<T, D::Error> {
    let mut taken = T::default();
    Taker(&mut taken).deserialize(json)?;
    Ok(taken)
}

/// Lets what is there take one more value.
pub(super) struct Taker<'t, T>(pub(super) &'t mut T);

impl<'de, T: Loose<'de>> DeserializeSeed<'de> for Taker<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, T: Loose<'de>> Visitor<'de> for Taker<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.0.text(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.text(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.0.object(object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.0.list(list)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.boolean(value);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.0.number(value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.0.wrong();
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.0.wrong();
        Ok(())
    }
}

/// A text.
#[derive(Default)]
pub(super) enum Text<'a> {
    Is(Cow<'a, str>),
    #[default]
    Absent,
    Wrong,
}

impl Text<'_> {
    /// The text, empty if there is none; `None` if something else was sent.
    pub(super) fn read(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            Self::Absent => Some(""),
            Self::Wrong => None,
        }
    }

    /// The text, where one was sent.
    pub(super) fn said(&self) -> Option<&str> {
        self.read().filter(|_| !matches!(self, Self::Absent))
    }

    /// Whether the text is this word, however its letters are cased.
    pub(super) fn says(&self, word: &str) -> bool {
        self.read().is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
    }
}

impl<'de: 'a, 'a> Loose<'de> for Text<'a> {
    fn wrong(&mut self) {
        *self = Self::Wrong;
    }

    fn text(&mut self, text: Cow<'de, str>) {
        *self = Self::Is(text);
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}

/// An object; none where something else was sent.
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for Object<T> {
    fn wrong(&mut self) {}

    fn object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        self.0 = Some(T::deserialize(MapAccessDeserializer::new(object))?);
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}

/// A list of objects, with none for each entry that is something else.
#[derive(Default)]
pub(super) enum List<T> {
    Is(Vec<Option<T>>),
    #[default]
    Absent,
    Wrong,
}

impl<T> List<T> {
    /// The entries, none where it is absent; `None` if something else was sent.
    pub(super) fn entries(&self) -> Option<&[Option<T>]> {
        match self {
            Self::Is(entries) => Some(entries),
            Self::Absent => Some(&[]),
            Self::Wrong => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for List<T> {
    fn wrong(&mut self) {
        *self = Self::Wrong;
    }

    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        let mut entries = Vec::new();
        while let Some(Object(entry)) = list.next_element()? {
            entries.push(entry);
        }
        *self = Self::Is(entries);
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}
