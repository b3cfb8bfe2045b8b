//! The words of the protocol, one table per vocabulary.

mod enums;
mod masks;
mod operation;
mod reason;
mod table;
mod tag;
mod version;
mod words;

pub(crate) use self::words::{Words, is_same, tag_of, words_of, words_of_attribute};
pub use self::{
    enums::*,
    masks::*,
    operation::OperationCode,
    reason::{ResultReason, ResultStatus},
    tag::Tag,
    version::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, V3_0, Version},
};
