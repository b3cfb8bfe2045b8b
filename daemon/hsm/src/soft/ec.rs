//! ECDSA and Ed25519: a private key made ready.

use aws_lc_rs::{
    digest::{self, Digest},
    encoding::{AsDer, PublicKeyX509Der},
    signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use kmip::{
    Secret,
    mechanism::{Curve, KeySpec, Signing},
};
use openssl::{
    ec::EcKey as OpensslKey,
    ecdsa::EcdsaSig,
    pkey::{PKey, Private},
};

use super::{
    engine::{self, CurveEngine, bounded, digested, failed},
    in_context, named,
};
use crate::{Error, Input, Result};

/// A private key on an elliptic curve.
pub(super) struct EcKey {
    curve: Curve,
    ready: Ready,
}

enum Ready {
    AwsLc {
        pair: Box<EcdsaKeyPair>,
        digest: &'static digest::Algorithm,
    },
    AwsLcEdwards(Box<Ed25519KeyPair>),
    OpenSsl(OpensslKey<Private>),
}

impl EcKey {
    /// Parses a key that was validated.
    pub(super) fn new(curve: Curve, pkcs8: &[u8]) -> Result<Self> {
        let bad = Error::BadKey("not a PKCS #8 private key of this curve");
        let ready = match engine::curve(curve) {
            CurveEngine::AwsLc {
                signing, digest, ..
            } => Ready::AwsLc {
                pair: Box::new(EcdsaKeyPair::from_pkcs8(signing, pkcs8).map_err(|_| bad)?),
                digest,
            },
            CurveEngine::AwsLcEdwards => Ready::AwsLcEdwards(Box::new(
                Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| bad)?,
            )),
            CurveEngine::OpenSslNamed => return Err(Error::KeyTypeMismatch),
            CurveEngine::OpenSsl => Ready::OpenSsl(
                PKey::private_key_from_pkcs8(pkcs8)
                    .and_then(|key| key.ec_key())
                    .map_err(|_| bad)?,
            ),
        };
        Ok(Self { curve, ready })
    }

    /// A new key as PKCS #8.
    pub(super) fn generate(curve: Curve) -> Result<Vec<u8>> {
        match engine::curve(curve) {
            CurveEngine::AwsLc { signing, .. } => EcdsaKeyPair::generate(signing)
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| der.as_ref().to_vec())
                .map_err(failed),
            CurveEngine::AwsLcEdwards => Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| der.as_ref().to_vec())
                .map_err(failed),
            CurveEngine::OpenSslNamed => Err(Error::KeyTypeMismatch),
            CurveEngine::OpenSsl => {
                let nid = engine::nid(curve).ok_or(Error::Unsupported)?;
                openssl::ec::EcGroup::from_curve_name(nid)
                    .and_then(|group| OpensslKey::generate(&group))
                    .and_then(PKey::from_ec_key)
                    .and_then(|key| key.private_key_to_pkcs8())
                    .map_err(failed)
            }
        }
    }

    /// The public half, DER SubjectPublicKeyInfo.
    pub(super) fn spki(&self) -> Result<Vec<u8>> {
        let der: PublicKeyX509Der<'_> = match &self.ready {
            Ready::AwsLc { pair, .. } => pair.public_key().as_der().map_err(failed)?,
            Ready::AwsLcEdwards(pair) => pair.public_key().as_der().map_err(failed)?,
            Ready::OpenSsl(key) => {
                return PKey::from_ec_key(key.clone())
                    .and_then(|key| key.public_key_to_der())
                    .map_err(failed);
            }
        };
        Ok(der.as_ref().to_vec())
    }

    /// The secret that this key and another one's public half agree on: the shared point's x (SP 800-56A §5.7.1.2).
    pub(super) fn agree(&self, spki: &[u8]) -> Result<Secret> {
        match &self.ready {
            Ready::AwsLc { pair, .. } => {
                let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
                let key = PKey::private_key_from_pkcs8(pkcs8.as_ref()).map_err(failed)?;
                named::agree(&key, spki)
            }
            Ready::OpenSsl(key) => {
                let key = PKey::from_ec_key(key.clone()).map_err(failed)?;
                named::agree(&key, spki)
            }
            Ready::AwsLcEdwards(_) => Err(Error::KeyTypeMismatch),
        }
    }

    /// Signs: r ‖ s, or the 64 bytes of Ed25519.
    pub(super) fn sign(&self, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        match (&self.ready, mechanism) {
            (Ready::AwsLcEdwards(pair), Signing::Eddsa) => match input {
                Input::Message(message) => pair
                    .try_sign(bounded(message)?)
                    .map(|signature| signature.as_ref().to_vec())
                    .map_err(failed),
                // RFC 8032 §5.1: pure Ed25519 reads the message twice.
                Input::Digest(_) | Input::InContext { .. } => {
                    Err(Error::BadInput("Ed25519 signs messages, not digests"))
                }
            },
            (Ready::AwsLcEdwards(pair), _) => {
                let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
                let key = PKey::private_key_from_pkcs8(pkcs8.as_ref()).map_err(failed)?;
                in_context::sign(KeySpec::Ec(Curve::Ed25519), &key, mechanism, input)
            }
            (Ready::AwsLc { pair, digest }, Signing::Ecdsa(hash)) => {
                let given = digested(hash, input)?;
                match fitted(digest, given.as_ref())? {
                    Some(fitted) => pair
                        .sign_digest(&fitted)
                        .map(|signature| signature.as_ref().to_vec())
                        .map_err(failed),
                    None => self.sign_long(pair, given.as_ref()),
                }
            }
            (Ready::OpenSsl(key), Signing::Ecdsa(hash)) => {
                sign_openssl(self.curve, key, digested(hash, input)?.as_ref())
            }
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// The rare digest of more than 64 bytes on P-521, for which AWS-LC has no name.
    fn sign_long(&self, pair: &EcdsaKeyPair, digest: &[u8]) -> Result<Vec<u8>> {
        let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
        let key = PKey::private_key_from_pkcs8(pkcs8.as_ref())
            .and_then(|key| key.ec_key())
            .map_err(failed)?;
        sign_openssl(self.curve, &key, digest)
    }
}

/// The digest as ECDSA reads it, in the one length AWS-LC signs on this curve.
///
/// FIPS 186-5 §6.4.1: of a digest longer than the order its leftmost bits count, and a shorter one is a smaller number.
/// So cutting it to the order's length, or filling it up with zeros on the left, leaves the number as it is. On P-521
/// the digest AWS-LC takes is shorter than the order; more than that cannot be cut, and is `None`.
pub(crate) fn fitted(
    algorithm: &'static digest::Algorithm,
    digest: &[u8],
) -> Result<Option<Digest>> {
    if digest.is_empty() {
        return Err(Error::BadInput("an empty digest"));
    }
    let bytes = algorithm.output_len();
    if algorithm == &digest::SHA512 && digest.len() > bytes {
        return Ok(None);
    }
    let mut padded = [0; digest::MAX_OUTPUT_LEN];
    let used = padded.get_mut(..bytes).unwrap_or_default();
    let kept = digest.get(..bytes).unwrap_or(digest);
    for (to, from) in used.iter_mut().rev().zip(kept.iter().rev()) {
        *to = *from;
    }
    Digest::import_less_safe(used, algorithm)
        .map(Some)
        .map_err(failed)
}

fn sign_openssl(curve: Curve, key: &OpensslKey<Private>, digest: &[u8]) -> Result<Vec<u8>> {
    if digest.is_empty() {
        return Err(Error::BadInput("an empty digest"));
    }
    let digest = bounded(digest)?;
    let signature = EcdsaSig::sign(digest, key).map_err(failed)?;
    let field_bytes = i32::try_from(curve.field_bytes()).map_err(failed)?;
    let mut out = signature.r().to_vec_padded(field_bytes).map_err(failed)?;
    out.extend(signature.s().to_vec_padded(field_bytes).map_err(failed)?);
    Ok(out)
}
