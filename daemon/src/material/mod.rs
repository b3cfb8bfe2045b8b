//! Key blocks of the wire ↔ material of the HSM layer: every format in, every format out.

mod import;
mod release;

pub(crate) use self::{
    import::{private_key, public_key, secret_data, symmetric_key},
    release::{default_format, key_block, wrapped_key_block},
};

use kmip::{KeyFormatType, object::KeyBlock};

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

/// A key block's length, where it names one, must be the key's.
fn check_length(block: &KeyBlock, bits: u16) -> Result<()> {
    match block.cryptographic_length {
        Some(length) if length != i32::from(bits) => Err(Error::invalid_field(
            "the cryptographic length is not that of the key material",
        )),
        _ => Ok(()),
    }
}
