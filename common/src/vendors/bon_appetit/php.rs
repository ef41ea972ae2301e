//! PHP's arrays in JSON, where being empty or having a gap changes the type.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// An array as PHP writes it, in its order: an object; or a list when it is empty or its keys are
/// 0, 1, 2 …. A list with a gap in its keys is an object again.
#[derive(Debug)]
pub(super) struct PhpArray<T>(Vec<(String, T)>);

impl<T> PhpArray<T> {
    /// With the keys, which are text.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (String, T)> {
        self.0.into_iter()
    }

    /// Without the keys.
    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.0.into_iter().map(|(_, value)| value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PhpArray<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// Takes the object and the list alike.
struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = PhpArray<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(PhpArray(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(value) = list.next_element()? {
            entries.push((entries.len().to_string(), value));
        }
        Ok(PhpArray(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_and_a_list_are_the_same_thing() {
        let read = |json| serde_json::from_str::<PhpArray<u8>>(json).ok().map(|array| array.0);
        let entries = |keys: [&str; 2]| vec![(keys[0].to_owned(), 7), (keys[1].to_owned(), 8)];
        assert_eq!(read("[]"), Some(vec![]));
        assert_eq!(read("{}"), Some(vec![]));
        assert_eq!(read("[7,8]"), Some(entries(["0", "1"])));
        assert_eq!(read(r#"{"5":7,"2":8}"#), Some(entries(["5", "2"])));
        for other in ["null", "7", "\"\"", r#"["a"]"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
