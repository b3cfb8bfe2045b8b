//! Signatures and MACs of locked keys.

use kmip::mechanism::{KeySpec, Mac, Signing};

use super::{
    error::Result,
    mechanism::{self, Task},
    raw::{Mechanism, Parameter, Step},
    seat::{Loaded, Seat},
};
use crate::{Error, Input, soft::rsa};

/// Signs, and verifies what an RSA key signed before it leaves.
pub(super) fn sign(
    seat: &Seat,
    key: &Loaded,
    spec: KeySpec,
    signing: Signing,
    input: Input<'_>,
) -> Result<Vec<u8>> {
    let task = Task::new(spec, signing, input)?;
    let signature = seat.library.raw.run(
        &seat.session,
        Step::Sign,
        task.mechanism,
        key.handle,
        task.block(),
        task.signature_bytes,
    )?;
    if signature.len() != task.signature_bytes {
        return Err(Error::Failed("the module gave a signature of a wrong length".into()).into());
    }
    // Boneh, DeMillo, Lipton: one wrong CRT signature gives the key away. HSMs are no exception, and verifying is cheap.
    if let Some(public) = &key.rsa
        && !rsa::verify(public, signing, task.digest.as_ref(), &signature)?
    {
        return Err(Error::Failed(
            "the module gave an RSA signature that does not verify; it was held back, look at the device".into(),
        )
        .into());
    }
    Ok(signature)
}

/// The whole MAC of a message.
pub(super) fn mac(
    seat: &Seat,
    key: &Loaded,
    spec: KeySpec,
    mac: Mac,
    message: &[u8],
) -> Result<Vec<u8>> {
    if !mechanism::makes(spec, mac) {
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
