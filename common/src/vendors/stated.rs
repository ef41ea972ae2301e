//! What lists of labels state. A document has hundreds of dishes and some dozens of lists, letter for
//! letter the same: each of them is read once.

use std::collections::BTreeMap;

use crate::tags::Tags;

/// Lists of one kind, by their text and by what else is said of a dish that adds to its tags.
pub(super) struct Stated<'a, M = ()> {
    read: fn(&str, M) -> Option<Tags>,
    known: BTreeMap<(M, &'a str), Option<Tags>>,
}

impl<'a, M: Copy + Ord> Stated<'a, M> {
    /// Lists that are read so: `None` if any value has a wrong type.
    pub(super) const fn by(read: fn(&str, M) -> Option<Tags>) -> Self {
        Self { read, known: BTreeMap::new() }
    }

    /// What a list, if there is one, and those marks state.
    pub(super) fn tags(&mut self, list: Option<&'a str>, marks: M) -> Option<Tags> {
        let list = list.unwrap_or("[]");
        self.known.entry((marks, list)).or_insert_with(|| (self.read)(list, marks)).clone()
    }
}
