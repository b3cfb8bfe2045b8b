//! The profiles of a vault: `compatible` serves what the field's clients need, `strict` approved algorithms and sizes only.
//!
//! Keys whose usages conflict (NIST SP 800-57, and the attacks of Clulow and of Bortolozzo and others) are refused in a
//! strict vault when they are made, and in any vault when the conflict would matter.

use kmip::{
    CryptographicUsageMask as Mask,
    mechanism::{Cipher, Curve, Derivation, Hash, KeySpec, Mac, Prehash, Signing},
};
use store::Vault;

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

/// What is known of a key that wraps others.
#[derive(Clone, Copy)]
pub(crate) struct Kek {
    /// What it is for.
    pub(crate) mask: Mask,
    /// Whether sensitive keys may go under it: it was made here and never told, and never left, so that nobody has a
    /// second key of its value that shows them; or the security officer trusts it.
    pub(crate) keeps: bool,
}

/// What is known of a key that others are derived from.
#[derive(Clone, Copy)]
pub(crate) struct Base {
    /// What it is for.
    pub(crate) mask: Mask,
    /// Whether a second key of its value can be made, for something else: by wrapping and unwrapping it, or by deriving it
    /// once more.
    pub(crate) has_twins: bool,
}

/// Whether the vault derives so from a base: what another operation would compute in the clear is no way to a key that is
/// kept. A MAC, a cipher and, by a block that is chosen, a wrapping compute what these functions are made of.
pub(crate) fn check_derivation(
    vault: &Vault,
    how: &Derivation,
    base: Base,
    new_is_sensitive: bool,
) -> Result<()> {
    let hash = match how {
        Derivation::Pbkdf2 { hash, .. } | Derivation::Digest(hash) | Derivation::X963(hash) => {
            Some(*hash)
        }
        _ => None,
    };
    require(!vault.strict || hash != Some(Hash::Sha1))?;
    match how {
        Derivation::Encrypt(_)
        | Derivation::Hmac(_)
        | Derivation::Counter(_)
        | Derivation::Feedback(_)
        | Derivation::DoublePipeline(_) => {}
        Derivation::Pbkdf2 { .. }
        | Derivation::Digest(_)
        | Derivation::Hkdf(_)
        | Derivation::Agreement
        | Derivation::X963(_) => return Ok(()),
    }
    let shown_by = Mask::MACGenerate | Mask::Encrypt | Mask::WrapKey;
    if new_is_sensitive && base.mask.intersects(shown_by) {
        return Err(Error::new(
            Fault::WrongUsage,
            "a key that computes the same for data derives no sensitive object",
        ));
    }
    if new_is_sensitive && base.has_twins {
        return Err(Error::new(
            Fault::WrongUsage,
            "a key that may have left, or was derived, derives a sensitive object only by HKDF",
        ));
    }
    Ok(())
}

/// Whether a key may wrap another so: a sensitive one only under a key that keeps it, and what decrypts data would show it
/// in the clear. Modes that are a key stream are undone by whatever computes the stream again: by encryption, by a MAC of
/// one block, and by another wrapping with the same IV or, in CBC, with a chosen one. CBC besides lets whoever unwraps try
/// its padding.
pub(crate) fn check_wrapping(
    kek: Kek,
    cipher: &Cipher,
    wrapped_is_sensitive: bool,
    iv_is_given: bool,
) -> Result<()> {
    let refused = |why| Err(Error::new(Fault::WrongUsage, why));
    let shows_streams = kek
        .mask
        .intersects(Mask::Decrypt | Mask::Encrypt | Mask::MACGenerate);
    if wrapped_is_sensitive && !kek.keeps {
        return refused(
            "a sensitive key leaves only under one that was made here, is sensitive and never left, or is trusted",
        );
    }
    if wrapped_is_sensitive
        && (kek.mask.intersects(Mask::Decrypt) || (is_stream(cipher) && shows_streams))
    {
        return refused("a key that decrypts data does not wrap a sensitive key");
    }
    if wrapped_is_sensitive && is_malleable(cipher) {
        return refused("a sensitive key is wrapped only so that it cannot be changed");
    }
    if kek.keeps && !shows_streams && (is_malleable(cipher) || (is_stream(cipher) && iv_is_given)) {
        return refused("a key that wraps sensitive keys takes no IV, and does not wrap by CBC");
    }
    Ok(())
}

/// Whether a key may unwrap into an object: what is under one that keeps sensitive keys comes back as one, and what
/// encrypts data would let anybody choose the key. One that also decrypts shows what is under it in any case, and no
/// sensitive key is. By CBC only such a one unwraps, because whether a padding is right would tell what is under it.
pub(crate) fn check_unwrapping(kek: Kek, cipher: &Cipher, new_is_sensitive: bool) -> Result<()> {
    let decrypts = kek.mask.intersects(Mask::Decrypt);
    if !new_is_sensitive && !decrypts && kek.keeps {
        return Err(Error::new(
            Fault::WrongUsage,
            "what a key unwraps that wraps sensitive keys is sensitive",
        ));
    }
    if !new_is_sensitive && !decrypts && kek.mask.intersects(Mask::Encrypt) {
        return Err(Error::new(
            Fault::WrongUsage,
            "a key that encrypts data unwraps into sensitive objects only",
        ));
    }
    if is_malleable(cipher) && !decrypts {
        return Err(Error::new(
            Fault::WrongUsage,
            "only a key that decrypts data unwraps by CBC",
        ));
    }
    Ok(())
}

const fn is_stream(cipher: &Cipher) -> bool {
    matches!(
        cipher,
        Cipher::AesGcm { .. } | Cipher::AesCcm { .. } | Cipher::ChaCha20Poly1305 { .. }
    )
}

const fn is_malleable(cipher: &Cipher) -> bool {
    matches!(cipher, Cipher::AesCbc(_))
}

#[cfg(test)]
mod tests {
    use kmip::{
        mechanism::{Padding, Prf},
        ttlv::Timestamp,
    };

    use super::*;

    fn vault(strict: bool) -> Vault {
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

    #[test]
    fn conflicting_usages_show_no_sensitive_key() {
        let (wraps, unwraps) = (Mask::WrapKey, Mask::UnwrapKey);
        let (kw, gcm) = (&Cipher::AesKeyWrap, &Cipher::AesGcm { tag_bytes: 16 });
        let cbc = &Cipher::AesCbc(Padding::Pkcs5);
        let kek = |mask, keeps| Kek { mask, keeps };
        for (mask, cipher, sensitive, served) in [
            (wraps | Mask::Decrypt, kw, true, false),
            (wraps | Mask::Decrypt, kw, false, true),
            (wraps | Mask::Encrypt, kw, true, true),
            (wraps | Mask::Encrypt, gcm, true, false),
            (wraps | Mask::Encrypt, gcm, false, true),
            (wraps | Mask::MACGenerate, gcm, true, false),
            (wraps | Mask::MACGenerate, kw, true, true),
            (wraps, gcm, true, true),
            (wraps, cbc, true, false),
            (wraps, cbc, false, false),
            (wraps | Mask::Encrypt, cbc, false, true),
        ] {
            let checked = check_wrapping(kek(mask, true), cipher, sensitive, false);
            assert_eq!(checked.is_ok(), served, "{mask:?} {cipher:?} {sensitive}");
            let checked = check_wrapping(kek(mask, false), cipher, sensitive, false);
            assert_eq!(checked.is_ok(), !sensitive, "{mask:?} {cipher:?}");
        }
        for (keeps, cipher, served) in [(true, gcm, false), (false, gcm, true), (true, kw, true)] {
            let checked = check_wrapping(kek(wraps, keeps), cipher, false, true);
            assert_eq!(checked.is_ok(), served, "{cipher:?} with an IV");
        }
        for (mask, cipher, sensitive, served) in [
            (unwraps | Mask::Encrypt, kw, false, false),
            (unwraps | Mask::Encrypt, kw, true, true),
            (unwraps | Mask::Encrypt | Mask::Decrypt, kw, false, true),
            (unwraps, kw, false, true),
            (unwraps, cbc, true, false),
            (unwraps | Mask::Decrypt, cbc, false, true),
        ] {
            let checked = check_unwrapping(kek(mask, false), cipher, sensitive);
            assert_eq!(checked.is_ok(), served, "{mask:?} {cipher:?} {sensitive}");
        }
        for (mask, served) in [(unwraps, false), (unwraps | Mask::Decrypt, true)] {
            let checked = check_unwrapping(kek(mask, true), kw, false);
            assert_eq!(checked.is_ok(), served, "{mask:?}");
        }
    }

    #[test]
    fn what_computes_the_same_derives_no_sensitive_key() {
        let counter = Derivation::Counter(Prf::Hmac(Hash::Sha256));
        let hkdf = Derivation::Hkdf(Hash::Sha256);
        let derives = Mask::DeriveKey;
        for (mask, has_twins, sensitive, served) in [
            (derives, false, true, true),
            (derives, true, true, false),
            (derives, true, false, true),
            (derives | Mask::MACGenerate, false, true, false),
            (derives | Mask::Encrypt, false, true, false),
            (derives | Mask::WrapKey, false, true, false),
            (derives | Mask::MACGenerate, false, false, true),
        ] {
            let base = Base { mask, has_twins };
            let checked = check_derivation(&vault(false), &counter, base, sensitive);
            assert_eq!(checked.is_ok(), served, "{mask:?} {has_twins} {sensitive}");
            assert!(check_derivation(&vault(false), &hkdf, base, sensitive).is_ok());
        }
    }
}
