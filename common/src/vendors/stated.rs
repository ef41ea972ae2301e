//! What lists of labels state. A document has hundreds of dishes and some dozens of lists, letter for
//! letter the same: each of them is read once.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::tags::Tags;

/// Lists of one kind, by their text.
pub(super) struct Stated<'a> {
    read: fn(&str) -> Option<Tags>,
    known: BTreeMap<&'a str, Option<Tags>>,
}

impl<'a> Stated<'a> {
    /// Lists that are read so: `None` if any value has a wrong type.
    pub(super) const fn by(read: fn(&str) -> Option<Tags>) -> Self {
        Self { read, known: BTreeMap::new() }
    }

    /// What a list states; nothing if there is none.
    pub(super) fn tags(&mut self, list: Option<&'a RawValue>) -> Option<Tags> {
        let Some(list) = list.map(RawValue::get) else { return Some(Tags::new()) };
        self.known.entry(list).or_insert_with(|| (self.read)(list)).clone()
    }
}
