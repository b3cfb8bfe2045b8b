//! Whether a list of capabilities has something: rows with the usual lengths stand for all.

use kmip::mechanism::{Cipher, KeySpec, Signing};

/// One row with the usual length stands for every length of HMAC key from there on.
pub(crate) fn key(listed: &[KeySpec], spec: KeySpec) -> bool {
    listed.iter().any(|row| match (*row, spec) {
        (KeySpec::Hmac { hash, bits: least }, KeySpec::Hmac { hash: wanted, bits }) => {
            hash == wanted && (least..=HMAC_BITS_MAX).contains(&bits) && bits.is_multiple_of(8)
        }
        (row, spec) => row == spec,
    })
}

/// One row with the usual length stands for every salt.
pub(crate) fn signing(listed: &[Signing], mechanism: Signing) -> bool {
    let usual = |signing| match signing {
        Signing::RsaPss {
            hash, mask_hash, ..
        } => Signing::RsaPss {
            hash,
            mask_hash,
            salt_bytes: 0,
        },
        other => other,
    };
    listed.iter().any(|row| usual(*row) == usual(mechanism))
}

/// One row without a label stands for every label.
pub(crate) fn cipher(listed: &[Cipher], cipher: &Cipher) -> bool {
    listed.iter().any(|row| match (row, cipher) {
        (
            Cipher::RsaOaep {
                hash, mask_hash, ..
            },
            Cipher::RsaOaep {
                hash: wanted,
                mask_hash: wanted_mask,
                ..
            },
        ) => (hash, mask_hash) == (wanted, wanted_mask),
        (row, cipher) => row == cipher,
    })
}

/// What every module tried takes.
const HMAC_BITS_MAX: u16 = 4096;
