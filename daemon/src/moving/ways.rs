//! How values are moved, and what is in their way.

use hsm::{Capabilities, Departure, KeyRef, takes_locked};
use kmip::CryptographicUsageMask as Usage;
use store::{Custody, Record, Vault};

use super::{backend, backend_of};
use crate::{authority, error::Result, service::Service};

/// How a value is moved.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Exported,
    Wrapped,
    Sealed,
    Housed,
}

/// How a value is moved into the vault's HSM, or why it cannot be; nothing when it is there, or in none.
pub(super) fn way(
    service: &Service,
    vault: &Vault,
    record: &Record,
    custody: &Custody,
) -> Result<Option<std::result::Result<Way, &'static str>>> {
    let from = match backend_of(custody) {
        Some(from) if from != vault.backend => backend(service, from)?,
        Some(_) => return way_within(service, vault, record, custody),
        None => return Ok(None),
    };
    let Custody::Hsm { key, .. } = custody else {
        return Ok(Some(Ok(Way::Sealed)));
    };
    let to = backend(service, &vault.backend)?;
    Ok(Some(match from.departure(&KeyRef(key.clone()))? {
        Departure::Exported => Ok(Way::Exported),
        Departure::Wrapped if record.spec.is_some_and(|spec| takes_locked(to, spec)) => {
            Ok(Way::Wrapped)
        }
        Departure::Wrapped => Err("the HSM that it is to go to takes no locked keys of its kind"),
        Departure::Forbidden => {
            Err("its HSM's configuration does not say `keys_may_move = true`, and it is locked")
        }
        Departure::Never if authority::is_of_one(record) => Err(AUTHORITY_STAYS),
        Departure::Never => Err("it is locked and an object of its HSM, which gives none away"),
    }))
}

/// How a value that is in the vault's own HSM comes into the vault's custody.
fn way_within(
    service: &Service,
    vault: &Vault,
    record: &Record,
    custody: &Custody,
) -> Result<Option<std::result::Result<Way, &'static str>>> {
    let hsm = backend(service, &vault.backend)?;
    let Custody::Hsm { key, .. } = custody else {
        return Ok(None);
    };
    if !hsm.keeps_keys() {
        return Ok(None);
    }
    Ok(
        match (hsm.departure(&KeyRef(key.clone()))?, vault.wrapped) {
            (Departure::Wrapped | Departure::Forbidden, false) => Some(Ok(Way::Housed)),
            (Departure::Never, true) if authority::is_of_one(record) => Some(Err(AUTHORITY_STAYS)),
            (Departure::Never, true) => Some(Err(
                "it is locked and an object of its HSM, which gives none away, wrapped or not",
            )),
            _ => None,
        },
    )
}

/// What a locked key does in its HSM and in the vault's no more.
pub(super) fn loss(
    service: &Service,
    vault: &Vault,
    record: &Record,
    custody: &Custody,
) -> Result<Option<&'static str>> {
    let from = backend(service, backend_of(custody).unwrap_or_default())?.capabilities();
    let to = backend(service, &vault.backend)?.capabilities();
    let usage = record.attributes.cryptographic_usage_mask;
    let is_for = |wanted| usage.is_some_and(|usage| usage.intersects(wanted));
    if is_for(Usage::DeriveKey | Usage::KeyAgreement)
        && !from.derive.is_empty()
        && to.derive.is_empty()
    {
        return Ok(Some(
            "no key is derived from it, or agreed on with it, there",
        ));
    }
    let decapsulates = |own: &Capabilities| {
        let spec = record.spec.as_ref();
        spec.is_some_and(|spec| own.decapsulate.contains(spec))
    };
    if is_for(Usage::Decapsulate) && decapsulates(from) && !decapsulates(to) {
        return Ok(Some("it decapsulates nothing there"));
    }
    Ok(None)
}

const AUTHORITY_STAYS: &str = "the authority's key is an object of its HSM, which gives none away: \
                               `--leave-authority` moves the vault without it";
