//! The profiles of a vault: `compatible` serves what the field's clients need, `strict` approved algorithms and sizes only.
//!
//! Keys whose usages conflict (NIST SP 800-57, and the attacks of Clulow and of Bortolozzo and others) are refused in a
//! strict vault when they are made, and in any vault when the conflict would matter.

mod handling;

use kmip::{
    CryptographicUsageMask as Mask,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Prehash, Signing},
};
use store::Vault;

pub(crate) use self::handling::{
    Base, Kek, check_derivation, check_salt, check_unwrapping, check_wrapping,
};
use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// Whether the vault takes a new key of this kind with this usage mask.
pub(crate) fn check_new_key(vault: &Vault, spec: KeySpec, mask: Mask) -> Result<()> {
    if !vault.strict {
        return Ok(());
    }
    let approved = match spec {
        // SP 800-186: P-192 and shorter curves are gone, secp256k1 is not among them.
        KeySpec::Ec(curve) => curve != Curve::Secp256k1 && curve.bits() >= 224,
        KeySpec::Hmac { bits, .. } => bits >= 112,
        KeySpec::Rsa { bits } => bits >= 2048,
        KeySpec::Dh { bits } => bits >= 2048,
        KeySpec::Aes { .. } | KeySpec::PostQuantum(_) => true,
        // FIPS 186-5 has no DSA any more.
        KeySpec::Dsa { .. } => false,
        // SP 800-131A knows neither ChaCha20 nor what is merely kept, and triple DES no more.
        KeySpec::TripleDes { .. }
        | KeySpec::ChaCha20
        | KeySpec::ChaCha20Poly1305
        | KeySpec::Kept { .. } => false,
    };
    if !approved {
        return Err(Error::new(
            Fault::UnsupportedAlgorithm,
            "the vault's strict profile does not allow this key",
        ));
    }
    let wraps = mask.intersects(Mask::WrapKey | Mask::UnwrapKey);
    if wraps && mask.intersects(Mask::Encrypt | Mask::Decrypt) {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the vault's strict profile does not allow a key that wraps keys and encrypts data",
        ));
    }
    Ok(())
}

/// Whether the vault signs so.
pub(crate) fn check_signing(vault: &Vault, mechanism: Signing) -> Result<()> {
    let approved = match mechanism {
        Signing::RsaPkcs1(hash) | Signing::Ecdsa(hash) => hash != Some(Hash::Sha1),
        Signing::RsaPss {
            hash, mask_hash, ..
        } => hash != Hash::Sha1 && mask_hash != Hash::Sha1,
        Signing::Dsa(_) => false,
        Signing::Eddsa | Signing::MlDsa | Signing::SlhDsa => true,
        Signing::InContext { prehash, .. } => prehash != Some(Prehash::Hash(Hash::Sha1)),
    };
    require(!vault.strict || approved)
}

/// Whether the vault encrypts so; in a strict one IVs are made inside.
pub(crate) fn check_encryption(vault: &Vault, cipher: &Cipher, iv_is_given: bool) -> Result<()> {
    require(!vault.strict || (is_approved(cipher) && !iv_is_given))
}

/// Whether the vault decrypts so.
pub(crate) fn check_decryption(vault: &Vault, cipher: &Cipher) -> Result<()> {
    require(!vault.strict || is_approved(cipher))
}

fn is_approved(cipher: &Cipher) -> bool {
    match cipher {
        Cipher::AesEcb(_) | Cipher::RsaPkcs1 => false,
        Cipher::AesGcm { tag_bytes } | Cipher::AesCcm { tag_bytes } => *tag_bytes >= 12,
        Cipher::TripleDesEcb(_)
        | Cipher::TripleDesCbc(_)
        | Cipher::TripleDesCfb
        | Cipher::TripleDesOfb
        | Cipher::ChaCha20
        | Cipher::ChaCha20Poly1305 { .. } => false,
        Cipher::AesCbc(_)
        | Cipher::AesCfb
        | Cipher::AesOfb
        | Cipher::AesXts
        | Cipher::AesCtr
        | Cipher::AesKeyWrap
        | Cipher::AesKeyWrapPadded
        | Cipher::RsaOaep { .. } => true,
    }
}

/// Whether the vault makes and verifies such a MAC with a key of this kind: in a strict one, keys of ciphers make no
/// HMAC, and CBC-MAC is safe for messages of one length only.
pub(crate) fn check_mac(vault: &Vault, spec: KeySpec, mac: Mac) -> Result<()> {
    let approved = match mac {
        Mac::Hmac(_) => matches!(spec, KeySpec::Hmac { .. }),
        Mac::AesCmac => true,
        Mac::TripleDesCmac | Mac::AesCbcMac | Mac::TripleDesCbcMac => false,
    };
    require(!vault.strict || approved)
}

/// Whether the vault makes digests with hash functions of old.
pub(crate) fn check_old_hash(vault: &Vault) -> Result<()> {
    require(!vault.strict)
}

fn require(approved: bool) -> Result<()> {
    if approved {
        return Ok(());
    }
    Err(Error::new(
        Fault::UnsupportedParameters,
        "the vault's strict profile does not allow these parameters",
    ))
}

#[cfg(test)]
mod tests {
    use kmip::{mechanism::Padding, ttlv::Timestamp};

    use super::*;

    pub(super) fn vault(strict: bool) -> Vault {
        Vault {
            name: "v".into(),
            backend: "b".into(),
            locked_by_default: false,
            wrapped: false,
            strict,
            created: Timestamp(0),
            user_pin: None,
            so_pin: None,
            token: store::Token::default(),
            rules: store::Rules::default(),
        }
    }

    #[test]
    fn strict_refuses_what_compatible_serves() {
        let hmac = KeySpec::Hmac {
            hash: Hash::Sha256,
            bits: 64,
        };
        let both = Mask::Encrypt | Mask::WrapKey;
        for (strict, served) in [(false, true), (true, false)] {
            let vault = vault(strict);
            assert_eq!(
                check_new_key(&vault, KeySpec::Ec(Curve::Secp256k1), Mask::Sign).is_ok(),
                served
            );
            assert_eq!(
                check_new_key(&vault, hmac, Mask::MACGenerate).is_ok(),
                served
            );
            assert_eq!(
                check_new_key(&vault, KeySpec::Aes { bits: 256 }, both).is_ok(),
                served
            );
            assert_eq!(
                check_signing(&vault, Signing::RsaPkcs1(Some(Hash::Sha1))).is_ok(),
                served
            );
            assert_eq!(
                check_encryption(&vault, &Cipher::AesEcb(Padding::None), false).is_ok(),
                served
            );
            assert_eq!(
                check_encryption(&vault, &Cipher::AesGcm { tag_bytes: 16 }, true).is_ok(),
                served
            );
            assert_eq!(check_decryption(&vault, &Cipher::RsaPkcs1).is_ok(), served);
            assert_eq!(
                check_decryption(&vault, &Cipher::AesGcm { tag_bytes: 4 }).is_ok(),
                served
            );
            let old = KeySpec::TripleDes { bits: 168 };
            assert_eq!(check_new_key(&vault, old, Mask::Encrypt).is_ok(), served);
            let aes = KeySpec::Aes { bits: 256 };
            for mac in [Mac::AesCbcMac, Mac::Hmac(Hash::Sha256)] {
                assert_eq!(check_mac(&vault, aes, mac).is_ok(), served);
            }
            assert_eq!(check_old_hash(&vault).is_ok(), served);
            assert!(check_mac(&vault, aes, Mac::AesCmac).is_ok());
            assert!(check_new_key(&vault, KeySpec::Aes { bits: 256 }, Mask::Encrypt).is_ok());
            assert!(check_encryption(&vault, &Cipher::AesGcm { tag_bytes: 16 }, false).is_ok());
            assert!(check_signing(&vault, Signing::Eddsa).is_ok());
        }
    }
}
