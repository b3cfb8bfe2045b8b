//! Public-key work: verifying, encrypting and looking at keys, which needs no HSM and serves every backend.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::{
    digest, kem,
    signature::{ParsedPublicKey, VerificationAlgorithm},
};
use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, OldHash, Signing},
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
    PublicKey::of(spki)?.verify(spki, mechanism, input, signature)
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

/// A public key made ready.
pub(crate) struct PublicKey {
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

    /// The public half of a private key that was validated, made ready without being validated itself.
    pub(crate) fn half(spec: KeySpec, spki: &[u8]) -> Result<Self> {
        let ready = Ready::of(spec, spki)?;
        Ok(Self { spec, ready })
    }

    /// As [`verify`]; the key is told once more in its encoding, which the rare mechanisms read.
    pub(crate) fn verify(
        &self,
        spki: &[u8],
        mechanism: Signing,
        input: Input<'_>,
        signature: &[u8],
    ) -> Result<bool> {
        match (&self.ready, mechanism) {
            (Ready::Rsa(key), _) => {
                let digest = digested(rsa::signing_hash(mechanism)?, input)?;
                rsa::verify(key, mechanism, digest.as_ref(), signature)
            }
            (Ready::Named(own), _) => named::verify(self.spec, own, mechanism, input, signature),
            (Ready::AwsLcMessages(own), _) if self.signs_messages_by(mechanism) => match input {
                Input::Message(message) => Ok(own.verify_sig(bounded(message)?, signature).is_ok()),
                Input::Digest(_) | Input::InContext { .. } => Err(Error::BadInput(
                    "this algorithm signs messages, not digests",
                )),
            },
            (Ready::AwsLcMessages(_), Signing::InContext { .. }) => {
                let own = PKey::public_key_from_der(spki).map_err(failed)?;
                in_context::verify(self.spec, &own, mechanism, input, signature)
            }
            (Ready::AwsLc(key, algorithm), Signing::Ecdsa(hash)) => {
                let given = digested(hash, input)?;
                match fitted(algorithm, given.as_ref())? {
                    Some(fitted) => Ok(key.verify_digest_sig(&fitted, signature).is_ok()),
                    None => verify_openssl(&ec_key(spki)?, given.as_ref(), signature),
                }
            }
            (Ready::OpenSsl(key), Signing::Ecdsa(hash)) => {
                verify_openssl(key, digested(hash, input)?.as_ref(), signature)
            }
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    fn signs_messages_by(&self, mechanism: Signing) -> bool {
        match self.spec {
            KeySpec::Ec(_) => mechanism == Signing::Eddsa,
            _ => mechanism == Signing::MlDsa,
        }
    }

    /// A key that somebody brings: nothing is used whose numbers were not looked at.
    fn parse(spki: &[u8]) -> Result<Self> {
        let bad = || UNREADABLE;
        if spki.len() > SPKI_BYTES_MAX || !is_one_der_structure(spki) {
            return Err(bad());
        }
        let key = PKey::public_key_from_der(spki).map_err(|_| bad())?;
        let spec = if key.id() == Id::RSA {
            let numbers = key.rsa().map_err(failed)?;
            let bits = u16::try_from(key.bits()).map_err(|_| bad())?;
            check::rsa_public(numbers.n(), numbers.e(), bits)?;
            KeySpec::Rsa { bits }
        } else {
            let spec = encoding::public_spec(spki, &key)?;
            match spec {
                KeySpec::Ec(curve) => check_on_curve(curve, &key)?,
                // OpenSSL has checked the modulus of ML-KEM (FIPS 203 §7.2) when it read the key.
                KeySpec::PostQuantum(_) => {}
                KeySpec::Dsa { .. } => drop(prime::dsa_public(&key)?),
                KeySpec::Dh { .. } => drop(prime::dh_public(&key)?),
                _ => return Err(bad()),
            }
            spec
        };
        Self::half(spec, spki)
    }
}

fn check_on_curve(curve: Curve, key: &PKey<Public>) -> Result<()> {
    let raw = || key.raw_public_key().map_err(failed);
    match engine::curve(curve) {
        CurveEngine::AwsLcEdwards => check::edwards_public(&raw()?),
        CurveEngine::AwsLc { .. } | CurveEngine::OpenSsl => check::ec_public(key),
        CurveEngine::OpenSslNamed if curve == Curve::Ed448 => check::edwards448_public(&raw()?),
        CurveEngine::OpenSslNamed => check::montgomery_public(key),
    }
}

impl Ready {
    fn of(spec: KeySpec, spki: &[u8]) -> Result<Self> {
        let by_openssl = || PKey::public_key_from_der(spki).map_err(|_| UNREADABLE);
        let by_aws_lc = |verification: &'static dyn VerificationAlgorithm| {
            ParsedPublicKey::new(verification, spki).map_err(|_| UNREADABLE)
        };
        match spec {
            KeySpec::Rsa { .. } => by_openssl().map(Self::Rsa),
            KeySpec::Ec(curve) => match engine::curve(curve) {
                CurveEngine::AwsLcEdwards => {
                    by_aws_lc(&aws_lc_rs::signature::ED25519).map(Self::AwsLcMessages)
                }
                CurveEngine::AwsLc {
                    verification,
                    digest,
                    ..
                } => by_aws_lc(verification).map(|key| Self::AwsLc(key, digest)),
                CurveEngine::OpenSsl => ec_key(spki).map(Self::OpenSsl),
                CurveEngine::OpenSslNamed => by_openssl().map(Self::Named),
            },
            KeySpec::PostQuantum(algorithm) => {
                if let Some((_, verification)) = engine::ml_dsa(algorithm) {
                    return by_aws_lc(verification).map(Self::AwsLcMessages);
                }
                let Some(kem) = engine::ml_kem(algorithm) else {
                    return by_openssl().map(Self::Named);
                };
                let raw = by_openssl()?.raw_public_key().map_err(failed)?;
                kem::EncapsulationKey::new(kem, &raw)
                    .map(Self::MlKem)
                    .map_err(|_| UNREADABLE)
            }
            KeySpec::Dsa { .. } | KeySpec::Dh { .. } => by_openssl().map(Self::Named),
            _ => Err(UNREADABLE),
        }
    }
}

fn ec_key(spki: &[u8]) -> Result<EcKey<Public>> {
    PKey::public_key_from_der(spki)
        .and_then(|key| key.ec_key())
        .map_err(failed)
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
