//! JSON that was XML: the types that take what the feed may send in one place, and remember what
//! was of another type instead of failing the whole document.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// An attribute or a text.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Text<'a> {
    Is(#[serde(borrow)] Cow<'a, str>),
    #[default]
    Absent,
    Wrong(serde::de::IgnoredAny),
}

impl Text<'_> {
    /// The text, empty if there is none; `None` if the feed sent something else.
    pub(super) fn read(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            Self::Absent => Some(""),
            Self::Wrong(_) => None,
        }
    }

    /// Whether the text is this word, however its letters are cased.
    pub(super) fn says(&self, word: &str) -> bool {
        self.read().is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
    }
}

/// Children of one name: none, one in place, or a list of them.
pub(super) struct OneOrMany<T> {
    pub(super) items: Vec<T>,
    /// How many children were no object.
    pub(super) wrong: usize,
}

impl<T> OneOrMany<T> {
    const fn of_wrong(wrong: usize) -> Self {
        Self { items: Vec::new(), wrong }
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::of_wrong(0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Children(PhantomData))
    }
}

struct Children<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Children<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let one = T::deserialize(MapAccessDeserializer::new(map))?;
        Ok(OneOrMany { items: vec![one], wrong: 0 })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut all = OneOrMany::default();
        while let Some(OneOrMany { items, wrong }) = list.next_element()? {
            all.items.extend(items);
            all.wrong += wrong;
        }
        Ok(all)
    }

    // An element without children becomes null or an empty text.
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(OneOrMany::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(OneOrMany::of_wrong(usize::from(!text.trim().is_empty())))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(OneOrMany::of_wrong(1))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(OneOrMany::of_wrong(1))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(OneOrMany::of_wrong(1))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(OneOrMany::of_wrong(1))
    }
}
