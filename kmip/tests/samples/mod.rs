//! Values of every structure, made from bytes: fully filled ones for the tables, random ones for the round trips.

mod cases;
mod fields;
mod seeds;
mod values;

use kmip::Version;

pub(crate) use self::{
    cases::{Case, Table, payloads, structures},
    fields::attribute,
    seeds::{request, seeds},
};

/// Where the choices come from: given bytes first, then zeros (everything absent) or a counter (everything present).
pub(crate) struct Source<'a> {
    given: std::slice::Iter<'a, u8>,
    full: bool,
    counter: u8,
    pub(crate) version: Version,
}

impl<'a> Source<'a> {
    /// Values of which each option is present and each vector has two elements.
    pub(crate) fn full(version: Version) -> Self {
        Self {
            given: [].iter(),
            full: true,
            counter: 0,
            version,
        }
    }

    /// Values as the bytes choose.
    pub(crate) fn chosen(bytes: &'a [u8], version: Version) -> Self {
        Self {
            given: bytes.iter(),
            full: false,
            counter: 0,
            version,
        }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.counter = self.counter.wrapping_add(u8::from(self.full));
        self.given.next().copied().unwrap_or(self.counter)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    fn present(&mut self) -> bool {
        self.full || self.byte() & 1 == 1
    }

    fn vector<T: Make>(&mut self) -> Vec<T> {
        let count = if self.full { 2 } else { self.below(4) };
        (0..count).map(|_| T::make(self)).collect()
    }
}

/// A value made from a source, such that writing and reading in the source's version brings it back.
pub(crate) trait Make: Sized {
    fn make(source: &mut Source<'_>) -> Self;
}

impl<T: Make> Make for Option<T> {
    fn make(source: &mut Source<'_>) -> Self {
        source.present().then(|| T::make(source))
    }
}

impl<T: Make> Make for Box<T> {
    fn make(source: &mut Source<'_>) -> Self {
        Self::new(T::make(source))
    }
}

impl<T: Make> Make for Vec<T> {
    fn make(source: &mut Source<'_>) -> Self {
        source.vector()
    }
}
