//! Hash functions, computed here: a digest or a digesting mechanism costs no round trip per part.

use kmip::mechanism::Hash;
use sha1::Sha1;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

macro_rules! hashers {
    ($($name:ident = $type:ty;)*) => {
        /// A hash function that has taken some input.
        #[derive(Clone)]
        pub(crate) enum Hasher {
            $($name(Box<$type>),)*
        }

        impl Hasher {
            /// The hash function before any input.
            pub(crate) fn new(hash: Hash) -> Self {
                match hash { $(Hash::$name => Self::$name(Box::default()),)* }
            }

            /// Takes more input.
            pub(crate) fn update(&mut self, part: &[u8]) {
                match self { $(Self::$name(own) => own.update(part),)* }
            }

            /// What it has taken, so that it can go on another time.
            pub(crate) fn save(&self) -> Vec<u8> {
                match self { $(Self::$name(own) => own.serialize().to_vec(),)* }
            }

            /// One that goes on from what was saved; `None` of what is no such state.
            pub(crate) fn restored(hash: Hash, saved: &[u8]) -> Option<Self> {
                match hash { $(Hash::$name => {
                    let saved = SerializedState::<$type>::try_from(saved).ok()?;
                    <$type>::deserialize(&saved).ok().map(Box::new).map(Self::$name)
                })* }
            }

            /// The digest.
            pub(crate) fn finish(self) -> Vec<u8> {
                match self { $(Self::$name(own) => own.finalize().to_vec(),)* }
            }
        }
    };
}

hashers! {
    Sha1 = Sha1;
    Sha224 = Sha224;
    Sha256 = Sha256;
    Sha384 = Sha384;
    Sha512 = Sha512;
    Sha3_224 = Sha3_224;
    Sha3_256 = Sha3_256;
    Sha3_384 = Sha3_384;
    Sha3_512 = Sha3_512;
    Sha512_224 = Sha512_224;
    Sha512_256 = Sha512_256;
}

/// The digest of parts that stand one behind the other.
pub(crate) fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = Hasher::new(hash);
    for part in parts {
        hasher.update(part);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hasher_goes_on_from_what_was_saved() {
        for hash in Hash::ALL {
            let mut hasher = Hasher::new(*hash);
            hasher.update(&[7; 201]);
            let saved = hasher.save();
            let mut again = Hasher::restored(*hash, &saved).unwrap();
            again.update(b"abc");
            assert_eq!(again.finish(), digest(*hash, &[&[7; 201], b"abc"]));
            let (_, short) = saved.split_first().unwrap();
            assert!(Hasher::restored(*hash, short).is_none());
        }
    }

    #[test]
    fn digests_are_as_long_as_they_should_be_and_right() {
        for hash in Hash::ALL {
            assert_eq!(digest(*hash, &[b"abc"]).len(), hash.digest_bytes());
        }
        // FIPS 180-4 and FIPS 202, the examples for "abc".
        assert!(digest(Hash::Sha256, &[b"a", b"bc"]).starts_with(&[0xBA, 0x78, 0x16, 0xBF]));
        assert!(digest(Hash::Sha3_256, &[b"abc"]).starts_with(&[0x3A, 0x98, 0x5D, 0xA7]));
        assert!(digest(Hash::Sha1, &[b"abc"]).starts_with(&[0xA9, 0x99, 0x3E, 0x36]));
    }
}
