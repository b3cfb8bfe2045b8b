//! How a key is derived by its parameters.

use super::{Result, Unfit, cipher, hash};
use crate::{
    BlockCipherMode, DerivationMethod,
    attribute::CryptographicParameters,
    mechanism::{Cipher, Derivation, Hash, KeySpec, Prf},
};

/// How a key of this kind, or secret data, gives another by this method (KMIP 2.1 §6.1.13, §11.14).
pub fn derivation(
    method: DerivationMethod,
    base: Option<KeySpec>,
    parameters: &CryptographicParameters,
    iterations: Option<i32>,
) -> Result<Derivation> {
    let named = parameters.hashing_algorithm.map(hash).transpose()?;
    // A key for HMAC says itself with which hash.
    let own = match base {
        Some(KeySpec::Hmac { hash, .. }) => Some(hash),
        _ => None,
    };
    let hash = || {
        named
            .or(own)
            .ok_or(Unfit::Bad("no hashing algorithm is named"))
    };
    if base.is_some_and(KeySpec::is_asymmetric) != method.agrees() {
        return Err(Unfit::Bad(
            "the derivation method does not fit the kind of the base object",
        ));
    }
    match method {
        DerivationMethod::PBKDF2 => Ok(Derivation::Pbkdf2 {
            hash: named.unwrap_or(Hash::Sha1),
            iterations: iterations
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| *count > 0)
                .ok_or(Unfit::Bad("the iteration count is missing or not positive"))?,
        }),
        DerivationMethod::HASH => hash().map(Derivation::Digest),
        DerivationMethod::HMAC => hash().map(Derivation::Hmac),
        DerivationMethod::ENCRYPT => encryption(base, parameters),
        DerivationMethod::NIST800108C => {
            prf(base, parameters, named.or(own)).map(Derivation::Counter)
        }
        DerivationMethod::NIST800108F => {
            prf(base, parameters, named.or(own)).map(Derivation::Feedback)
        }
        DerivationMethod::NIST800108DPI => {
            prf(base, parameters, named.or(own)).map(Derivation::DoublePipeline)
        }
        // The standard names no function for what is agreed on; where a hash is named, X9.63 makes one of it.
        DerivationMethod::AsymmetricKey => {
            Ok(named.map_or(Derivation::Agreement, Derivation::X963))
        }
        DerivationMethod::ONE_STEP => hash().map(Derivation::OneStep),
        DerivationMethod::HKDF => hash().map(Derivation::Hkdf),
        DerivationMethod::HKDF_EXTRACT => hash().map(Derivation::HkdfExtract),
        DerivationMethod::HKDF_EXPAND => hash().map(Derivation::HkdfExpand),
        _ => Err(Unfit::Unsupported("this derivation method is not served")),
    }
}

/// Modes whose ciphertexts are no plaintext with something added, so that derived keys are not related to each other.
fn encryption(base: Option<KeySpec>, parameters: &CryptographicParameters) -> Result<Derivation> {
    let spec = base.ok_or(Unfit::Bad("secret data does not encrypt"))?;
    match cipher(spec, parameters)? {
        cipher @ (Cipher::AesEcb(_) | Cipher::AesCbc(_)) => Ok(Derivation::Encrypt(cipher)),
        _ => Err(Unfit::Unsupported(
            "keys are derived by encryption in the modes ECB and CBC only",
        )),
    }
}

fn prf(
    base: Option<KeySpec>,
    parameters: &CryptographicParameters,
    hash: Option<Hash>,
) -> Result<Prf> {
    match (hash, parameters.block_cipher_mode, base) {
        (Some(hash), None, _) => Ok(Prf::Hmac(hash)),
        (None, Some(BlockCipherMode::CMAC), Some(KeySpec::Aes { .. })) => Ok(Prf::AesCmac),
        (None, None, _) => Err(Unfit::Bad("no hashing algorithm is named")),
        _ => Err(Unfit::Unsupported(
            "this pseudorandom function is not served",
        )),
    }
}
