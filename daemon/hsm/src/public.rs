//! Public-key work: verifying, encrypting and looking at keys, which needs no HSM and serves every backend.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::{digest, signature::ParsedPublicKey};
use kmip::mechanism::{Cipher, Curve, Hash, KeySpec, OldHash, Signing};
use openssl::{
    bn::BigNum,
    ec::EcKey,
    ecdsa::EcdsaSig,
    pkey::{Id, PKey, Public},
};

use crate::{
    Error, Input, Result,
    cache::Cache,
    encoding::{curve_of, is_one_der_structure},
    soft::{
        check,
        ec::fitted,
        engine::{self, CurveEngine, bounded, digested, failed},
        rsa,
    },
};

/// Whether a signature of the public key, given as DER SubjectPublicKeyInfo, is right.
///
/// Signatures have the form [`crate::Hsm::sign`] gives them. An error is about the key, the mechanism or the input;
/// whatever is wrong with the signature itself is `false`.
pub fn verify(spki: &[u8], mechanism: Signing, input: Input<'_>, signature: &[u8]) -> Result<bool> {
    let key = PublicKey::of(spki)?;
    match (&key.ready, mechanism) {
        (Ready::Rsa(key), _) => {
            let digest = digested(rsa::signing_hash(mechanism)?, input)?;
            rsa::verify(key, mechanism, digest.as_ref(), signature)
        }
        (Ready::AwsLcEdwards(key), Signing::Eddsa) => match input {
            Input::Message(message) => Ok(key.verify_sig(bounded(message)?, signature).is_ok()),
            Input::Digest(_) => Err(Error::BadInput("Ed25519 signs messages, not digests")),
        },
        (Ready::AwsLc(key, algorithm), Signing::Ecdsa(hash)) => {
            let given = digested(hash, input)?;
            match fitted(algorithm, given.as_ref())? {
                Some(fitted) => Ok(key.verify_digest_sig(&fitted, signature).is_ok()),
                None => {
                    let key = PKey::public_key_from_der(spki)
                        .and_then(|key| key.ec_key())
                        .map_err(failed)?;
                    verify_openssl(&key, given.as_ref(), signature)
                }
            }
        }
        (Ready::OpenSsl(key), Signing::Ecdsa(hash)) => {
            verify_openssl(key, digested(hash, input)?.as_ref(), signature)
        }
        _ => Err(Error::KeyTypeMismatch),
    }
}

/// Encrypts with an RSA public key.
pub fn encrypt(spki: &[u8], cipher: &Cipher, plain: &[u8]) -> Result<Vec<u8>> {
    match &PublicKey::of(spki)?.ready {
        Ready::Rsa(key) => rsa::encrypt(key, cipher, plain),
        _ => Err(Error::KeyTypeMismatch),
    }
}

/// What kind of key DER SubjectPublicKeyInfo holds, after its numbers were validated.
pub fn spec(spki: &[u8]) -> Result<KeySpec> {
    PublicKey::of(spki).map(|key| key.spec)
}

/// The digest of a message.
pub fn hash(function: Hash, message: &[u8]) -> Result<Vec<u8>> {
    Ok(engine::digest(function, bounded(message)?)?
        .as_ref()
        .to_vec())
}

/// The digest of a message by a hash function of old.
pub fn old_hash(function: OldHash, message: &[u8]) -> Result<Vec<u8>> {
    engine::old_digest(function, bounded(message)?)
}

/// A digest over a message that comes in parts.
pub struct Hasher(engine::Hasher);

impl Hasher {
    /// Begins.
    pub fn new(function: Hash) -> Result<Self> {
        engine::Hasher::new(function).map(Self)
    }

    /// Begins with a hash function of old.
    pub fn old(function: OldHash) -> Result<Self> {
        engine::Hasher::old(function).map(Self)
    }

    /// Takes a part.
    pub fn update(&mut self, part: &[u8]) -> Result<()> {
        self.0.update(bounded(part)?)
    }

    /// The digest of all parts.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.0.finish()
    }
}

/// A public key validated and made ready.
struct PublicKey {
    spec: KeySpec,
    ready: Ready,
}

enum Ready {
    Rsa(PKey<Public>),
    AwsLc(ParsedPublicKey, &'static digest::Algorithm),
    AwsLcEdwards(ParsedPublicKey),
    OpenSsl(EcKey<Public>),
}

impl PublicKey {
    /// The key, from the keys met lately when it is one of them.
    fn of(spki: &[u8]) -> Result<Arc<Self>> {
        static MET: LazyLock<Cache<PublicKey>> = LazyLock::new(|| Cache::new(KEYS_MET_MAX));
        if let Some(key) = MET.get(spki) {
            return Ok(key);
        }
        let key = Arc::new(Self::parse(spki)?);
        MET.insert(spki, Arc::clone(&key));
        Ok(key)
    }

    fn parse(spki: &[u8]) -> Result<Self> {
        let bad = || Error::BadKey("not a DER SubjectPublicKeyInfo of a key served");
        if spki.len() > SPKI_BYTES_MAX || !is_one_der_structure(spki) {
            return Err(bad());
        }
        let key = PKey::public_key_from_der(spki).map_err(|_| bad())?;
        if key.id() == Id::RSA {
            let numbers = key.rsa().map_err(failed)?;
            let bits = u16::try_from(key.bits()).map_err(|_| bad())?;
            check::rsa_public(numbers.n(), numbers.e(), bits)?;
            return Ok(Self {
                spec: KeySpec::Rsa { bits },
                ready: Ready::Rsa(key),
            });
        }
        let curve = curve_of(&key)?;
        let ready = match engine::curve(curve) {
            CurveEngine::AwsLcEdwards => {
                let point = key.raw_public_key().map_err(failed)?;
                check::edwards_public(&point)?;
                Ready::AwsLcEdwards(
                    ParsedPublicKey::new(&aws_lc_rs::signature::ED25519, point)
                        .map_err(|_| bad())?,
                )
            }
            CurveEngine::AwsLc {
                verification,
                digest,
                ..
            } => {
                check::ec_public(&key)?;
                Ready::AwsLc(
                    ParsedPublicKey::new(verification, spki).map_err(|_| bad())?,
                    digest,
                )
            }
            CurveEngine::OpenSsl => {
                check::ec_public(&key)?;
                Ready::OpenSsl(key.ec_key().map_err(failed)?)
            }
        };
        Ok(Self {
            spec: KeySpec::Ec(curve),
            ready,
        })
    }
}

fn verify_openssl(key: &EcKey<Public>, digest: &[u8], signature: &[u8]) -> Result<bool> {
    if digest.is_empty() {
        return Err(Error::BadInput("an empty digest"));
    }
    let digest = bounded(digest)?;
    let field_bytes = Curve::ALL
        .iter()
        .find(|curve| engine::nid(**curve) == key.group().curve_name())
        .map_or(0, |curve| curve.field_bytes());
    let Some((r, s)) = signature
        .split_at_checked(field_bytes)
        .filter(|(r, s)| r.len() == s.len())
    else {
        return Ok(false);
    };
    let (r, s) = (
        BigNum::from_slice(r).map_err(failed)?,
        BigNum::from_slice(s).map_err(failed)?,
    );
    let signature = EcdsaSig::from_private_components(r, s).map_err(failed)?;
    Ok(signature.verify(digest, key).unwrap_or(false))
}

const KEYS_MET_MAX: usize = 1024;
const SPKI_BYTES_MAX: usize = 2048;
