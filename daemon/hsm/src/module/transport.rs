//! Locked keys that come from another HSM, and those that go to one: wrapped and unwrapped in the token.

use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Hash, KeySpec},
};

use super::{
    ModuleHsm, error,
    error::Result,
    make,
    mechanism::{hash_number, mask_number},
    own,
    raw::{Mechanism, Parameter},
    reference::{LockedKey, Reference, TokenKey, WrappedKey},
    seat::Seat,
    spki,
    template::{self, Home},
    wrapping::{self, Method},
};
use crate::{
    CustodyMode, Error, Generated, KeyRef, Terms, public,
    transport::{self, Parcel, Transport, Wrapped},
};

impl ModuleHsm {
    /// Makes a key pair that unwraps. As an object of the token it takes the place of one that is there under its identifier,
    /// of an earlier journey.
    pub(super) fn make_transport(&self, spec: KeySpec, terms: &Terms) -> crate::Result<Transport> {
        transport::check_pair(spec)?;
        let terms = Terms {
            exportable: false,
            usage: Usage::UnwrapKey,
            ..terms.clone()
        };
        if terms.custody == CustodyMode::Resident {
            self.remove(&TokenKey::of(spec, &terms.id))?;
        }
        let made = self.generate_locked(spec, &terms)?;
        let (key, public) = (made.key, made.public.unwrap_or_default());
        let hashes = self.unwraps_by(&key, &public);
        match hashes {
            Ok(hashes) if !hashes.is_empty() => Ok(Transport {
                key,
                public,
                hashes,
            }),
            other => {
                if let Reference::Locked(key) = Reference::decode(&key, &self.binding)? {
                    self.remove_locked(&key)?;
                }
                other.and(Err(Error::Unsupported))
            }
        }
    }

    /// The hash functions with which a key unwraps, found out by doing it.
    fn unwraps_by(&self, key: &KeyRef, public: &[u8]) -> crate::Result<Vec<Hash>> {
        let Reference::Locked(key) = Reference::decode(key, &self.binding)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for hash in transport::HASHES {
            let sent = public::encrypt(public, &transport::oaep(hash), &[7; 32])?;
            let came = self.pool.run(|seat| {
                seat.with_key(key, |seat, pair| {
                    let aes = unwrap_ephemeral(seat, pair.handle, hash, &sent)?;
                    Ok(seat.session.destroy_object(aes)?)
                })
            });
            match came {
                Ok(()) => found.push(hash),
                Err(Error::Unavailable(why)) => return Err(Error::Unavailable(why)),
                Err(_) => {}
            }
        }
        Ok(found)
    }

    /// Wraps a wrapped key of this token for another HSM.
    pub(super) fn wrap_locked(
        &self,
        key: &WrappedKey<'_>,
        public: &[u8],
        hashes: &[Hash],
    ) -> crate::Result<Parcel> {
        let mut last = Error::Unsupported;
        for hash in hashes {
            let wrapped = self.pool.run(|seat| {
                let under = own::id(key.under);
                seat.with_key(LockedKey::Token(own::aes(&under)), |seat, under| {
                    self.wrap_once(seat, under.handle, key, public, *hash)
                })
            });
            match wrapped {
                Ok(bytes) => {
                    return Ok(Parcel {
                        hash: *hash,
                        bytes,
                        public: key.public.to_vec(),
                    });
                }
                Err(Error::Unavailable(why)) => return Err(Error::Unavailable(why)),
                Err(other) => last = other,
            }
        }
        Err(last)
    }

    fn wrap_once(
        &self,
        seat: &Seat,
        under: ObjectHandle,
        key: &WrappedKey<'_>,
        public: &[u8],
        hash: Hash,
    ) -> Result<Vec<u8>> {
        let method = self.padded(key.spec)?;
        let leaving =
            wrapping::unwrap(seat, under, key, Home::Leaving).map_err(wrapping::not_unwrapped)?;
        let ephemeral = make::secret(seat, AES, Usage::WrapKey, Home::Leaving);
        let ephemeral = match ephemeral {
            Ok(ephemeral) => ephemeral,
            Err(fault) => {
                seat.session.destroy_object(leaving)?;
                return Err(fault);
            }
        };
        let wrapped = wrapping::take_out(seat, ephemeral, method, key.spec, leaving);
        let sent = wrap_ephemeral(seat, ephemeral, public, hash);
        seat.session.destroy_object(ephemeral)?;
        Ok([sent?, wrapped?].concat())
    }

    /// Takes a key that was wrapped for one of this token.
    pub(super) fn unwrap_locked(
        &self,
        under: &LockedKey<'_>,
        wrapped: &Wrapped<'_>,
        terms: &Terms,
    ) -> crate::Result<Generated> {
        let (ephemeral, data) = wrapped.parts(under.spec())?;
        check_length(data, wrapped.spec)?;
        if terms.custody == CustodyMode::Resident {
            self.remove(&TokenKey::of(wrapped.spec, &terms.id))?;
        }
        let method = self.padded(wrapped.spec)?;
        let made = self.make(wrapped.spec, terms, |seat, home| {
            let (pair, is_ours) = open(seat, under)?;
            let aes = unwrap_ephemeral(seat, pair, wrapped.hash, ephemeral);
            if is_ours {
                seat.session.destroy_object(pair)?;
            }
            let aes = aes?;
            let mechanism = Mechanism {
                number: method.number(),
                parameter: Parameter::None,
            };
            let template = template::locked(wrapped.spec, terms.usage, home);
            let raw = &seat.library.raw;
            let key = raw.unwrap(&seat.session, mechanism, aes, data, &template);
            seat.session.destroy_object(aes)?;
            let key = key.map_err(error::of_unwrapping)?;
            let public = check_locked(seat, key, home).and_then(|()| half(seat, key, wrapped));
            match public {
                Ok(public) => Ok((key, public)),
                Err(fault) => {
                    seat.session.destroy_object(key)?;
                    Err(fault)
                }
            }
        });
        made.map(|(key, public)| Generated {
            key,
            public: wrapped.spec.is_asymmetric().then_some(public),
            digest: None,
        })
    }

    /// Makes an object of the token of a wrapped key.
    pub(super) fn house_locked(
        &self,
        key: &WrappedKey<'_>,
        terms: &Terms,
    ) -> crate::Result<KeyRef> {
        let terms = Terms {
            custody: CustodyMode::Resident,
            ..terms.clone()
        };
        self.remove(&TokenKey::of(key.spec, &terms.id))?;
        let made = self.make(key.spec, &terms, |seat, home| {
            let id = own::id(key.under);
            let under = one(seat, &own::aes(&id))?;
            let housed = wrapping::unwrap(seat, under, key, home);
            let housed = housed.map_err(wrapping::not_unwrapped)?;
            if let Err(fault) = check_locked(seat, housed, home) {
                seat.session.destroy_object(housed)?;
                return Err(fault);
            }
            Ok((housed, key.public.to_vec()))
        });
        made.map(|(key, _)| key)
    }

    /// RFC 5649 as the module has it for a kind of key.
    fn padded(&self, spec: KeySpec) -> crate::Result<Method> {
        wrapping::method(&self.settings.wrapped, spec)
            .filter(|method| matches!(method, Method::Kwp | Method::Padded))
            .ok_or(Error::Unsupported)
    }
}

/// A key pair ready to unwrap, and whether it was brought into the session for that.
fn open(seat: &Seat, key: &LockedKey<'_>) -> Result<(ObjectHandle, bool)> {
    match key {
        LockedKey::Token(key) => Ok((one(seat, key)?, false)),
        LockedKey::Wrapped(key) => {
            let id = own::id(key.under);
            let under = one(seat, &own::aes(&id))?;
            let opened = wrapping::unwrap(seat, under, key, Home::Session);
            Ok((opened.map_err(wrapping::not_unwrapped)?, true))
        }
    }
}

fn one(seat: &Seat, key: &TokenKey<'_>) -> Result<ObjectHandle> {
    let found = seat.find(&key.search())?;
    found
        .first()
        .copied()
        .ok_or_else(|| Error::KeyNotFound.into())
}

/// The public half of a private key: that which is given, else what the module tells of it.
fn half(seat: &Seat, key: ObjectHandle, wrapped: &Wrapped<'_>) -> Result<Vec<u8>> {
    if !wrapped.spec.is_asymmetric() || !wrapped.public.is_empty() {
        return Ok(wrapped.public.to_vec());
    }
    spki::read(&seat.session, key, wrapped.spec).map_err(|_| Error::BadKey(UNTOLD).into())
}

/// Refuses a secret key that is not as long as was said: modules do not tell how long a key is that they unwrapped.
fn check_length(data: &[u8], spec: KeySpec) -> crate::Result<()> {
    let bytes = spec.secret_bytes().next_multiple_of(8) + 8;
    if spec.is_asymmetric() || data.len() == bytes {
        Ok(())
    } else {
        Err(Error::BadKey("the wrapped key is of another length"))
    }
}

/// Refuses a key that is not as locked as was asked for.
fn check_locked(seat: &Seat, key: ObjectHandle, home: Home<'_>) -> Result<()> {
    if matches!(home, Home::Leaving) || wrapping::is_locked(seat, key)? {
        return Ok(());
    }
    Err(Error::Failed("the module made an unwrapped key that may leave".into()).into())
}

fn unwrap_ephemeral(
    seat: &Seat,
    pair: ObjectHandle,
    hash: Hash,
    data: &[u8],
) -> Result<ObjectHandle> {
    let template = template::locked(AES, Usage::UnwrapKey, Home::Session);
    let raw = &seat.library.raw;
    raw.unwrap(&seat.session, oaep(hash)?, pair, data, &template)
        .map_err(error::of_unwrapping)
}

fn wrap_ephemeral(
    seat: &Seat,
    ephemeral: ObjectHandle,
    public: &[u8],
    hash: Hash,
) -> Result<Vec<u8>> {
    let (modulus, exponent) = spki::numbers(public)?;
    let public = seat.session.create_object(&[
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(template::key_type(transport::TRANSPORT)),
        Attribute::Token(false),
        Attribute::Private(false),
        Attribute::Wrap(true),
        Attribute::Modulus(modulus.clone()),
        Attribute::PublicExponent(exponent),
    ])?;
    let raw = &seat.library.raw;
    let wrapped = raw.wrap(&seat.session, oaep(hash)?, public, ephemeral, modulus.len());
    seat.session.destroy_object(public)?;
    Ok(wrapped?)
}

fn oaep(hash: Hash) -> Result<Mechanism<'static>> {
    Ok(Mechanism {
        number: ck::CKM_RSA_PKCS_OAEP,
        parameter: Parameter::Oaep {
            hash: hash_number(hash),
            mask: mask_number(hash).ok_or(Error::Unsupported)?,
            label: &[],
        },
    })
}

const UNTOLD: &str = "its HSM does not tell its public half, which has to be given with it";
/// The key of one use under which the other is wrapped.
const AES: KeySpec = KeySpec::Aes { bits: 256 };
