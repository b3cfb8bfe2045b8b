//! AES-XTS (IEEE 1619, NIST SP 800-38E): one data unit at a time.

use kmip::{Secret, mechanism::Cipher};
use openssl::cipher_ctx::CipherCtx;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    ciphers,
    engine::failed,
    input::{made_or_given, needed_iv, unauthenticated},
};
use crate::{Decryption, Encrypted, Encryption, Error, Result};

/// Refuses a key whose halves are the same: XTS would be as weak as ECB (SP 800-38E §2, FIPS 140 IG C.I).
pub(super) fn check_halves(key: &[u8]) -> Result<()> {
    let (one, other) = key.split_at_checked(key.len() / 2).unwrap_or_default();
    if one.ct_eq(other).into() {
        return Err(Error::BadKey("the halves of an XTS key are the same"));
    }
    Ok(())
}

/// Encrypts one data unit under its tweak.
pub(super) fn encrypt(key: &[u8], tweak: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    run(key, Some(tweak), plain, true).map(|mut out| std::mem::take(&mut *out))
}

/// Decrypts one data unit under its tweak.
pub(super) fn decrypt(key: &[u8], tweak: Option<&[u8]>, data: &[u8]) -> Result<Secret> {
    run(key, tweak, data, false).map(|mut out| Secret::new(std::mem::take(&mut *out)))
}

/// Encrypts under a key that does nothing else.
pub(super) fn sealed(key: &[u8], input: Encryption<'_>) -> Result<Encrypted> {
    unauthenticated(input.associated, None)?;
    let (tweak, made) = made_or_given(&Cipher::AesXts, input.iv)?;
    Ok(Encrypted {
        data: encrypt(key, &tweak, input.plain)?,
        iv: made,
        tag: None,
    })
}

/// Decrypts under a key that does nothing else.
pub(super) fn opened(key: &[u8], input: Decryption<'_>) -> Result<Secret> {
    unauthenticated(input.associated, input.tag)?;
    decrypt(key, input.iv, input.data)
}

fn run(
    key: &[u8],
    tweak: Option<&[u8]>,
    data: &[u8],
    encrypts: bool,
) -> Result<Zeroizing<Vec<u8>>> {
    check_halves(key)?;
    let tweak = needed_iv(tweak, BLOCK_BYTES)?;
    if !(BLOCK_BYTES..=UNIT_BYTES_MAX).contains(&data.len()) {
        return Err(Error::BadInput(
            "an XTS data unit has from 16 bytes to 16 MiB",
        ));
    }
    let cipher = Some(ciphers::xts(key.len())?);
    let mut context = CipherCtx::new().map_err(failed)?;
    if encrypts {
        context.encrypt_init(cipher, Some(key), Some(tweak))
    } else {
        context.decrypt_init(cipher, Some(key), Some(tweak))
    }
    .map_err(failed)?;
    let mut out = Zeroizing::new(Vec::with_capacity(data.len() + BLOCK_BYTES));
    context
        .cipher_update_vec(data, &mut out)
        .and_then(|_| context.cipher_final_vec(&mut out))
        .map_err(failed)?;
    Ok(out)
}

const BLOCK_BYTES: usize = 16;
/// SP 800-38E §4: 2²⁰ blocks.
const UNIT_BYTES_MAX: usize = 1 << 24;
