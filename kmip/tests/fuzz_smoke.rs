//! The fuzz targets on the stable compiler: random bytes, mutated messages, random attributes.

use kmip::{Tag, V1_4, V2_1, text::Encoding, ttlv::Writer};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    captures::captures,
    fuzz,
    samples::{Make, Source},
};

/// One change of a message.
#[derive(Clone, Debug)]
enum Mutation {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    Repeat(Index, u8),
    Length(Index, u32),
    Swap(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = || any::<Index>();
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, value)| Mutation::Set(at, value)),
        (at(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), vec(any::<u8>(), 1..16)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (at(), 1..24u8).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (at(), 1..64u8).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        (at(), prop_oneof![0..64u32, any::<u32>()])
            .prop_map(|(at, length)| Mutation::Length(at, length)),
        (at(), at()).prop_map(|(one, other)| Mutation::Swap(one, other)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    // Items begin at multiples of eight, and so do most changes that get far.
    let words = |at: &Index, bytes: &[u8]| at.index(bytes.len().div_ceil(8)) * 8;
    match mutation {
        Mutation::Set(at, value) => {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        Mutation::Flip(at, bit) => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Mutation::Insert(at, more) => {
            let at = words(at, bytes);
            bytes.splice(at..at, more.iter().copied());
        }
        Mutation::Remove(at, count) => {
            let at = words(at, bytes);
            let end = (at + usize::from(*count)).min(bytes.len());
            bytes.drain(at..end);
        }
        Mutation::Repeat(at, count) => {
            let at = words(at, bytes);
            let end = (at + usize::from(*count) * 8).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        Mutation::Length(at, length) => {
            let at = words(at, bytes);
            if let Some(place) = bytes.get_mut(at + 4..at + 8) {
                place.copy_from_slice(&length.to_be_bytes());
            }
        }
        Mutation::Swap(one, other) => {
            let (one, other) = (words(one, bytes), words(other, bytes));
            for offset in 0..8 {
                if one.max(other) + offset < bytes.len() {
                    bytes.swap(one + offset, other + offset);
                }
            }
        }
    }
}

fn every_target(bytes: &[u8]) {
    fuzz::decode(bytes);
    fuzz::frame(bytes);
    fuzz::attributes(bytes);
    fuzz::message(bytes);
    fuzz::as_texts(bytes);
    fuzz::xml(bytes);
    fuzz::json(bytes);
}

/// Bytes behind the header of a message, with lengths that fit.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(V2_1);
    writer.structure(Tag::RequestMessage, |writer| writer.encoded(bytes));
    writer.bytes().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8000))]

    #[test]
    fn random_bytes(bytes in vec(any::<u8>(), 0..300)) {
        every_target(&bytes);
        every_target(&framed(&bytes));
    }

    #[test]
    fn mutated_messages(which in any::<Index>(), mutations in vec(mutation(), 1..8)) {
        let captures = captures_once();
        let mut bytes = captures[which.index(captures.len())].clone();
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        every_target(&bytes);
        // Mostly the outermost length is wrong by now; with the right one the reader gets further.
        if let Some(body) = bytes.len().checked_sub(8) {
            bytes[4..8].copy_from_slice(&u32::try_from(body).unwrap().to_be_bytes());
            every_target(&bytes);
        }
    }

    #[test]
    fn mutated_texts(which in any::<Index>(), mutations in vec(mutation(), 1..8)) {
        let captures = captures_once();
        for encoding in [Encoding::Xml, Encoding::Json] {
            let mut bytes = encoding.write(&captures[which.index(captures.len())]).unwrap().to_vec();
            for mutation in &mutations {
                mutate(&mut bytes, mutation);
            }
            fuzz::text(&bytes, encoding);
        }
    }

    #[test]
    fn mutated_attributes(seed in vec(any::<u8>(), 0..200), mutations in vec(mutation(), 0..4)) {
        for version in [V1_4, V2_1] {
            let mut source = Source::chosen(&seed, version);
            let mut record = kmip::attribute::Attributes::default();
            for _ in 0..source.below(8) {
                // A second value of a single-instance attribute is refused, and that is fine.
                let _ = record.add(Make::make(&mut source));
            }
            let mut bytes = record.to_stored();
            for mutation in &mutations {
                mutate(&mut bytes, mutation);
            }
            fuzz::attributes(&bytes);
        }
    }
}

/// The recorded messages, read from disk once.
fn captures_once() -> &'static [Vec<u8>] {
    static CAPTURES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
        captures()
            .into_iter()
            .map(|capture| capture.bytes)
            .collect()
    });
    &CAPTURES
}
