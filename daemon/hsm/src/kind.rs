//! The kind of a key in four bytes: what it is, of which hash, curve or algorithm, and its bits. These numbers are for ever.
//!
//! Hashes, curves and post-quantum algorithms have the places of their tables, which only grow at their ends. What the
//! embedded HSM seals counts the places from one, what refers to keys of modules from zero.

use kmip::mechanism::{Curve, Hash, Kept, KeySpec, PostQuantum};

/// The bytes of a kind; `first` is the number of the first place.
pub(crate) fn to_bytes(spec: KeySpec, first: u8) -> [u8; 4] {
    let (kind, of) = match spec {
        KeySpec::Aes { .. } => (1, 0),
        KeySpec::Hmac { hash, .. } => (2, place(Hash::ALL, &hash, first)),
        KeySpec::Rsa { .. } => (3, 0),
        KeySpec::Ec(curve) => (4, place(Curve::ALL, &curve, first)),
        KeySpec::TripleDes { .. } => (5, 0),
        KeySpec::ChaCha20 => (6, 0),
        KeySpec::ChaCha20Poly1305 => (6, 1),
        KeySpec::Kept { algorithm, .. } => (7, algorithm.number()),
        KeySpec::Dsa { order_bits, .. } => (8, u8::try_from(order_bits / 8).unwrap_or_default()),
        KeySpec::Dh { .. } => (9, 0),
        KeySpec::PostQuantum(algorithm) => (10, place(PostQuantum::ALL, &algorithm, first)),
    };
    let [high, low] = spec.bits().to_be_bytes();
    [kind, of, high, low]
}

/// The kind of bytes, if they are of one.
pub(crate) fn from_bytes([kind, of, high, low]: [u8; 4], first: u8) -> Option<KeySpec> {
    let bits = u16::from_be_bytes([high, low]);
    match (kind, of) {
        (1, 0) => Some(KeySpec::Aes { bits }),
        (2, _) => at(Hash::ALL, of, first).map(|hash| KeySpec::Hmac { hash, bits }),
        (3, 0) => Some(KeySpec::Rsa { bits }),
        (4, _) => at(Curve::ALL, of, first).map(KeySpec::Ec),
        (5, 0) => Some(KeySpec::TripleDes { bits }),
        (6, 0) => Some(KeySpec::ChaCha20),
        (6, 1) => Some(KeySpec::ChaCha20Poly1305),
        (7, _) => {
            let kept = Kept::ALL.iter().find(|kept| kept.number() == of);
            kept.map(|algorithm| KeySpec::Kept {
                algorithm: *algorithm,
                bits,
            })
        }
        (8, _) => Some(KeySpec::Dsa {
            bits,
            order_bits: u16::from(of) * 8,
        }),
        (9, 0) => Some(KeySpec::Dh { bits }),
        (10, _) => at(PostQuantum::ALL, of, first).map(KeySpec::PostQuantum),
        _ => None,
    }
}

/// The number of an entry; every table is short.
fn place<T: PartialEq>(table: &[T], wanted: &T, first: u8) -> u8 {
    let place = table.iter().position(|entry| entry == wanted);
    place
        .and_then(|place| u8::try_from(place).ok())
        .map_or(u8::MAX, |place| place.saturating_add(first))
}

fn at<T: Copy>(table: &[T], number: u8, first: u8) -> Option<T> {
    table.get(usize::from(number.checked_sub(first)?)).copied()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A key of every kind.
    pub(crate) fn specs() -> Vec<KeySpec> {
        let mut specs = vec![KeySpec::Aes { bits: 256 }, KeySpec::Rsa { bits: 3072 }];
        specs.extend(Hash::ALL.iter().map(|hash| KeySpec::Hmac {
            hash: *hash,
            bits: 512,
        }));
        specs.extend(Curve::ALL.iter().map(|curve| KeySpec::Ec(*curve)));
        specs.extend([112, 168].map(|bits| KeySpec::TripleDes { bits }));
        specs.extend([KeySpec::ChaCha20, KeySpec::ChaCha20Poly1305]);
        specs.extend(Kept::ALL.iter().map(|algorithm| KeySpec::Kept {
            algorithm: *algorithm,
            bits: algorithm.default_bits(),
        }));
        specs.extend(PostQuantum::ALL.iter().copied().map(KeySpec::PostQuantum));
        specs.extend([160, 224, 256].map(|order_bits| KeySpec::Dsa {
            bits: 2048,
            order_bits,
        }));
        specs.push(KeySpec::Dh { bits: 2048 });
        specs
    }

    #[test]
    fn every_kind_of_key_has_its_own_bytes() {
        for first in [0, 1] {
            for spec in specs() {
                assert_eq!(from_bytes(to_bytes(spec, first), first), Some(spec));
            }
            assert_eq!(from_bytes([99, 0, 0, 0], first), None);
            assert_eq!(from_bytes([4, 99, 0, 0], first), None);
        }
        assert_eq!(from_bytes([10, 0, 0, 0], 1), None);
    }

    /// What was kept long ago says these numbers.
    #[test]
    fn numbers_stay() {
        let named = |spec: KeySpec| to_bytes(spec, 1)[1];
        for (number, hash) in [
            (1, Hash::Sha1),
            (3, Hash::Sha256),
            (9, Hash::Sha3_512),
            (11, Hash::Sha512_256),
        ] {
            assert_eq!(named(KeySpec::Hmac { hash, bits: 256 }), number);
        }
        for (number, curve) in [
            (1, Curve::P256),
            (5, Curve::Ed25519),
            (10, Curve::P224),
            (24, Curve::BrainpoolP512t1),
        ] {
            assert_eq!(named(KeySpec::Ec(curve)), number);
        }
        for (number, algorithm) in [
            (1, PostQuantum::MlKem512),
            (4, PostQuantum::MlDsa44),
            (18, PostQuantum::SlhDsaShake256f),
        ] {
            assert_eq!(named(KeySpec::PostQuantum(algorithm)), number);
        }
    }
}
