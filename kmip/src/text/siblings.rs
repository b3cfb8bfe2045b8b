//! What stood before in the same structure: the value of a 1.x attribute is spelled by the attribute's name.

use crate::{
    Tag,
    vocabulary::{Words, words_of, words_of_attribute},
};

/// The names seen so far in one structure.
#[derive(Default)]
pub(super) struct Siblings {
    attribute: Option<Words>,
}

impl Siblings {
    /// The words of an enumeration or a mask that stands here.
    pub(super) fn words_of(&self, tag: Tag) -> Option<Words> {
        if tag == Tag::AttributeValue {
            self.attribute
        } else {
            words_of(tag)
        }
    }

    /// Notes a Text String that was read or written.
    pub(super) fn note(&mut self, tag: Tag, text: &str) {
        if tag == Tag::AttributeName {
            self.attribute = words_of_attribute(text);
        }
    }
}
