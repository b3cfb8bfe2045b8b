//! Post-quantum keys as bare bytes: public keys, expanded private keys and the seeds they come from.

use kmip::{
    Secret,
    mechanism::{PostQuantum, PostQuantumUse},
};
use zeroize::Zeroizing;

use super::{
    der::{self, OCTET_STRING, SEQUENCE},
    private, public,
};
use crate::{Error, Result, soft::engine::failed};

/// A public key's bytes, as FIPS 203, 204 and 205 order them, to SubjectPublicKeyInfo.
pub fn post_quantum_to_spki(algorithm: PostQuantum, raw: &[u8]) -> Result<Vec<u8>> {
    if raw.len() != algorithm.public_bytes() {
        return Err(LENGTH);
    }
    let name = der::element(SEQUENCE, &[&algorithm.oid()]);
    Ok(der::element(SEQUENCE, &[&name, &der::bit_string(raw)]))
}

/// SubjectPublicKeyInfo to the public key's bytes.
pub fn spki_to_post_quantum(spki: &[u8]) -> Result<Vec<u8>> {
    public(spki)?.raw_public_key().map_err(failed)
}

/// A private key's bytes, expanded or the seed of ML-KEM and ML-DSA, to PKCS #8.
pub fn post_quantum_to_pkcs8(algorithm: PostQuantum, raw: &Secret) -> Result<Secret> {
    let seed_bytes = seed_bytes(algorithm);
    // RFC 9935 §6, RFC 9881 §6: a choice of seed and expanded key; SLH-DSA has its bytes and nothing around them.
    let inner = match seed_bytes {
        Some(bytes) if raw.len() == bytes => secret(SEED, &[raw.expose()]),
        Some(_) => secret(OCTET_STRING, &[raw.expose()]),
        None => raw.clone(),
    };
    let name = der::element(SEQUENCE, &[&algorithm.oid()]);
    let key = secret(OCTET_STRING, &[inner.expose()]);
    let version = der::integer(&[0]);
    let pkcs8 = secret(SEQUENCE, &[&version, &name, key.expose()]);
    // Read once, so that what has no key's length is refused here.
    private(&pkcs8).map_err(|_| LENGTH)?;
    Ok(pkcs8)
}

/// An element that nobody may see.
fn secret(tag: u8, parts: &[&[u8]]) -> Secret {
    Secret::new(der::element(tag, parts))
}

/// PKCS #8 to the expanded private key.
pub fn pkcs8_to_post_quantum(pkcs8: &Secret) -> Result<Secret> {
    private(pkcs8)?
        .raw_private_key()
        .map(Secret::new)
        .map_err(failed)
}

/// PKCS #8 to the seed, if it is known: a key that came without it has none any more.
pub fn pkcs8_to_seed(algorithm: PostQuantum, pkcs8: &Secret) -> Result<Option<Secret>> {
    let Some(bytes) = seed_bytes(algorithm) else {
        return Ok(None);
    };
    let mut seed = Zeroizing::new(vec![0; bytes]);
    let known = private(pkcs8)?.seed_into(&mut seed).is_ok();
    Ok(known.then(|| Secret::new(std::mem::take(&mut *seed))))
}

/// How long the seed is that private keys come from. FIPS 203 §7.1: d ‖ z; FIPS 204 §6.1: ξ.
#[must_use]
pub const fn seed_bytes(algorithm: PostQuantum) -> Option<usize> {
    match algorithm.kind() {
        PostQuantumUse::Kem => Some(64),
        PostQuantumUse::MlDsa => Some(32),
        PostQuantumUse::SlhDsa => None,
    }
}

const SEED: u8 = 0x80;
const LENGTH: Error = Error::BadKey("a post-quantum key of another length than its algorithm has");
