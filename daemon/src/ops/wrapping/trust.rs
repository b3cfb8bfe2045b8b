//! Whether what a key unwraps leaves under none that is less trusted than what it came under.

use kmip::{ObjectType, StorageStatusMask, attribute::Attribute};
use store::{Filter, Page, Record, Scope};

use crate::{context::Context, error::Result, halves, marks};

/// A key came under one that is trusted where that, or the public half of that, is trusted, or leaves itself under nothing
/// else, as the AES key between an RSA key and another.
pub(super) fn is_under_trusted(context: &mut Context<'_>, kek: &Record) -> Result<bool> {
    if marks::is_trusted(kek) || marks::wants_trusted(kek) {
        return Ok(true);
    }
    Ok(kek.object_type == ObjectType::PrivateKey && has_trusted_half(context, kek)?)
}

/// Whether any public key of the vault that is trusted is the half of a private one, whoever may see it, and though it is
/// destroyed: what was wrapped with it is still there.
fn has_trusted_half(context: &mut Context<'_>, private: &Record) -> Result<bool> {
    let filter = Filter {
        attributes: vec![
            Attribute::ObjectType(ObjectType::PublicKey),
            marks::trusted(),
        ],
        storage_status: Some(
            StorageStatusMask::OnLineStorage
                | StorageStatusMask::ArchivalStorage
                | StorageStatusMask::DestroyedStorage,
        ),
        ..Filter::default()
    };
    let scope = Scope {
        vault: private.vault.clone(),
        owner: None,
    };
    let now = context.now;
    let found = context.tx.locate(&filter, &scope, Page::default(), now)?;
    for id in found.ids {
        if let Some(public) = context.tx.record(&id)?
            && halves::may_be_pair(private, &public)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
