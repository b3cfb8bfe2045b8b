//! How a key authenticates by its parameters.

use super::{HMACS, Result, Unfit, hash};
use crate::{
    BlockCipherMode,
    attribute::CryptographicParameters,
    mechanism::{Hash, KeySpec, Mac},
};

/// How a key of this kind authenticates by these parameters; a key of HMAC with its own hash where none is named.
///
/// Keys of ciphers authenticate by a mode of their own, or by HMAC where a hash is named: the standard's clients use AES
/// keys so.
pub fn mac(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Mac> {
    let unused = Err(Unfit::Unsupported(
        "a key of this algorithm makes no MAC here",
    ));
    match (spec, parameters.block_cipher_mode) {
        (KeySpec::Rsa { .. } | KeySpec::Ec(_) | KeySpec::Kept { .. }, _) => unused,
        (KeySpec::Hmac { hash: own, .. }, None) => {
            named_hash(parameters).map(|named| Mac::Hmac(named.unwrap_or(own)))
        }
        (KeySpec::Aes { bits }, Some(mode)) if bits < 512 => match mode {
            BlockCipherMode::CMAC => Ok(Mac::AesCmac),
            BlockCipherMode::CBCMAC => Ok(Mac::AesCbcMac),
            _ => Err(Unfit::Unsupported("this mode makes no MAC here")),
        },
        (KeySpec::TripleDes { .. }, Some(mode)) => match mode {
            BlockCipherMode::CMAC => Ok(Mac::TripleDesCmac),
            BlockCipherMode::CBCMAC => Ok(Mac::TripleDesCbcMac),
            _ => Err(Unfit::Unsupported("this mode makes no MAC here")),
        },
        (_, None) => named_hash(parameters)?
            .map(Mac::Hmac)
            .ok_or(Unfit::Bad("neither a mode nor a hash says which MAC")),
        (_, Some(_)) => Err(Unfit::Bad("the block cipher mode is not one of the key")),
    }
}

/// The hash that algorithm or hash function name, or both alike.
fn named_hash(parameters: &CryptographicParameters) -> Result<Option<Hash>> {
    let of_hmac = |algorithm| {
        HMACS
            .iter()
            .find(|(_, name)| *name == algorithm)
            .map(|(hash, _)| *hash)
            .ok_or(Unfit::Bad("the cryptographic algorithm is no HMAC"))
    };
    let by_hash = parameters.hashing_algorithm.map(hash).transpose()?;
    let by_algorithm = parameters
        .cryptographic_algorithm
        .map(of_hmac)
        .transpose()?;
    match (by_algorithm, by_hash) {
        (Some(one), Some(other)) if one != other => Err(Unfit::Bad(
            "hashing algorithm and cryptographic algorithm contradict each other",
        )),
        (one, other) => Ok(one.or(other)),
    }
}
