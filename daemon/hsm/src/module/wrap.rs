//! AES key wrap with a locked key: the plaintext enters and leaves as a session object of its own.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use kmip::{Secret, mechanism::Cipher};

use super::{
    error::{self, Result},
    raw::Mechanism,
    seat::{Loaded, Seat},
    template,
};
use crate::{Error, soft::engine::decryption_failed};

/// Wraps bytes.
pub(super) fn wrap(
    seat: &Seat,
    wrapping: &Loaded,
    mechanism: Mechanism<'_>,
    cipher: &Cipher,
    plain: &[u8],
) -> Result<Vec<u8>> {
    let padded = *cipher == Cipher::AesKeyWrapPadded;
    // NIST SP 800-38F §5.3.1.
    if !padded && (plain.len() < 16 || !plain.len().is_multiple_of(8)) {
        return Err(Error::BadInput("key wrap takes whole 8-byte blocks, at least two").into());
    }
    if plain.is_empty() {
        return Err(Error::BadInput("key wrap with padding takes at least one byte").into());
    }
    let mut template = guest();
    template.push(Attribute::Value(plain.to_vec()));
    let created = seat.session.create_object(&template);
    template::wipe(&mut template);
    let out_max = plain.len().next_multiple_of(8) + 8;
    with_guest(seat, created?, |guest| {
        let raw = &seat.library.raw;
        Ok(raw.wrap(&seat.session, mechanism, wrapping.handle, guest, out_max)?)
    })
}

/// Unwraps bytes.
pub(super) fn unwrap(
    seat: &Seat,
    unwrapping: &Loaded,
    mechanism: Mechanism<'_>,
    cipher: &Cipher,
    wrapped: &[u8],
) -> Result<Secret> {
    let least = if *cipher == Cipher::AesKeyWrapPadded {
        16
    } else {
        24
    };
    if wrapped.len() < least || !wrapped.len().is_multiple_of(8) {
        return Err(Error::BadInput("wrapped data is whole 8-byte blocks").into());
    }
    let guest = seat
        .library
        .raw
        .unwrap(
            &seat.session,
            mechanism,
            unwrapping.handle,
            wrapped,
            &guest(),
        )
        .map_err(error::of_decryption)?;
    with_guest(seat, guest, |guest| {
        let attributes = seat
            .session
            .get_attributes(guest, &[AttributeType::Value])?;
        attributes
            .into_iter()
            .find_map(|attribute| match attribute {
                Attribute::Value(bytes) => Some(Secret::new(bytes)),
                _ => None,
            })
            .ok_or_else(|| decryption_failed().into())
    })
}

/// The plaintext as an object: of the session, and no more secret to the caller than it is anyway.
fn guest() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}

fn with_guest<T>(
    seat: &Seat,
    guest: ObjectHandle,
    work: impl FnOnce(ObjectHandle) -> Result<T>,
) -> Result<T> {
    let outcome = work(guest);
    let destroyed = seat.session.destroy_object(guest);
    let outcome = outcome?;
    // A plaintext that stays behind in the session is a failure too.
    destroyed?;
    Ok(outcome)
}
