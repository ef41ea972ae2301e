//! What a dish states: lists of labels, each answered with "Yes" or, nearly always, "No".

use serde_json::value::RawValue;

use super::xml::OneOrMany;
use crate::tags::Tags;
use crate::vendors::{keyed::keyed, loose::Text, stated::Stated};

/// The lists of a feed.
pub(super) struct Labels<'a> {
    allergens: Stated<'a>,
    others: Stated<'a>,
}

impl Default for Labels<'_> {
    fn default() -> Self {
        Self {
            allergens: Stated::by(|list, ()| read(list, Tags::add_contains)),
            others: Stated::by(|list, ()| read(list, Tags::add_label)),
        }
    }
}

impl<'a> Labels<'a> {
    /// What a dish's lists state: its allergens, and others. `None` if any value has a wrong type.
    pub(super) fn tags(
        &mut self,
        allergens: Option<&'a RawValue>,
        others: [Option<&'a RawValue>; 2],
    ) -> Option<Tags> {
        let mut tags = self.allergens.tags(allergens.map(RawValue::get), ())?;
        for list in others {
            tags.join(self.others.tags(list.map(RawValue::get), ())?);
        }
        Some(tags)
    }
}

#[derive(Default)]
struct Choices<'a> {
    choice: OneOrMany<Choice<'a>>,
}

keyed!(Choices<'a> { "allergen" => choice, "dietaryChoice" => choice });

#[derive(Default)]
struct Choice<'a> {
    label: Text<'a>,
    answer: Text<'a>,
}

keyed!(Choice<'a> { "@id" => label, "#text" => answer });

/// The labels with "Yes".
fn read(list: &str, add: impl Fn(&mut Tags, &str) -> bool) -> Option<Tags> {
    let lists: OneOrMany<Choices<'_>> = serde_json::from_str(list).ok()?;
    let mut wrong = lists.wrong;
    let mut tags = Tags::new();
    for Choices { choice } in &lists.items {
        wrong += choice.wrong;
        for Choice { label, answer } in &choice.items {
            let label = label.read()?;
            answer.read()?;
            if answer.says("yes") {
                add(&mut tags, label);
            }
        }
    }
    (wrong == 0).then_some(tags)
}
