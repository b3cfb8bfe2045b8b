//! Making locked keys: generated in the token, or taken over into it; and taking them out of it again.

use std::cell::Cell;

use cryptoki::object::ObjectHandle;
use kmip::{CryptographicUsageMask as Usage, mechanism::KeySpec};

use super::{
    ModuleHsm,
    error::{Cure, Fault, Result},
    pairwise,
    reference::TokenKey,
    seat::{Loaded, Seat},
    spki,
    template::{self, Home},
};
use crate::{Error, KeyRef, Material, Terms};

impl ModuleHsm {
    /// Makes a token object under an identifier that no other key of its class has; gives its reference, and its public
    /// half, with which it has proved to agree.
    ///
    /// Modules fail now and then for no reason of ours (SoftHSM2 when another thread searches meanwhile), so a failure
    /// is tried again, once what it may have left behind is taken away.
    pub(super) fn make(
        &self,
        spec: KeySpec,
        terms: &Terms,
        make: impl Fn(&Seat, Home<'_>) -> Result<(ObjectHandle, Vec<u8>)>,
    ) -> crate::Result<(KeyRef, Vec<u8>)> {
        let key = TokenKey {
            spec,
            id: &terms.id,
            public: &[],
        };
        let mut tries = 0;
        let begun = Cell::new(false);
        let made = loop {
            let outcome = self.pool.create(|seat| {
                let found = seat.find(&key.search())?;
                if tries == 0 && !found.is_empty() {
                    let text = "the token has an object with the new key's CKA_ID already";
                    return Err(Error::BadInput(text).into());
                }
                for left_behind in found {
                    seat.session.destroy_object(left_behind)?;
                }
                begun.set(true);
                let (handle, public) = make(seat, template::home(terms))?;
                let loaded = Loaded::private(handle, spec, &public);
                pairwise::agrees(self, seat, &loaded, terms.usage)?;
                Ok(public)
            });
            tries += 1;
            match outcome {
                Err(Error::Failed(_)) if tries < TRIES_MAX => {}
                other => break other,
            }
        };
        let whole = made.and_then(|public| {
            let key = TokenKey {
                public: &public,
                ..key
            };
            Ok((KeyRef(key.encode(&self.binding)?), public))
        });
        if begun.get() && whole.is_err() {
            // Whatever was said, the key may be there, and no reference will ever name it.
            drop(self.remove(&key));
        }
        whole
    }

    /// Takes every object of a key out of the token.
    pub(super) fn remove(&self, key: &TokenKey<'_>) -> crate::Result<()> {
        self.pool.destroy(key.id, |seat| unmake(seat, key))
    }
}

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

/// Takes every object of a key out of the token; that there is none is no error while the token is there.
pub(super) fn unmake(seat: &Seat, key: &TokenKey<'_>) -> Result<()> {
    let found = seat.find(&key.search())?;
    if found.is_empty() && !seat.is_alive() {
        return Err(Fault::lost("the token has lost its objects"));
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
    Ok(())
}

/// How often a key is tried to be made.
const TRIES_MAX: u32 = 3;
