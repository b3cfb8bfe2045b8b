//! Where the record of a vault's authority is, and what HSMs are told of its key.

use hsm::Terms;
use kmip::CryptographicUsageMask as Mask;
use store::{ObjectId, Record, Scope, Vault};

use crate::template;

/// The vault of the authority's record: vaults' names have no slash, so nobody works in it.
pub(super) fn hidden(vault: &str) -> String {
    format!("{vault}{HIDDEN}")
}

/// What is an authority's, in the store.
pub(crate) fn scope(vault: &str) -> Scope {
    Scope {
        vault: hidden(vault),
        owner: None,
    }
}

/// Whether a record is an authority's.
pub(crate) fn is_of_one(record: &Record) -> bool {
    record.vault.ends_with(HIDDEN)
}

/// The name of the vault that a record belongs to, or whose authority it is.
pub(crate) fn vault_of(record: &Record) -> &str {
    let own = record.vault.strip_suffix(HIDDEN);
    own.unwrap_or(&record.vault)
}

/// What an HSM is told of a record's key, an authority's or any: an authority's record does not say what its key is for.
pub(crate) fn terms(vault: &Vault, record: &Record) -> Terms {
    if is_of_one(record) {
        terms_of_one(vault, &record.id)
    } else {
        template::terms(vault, &record.id, &record.attributes)
    }
}

/// What an HSM is told of an authority's key.
pub(super) fn terms_of_one(vault: &Vault, id: &ObjectId) -> Terms {
    Terms {
        id: id.0.clone().into_bytes(),
        label: format!("authority of {}", vault.name),
        exportable: false,
        usage: Mask::Sign,
        custody: template::custody(vault),
    }
}

const HIDDEN: &str = "/authority";
