//! Keys that OpenSSL computes by their names: Ed448, X25519, X448, DSA, Diffie-Hellman, ML-KEM, ML-DSA and SLH-DSA.

use aws_lc_rs::{kem, signature::PqdsaKeyPair};
use kmip::{
    Secret,
    mechanism::{Curve, KeySpec, PostQuantum, Signing, signature},
};
use openssl::{
    asn1::Asn1Object,
    bn::BigNum,
    derive::Deriver,
    dh::Dh,
    dsa::Dsa,
    pkey::{Id, PKey, PKeyRef, Private, Public},
    pkey_ctx::PkeyCtx,
    sign::{Signer, Verifier},
};
use zeroize::Zeroizing;

use super::{
    engine::{self, bounded, digested, failed},
    ffi, in_context,
};
use crate::{Error, Input, Result};

/// A private key, parsed once.
pub(super) struct NamedKey {
    spec: KeySpec,
    key: PKey<Private>,
    fast: Option<Fast>,
}

/// The key once more, for the library that is faster.
enum Fast {
    MlDsa(Box<PqdsaKeyPair>),
    MlKem(Box<kem::DecapsulationKey>),
}

impl NamedKey {
    /// Parses a key that was validated.
    pub(super) fn new(spec: KeySpec, pkcs8: &[u8]) -> Result<Self> {
        let key = PKey::private_key_from_pkcs8(pkcs8)
            .map_err(|_| Error::BadKey("not a PKCS #8 private key"))?;
        let fast = match spec {
            KeySpec::PostQuantum(algorithm) => Fast::of(algorithm, &key)?,
            _ => None,
        };
        Ok(Self { spec, key, fast })
    }

    /// A new key as PKCS #8.
    pub(super) fn generate(spec: KeySpec) -> Result<Vec<u8>> {
        let key = match spec {
            KeySpec::Dsa { bits, order_bits } => generate_dsa(bits, order_bits)?,
            KeySpec::Dh { bits } => generate_dh(bits)?,
            KeySpec::Ec(curve) => generate_by(engine::raw_id(curve).ok_or(Error::Unsupported)?)?,
            KeySpec::PostQuantum(algorithm) => generate_by(post_quantum_id(algorithm)?)?,
            _ => return Err(Error::Unsupported),
        };
        key.private_key_to_pkcs8().map_err(failed)
    }

    /// The public half, DER SubjectPublicKeyInfo.
    pub(super) fn spki(&self) -> Result<Vec<u8>> {
        self.key.public_key_to_der().map_err(failed)
    }

    /// Signs: r ‖ s of DSA, the one string of the others.
    pub(super) fn sign(&self, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        match (self.spec, mechanism, &self.fast) {
            (KeySpec::Dsa { .. }, Signing::Dsa(hash), _) => {
                let digest = digested(hash, input)?;
                self.sign_dsa(digest.as_ref())
            }
            (KeySpec::PostQuantum(_), Signing::MlDsa, Some(Fast::MlDsa(pair))) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let written = pair.sign(message(input)?, &mut signature).map_err(failed)?;
                signature.truncate(written);
                Ok(signature)
            }
            (KeySpec::PostQuantum(algorithm), Signing::SlhDsa, None) if is_slh_dsa(algorithm) => {
                self.sign_message(message(input)?)
            }
            (KeySpec::Ec(Curve::Ed448), Signing::Eddsa, _) => self.sign_message(message(input)?),
            (spec, mechanism, _) => in_context::sign(spec, &self.key, mechanism, input),
        }
    }

    /// Whether the public half is the private one's, as OpenSSL computes it.
    pub(super) fn agrees_with_itself(&self) -> bool {
        ffi::agrees(&self.key)
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>> {
        Signer::new_without_digest(&self.key)
            .and_then(|mut signer| signer.sign_oneshot_to_vec(message))
            .map_err(failed)
    }

    fn sign_dsa(&self, digest: &[u8]) -> Result<Vec<u8>> {
        if digest.is_empty() {
            return Err(Error::BadInput("an empty digest"));
        }
        let mut context = PkeyCtx::new(&self.key).map_err(failed)?;
        context.sign_init().map_err(failed)?;
        let mut der = Vec::new();
        context
            .sign_to_vec(cut(self.spec, bounded(digest)?), &mut der)
            .map_err(failed)?;
        let half = self.spec.signature_half_bytes().unwrap_or_default();
        signature::from_der(&der, half)
            .ok_or_else(|| Error::Failed("DSA made an unreadable signature".to_owned()))
    }

    /// The secret that this key and another one's public half agree on.
    pub(super) fn agree(&self, spki: &[u8]) -> Result<Secret> {
        match self.spec {
            KeySpec::Ec(curve) if curve.is_montgomery() => agree(&self.key, spki),
            KeySpec::Dh { bits } => {
                let secret = agree(&self.key, spki)?;
                // SP 800-56A §5.7.1.1: as long as the prime, which OpenSSL shortens by leading zeros.
                let missing = usize::from(bits.div_ceil(8)).saturating_sub(secret.len());
                let mut padded = Zeroizing::new(vec![0; missing]);
                padded.extend_from_slice(secret.expose());
                Ok(Secret::new(std::mem::take(&mut *padded)))
            }
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// The secret that a ciphertext encapsulates. FIPS 203 §6.3: a wrong ciphertext gives a secret that nobody knows.
    pub(super) fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret> {
        let (KeySpec::PostQuantum(algorithm), Some(Fast::MlKem(key))) = (self.spec, &self.fast)
        else {
            return Err(Error::KeyTypeMismatch);
        };
        if ciphertext.len() != algorithm.output_bytes() {
            return Err(Error::BadInput("a ciphertext of another length"));
        }
        let secret = key.decapsulate(ciphertext.into()).map_err(failed)?;
        Ok(Secret::from(secret.as_ref()))
    }
}

impl Fast {
    fn of(algorithm: PostQuantum, key: &PKeyRef<Private>) -> Result<Option<Self>> {
        let bad = |_| Error::BadKey("not a key of this algorithm");
        if let Some((signing, _)) = engine::ml_dsa(algorithm) {
            let mut seed = Zeroizing::new([0; ML_DSA_SEED_BYTES]);
            let pair = match key.seed_into(seed.as_mut_slice()) {
                Ok(_) => PqdsaKeyPair::from_seed(signing, seed.as_slice()),
                Err(_) => {
                    let expanded = Zeroizing::new(key.raw_private_key().map_err(failed)?);
                    PqdsaKeyPair::from_raw_private_key(signing, &expanded)
                }
            };
            return Ok(Some(Self::MlDsa(Box::new(pair.map_err(bad)?))));
        }
        let Some(kem) = engine::ml_kem(algorithm) else {
            return Ok(None);
        };
        let expanded = Zeroizing::new(key.raw_private_key().map_err(failed)?);
        let key = kem::DecapsulationKey::new(kem, &expanded).map_err(bad)?;
        Ok(Some(Self::MlKem(Box::new(key))))
    }
}

/// The secret that a private key and a public half of the same kind agree on.
pub(super) fn agree(key: &PKeyRef<Private>, spki: &[u8]) -> Result<Secret> {
    let peer = PKey::public_key_from_der(spki).map_err(failed)?;
    let mut deriver = Deriver::new(key).map_err(failed)?;
    deriver
        .set_peer(&peer)
        .map_err(|_| Error::BadInput("the public key is not of the private key's kind"))?;
    // RFC 7748 §6: a secret of zeros, which a point of small order gives, is refused here.
    let secret = deriver
        .derive_to_vec()
        .map_err(|_| Error::BadInput("the public key agrees on nothing"))?;
    Ok(Secret::new(secret))
}

/// Whether a signature of a public key is right.
pub(crate) fn verify(
    spec: KeySpec,
    key: &PKey<Public>,
    mechanism: Signing,
    input: Input<'_>,
    signature: &[u8],
) -> Result<bool> {
    match (spec, mechanism) {
        (KeySpec::Dsa { .. }, Signing::Dsa(hash)) => {
            let digest = digested(hash, input)?;
            let half = spec.signature_half_bytes().unwrap_or_default();
            if digest.as_ref().is_empty() {
                return Err(Error::BadInput("an empty digest"));
            }
            if signature.len() != 2 * half {
                return Ok(false);
            }
            let mut context = PkeyCtx::new(key).map_err(failed)?;
            context.verify_init().map_err(failed)?;
            let der = signature::to_der(signature);
            let digest = cut(spec, bounded(digest.as_ref())?);
            Ok(context.verify(digest, &der).unwrap_or(false))
        }
        (KeySpec::Ec(Curve::Ed448), Signing::Eddsa)
        | (KeySpec::PostQuantum(_), Signing::MlDsa | Signing::SlhDsa) => {
            let message = message(input)?;
            let mut verifier = Verifier::new_without_digest(key).map_err(failed)?;
            // An error of this one call is about the signature.
            Ok(verifier.verify_oneshot(signature, message).unwrap_or(false))
        }
        _ => in_context::verify(spec, key, mechanism, input, signature),
    }
}

/// The leftmost bits of a digest, which are all that count (FIPS 186-4 §4.6).
fn cut(spec: KeySpec, digest: &[u8]) -> &[u8] {
    let bytes = spec.signature_half_bytes().unwrap_or_default();
    digest.get(..bytes).unwrap_or(digest)
}

fn message(input: Input<'_>) -> Result<&[u8]> {
    match input {
        Input::Message(message) => bounded(message),
        Input::Digest(_) | Input::InContext { .. } => Err(Error::BadInput(
            "this algorithm signs messages, not digests",
        )),
    }
}

fn is_slh_dsa(algorithm: PostQuantum) -> bool {
    algorithm.kind() == kmip::mechanism::PostQuantumUse::SlhDsa
}

/// OpenSSL's number of a post-quantum algorithm.
fn post_quantum_id(algorithm: PostQuantum) -> Result<Id> {
    let [.., family, arc] = algorithm.oid();
    let name = format!("2.16.840.1.101.3.4.{family}.{arc}");
    let object = Asn1Object::from_str(&name).map_err(failed)?;
    Ok(Id::from_raw(object.nid().as_raw()))
}

fn generate_by(id: Id) -> Result<PKey<Private>> {
    let mut context = PkeyCtx::new_id(id).map_err(failed)?;
    context.keygen_init().map_err(failed)?;
    context.keygen().map_err(failed)
}

fn generate_dsa(bits: u16, order_bits: u16) -> Result<PKey<Private>> {
    let params = match (bits, order_bits) {
        (1024, 160) | (2048 | 3072, 256) => {
            Dsa::generate_params(bits.into()).and_then(PKey::from_dsa)
        }
        // Its other interface has the other default.
        (2048, 224) => PkeyCtx::new_id(Id::DSA).and_then(|mut context| {
            context.paramgen_init()?;
            context.set_dsa_paramgen_bits(bits.into())?;
            context.paramgen()
        }),
        _ => return Err(Error::Unsupported),
    };
    let mut context = params
        .and_then(|params| PkeyCtx::new(&params))
        .map_err(failed)?;
    context.keygen_init().map_err(failed)?;
    context.keygen().map_err(failed)
}

/// The groups of RFC 3526: safe primes, generator 2.
fn generate_dh(bits: u16) -> Result<PKey<Private>> {
    let p = match bits {
        2048 => BigNum::get_rfc3526_prime_2048(),
        3072 => BigNum::get_rfc3526_prime_3072(),
        4096 => BigNum::get_rfc3526_prime_4096(),
        _ => return Err(Error::Unsupported),
    };
    let two = BigNum::from_u32(2).map_err(failed)?;
    p.and_then(|p| Dh::from_pqg(p, None, two))
        .and_then(Dh::generate_key)
        .and_then(PKey::from_dh)
        .map_err(failed)
}

const ML_DSA_SEED_BYTES: usize = 32;
