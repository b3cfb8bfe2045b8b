//! Keys that go into a derivation beside its base, and blocks of SP 800-108 that are not as KMIP has them, against what
//! another implementation computed.

use hsm::{Base, Deriving, Error};
use kmip::{
    Secret,
    mechanism::{Block, BlockPart, Counter, Derivation, Hash, Prf},
};

use crate::{
    backends,
    derivation::{data, exportable, how},
};

/// A function, the parts of its blocks, the bytes of its counter and whether they are little-endian, and what comes of it.
type Case = (Derivation, Vec<BlockPart>, u8, bool, &'static str);

/// Computed by Python's `hmac`: counters of one and two bytes, in other places than KMIP has them, and a key between.
fn cases() -> [Case; 6] {
    use BlockPart::{Counter as Count, Data, Iteration, Key};
    let prf = Prf::Hmac(Hash::Sha256);
    let between = || vec![Data(5), Count, Data(1), Key, Iteration, Data(7)];
    let narrow = || vec![Iteration, Data(13)];
    let of_counter = vec![Data(5), Iteration, Data(1), Key, Data(7)];
    [
        (
            Derivation::Counter(prf),
            of_counter,
            2,
            true,
            "e3736e141a5814f8e29e1be322add95faa4f61db5965becbfb82754f1c2a99c37559882086ba0c74",
        ),
        (
            Derivation::Counter(prf),
            narrow(),
            1,
            false,
            "4bd3daf42359d2678ec6cdcb6e4090219a69a2cc31cafb17e9fc8f76972668db13c99b89b347bf7d",
        ),
        (
            Derivation::Feedback(prf),
            between(),
            2,
            true,
            "4b18a526606ed850cd0cb6e400704a40de7b48cb64a2596cdec2ded9f2dcf640be529981c1528f19",
        ),
        (
            Derivation::Feedback(prf),
            narrow(),
            1,
            false,
            "b4b28a4e346cb82086a08af672abe9908439551f1225b7be5104eb4f486f3939c4284a7ca7a554dc",
        ),
        (
            Derivation::DoublePipeline(prf),
            between(),
            2,
            true,
            "fa9aec2a313bad162265f9480830d12118f136317ecd6b67ea600df014a924a53193a88dc830dce0",
        ),
        (
            Derivation::DoublePipeline(prf),
            narrow(),
            1,
            false,
            "7f73671b4e6c312d6c6e7e41af209da1bfc2e510bdd4a9f7e9f51e5b8f617ae011401b5e6fc08647",
        ),
    ]
}

#[test]
fn blocks_are_made_of_the_parts_that_are_asked_for() {
    let key: Vec<u8> = (0..32).collect();
    let iv: Vec<u8> = (32..64).collect();
    for (mechanism, parts, bytes, is_little_endian, expected) in cases() {
        let block = Block {
            counter: Counter {
                bytes,
                is_little_endian,
            },
            parts,
        };
        for (name, hsm) in backends() {
            let has_key = block.parts.contains(&BlockPart::Key);
            let keys = vec![exportable(hsm.as_ref(), &[6; 16]); usize::from(has_key)];
            let with = Deriving {
                data: b"label\0context",
                iv: matches!(mechanism, Derivation::Feedback(_)).then_some(&iv),
                keys: &keys,
                block: Some(&block),
                ..how(&mechanism)
            };
            let base = Secret::from(&key[..]);
            let derived = data(hsm.as_ref(), Base::Bytes(&base), with, 40).map(hex::encode);
            assert_eq!(
                derived,
                Ok(expected.to_owned()),
                "{name} {mechanism} {block:?}"
            );
        }
    }
}

#[test]
fn a_block_that_does_not_fit_is_no_derivation() {
    let block = |bytes, parts: &[BlockPart]| Block {
        counter: Counter {
            bytes,
            is_little_endian: false,
        },
        parts: parts.to_vec(),
    };
    let counter = Derivation::Counter(Prf::Hmac(Hash::Sha256));
    let hkdf = Derivation::Hkdf(Hash::Sha256);
    let narrow = block(1, &[BlockPart::Iteration]);
    let base = Secret::from(&[5; 32][..]);
    for (name, hsm) in backends() {
        let derive = |mechanism, block: &Block, data_given: &[u8], bytes| {
            let how = Deriving {
                block: Some(block),
                data: data_given,
                ..how(mechanism)
            };
            data(hsm.as_ref(), Base::Bytes(&base), how, bytes)
        };
        // 255 blocks of 32 bytes, and no more.
        assert!(derive(&counter, &narrow, b"", 8160).is_ok(), "{name}");
        for (mechanism, block, given, bytes) in [
            (&counter, &narrow, &b""[..], 8161),
            (&counter, &narrow, b"more", 32),
            (
                &counter,
                &block(4, &[BlockPart::Iteration, BlockPart::Key]),
                b"",
                32,
            ),
            (&counter, &block(4, &[]), b"", 32),
            (&counter, &block(0, &[BlockPart::Iteration]), b"", 32),
            (&hkdf, &narrow, b"", 32),
        ] {
            let derived = derive(mechanism, block, given, bytes);
            assert!(
                matches!(derived, Err(Error::BadInput(_))),
                "{name} {derived:?}"
            );
        }
    }
}

#[test]
fn a_salt_that_is_a_key_is_one_like_any_other() {
    let base = Secret::from(&[5; 32][..]);
    for (name, hsm) in backends() {
        let salt = exportable(hsm.as_ref(), &[6; 16]);
        for mechanism in [
            Derivation::Hkdf(Hash::Sha384),
            Derivation::HkdfExtract(Hash::Sha384),
        ] {
            let as_bytes = Deriving {
                salt: &[6; 16],
                ..how(&mechanism)
            };
            let as_key = Deriving {
                keys: std::slice::from_ref(&salt),
                ..how(&mechanism)
            };
            let derive = |how| data(hsm.as_ref(), Base::Bytes(&base), how, 48);
            assert_eq!(derive(as_key), derive(as_bytes), "{name} {mechanism}");
            assert_ne!(derive(as_key), derive(how(&mechanism)), "{name}");
        }
    }
}
