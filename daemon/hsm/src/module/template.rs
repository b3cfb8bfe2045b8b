//! Kinds of keys and their terms as the attributes of token objects (table).

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass},
};
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{CurveForm, Hash, KeySpec},
};
use openssl::{bn::BigNumRef, pkey::PKey};
use zeroize::Zeroize;

use crate::{Error, Material, Result, Terms, soft::engine};

/// Where a locked key lives.
#[derive(Clone, Copy)]
pub(super) enum Home<'a> {
    /// In the token, under its terms.
    Token { id: &'a [u8], label: &'a str },
    /// In the session, for the time of a trial or while it is used.
    Session,
    /// In the session until it is wrapped: it may leave, and cannot be read.
    Leaving,
}

/// How a kind of key is called and generated.
pub(super) struct Row {
    pub(super) key_type: KeyType,
    pub(super) generation: Mechanism<'static>,
    /// DER of the named curve (PKCS #11 3.1 §6.3.3).
    pub(super) curve: Option<&'static [u8]>,
}

/// The table of kinds.
pub(super) fn row(spec: KeySpec) -> Row {
    let (key_type, generation, curve): (_, _, Option<&'static [u8]>) = match spec {
        KeySpec::Aes { .. } => (KeyType::AES, Mechanism::AesKeyGen, None),
        KeySpec::TripleDes { .. } => (KeyType::DES3, Mechanism::Des3KeyGen, None),
        // Generic, because only this type goes with every HMAC mechanism of every module. Keys of the other kinds are
        // never made as locked ones.
        KeySpec::Hmac { .. }
        | KeySpec::ChaCha20
        | KeySpec::ChaCha20Poly1305
        | KeySpec::Kept { .. } => (
            KeyType::GENERIC_SECRET,
            Mechanism::GenericSecretKeyGen,
            None,
        ),
        KeySpec::Rsa { .. } => (KeyType::RSA, Mechanism::RsaPkcsKeyPairGen, None),
        KeySpec::Ec(curve) => {
            let (key_type, generation) = match curve.form() {
                CurveForm::Weierstrass => (KeyType::EC, Mechanism::EccKeyPairGen),
                CurveForm::Edwards => (KeyType::EC_EDWARDS, Mechanism::EccEdwardsKeyPairGen),
                CurveForm::Montgomery => {
                    (KeyType::EC_MONTGOMERY, Mechanism::EccMontgomeryKeyPairGen)
                }
            };
            (key_type, generation, Some(curve.oid()))
        }
        // No module is asked for these: they are never among its capabilities.
        KeySpec::Dsa { .. } | KeySpec::Dh { .. } | KeySpec::PostQuantum(_) => (
            KeyType::GENERIC_SECRET,
            Mechanism::GenericSecretKeyGen,
            None,
        ),
    };
    Row {
        key_type,
        generation,
        curve,
    }
}

/// The CKK_ of a kind.
pub(super) fn key_type(spec: KeySpec) -> KeyType {
    row(spec).key_type
}

/// The type of keys that are for HMAC with one hash function alone (PKCS #11 3.1, the sections of each hash function's HMAC).
/// Others make such; the wrapper crate knows few of the types, and takes some for another.
pub(super) fn hmac_type(spec: KeySpec) -> Option<Attribute> {
    let KeySpec::Hmac { hash, .. } = spec else {
        return None;
    };
    let number: ck::CK_KEY_TYPE = match hash {
        Hash::Sha1 => ck::CKK_SHA_1_HMAC,
        Hash::Sha224 => ck::CKK_SHA224_HMAC,
        Hash::Sha256 => ck::CKK_SHA256_HMAC,
        Hash::Sha384 => ck::CKK_SHA384_HMAC,
        Hash::Sha512 => ck::CKK_SHA512_HMAC,
        Hash::Sha512_224 => ck::CKK_SHA512_224_HMAC,
        Hash::Sha512_256 => ck::CKK_SHA512_256_HMAC,
        Hash::Sha3_224 => ck::CKK_SHA3_224_HMAC,
        Hash::Sha3_256 => ck::CKK_SHA3_256_HMAC,
        Hash::Sha3_384 => ck::CKK_SHA3_384_HMAC,
        Hash::Sha3_512 => ck::CKK_SHA3_512_HMAC,
    };
    let bytes = number.to_ne_bytes().to_vec();
    let unread = AttributeType::VendorDefined(ck::CKA_KEY_TYPE);
    Some(Attribute::VendorDefined((unread, bytes)))
}

/// Where the terms of a key put it.
pub(super) fn home(terms: &Terms) -> Home<'_> {
    Home::Token {
        id: &terms.id,
        label: &terms.label,
    }
}

/// The attributes of a locked key: nothing of it can be read, not by us either.
pub(super) fn locked(spec: KeySpec, usage: Usage, home: Home<'_>) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(if spec.is_asymmetric() {
            ObjectClass::PRIVATE_KEY
        } else {
            ObjectClass::SECRET_KEY
        }),
        Attribute::KeyType(key_type(spec)),
        Attribute::Token(matches!(home, Home::Token { .. })),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(matches!(home, Home::Leaving)),
        // No mechanism that derives is ever offered: security comes before completeness.
        Attribute::Derive(false),
    ];
    if let Home::Token { id, label } = home {
        template.push(Attribute::Id(id.to_vec()));
        template.push(Attribute::Label(label.as_bytes().to_vec()));
    }
    template.extend(flags(spec, usage));
    template
}

/// KMIP's usages as the flags of the kind.
///
/// A MAC is verified by making it again, and a private key unwraps by decrypting, so either usage sets the flag.
fn flags(spec: KeySpec, usage: Usage) -> Vec<Attribute> {
    let any = |wanted: Usage| usage.intersects(wanted);
    match spec {
        KeySpec::Aes { .. }
        | KeySpec::TripleDes { .. }
        | KeySpec::ChaCha20
        | KeySpec::ChaCha20Poly1305 => {
            let mut flags = vec![
                Attribute::Encrypt(any(Usage::Encrypt)),
                Attribute::Decrypt(any(Usage::Decrypt)),
                Attribute::Wrap(any(Usage::WrapKey)),
                Attribute::Unwrap(any(Usage::UnwrapKey)),
            ];
            // For CMAC. Not said where it is not so, for modules that know no such flag of a cipher's key.
            if any(Usage::MACGenerate | Usage::MACVerify) {
                flags.push(Attribute::Sign(true));
            }
            flags
        }
        KeySpec::Hmac { .. } | KeySpec::Kept { .. } => vec![
            Attribute::Sign(any(Usage::MACGenerate | Usage::MACVerify)),
            Attribute::Encrypt(false),
            Attribute::Decrypt(false),
        ],
        KeySpec::Rsa { .. } => vec![
            Attribute::Sign(any(SIGNING)),
            Attribute::Decrypt(any(Usage::Decrypt | Usage::UnwrapKey)),
            Attribute::Unwrap(any(Usage::UnwrapKey)),
        ],
        _ => vec![Attribute::Sign(any(SIGNING))],
    }
}

/// The usages that end in a signature.
pub(super) const SIGNING: Usage = Usage(
    Usage::Sign.0
        | Usage::CertificateSign.0
        | Usage::CRLSign.0
        | Usage::ContentCommitmentNonRepudiation.0,
);

/// What generation of a secret key needs besides, unless its type has one length only.
pub(super) fn secret_size(spec: KeySpec) -> Option<Attribute> {
    let bytes = cryptoki_sys::CK_ULONG::from(spec.bits() / 8);
    (!matches!(spec, KeySpec::TripleDes { .. })).then(|| Attribute::ValueLen(bytes.into()))
}

/// The public half as it is generated: for the session only, to be read and thrown away.
pub(super) fn public(spec: KeySpec) -> Vec<Attribute> {
    let row = row(spec);
    let mut template = vec![
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(row.key_type),
        Attribute::Token(false),
        Attribute::Private(false),
        Attribute::Verify(true),
    ];
    match row.curve {
        Some(curve) => template.push(Attribute::EcParams(curve.to_vec())),
        None => template.extend([
            Attribute::ModulusBits(cryptoki_sys::CK_ULONG::from(spec.bits()).into()),
            Attribute::PublicExponent(vec![1, 0, 1]),
        ]),
    }
    template
}

/// The numbers of a key that was validated before, as C_CreateObject wants them. They are wiped by [`wipe`].
pub(super) fn numbers(material: &Material) -> Result<Vec<Attribute>> {
    let (spec, pkcs8) = match material {
        Material::Secret {
            spec: KeySpec::Hmac { hash, .. },
            bytes,
        } => return Ok(vec![Attribute::Value(fit_for_hmac(*hash, bytes)?)]),
        Material::Secret { bytes, .. } => {
            return Ok(vec![Attribute::Value(bytes.expose().to_vec())]);
        }
        Material::Private { spec, pkcs8 } => (*spec, pkcs8),
    };
    let key = PKey::private_key_from_pkcs8(pkcs8.expose()).map_err(|_| UNREADABLE)?;
    let padded = |number: &BigNumRef, bytes: usize| {
        let bytes = i32::try_from(bytes).map_err(|_| UNREADABLE)?;
        number.to_vec_padded(bytes).map_err(|_| UNREADABLE)
    };
    let Some(curve) = row(spec).curve else {
        let rsa = key.rsa().map_err(|_| UNREADABLE)?;
        let part = |number: Option<&BigNumRef>| number.map(BigNumRef::to_vec).ok_or(UNREADABLE);
        return Ok(vec![
            Attribute::Modulus(rsa.n().to_vec()),
            Attribute::PublicExponent(rsa.e().to_vec()),
            Attribute::PrivateExponent(rsa.d().to_vec()),
            Attribute::Prime1(part(rsa.p())?),
            Attribute::Prime2(part(rsa.q())?),
            Attribute::Exponent1(part(rsa.dmp1())?),
            Attribute::Exponent2(part(rsa.dmq1())?),
            Attribute::Coefficient(part(rsa.iqmp())?),
        ]);
    };
    let value = match spec {
        KeySpec::Ec(curve) if !curve.is_weierstrass() => {
            key.raw_private_key().map_err(|_| UNREADABLE)?
        }
        _ => {
            let ec = key.ec_key().map_err(|_| UNREADABLE)?;
            padded(ec.private_key(), usize::from(spec.bits().div_ceil(8)))?
        }
    };
    Ok(vec![
        Attribute::EcParams(curve.to_vec()),
        Attribute::Value(value),
    ])
}

/// An HMAC key in a length every module takes, at least the digest's and at most the hash's block.
///
/// RFC 2104 §2 fills a short key with zeros and hashes one longer than a block, so either is the same key.
fn fit_for_hmac(hash: Hash, key: &Secret) -> Result<Vec<u8>> {
    let block_bytes = block_bytes(hash);
    if key.len() > block_bytes {
        return Ok(engine::digest(hash, key.expose())?.as_ref().to_vec());
    }
    let mut fit = Vec::with_capacity(block_bytes);
    fit.extend_from_slice(key.expose());
    fit.resize(fit.len().max(hash.digest_bytes()), 0);
    Ok(fit)
}

/// Whether zeros behind a key, which wrapping may leave there, make another key of it.
pub(super) fn is_changed_by_padding(spec: KeySpec) -> bool {
    let KeySpec::Hmac { hash, .. } = spec else {
        return false;
    };
    !spec.secret_bytes().is_multiple_of(8) && spec.secret_bytes() > block_bytes(hash)
}

/// The block that a hash function works in.
const fn block_bytes(hash: Hash) -> usize {
    match hash {
        Hash::Sha1 | Hash::Sha224 | Hash::Sha256 => 64,
        Hash::Sha384 | Hash::Sha512 | Hash::Sha512_224 | Hash::Sha512_256 => 128,
        Hash::Sha3_224 => 144,
        Hash::Sha3_256 => 136,
        Hash::Sha3_384 => 104,
        Hash::Sha3_512 => 72,
    }
}

/// Zeroes what [`numbers`] copied.
pub(super) fn wipe(numbers: &mut [Attribute]) {
    for number in numbers {
        if let Attribute::Value(bytes)
        | Attribute::PrivateExponent(bytes)
        | Attribute::Prime1(bytes)
        | Attribute::Prime2(bytes)
        | Attribute::Exponent1(bytes)
        | Attribute::Exponent2(bytes)
        | Attribute::Coefficient(bytes) = number
        {
            bytes.zeroize();
        }
    }
}

const UNREADABLE: Error = Error::BadKey("its PKCS #8 encoding does not hold such a key");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_key_is_locked_whatever_its_usage() {
        let everything = Usage(u32::MAX);
        for spec in [KeySpec::Aes { bits: 256 }, KeySpec::Rsa { bits: 2048 }] {
            let template = locked(spec, everything, Home::Session);
            for must in [
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Private(true),
                Attribute::Derive(false),
            ] {
                assert!(template.contains(&must), "{spec:?} lacks {must:?}");
            }
            let leaving = locked(spec, everything, Home::Leaving);
            assert!(leaving.contains(&Attribute::Sensitive(true)));
            assert!(leaving.contains(&Attribute::Token(false)));
        }
    }

    #[test]
    fn usage_sets_its_flag_and_no_other() {
        let flags = flags(KeySpec::Aes { bits: 128 }, Usage::WrapKey);
        assert_eq!(
            flags,
            [
                Attribute::Encrypt(false),
                Attribute::Decrypt(false),
                Attribute::Wrap(true),
                Attribute::Unwrap(false)
            ]
        );
    }
}
