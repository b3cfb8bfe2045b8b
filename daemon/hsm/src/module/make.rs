//! Making locked keys: generated in the token, or taken over into it; and taking them out of it again.

use cryptoki::object::ObjectHandle;
use kmip::{CryptographicUsageMask as Usage, mechanism::KeySpec};

use super::{
    error::{Cure, Fault, Result},
    reference::TokenKey,
    seat::Seat,
    spki,
    template::{self, Home},
};
use crate::Material;

/// Generates a secret key.
pub(super) fn secret(
    seat: &Seat,
    spec: KeySpec,
    usage: Usage,
    home: Home<'_>,
) -> Result<ObjectHandle> {
    let mut template = template::locked(spec, usage, home);
    template.extend(template::secret_size(spec));
    let generation = template::row(spec).generation;
    Ok(seat.session.generate_key(&generation, &template)?)
}

/// Generates a key pair; of the public half only the encoding is kept.
pub(super) fn pair(
    seat: &Seat,
    spec: KeySpec,
    usage: Usage,
    home: Home<'_>,
) -> Result<(ObjectHandle, Vec<u8>)> {
    let (public, private) = seat.session.generate_key_pair(
        &template::row(spec).generation,
        &template::public(spec),
        &template::locked(spec, usage, home),
    )?;
    let read = spki::read(&seat.session, public, spec);
    // A session object that stays is gone with the session; the pair is good without this.
    drop(seat.session.destroy_object(public));
    match read {
        Ok(der) => Ok((private, der)),
        Err(fault) => {
            // Nothing is kept that no reference names.
            seat.session.destroy_object(private)?;
            Err(fault)
        }
    }
}

/// Takes a key over that was validated before.
pub(super) fn import(
    seat: &Seat,
    material: &Material,
    usage: Usage,
    home: Home<'_>,
) -> Result<ObjectHandle> {
    let (Material::Secret { spec, .. } | Material::Private { spec, .. }) = material;
    let mut template = template::locked(*spec, usage, home);
    template.extend(template::numbers(material)?);
    let created = seat.session.create_object(&template);
    template::wipe(&mut template);
    Ok(created?)
}

/// Takes every object of a key out of the token, and says whether there was any; that there is none is no error while the
/// token is there.
pub(super) fn unmake(seat: &Seat, key: &TokenKey<'_>) -> Result<bool> {
    let found = seat.find(&key.search())?;
    if found.is_empty() {
        return if seat.is_alive() {
            Ok(false)
        } else {
            Err(Fault::lost("the token has lost its objects"))
        };
    }
    let mut is_doubtful = false;
    for handle in found {
        match seat.session.destroy_object(handle).map_err(Fault::from) {
            Err(fault) if fault.cure == Cure::Resolve => is_doubtful = true,
            other => other?,
        }
    }
    if is_doubtful && !seat.find(&key.search())?.is_empty() {
        return Err(Fault::lost("the token does not know an object that it has"));
    }
    Ok(true)
}
