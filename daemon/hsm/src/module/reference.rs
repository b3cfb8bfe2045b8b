//! What a `KeyRef` of this backend says: a token object by its CKA_ID, or a sealed exportable key.

use cryptoki::object::{Attribute, ObjectClass};
use kmip::mechanism::{Curve, Hash, KeySpec};

use super::template;
use crate::{Error, KeyRef, Result};

/// A decoded `KeyRef`.
pub(super) enum Reference<'a> {
    Token(TokenKey<'a>),
    Sealed(SealedKey<'a>),
}

/// A locked key, an object of the token.
#[derive(Clone, Copy)]
pub(super) struct TokenKey<'a> {
    pub(super) spec: KeySpec,
    /// Its CKA_ID.
    pub(super) id: &'a [u8],
}

/// An exportable key, sealed under the token's sealing key.
#[derive(Clone, Copy)]
pub(super) struct SealedKey<'a> {
    pub(super) spec: KeySpec,
    pub(super) id: &'a [u8],
    pub(super) sealed: &'a [u8],
}

impl<'a> Reference<'a> {
    /// Reads a reference; what this backend did not write names no key.
    pub(super) fn decode(key: &'a KeyRef) -> Result<Self> {
        Self::read(&key.0).ok_or(Error::KeyNotFound)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let (spec, rest) = rest.split_first_chunk::<4>()?;
        let spec = spec_of(*spec)?;
        match kind {
            TOKEN if is_vault_id(rest) => Some(Self::Token(TokenKey { spec, id: rest })),
            SEALED => {
                let (&id_len, rest) = rest.split_first()?;
                let (id, sealed) = rest.split_at_checked(id_len.into())?;
                Some(Self::Sealed(SealedKey { spec, id, sealed }))
            }
            _ => None,
        }
    }
}

impl TokenKey<'_> {
    /// The bytes of the reference.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![TOKEN];
        out.extend(spec_bytes(self.spec));
        out.extend(self.id);
        out
    }

    /// The attributes that find the object, and no other.
    pub(super) fn search(&self) -> Vec<Attribute> {
        vec![
            Attribute::Token(true),
            Attribute::Class(if self.spec.is_asymmetric() {
                ObjectClass::PRIVATE_KEY
            } else {
                ObjectClass::SECRET_KEY
            }),
            Attribute::KeyType(template::key_type(self.spec)),
            Attribute::Id(self.id.to_vec()),
        ]
    }
}

impl SealedKey<'_> {
    /// The bytes of the reference.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let id_len = u8::try_from(self.id.len()).map_err(|_| ID_TOO_LONG)?;
        let mut out = vec![SEALED];
        out.extend(spec_bytes(self.spec));
        out.push(id_len);
        out.extend(self.id);
        out.extend(self.sealed);
        Ok(out)
    }

    /// What the seal is bound to: that it is a key, of which kind, and whose.
    pub(super) fn label(spec: KeySpec, id: &[u8]) -> Vec<u8> {
        [b"keyhold-key", &spec_bytes(spec)[..], id].concat()
    }
}

/// Refuses identifiers that are no identifiers, or those of the backend's own keys.
pub(super) fn check_id(id: &[u8]) -> Result<()> {
    if id.len() > usize::from(u8::MAX) {
        return Err(ID_TOO_LONG);
    }
    if !is_vault_id(id) {
        return Err(Error::BadInput("an identifier that is empty or reserved"));
    }
    Ok(())
}

fn is_vault_id(id: &[u8]) -> bool {
    !id.is_empty() && id.len() <= usize::from(u8::MAX) && !id.starts_with(OWN_ID_PREFIX)
}

fn spec_bytes(spec: KeySpec) -> [u8; 4] {
    let (kind, detail) = match spec {
        KeySpec::Aes { .. } => (1, 0),
        KeySpec::Hmac { hash, .. } => (2, place(Hash::ALL, &hash)),
        KeySpec::Rsa { .. } => (3, 0),
        KeySpec::Ec(curve) => (4, place(Curve::ALL, &curve)),
    };
    let [high, low] = spec.bits().to_be_bytes();
    [kind, detail, high, low]
}

fn spec_of([kind, detail, high, low]: [u8; 4]) -> Option<KeySpec> {
    let bits = u16::from_be_bytes([high, low]);
    match (kind, detail) {
        (1, 0) => Some(KeySpec::Aes { bits }),
        (2, hash) => Some(KeySpec::Hmac {
            hash: *Hash::ALL.get(usize::from(hash))?,
            bits,
        }),
        (3, 0) => Some(KeySpec::Rsa { bits }),
        (4, curve) => Some(KeySpec::Ec(*Curve::ALL.get(usize::from(curve))?)),
        _ => None,
    }
}

/// The place in a table that is only ever added to; both have fewer than ten rows.
fn place<T: PartialEq>(table: &[T], wanted: &T) -> u8 {
    let place = table.iter().position(|entry| entry == wanted);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

/// CKA_IDs of the backend's own keys begin so.
pub(super) const OWN_ID_PREFIX: &[u8] = b"keyhold-sealing/";

const TOKEN: u8 = 1;
const SEALED: u8 = 2;
const ID_TOO_LONG: Error = Error::BadInput("an identifier longer than 255 bytes");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_comes_back_from_its_reference() {
        let mut specs = vec![KeySpec::Aes { bits: 192 }, KeySpec::Rsa { bits: 3072 }];
        specs.extend(Curve::ALL.iter().map(|&curve| KeySpec::Ec(curve)));
        specs.extend(
            Hash::ALL
                .iter()
                .map(|&hash| KeySpec::Hmac { hash, bits: 256 }),
        );
        for spec in specs {
            let key = TokenKey { spec, id: b"an id" };
            let reference = KeyRef(key.encode());
            let Ok(Reference::Token(back)) = Reference::decode(&reference) else {
                panic!("{spec:?} does not come back");
            };
            assert_eq!((back.spec, back.id), (spec, key.id));

            let key = SealedKey {
                spec,
                id: &[0xa5; 255],
                sealed: &[1, 2, 3],
            };
            let reference = KeyRef(key.encode().unwrap());
            let Ok(Reference::Sealed(back)) = Reference::decode(&reference) else {
                panic!("{spec:?} does not come back");
            };
            assert_eq!(
                (back.spec, back.id, back.sealed),
                (spec, key.id, key.sealed)
            );
        }
    }

    #[test]
    fn what_is_no_reference_names_no_key() {
        let own = [&[1, 1, 0, 1, 0][..], OWN_ID_PREFIX, b"12345678"].concat();
        for bytes in [
            &b""[..],
            b"\x01",
            b"\x03\x01\0\x01\0id",
            b"\x01\x09\0\x01\0id",
            &own,
        ] {
            let reference = KeyRef(bytes.to_vec());
            assert_eq!(
                Reference::decode(&reference).err(),
                Some(Error::KeyNotFound),
                "{bytes:02x?}"
            );
        }
    }
}
