//! JSON that was XML, in which one child is an object and several are a list.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess};

use crate::vendors::loose::{Loose, Taker, read};

/// Children of one name: none, one in place, or a list of them.
pub(super) struct OneOrMany<T> {
    pub(super) items: Vec<T>,
    /// How many children were no object.
    pub(super) wrong: usize,
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self { items: Vec::new(), wrong: 0 }
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for OneOrMany<T> {
    fn wrong(&mut self) {
        self.wrong += 1;
    }

    // An element without children becomes null or an empty text.
    fn text(&mut self, text: Cow<'de, str>) {
        self.wrong += usize::from(!text.trim().is_empty());
    }

    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Taker(self))?.is_some() {}
        Ok(())
    }

    fn object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        self.items.push(T::deserialize(MapAccessDeserializer::new(object))?);
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}
