//! Public-key work: verifying, encrypting and looking at keys, which needs no HSM and serves every backend.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::{digest, kem, signature::ParsedPublicKey};
use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, OldHash, PostQuantum, Signing},
};
use openssl::{
    bn::BigNum,
    ec::EcKey,
    ecdsa::EcdsaSig,
    pkey::{Id, PKey, Public},
};

use crate::{
    Error, Input, Result,
    cache::Cache,
    encoding::{self, is_one_der_structure},
    soft::{
        check,
        ec::fitted,
        engine::{self, CurveEngine, bounded, digested, failed},
        in_context, named, prime, rsa,
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
        (Ready::Named(own), _) => named::verify(key.spec, own, mechanism, input, signature),
        (Ready::AwsLcMessages(own), _) if key.signs_messages_by(mechanism) => match input {
            Input::Message(message) => Ok(own.verify_sig(bounded(message)?, signature).is_ok()),
            Input::Digest(_) | Input::InContext { .. } => Err(Error::BadInput(
                "this algorithm signs messages, not digests",
            )),
        },
        (Ready::AwsLcMessages(_), Signing::InContext { .. }) => {
            let own = PKey::public_key_from_der(spki).map_err(failed)?;
            in_context::verify(key.spec, &own, mechanism, input, signature)
        }
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

/// A public key, DER SubjectPublicKeyInfo, in PEM.
pub fn to_pem(spki: &[u8]) -> Result<String> {
    let key = PKey::public_key_from_der(spki).map_err(failed)?;
    let text = key.public_key_to_pem().map_err(failed)?;
    String::from_utf8(text).map_err(|_| Error::Failed("PEM is text".to_owned()))
}

/// A public key in PEM as DER SubjectPublicKeyInfo.
pub fn from_pem(text: &str) -> Result<Vec<u8>> {
    let key = PKey::public_key_from_pem(text.as_bytes());
    let key = key.map_err(|_| Error::BadInput("not a public key in PEM"))?;
    key.public_key_to_der().map_err(failed)
}

/// What kind of key DER SubjectPublicKeyInfo holds, after its numbers were validated.
pub fn spec(spki: &[u8]) -> Result<KeySpec> {
    PublicKey::of(spki).map(|key| key.spec)
}

/// A new secret and the ciphertext that gives it to the holder of the private key (FIPS 203 §7.2).
pub fn encapsulate(spki: &[u8]) -> Result<(Vec<u8>, Secret)> {
    let key = PublicKey::of(spki)?;
    let Ready::MlKem(key) = &key.ready else {
        return Err(Error::KeyTypeMismatch);
    };
    let (ciphertext, secret) = key.encapsulate().map_err(failed)?;
    Ok((ciphertext.as_ref().to_vec(), Secret::from(secret.as_ref())))
}

/// What two keys must have in common to agree on a secret: the algorithm and its parameters, as DER names them.
pub(crate) fn agreement_group(spki: &[u8]) -> Result<Vec<u8>> {
    PublicKey::of(spki)?;
    encoding::algorithm(spki).map(<[u8]>::to_vec)
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
    pub fn finish(&mut self) -> Result<Vec<u8>> {
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
    /// Ed25519 and ML-DSA.
    AwsLcMessages(ParsedPublicKey),
    OpenSsl(EcKey<Public>),
    MlKem(kem::EncapsulationKey),
    /// Keys for agreement are validated and never used by themselves.
    Named(PKey<Public>),
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

    fn signs_messages_by(&self, mechanism: Signing) -> bool {
        match self.spec {
            KeySpec::Ec(_) => mechanism == Signing::Eddsa,
            _ => mechanism == Signing::MlDsa,
        }
    }

    fn parse(spki: &[u8]) -> Result<Self> {
        let bad = || UNREADABLE;
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
        let spec = encoding::public_spec(spki, &key)?;
        let ready = match spec {
            KeySpec::Ec(curve) => Ready::on_curve(curve, key, spki)?,
            KeySpec::PostQuantum(algorithm) => Ready::post_quantum(algorithm, key, spki)?,
            KeySpec::Dsa { .. } => {
                prime::dsa_public(&key)?;
                Ready::Named(key)
            }
            KeySpec::Dh { .. } => {
                prime::dh_public(&key)?;
                Ready::Named(key)
            }
            _ => return Err(bad()),
        };
        Ok(Self { spec, ready })
    }
}

impl Ready {
    fn on_curve(curve: Curve, key: PKey<Public>, spki: &[u8]) -> Result<Self> {
        match engine::curve(curve) {
            CurveEngine::AwsLcEdwards => {
                let point = key.raw_public_key().map_err(failed)?;
                check::edwards_public(&point)?;
                let key = ParsedPublicKey::new(&aws_lc_rs::signature::ED25519, point);
                key.map(Self::AwsLcMessages).map_err(|_| UNREADABLE)
            }
            CurveEngine::AwsLc {
                verification,
                digest,
                ..
            } => {
                check::ec_public(&key)?;
                let key = ParsedPublicKey::new(verification, spki).map_err(|_| UNREADABLE)?;
                Ok(Self::AwsLc(key, digest))
            }
            CurveEngine::OpenSsl => {
                check::ec_public(&key)?;
                key.ec_key().map(Self::OpenSsl).map_err(failed)
            }
            CurveEngine::OpenSslNamed if curve == Curve::Ed448 => {
                check::edwards448_public(&key.raw_public_key().map_err(failed)?)?;
                Ok(Self::Named(key))
            }
            CurveEngine::OpenSslNamed => {
                check::montgomery_public(&key)?;
                Ok(Self::Named(key))
            }
        }
    }

    fn post_quantum(algorithm: PostQuantum, key: PKey<Public>, spki: &[u8]) -> Result<Self> {
        if let Some((_, verification)) = engine::ml_dsa(algorithm) {
            let key = ParsedPublicKey::new(verification, spki);
            return key.map(Self::AwsLcMessages).map_err(|_| UNREADABLE);
        }
        let Some(kem) = engine::ml_kem(algorithm) else {
            return Ok(Self::Named(key));
        };
        // OpenSSL has checked the modulus (FIPS 203 §7.2) when it read the key.
        let raw = key.raw_public_key().map_err(failed)?;
        kem::EncapsulationKey::new(kem, &raw)
            .map(Self::MlKem)
            .map_err(|_| UNREADABLE)
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
const SPKI_BYTES_MAX: usize = 4096;
const UNREADABLE: Error = Error::BadKey("not a DER SubjectPublicKeyInfo of a key served");
