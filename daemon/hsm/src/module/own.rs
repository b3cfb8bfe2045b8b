//! Keyhold's own keys in a token: found by their label, made on first use, told apart by a name of chance.
//!
//! The name lets two daemons that both make a key on a new token go on side by side, and a key be replaced.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};

use super::{
    error::Result,
    random,
    reference::{OWN_ID_PREFIX, TokenKey},
    seat::Seat,
};
use crate::Error;
use kmip::mechanism::KeySpec;

/// Tells the keys of one label apart.
pub(super) type Name = [u8; 8];

/// Finds the key with this label, or makes it on first use.
pub(super) fn establish(
    seat: &Seat,
    label: &str,
    make: impl FnOnce(&Seat, Name) -> Result<()>,
) -> Result<Name> {
    let mut names = names(seat, label)?;
    if names.is_empty() {
        let mine = *random(8)?.first_chunk().ok_or(Error::Corrupt)?;
        make(seat, mine)?;
        // Another daemon may be doing the same just now. Before either has used its key both look again, keep the first
        // of all names and take their own away if it is not that.
        std::thread::sleep(SETTLING);
        names = self::names(seat, label)?;
        if names.iter().min().is_some_and(|first| *first != mine) {
            for handle in seat.find(&aes(&id(mine)).search())? {
                seat.session.destroy_object(handle)?;
            }
        }
    }
    names.into_iter().min().ok_or_else(|| {
        Error::Unavailable(format!("the token does not show the {label} key it made")).into()
    })
}

/// The CKA_ID of the key with this name.
pub(super) fn id(name: Name) -> Vec<u8> {
    [OWN_ID_PREFIX, &name].concat()
}

/// The AES key with this CKA_ID.
pub(super) const fn aes(id: &[u8]) -> TokenKey<'_> {
    TokenKey::of(KeySpec::Aes { bits: 256 }, id)
}

/// The names of the keys with this label in the token.
fn names(seat: &Seat, label: &str) -> Result<Vec<Name>> {
    let template = [
        Attribute::Token(true),
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    let mut names = Vec::new();
    for handle in seat.find(&template)? {
        for attribute in seat.session.get_attributes(handle, &[AttributeType::Id])? {
            if let Attribute::Id(id) = attribute
                && let Some(name) = id.strip_prefix(OWN_ID_PREFIX)
                && let Ok(name) = Name::try_from(name)
            {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// Longer than any token takes to show a new object to another session.
const SETTLING: std::time::Duration = std::time::Duration::from_millis(200);
