//! AES key wrap (NIST SP 800-38F), with padding and without.

use kmip::Secret;
use openssl::{
    cipher::CipherRef,
    cipher_ctx::{CipherCtx, CipherCtxFlags},
};
use zeroize::Zeroizing;

use super::engine::{decryption_failed, failed};
use crate::{Error, Result};

/// Wraps whole semiblocks, at least two (SP 800-38F §5.3.1).
pub(super) fn wrap(cipher: &CipherRef, key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    if plain.len() < 16 || !plain.len().is_multiple_of(8) {
        return Err(Error::BadInput(
            "key wrap takes whole 8-byte blocks, at least two",
        ));
    }
    run(cipher, key, plain)
}

/// Wraps any bytes but none.
pub(super) fn wrap_padded(cipher: &CipherRef, key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    if plain.is_empty() {
        return Err(Error::BadInput(
            "key wrap with padding takes at least one byte",
        ));
    }
    run(cipher, key, plain)
}

fn run(cipher: &CipherRef, key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut context = CipherCtx::new().map_err(failed)?;
    context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    context
        .encrypt_init(Some(cipher), Some(key), None)
        .map_err(failed)?;
    let mut out = Vec::with_capacity(plain.len() + 32);
    context.cipher_update_vec(plain, &mut out).map_err(failed)?;
    Ok(out)
}

/// Unwraps whole semiblocks, at least so many bytes.
pub(super) fn unwrap(
    cipher: &CipherRef,
    key: &[u8],
    data: &[u8],
    bytes_min: usize,
) -> Result<Secret> {
    if data.len() < bytes_min || !data.len().is_multiple_of(8) {
        return Err(Error::BadInput("wrapped data is whole 8-byte blocks"));
    }
    let mut context = CipherCtx::new().map_err(failed)?;
    context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    context
        .decrypt_init(Some(cipher), Some(key), None)
        .map_err(failed)?;
    let mut out = Zeroizing::new(Vec::with_capacity(data.len() + 32));
    context
        .cipher_update_vec(data, &mut out)
        .map_err(|_| decryption_failed())?;
    Ok(Secret::new(std::mem::take(&mut *out)))
}
