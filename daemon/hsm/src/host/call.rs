//! The calls there are: the functions of [`crate::Hsm`] and of [`crate::Stream`], each by its number.

use kmip::Buffer;

use super::wire::{Broken, Put, Reader, Take, wire};
use crate::Error;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Generate,
    Import,
    Export,
    Destroy,
    Random,
    Seed,
    Seal,
    Open,
    Sign,
    Encrypt,
    Decrypt,
    Begin,
    Update,
    Finish,
    Forget,
    Mac,
    Derive,
    Decapsulate,
    Health,
    SelfTest,
    Abandon,
    ForeignKeys,
    Adopt,
    Departure,
    Transport,
    WrapFor,
    Unwrap,
    Memory,
    Answer,
    House,
    Holds,
}

wire! {
    enum Call {
        1 = Generate,
        2 = Import,
        3 = Export,
        4 = Destroy,
        5 = Random,
        6 = Seed,
        7 = Seal,
        8 = Open,
        9 = Sign,
        10 = Encrypt,
        11 = Decrypt,
        12 = Begin,
        13 = Update,
        14 = Finish,
        15 = Forget,
        16 = Mac,
        17 = Derive,
        18 = Decapsulate,
        19 = Health,
        20 = SelfTest,
        21 = Abandon,
        22 = ForeignKeys,
        23 = Adopt,
        24 = Departure,
        25 = Transport,
        26 = WrapFor,
        27 = Unwrap,
        28 = Memory,
        29 = Answer,
        30 = House,
        31 = Holds,
    }
}

/// An answer: a value, or the HSM's error.
impl<T: Put> Put for Result<T, Error> {
    fn put(&self, out: &mut Buffer) {
        match self {
            Ok(value) => (true, value).put(out),
            Err(error) => (false, error).put(out),
        }
    }
}

impl<'a, T: Take<'a>> Take<'a> for Result<T, Error> {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        Ok(if from.take()? {
            Ok(from.take()?)
        } else {
            Err(from.take()?)
        })
    }
}
