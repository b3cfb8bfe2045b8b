//! Signatures and MACs of locked keys.

use kmip::mechanism::{Mac, Signing};

use super::{
    error::Result,
    mechanism::{self, Task},
    raw::{Mechanism, Parameter, Step},
    seat::{Loaded, Seat},
};
use crate::{Error, Input, public};

/// Signs, and verifies what was signed before it leaves.
pub(super) fn sign(
    seat: &Seat,
    key: &Loaded,
    signing: Signing,
    input: Input<'_>,
) -> Result<Vec<u8>> {
    // Boneh, DeMillo, Lipton: one wrong CRT signature gives an RSA key away, and so do wrong ones of EC keys. HSMs are no
    // exception, and verifying is cheap.
    made(seat, key, signing, input)?.ok_or_else(|| {
        Error::Failed(
            "the module gave a signature that does not verify; it was held back, look at the device"
                .into(),
        )
        .into()
    })
}

/// Signs; nothing when the signature is wrong.
pub(super) fn made(
    seat: &Seat,
    key: &Loaded,
    signing: Signing,
    input: Input<'_>,
) -> Result<Option<Vec<u8>>> {
    let task = Task::new(key.spec, signing, input)?;
    let signature = seat.library.raw.run(
        &seat.session,
        Step::Sign,
        task.mechanism,
        key.handle,
        task.block(),
        task.signature_bytes,
    )?;
    let signed = match signing {
        Signing::Eddsa => Input::Message(task.digest.as_ref()),
        _ => Input::Digest(task.digest.as_ref()),
    };
    let is_right = signature.len() == task.signature_bytes
        && public::verify(&key.public, signing, signed, &signature)?;
    Ok(is_right.then_some(signature))
}

/// The whole MAC of a message.
pub(super) fn mac(seat: &Seat, key: &Loaded, mac: Mac, message: &[u8]) -> Result<Vec<u8>> {
    if !mechanism::makes(key.spec, mac) {
        return Err(Error::KeyTypeMismatch.into());
    }
    let mac_bytes = mechanism::mac_bytes(mac);
    let mechanism = Mechanism {
        number: mechanism::mac_number(mac).ok_or(Error::Unsupported)?,
        parameter: Parameter::None,
    };
    let tag = seat.library.raw.run(
        &seat.session,
        Step::Sign,
        mechanism,
        key.handle,
        message,
        mac_bytes,
    )?;
    if tag.len() != mac_bytes {
        return Err(Error::Failed("the module gave a MAC of a wrong length".into()).into());
    }
    Ok(tag)
}
