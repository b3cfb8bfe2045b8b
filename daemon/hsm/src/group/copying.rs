//! A key from one member of a group to another: as it is if it may leave, otherwise wrapped for the other.

use std::sync::{Arc, PoisonError};

use kmip::{CryptographicUsageMask, mechanism::KeySpec};

use super::{
    Group,
    member::{Member, is_gone},
};
use crate::{CustodyMode, Error, KeyRef, Result, Sealed, TRANSPORT, Terms, Transport};

impl Group {
    /// Makes a key of one member in another.
    pub(super) fn copy(
        &self,
        (from, key): (&Arc<Member>, &KeyRef),
        to: &Arc<Member>,
        spec: KeySpec,
        terms: &Terms,
    ) -> Result<KeyRef> {
        if terms.exportable {
            let material = from.call(|hsm| hsm.export(key))?;
            return to.call(|hsm| hsm.import(&material, terms));
        }
        let send = |transport: &Transport| {
            let parcel =
                from.call(|hsm| hsm.wrap_for(key, &transport.public, &transport.hashes))?;
            let wrapped = parcel.wrapped(spec);
            let made = to.call(|hsm| hsm.unwrap(&transport.key, &wrapped, terms))?;
            Ok(made.key)
        };
        let known = to
            .transport
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match known.as_ref().map(&send) {
            Some(Ok(key)) => Ok(key),
            Some(Err(error)) if is_gone(&error) || error == Error::NotExportable => Err(error),
            // There is none yet, or another daemon has put one of its own in the place of ours.
            _ => send(&transport(to, known.as_ref())?),
        }
    }

    /// Seals in one member what another has sealed.
    pub(super) fn reseal(
        &self,
        (from, sealed): (&Arc<Member>, &Sealed),
        to: &Arc<Member>,
        label: &[u8],
    ) -> Result<Sealed> {
        let plain = from.call(|hsm| hsm.open(sealed, label))?;
        to.call(|hsm| hsm.seal(&plain, label))
    }
}

/// A key pair of a member for which others wrap keys, but for one that is of no use any more.
fn transport(member: &Arc<Member>, useless: Option<&Transport>) -> Result<Transport> {
    let mut own = member
        .transport
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(transport) = &*own
        && Some(transport) != useless
    {
        return Ok(transport.clone());
    }
    let terms = Terms {
        id: TRANSPORT_ID.to_vec(),
        label: "keyhold-group-transport".to_owned(),
        exportable: false,
        usage: CryptographicUsageMask::UnwrapKey,
        custody: CustodyMode::Resident,
    };
    let made = member.call(|hsm| hsm.transport(TRANSPORT, &terms))?;
    Ok(own.insert(made).clone())
}

/// Under what identifier the members have their transport keys.
pub const TRANSPORT_ID: &[u8] = b"transport of a group";
