//! Objects of which only some values are kept, by their names. Of a name that is there twice the last value
//! counts, as for nearly every reader of JSON (RFC 8259, 4, leaves it open): one careless dish must not cost a
//! document. What `serde` derives fails there, so this is not derived.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// An object whose values are taken one by one.
pub(super) trait Keyed<'de>: Default {
    /// Takes the value of this name; tells whether it wants it.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, object: &mut A) -> Result<bool, A::Error>;

    /// A name without which it is no such object, and which was not there.
    fn missing(&self) -> Option<&'static str> {
        None
    }
}

/// Which values an object keeps, and `serde`'s way to read it.
macro_rules! keyed {
    ($object:ident $(<$a:lifetime>)? { $($name:literal => $field:ident),+ $(,)? } $(needs $needed:ident as $its_name:literal)?) => {
        impl<'de $(: $a, $a)?> $crate::vendors::keyed::Keyed<'de> for $object $(<$a>)? {
            fn take<A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                object: &mut A,
            ) -> Result<bool, A::Error> {
                match name {
                    $($name => self.$field = object.next_value()?,)+
                    _ => return Ok(false),
                }
                Ok(true)
            }

            $(fn missing(&self) -> Option<&'static str> {
                self.$needed.or($its_name)
            })?
        }

        impl<'de $(: $a, $a)?> serde::Deserialize<'de> for $object $(<$a>)? {
            fn deserialize<D: serde::Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
                json.deserialize_map($crate::vendors::keyed::Take::default())
            }
        }
    };
}
pub(super) use keyed;

/// Reads one.
pub(super) struct Take<T>(PhantomData<T>);

impl<T> Default for Take<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Keyed<'de>> Visitor<'de> for Take<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<T, A::Error> {
        let mut taken = T::default();
        while let Some(Name(name)) = object.next_key()? {
            if !taken.take(&name, &mut object)? {
                object.next_value::<IgnoredAny>()?;
            }
        }
        taken.missing().map_or(Ok(taken), |name| Err(Error::missing_field(name)))
    }
}

/// A name, borrowed where it is written plainly.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A value without which an object is none.
#[derive(Default)]
pub(super) enum Given<T> {
    Is(T),
    #[default]
    Not,
}

impl<T: Default> Given<T> {
    pub(super) fn get(self) -> T {
        match self {
            Self::Is(value) => value,
            Self::Not => T::default(),
        }
    }

    /// Its name, if it was not there.
    pub(super) fn or(&self, name: &'static str) -> Option<&'static str> {
        matches!(self, Self::Not).then_some(name)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        T::deserialize(json).map(Self::Is)
    }
}
