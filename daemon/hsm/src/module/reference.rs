//! What a `KeyRef` of this backend says: a token object by its CKA_ID, a wrapped locked key, or a sealed exportable one.

use aws_lc_rs::hmac;
use cryptoki::object::{Attribute, ObjectClass};
use kmip::{CryptographicUsageMask as Usage, Secret, mechanism::KeySpec};
use subtle::ConstantTimeEq;

use super::{own::Name, template, wrapping::Method};
use crate::{Error, KeyRef, Result, kind};

/// A decoded `KeyRef`.
pub(super) enum Reference<'a> {
    Locked(LockedKey<'a>),
    Sealed(SealedKey<'a>),
}

/// A locked key, wherever it is.
#[derive(Clone, Copy)]
pub(super) enum LockedKey<'a> {
    Token(TokenKey<'a>),
    Wrapped(WrappedKey<'a>),
}

/// A locked key, an object of the token.
#[derive(Clone, Copy)]
pub(super) struct TokenKey<'a> {
    pub(super) spec: KeySpec,
    /// Its CKA_ID.
    pub(super) id: &'a [u8],
    /// The public half of a key pair, DER SubjectPublicKeyInfo.
    pub(super) public: &'a [u8],
    /// Whether it is of its hash function's own type (CKK_SHA256_HMAC and the like), which only others make.
    pub(super) of_hash: bool,
}

/// A locked key, wrapped under a wrapping key of the token.
#[derive(Clone, Copy)]
pub(super) struct WrappedKey<'a> {
    pub(super) spec: KeySpec,
    /// The object it belongs to.
    pub(super) id: &'a [u8],
    /// The public half of a key pair, DER SubjectPublicKeyInfo.
    pub(super) public: &'a [u8],
    /// What it may do once it is unwrapped.
    pub(super) usage: Usage,
    /// The name of the wrapping key.
    pub(super) under: Name,
    pub(super) method: Method,
    pub(super) wrapped: &'a [u8],
    /// The tag over all this, once it was written. The wrapped bytes alone tell nothing apart: one key may be wrapped for
    /// two uses.
    pub(super) tag: &'a [u8],
}

/// An exportable key, sealed under the token's sealing key.
#[derive(Clone, Copy)]
pub(super) struct SealedKey<'a> {
    pub(super) spec: KeySpec,
    pub(super) id: &'a [u8],
    pub(super) sealed: &'a [u8],
}

impl<'a> Reference<'a> {
    /// Reads a reference; what this backend did not write names no key, and a wrapped key that was changed is corrupt.
    pub(super) fn decode(key: &'a KeyRef, binding: &Binding) -> Result<Self> {
        let bytes = key.0.as_slice();
        let (found, absence) = match bytes.first() {
            Some(&(TOKEN | OF_HASH)) => (Self::token(bytes, binding), Error::KeyNotFound),
            Some(&WRAPPED) => (Self::wrapped(bytes, binding), Error::Corrupt),
            Some(&SEALED) => (Self::sealed(bytes), Error::KeyNotFound),
            _ => (None, Error::KeyNotFound),
        };
        found.ok_or(absence)
    }

    fn token(bytes: &'a [u8], binding: &Binding) -> Option<Self> {
        let (spec, rest) = spec(binding.opened(bytes)?)?;
        let (public, id) = with_public(rest)?;
        let key = TokenKey {
            public,
            of_hash: bytes.first() == Some(&OF_HASH),
            ..TokenKey::of(spec, id)
        };
        is_vault_id(id).then_some(Self::Locked(LockedKey::Token(key)))
    }

    fn wrapped(bytes: &'a [u8], binding: &Binding) -> Option<Self> {
        let (spec, rest) = spec(binding.opened(bytes)?)?;
        let (public, rest) = with_public(rest)?;
        let (&method, rest) = rest.split_first()?;
        let (usage, rest) = rest.split_first_chunk::<4>()?;
        let (&under, rest) = rest.split_first_chunk()?;
        let (id, wrapped) = with_id(rest)?;
        let (_, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        Some(Self::Locked(LockedKey::Wrapped(WrappedKey {
            spec,
            id,
            public,
            usage: Usage(u32::from_be_bytes(*usage)),
            under,
            method: Method::from_byte(method)?,
            wrapped,
            tag,
        })))
    }

    fn sealed(bytes: &'a [u8]) -> Option<Self> {
        let (spec, rest) = spec(bytes)?;
        let (id, sealed) = with_id(rest)?;
        Some(Self::Sealed(SealedKey { spec, id, sealed }))
    }
}

/// The kind of key behind the first byte.
fn spec(bytes: &[u8]) -> Option<(KeySpec, &[u8])> {
    let (_, rest) = bytes.split_first()?;
    let (spec, rest) = rest.split_first_chunk::<4>()?;
    Some((kind::from_bytes(*spec, FIRST)?, rest))
}

/// A public half behind its length.
fn with_public(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&public_len, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(public_len).into())
}

/// An identifier behind its length.
fn with_id(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&id_len, rest) = bytes.split_first()?;
    rest.split_at_checked(id_len.into())
}

impl<'a> LockedKey<'a> {
    pub(super) const fn spec(&self) -> KeySpec {
        match self {
            Self::Token(key) => key.spec,
            Self::Wrapped(key) => key.spec,
        }
    }

    /// What a session knows it by.
    pub(super) const fn name(&self) -> &'a [u8] {
        match self {
            Self::Token(key) => key.id,
            Self::Wrapped(key) => key.tag,
        }
    }
}

/// What binds a reference to its token: a tag under a secret of the token, so that nobody makes one up or changes one.
/// That of a sealed key is bound by its seal.
pub(super) struct Binding(hmac::Key);

impl Binding {
    pub(super) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))
    }

    fn tag(&self, bytes: &[u8]) -> [u8; TAG_BYTES] {
        let tag = hmac::sign(&self.0, bytes);
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// The bytes without their tag, if that is right.
    fn opened<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        bool::from(self.tag(body).ct_eq(tag)).then_some(body)
    }
}

impl<'a> TokenKey<'a> {
    /// A key of the type that its kind has here.
    pub(super) const fn of(spec: KeySpec, id: &'a [u8]) -> Self {
        Self {
            spec,
            id,
            public: &[],
            of_hash: false,
        }
    }

    /// The bytes of the reference.
    pub(super) fn encode(&self, binding: &Binding) -> Result<Vec<u8>> {
        let mut out = vec![if self.of_hash { OF_HASH } else { TOKEN }];
        out.extend(kind::to_bytes(self.spec, FIRST));
        push_public(&mut out, self.public)?;
        out.extend(self.id);
        out.extend(binding.tag(&out));
        Ok(out)
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
            match template::hmac_type(self.spec).filter(|_| self.of_hash) {
                Some(own) => own,
                None => Attribute::KeyType(template::key_type(self.spec)),
            },
            Attribute::Id(self.id.to_vec()),
        ]
    }
}

impl WrappedKey<'_> {
    /// The bytes of the reference.
    pub(super) fn encode(&self, binding: &Binding) -> Result<Vec<u8>> {
        let mut out = vec![WRAPPED];
        out.extend(kind::to_bytes(self.spec, FIRST));
        push_public(&mut out, self.public)?;
        out.push(self.method as u8);
        out.extend(self.usage.0.to_be_bytes());
        out.extend(self.under);
        push_id(&mut out, self.id)?;
        out.extend(self.wrapped);
        out.extend(binding.tag(&out));
        Ok(out)
    }
}

impl SealedKey<'_> {
    /// The bytes of the reference.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut out = vec![SEALED];
        out.extend(kind::to_bytes(self.spec, FIRST));
        push_id(&mut out, self.id)?;
        out.extend(self.sealed);
        Ok(out)
    }

    /// What the seal is bound to: that it is a key, of which kind, and whose.
    pub(super) fn label(spec: KeySpec, id: &[u8]) -> Vec<u8> {
        [b"keyhold-key", &kind::to_bytes(spec, FIRST)[..], id].concat()
    }
}

fn push_public(out: &mut Vec<u8>, public: &[u8]) -> Result<()> {
    let public_len = u16::try_from(public.len())
        .map_err(|_| Error::BadKey("a public half longer than 64 KiB"))?;
    out.extend(public_len.to_be_bytes());
    out.extend(public);
    Ok(())
}

fn push_id(out: &mut Vec<u8>, id: &[u8]) -> Result<()> {
    out.push(u8::try_from(id.len()).map_err(|_| ID_TOO_LONG)?);
    out.extend(id);
    Ok(())
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

/// Kinds of keys count the places of their tables from here.
const FIRST: u8 = 0;
/// CKA_IDs of the backend's own keys begin so.
pub(super) const OWN_ID_PREFIX: &[u8] = b"keyhold-sealing/";

const TOKEN: u8 = 1;
const SEALED: u8 = 2;
const WRAPPED: u8 = 3;
const OF_HASH: u8 = 4;
/// Half of HMAC-SHA-256.
const TAG_BYTES: usize = 16;
const ID_TOO_LONG: Error = Error::BadInput("an identifier longer than 255 bytes");

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding::new(&Secret::new(vec![1; 32]))
    }

    #[test]
    fn every_kind_of_key_comes_back_from_its_reference() {
        for spec in kind::tests::specs() {
            let key = TokenKey {
                public: b"a public half",
                ..TokenKey::of(spec, b"an id")
            };
            let reference = KeyRef(key.encode(&binding()).unwrap());
            let Ok(Reference::Locked(LockedKey::Token(back))) =
                Reference::decode(&reference, &binding())
            else {
                panic!("{spec:?} does not come back");
            };
            assert_eq!(
                (back.spec, back.id, back.public),
                (spec, key.id, key.public)
            );

            let key = SealedKey {
                spec,
                id: &[0xa5; 255],
                sealed: &[1, 2, 3],
            };
            let reference = KeyRef(key.encode().unwrap());
            let Ok(Reference::Sealed(back)) = Reference::decode(&reference, &binding()) else {
                panic!("{spec:?} does not come back");
            };
            assert_eq!(
                (back.spec, back.id, back.sealed),
                (spec, key.id, key.sealed)
            );
        }
    }

    #[test]
    fn a_wrapped_key_that_was_changed_is_corrupt() {
        let key = WrappedKey {
            spec: KeySpec::Rsa { bits: 2048 },
            id: b"an id",
            public: b"a public half",
            usage: Usage::Sign | Usage::Decrypt,
            under: *b"its name",
            method: Method::Padded,
            wrapped: &[7; 40],
            tag: &[],
        };
        let reference = key.encode(&binding()).unwrap();
        let whole = KeyRef(reference.clone());
        let Ok(Reference::Locked(LockedKey::Wrapped(back))) = Reference::decode(&whole, &binding())
        else {
            panic!("it does not come back");
        };
        assert_eq!((back.spec, back.id), (key.spec, key.id));
        assert_eq!((back.public, back.usage), (key.public, key.usage));
        assert_eq!((back.under, back.method), (key.under, key.method));
        assert_eq!(back.wrapped, key.wrapped);
        for place in 1..reference.len() {
            let mut changed = KeyRef(reference.clone());
            changed.0[place] ^= 1;
            let found = Reference::decode(&changed, &binding()).err();
            assert_eq!(found, Some(Error::Corrupt), "byte {place}");
        }
        for len in 1..reference.len() {
            let cut = KeyRef(reference[..len].to_vec());
            let found = Reference::decode(&cut, &binding()).err();
            assert_eq!(found, Some(Error::Corrupt), "{len} bytes");
        }
    }

    #[test]
    fn a_changed_reference_names_no_key() {
        let key = TokenKey {
            public: b"a public half",
            ..TokenKey::of(KeySpec::Rsa { bits: 2048 }, b"an id")
        };
        let reference = key.encode(&binding()).unwrap();
        for place in 0..reference.len() {
            let mut changed = KeyRef(reference.clone());
            changed.0[place] ^= 1;
            let found = Reference::decode(&changed, &binding()).err();
            assert_eq!(found, Some(Error::KeyNotFound), "byte {place}");
        }
        let other = Binding::new(&Secret::new(vec![2; 32]));
        assert!(Reference::decode(&KeyRef(reference), &other).is_err());
    }

    #[test]
    fn what_is_no_reference_names_no_key() {
        let id = [OWN_ID_PREFIX, b"12345678"].concat();
        let own = TokenKey::of(KeySpec::Aes { bits: 256 }, &id);
        let own = own.encode(&binding()).unwrap();
        for bytes in [
            &b""[..],
            b"\x01",
            b"\x05\x01\0\x01\0id",
            b"\x01\x09\0\x01\0id",
            &own,
        ] {
            let reference = KeyRef(bytes.to_vec());
            assert_eq!(
                Reference::decode(&reference, &binding()).err(),
                Some(Error::KeyNotFound),
                "{bytes:02x?}"
            );
        }
    }
}
