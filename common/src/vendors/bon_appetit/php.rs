//! PHP's arrays in JSON, where being empty or having a gap changes the type.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// An array as PHP writes it, in its order: an object; or a list when it is empty or its keys are
/// 0, 1, 2 …. A list with a gap in its keys is an object again.
#[derive(Debug)]
pub(super) struct PhpArray<'a, T>(Vec<(Option<Key<'a>>, T)>);

impl<T> Default for PhpArray<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A key that is written out; that of a list's entry is its place.
#[derive(Debug, serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a, T> PhpArray<'a, T> {
    /// One with keys that are text.
    pub(super) fn of(entries: impl Iterator<Item = (&'a str, T)>) -> Self {
        Self(entries.map(|(key, value)| (Some(Key(key.into())), value)).collect())
    }

    /// With the keys, which are text.
    pub(super) fn into_entries(self) -> impl ExactSizeIterator<Item = (Cow<'a, str>, T)> {
        let entries = self.0.into_iter().enumerate();
        entries.map(|(at, (key, value))| {
            (key.map_or_else(|| Cow::Owned(at.to_string()), |Key(key)| key), value)
        })
    }

    /// Without the keys.
    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.0.into_iter().map(|(_, value)| value)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for PhpArray<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// Takes the object and the list alike.
struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = PhpArray<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry()? {
            entries.push((Some(key), value));
        }
        Ok(PhpArray(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(value) = list.next_element()? {
            entries.push((None, value));
        }
        Ok(PhpArray(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_and_a_list_are_the_same_thing() {
        let read = |json| {
            let array: Option<PhpArray<'_, u8>> = serde_json::from_str(json).ok();
            array.map(|array| array.into_entries().collect::<Vec<_>>())
        };
        let entries = |keys: [&'static str; 2]| vec![(keys[0].into(), 7), (keys[1].into(), 8)];
        assert_eq!(read("[]"), Some(vec![]));
        assert_eq!(read("{}"), Some(vec![]));
        assert_eq!(read("[7,8]"), Some(entries(["0", "1"])));
        assert_eq!(read(r#"{"5":7,"2":8}"#), Some(entries(["5", "2"])));
        for other in ["null", "7", "\"\"", r#"["a"]"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
