//! RSA: a private key made ready, and the paddings both halves of a key share.

use kmip::{
    Secret,
    mechanism::{Cipher, Signing},
};
use openssl::{
    pkey::{PKey, Private, Public},
    pkey_ctx::{PkeyCtx, PkeyCtxRef},
    rsa::Padding,
    sign::RsaPssSaltlen,
};
use zeroize::Zeroizing;

use super::{
    engine::{self, decryption_failed, digested, failed},
    plain::wrong_signature,
};
use crate::{Decryption, Error, Input, Result};

/// A private RSA key, parsed once; its public half apart, so that one flipped bit cannot fool both.
pub(super) struct RsaKey {
    private: PKey<Private>,
    public: PKey<Public>,
}

impl RsaKey {
    /// Parses a key that was validated.
    pub(super) fn new(pkcs8: &[u8]) -> Result<Self> {
        let private = PKey::private_key_from_pkcs8(pkcs8)
            .map_err(|_| Error::BadKey("not a PKCS #8 private key"))?;
        let spki = private.public_key_to_der().map_err(failed)?;
        let public = PKey::public_key_from_der(&spki).map_err(failed)?;
        Ok(Self { private, public })
    }

    /// The length of the modulus in bits.
    pub(super) fn bits(&self) -> u32 {
        self.private.bits()
    }

    /// The public half, DER SubjectPublicKeyInfo.
    pub(super) fn spki(&self) -> Result<Vec<u8>> {
        self.public.public_key_to_der().map_err(failed)
    }

    /// Signs, and looks at the signature before it leaves.
    pub(super) fn sign(&self, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        let digest = digested(signing_hash(mechanism)?, input)?;
        fits(mechanism, digest.as_ref(), self.private.size())?;
        let mut context = PkeyCtx::new(&self.private).map_err(failed)?;
        context.sign_init().map_err(failed)?;
        signature_padding(&mut context, mechanism)?;
        let mut signature = vec![0; self.private.size()];
        let written = context
            .sign(digest.as_ref(), Some(&mut signature))
            .map_err(failed)?;
        signature.truncate(written);
        // Boneh, DeMillo, Lipton: one wrong CRT signature gives the key away, so none leaves unverified.
        if verify(&self.public, mechanism, digest.as_ref(), &signature)? {
            Ok(signature)
        } else {
            Err(wrong_signature())
        }
    }

    /// Decrypts. PKCS #1 v1.5 rejects implicitly: a wrong padding gives random bytes, in the same time.
    pub(super) fn decrypt(&self, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        if input.iv.is_some() || input.tag.is_some() || !input.associated.is_empty() {
            return Err(Error::BadInput("RSA has no IV, tag or associated data"));
        }
        if input.data.len() != self.private.size() {
            return Err(Error::BadInput(
                "an RSA ciphertext is as long as the modulus",
            ));
        }
        let mut context = PkeyCtx::new(&self.private).map_err(failed)?;
        context.decrypt_init().map_err(failed)?;
        encryption_padding(&mut context, cipher)?;
        let mut plain = Zeroizing::new(vec![0; self.private.size()]);
        let written = context
            .decrypt(input.data, Some(&mut plain))
            .map_err(|_| decryption_failed())?;
        plain.truncate(written);
        Ok(Secret::new(std::mem::take(&mut *plain)))
    }
}

/// Whether a signature is right.
pub(crate) fn verify(
    key: &PKey<Public>,
    mechanism: Signing,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool> {
    fits(mechanism, digest, key.size())?;
    if signature.len() != key.size() {
        return Ok(false);
    }
    let mut context = PkeyCtx::new(key).map_err(failed)?;
    context.verify_init().map_err(failed)?;
    signature_padding(&mut context, mechanism)?;
    // With everything prepared, an error of this one call is about the signature.
    Ok(context.verify(digest, signature).unwrap_or(false))
}

/// Encrypts with a public key.
pub(crate) fn encrypt(key: &PKey<Public>, cipher: &Cipher, plain: &[u8]) -> Result<Vec<u8>> {
    let overhead = match cipher {
        // RFC 8017 §7.2.1 and §7.1.1: the room the paddings need.
        Cipher::RsaPkcs1 => 11,
        Cipher::RsaOaep { hash, .. } => 2 * hash.digest_bytes() + 2,
        _ => return Err(Error::KeyTypeMismatch),
    };
    if plain.len() + overhead > key.size() {
        return Err(Error::BadInput("longer than the RSA key can encrypt"));
    }
    let mut context = PkeyCtx::new(key).map_err(failed)?;
    context.encrypt_init().map_err(failed)?;
    encryption_padding(&mut context, cipher)?;
    let mut data = vec![0; key.size()];
    let written = context.encrypt(plain, Some(&mut data)).map_err(failed)?;
    data.truncate(written);
    Ok(data)
}

/// The hash of an RSA signature.
pub(crate) const fn signing_hash(mechanism: Signing) -> Result<Option<kmip::mechanism::Hash>> {
    match mechanism {
        Signing::RsaPkcs1(hash) => Ok(hash),
        Signing::RsaPss { hash, .. } => Ok(Some(hash)),
        _ => Err(Error::KeyTypeMismatch),
    }
}

/// Refuses what cannot be padded to the length of the modulus.
fn fits(mechanism: Signing, digest: &[u8], modulus_bytes: usize) -> Result<()> {
    let needed = match mechanism {
        // OpenSSL would sign nothing, and then refuse to verify it.
        Signing::RsaPkcs1(None) if digest.is_empty() => {
            return Err(Error::BadInput("nothing to sign"));
        }
        // RFC 8017 §9.2: eleven bytes of padding; the longest DigestInfo header has nineteen.
        Signing::RsaPkcs1(None) => digest.len() + 11,
        Signing::RsaPkcs1(Some(_)) => digest.len() + 19 + 11,
        // RFC 8017 §9.1.1: emLen ≥ hLen + sLen + 2; our moduli of odd lengths lose up to one byte more.
        Signing::RsaPss { salt_bytes, .. } => digest.len() + usize::from(salt_bytes) + 2,
        _ => return Err(Error::KeyTypeMismatch),
    };
    if needed > modulus_bytes {
        return Err(Error::BadInput("longer than the RSA key can sign"));
    }
    Ok(())
}

fn signature_padding<T>(context: &mut PkeyCtxRef<T>, mechanism: Signing) -> Result<()> {
    match mechanism {
        Signing::RsaPkcs1(hash) => {
            context.set_rsa_padding(Padding::PKCS1).map_err(failed)?;
            hash.map_or(Ok(()), |hash| {
                context
                    .set_signature_md(engine::hash(hash).md)
                    .map_err(failed)
            })
        }
        Signing::RsaPss {
            hash,
            mask_hash,
            salt_bytes,
        } => context
            .set_rsa_padding(Padding::PKCS1_PSS)
            .and_then(|()| context.set_signature_md(engine::hash(hash).md))
            .and_then(|()| context.set_rsa_mgf1_md(engine::hash(mask_hash).md))
            .and_then(|()| context.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt_bytes.into())))
            .map_err(failed),
        _ => Err(Error::KeyTypeMismatch),
    }
}

fn encryption_padding<T>(context: &mut PkeyCtxRef<T>, cipher: &Cipher) -> Result<()> {
    match cipher {
        Cipher::RsaPkcs1 => context.set_rsa_padding(Padding::PKCS1).map_err(failed),
        Cipher::RsaOaep {
            hash,
            mask_hash,
            label,
        } => {
            context
                .set_rsa_padding(Padding::PKCS1_OAEP)
                .and_then(|()| context.set_rsa_oaep_md(engine::hash(*hash).md))
                .and_then(|()| context.set_rsa_mgf1_md(engine::hash(*mask_hash).md))
                .map_err(failed)?;
            if label.is_empty() {
                return Ok(());
            }
            let label = engine::bounded(label)?;
            context.set_rsa_oaep_label(label).map_err(failed)
        }
        _ => Err(Error::KeyTypeMismatch),
    }
}

#[cfg(test)]
impl RsaKey {
    /// As if a fault had hit the private half: it no longer belongs to the public one.
    pub(super) fn strike(&mut self) {
        let other = openssl::rsa::Rsa::generate(self.bits()).unwrap();
        self.private = PKey::from_rsa(other).unwrap();
    }
}
