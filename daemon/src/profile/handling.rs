//! Keys that handle keys: what wraps, unwraps and derives what, so that no sensitive key is read by way of others.

use kmip::{
    CryptographicUsageMask as Mask,
    mechanism::{Cipher, Derivation, Hash},
};
use store::Vault;

use super::require;
use crate::{
    error::{Error, Result},
    fault::Fault,
};

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
        Derivation::Pbkdf2 { hash, .. }
        | Derivation::Digest(hash)
        | Derivation::X963(hash)
        | Derivation::OneStep(hash) => Some(*hash),
        _ => None,
    };
    require(!vault.strict || hash != Some(Hash::Sha1))?;
    match how {
        Derivation::Encrypt(_)
        | Derivation::Hmac(_)
        | Derivation::Counter(_)
        | Derivation::Feedback(_)
        | Derivation::DoublePipeline(_)
        | Derivation::HkdfExpand(_) => check_keyed(base, new_is_sensitive),
        Derivation::Pbkdf2 { .. }
        | Derivation::Digest(_)
        | Derivation::Hkdf(_)
        | Derivation::HkdfExtract(_)
        | Derivation::Agreement
        | Derivation::X963(_)
        | Derivation::OneStep(_) => Ok(()),
    }
}

/// Whether a key may be the salt of HKDF: what is extracted is a MAC under it.
pub(crate) fn check_salt(salt: Base, new_is_sensitive: bool) -> Result<()> {
    check_keyed(salt, new_is_sensitive)
}

/// Whether what a key computes of what anybody says may be kept as a key.
fn check_keyed(base: Base, new_is_sensitive: bool) -> Result<()> {
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
            "a key that may have left, or was derived, derives a sensitive object only by the whole of HKDF",
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
        && (kek.mask.intersects(Mask::Decrypt) || (cipher.is_stream() && shows_streams))
    {
        return refused("a key that decrypts data does not wrap a sensitive key");
    }
    if wrapped_is_sensitive && cipher.is_malleable() {
        return refused("a sensitive key is wrapped only so that it cannot be changed");
    }
    if kek.keeps && !shows_streams && (cipher.is_malleable() || (cipher.is_stream() && iv_is_given))
    {
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
    if cipher.is_malleable() && !decrypts {
        return Err(Error::new(
            Fault::WrongUsage,
            "only a key that decrypts data unwraps by CBC",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kmip::mechanism::{Padding, Prf};

    use super::{super::tests::vault, *};

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
        let extract = Derivation::HkdfExtract(Hash::Sha256);
        let expand = Derivation::HkdfExpand(Hash::Sha256);
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
            let checked = check_derivation(&vault(false), &expand, base, sensitive);
            assert_eq!(checked.is_ok(), served, "{mask:?} {has_twins} {sensitive}");
            assert_eq!(check_salt(base, sensitive).is_ok(), served, "{mask:?}");
            for hkdf in [&hkdf, &extract] {
                assert!(check_derivation(&vault(false), hkdf, base, sensitive).is_ok());
            }
        }
    }
}
