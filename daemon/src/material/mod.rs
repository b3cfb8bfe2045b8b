//! Key blocks of the wire ↔ material of the HSM layer: every format in, every format out.

mod import;
mod release;

pub(crate) use self::{
    import::{private_key, public_key, secret_data, symmetric_key},
    release::{compress, default_format, key_block, wrapped_key_block},
};

use kmip::{KeyFormatType, mechanism::KeySpec, object::KeyBlock};

use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// The refusal of a format.
fn format_not_served(_: KeyFormatType) -> Error {
    Error::new(
        Fault::KeyFormatNotServed,
        "this key format type is not served for this object",
    )
}

/// The refusal of a key block whose material is not what its format says.
fn malformed() -> Error {
    Error::invalid_field("the key material is not what its key format type says")
}

/// Whether a Cryptographic Length is that of a kind of key; of DES, some count the bits of parity too.
pub(crate) fn is_length_of(length: i32, spec: KeySpec) -> bool {
    let with_parity = spec.secret_bytes().saturating_mul(8);
    length == i32::from(spec.bits())
        // No standard says yet what the length of these is.
        || matches!(spec, KeySpec::PostQuantum(_))
        || (!spec.is_asymmetric() && usize::try_from(length) == Ok(with_parity))
}

/// A key block's length, where it names one, must be the key's.
fn check_length(block: &KeyBlock, spec: KeySpec) -> Result<()> {
    match block.cryptographic_length {
        Some(length) if !is_length_of(length, spec) => Err(Error::invalid_field(
            "the cryptographic length is not that of the key material",
        )),
        _ => Ok(()),
    }
}
