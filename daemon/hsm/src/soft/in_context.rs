//! Signatures of EdDSA, ML-DSA and SLH-DSA in a context: of the message, of its digest, with randomness and without.

use std::ffi::CStr;

use kmip::mechanism::{Curve, Hash, KeySpec, PostQuantumUse, Prehash, Signing};
use openssl::{
    hash::{MessageDigest, hash_xof},
    pkey::{PKeyRef, Private, Public},
};

use super::{
    engine::{bounded, digest, failed},
    ffi::{self, Setting},
};
use crate::{Error, Input, Result};

/// What OpenSSL is told, and the bytes that it signs.
struct Task<'a> {
    settings: Vec<Setting<'a>>,
    message: std::borrow::Cow<'a, [u8]>,
}

/// Signs with the private key of such an algorithm.
pub(super) fn sign(
    spec: KeySpec,
    key: &PKeyRef<Private>,
    mechanism: Signing,
    input: Input<'_>,
) -> Result<Vec<u8>> {
    let task = Task::new(spec, mechanism, input)?;
    ffi::sign_with(key, &task.settings, &task.message).ok_or_else(|| failed("it does not sign"))
}

/// Whether a signature of such a public key is right.
pub(crate) fn verify(
    spec: KeySpec,
    key: &PKeyRef<Public>,
    mechanism: Signing,
    input: Input<'_>,
    signature: &[u8],
) -> Result<bool> {
    let task = Task::new(spec, mechanism, input)?;
    ffi::verifies_with(key, &task.settings, &task.message, signature)
        .ok_or_else(|| failed("it does not verify"))
}

impl<'a> Task<'a> {
    fn new(spec: KeySpec, mechanism: Signing, input: Input<'a>) -> Result<Self> {
        let (
            Signing::InContext {
                prehash,
                deterministic,
            },
            Input::InContext {
                message,
                is_digest,
                context,
            },
        ) = (mechanism, input)
        else {
            return Err(Error::KeyTypeMismatch);
        };
        let message = bounded(message)?;
        match spec {
            KeySpec::Ec(curve) if !is_digest => Ok(Self {
                settings: vec![
                    Setting::Text(c"instance", instance(curve, prehash)?),
                    Setting::Bytes(c"context-string", context),
                ],
                message: message.into(),
            }),
            KeySpec::PostQuantum(algorithm) if algorithm.kind() != PostQuantumUse::Kem => {
                Ok(Self {
                    settings: vec![
                        // The message is encoded here, and not once more there.
                        Setting::Number(c"message-encoding", 0),
                        Setting::Number(c"deterministic", deterministic.into()),
                    ],
                    message: encoded(prehash, context, (message, is_digest))?.into(),
                })
            }
            _ => Err(Error::KeyTypeMismatch),
        }
    }
}

/// RFC 8032 §5: the variants of a curve, each with a name of its own.
fn instance(curve: Curve, prehash: Option<Prehash>) -> Result<&'static CStr> {
    match (curve, prehash) {
        (Curve::Ed25519, None) => Ok(c"Ed25519ctx"),
        (Curve::Ed25519, Some(Prehash::Hash(Hash::Sha512))) => Ok(c"Ed25519ph"),
        (Curve::Ed448, None) => Ok(c"Ed448"),
        (Curve::Ed448, Some(Prehash::Shake256)) => Ok(c"Ed448ph"),
        _ => Err(Error::KeyTypeMismatch),
    }
}

/// The message as it is signed (FIPS 204 §5.2 and §5.4, FIPS 205 §10.2).
fn encoded(
    prehash: Option<Prehash>,
    context: &[u8],
    (message, is_digest): (&[u8], bool),
) -> Result<Vec<u8>> {
    let length = u8::try_from(context.len())
        .map_err(|_| Error::BadInput("a context of more than 255 bytes"))?;
    let digest = match prehash {
        None if is_digest => return Err(Error::BadInput("a digest of no hash function")),
        None => return Ok([&[0, length], context, message].concat()),
        Some(prehash) if !is_digest => digest_of(prehash, message)?,
        Some(prehash) if message.len() == prehash.digest_bytes() => message.to_vec(),
        Some(_) => {
            return Err(Error::BadInput(
                "a digest of another length than its hash has",
            ));
        }
    };
    // id-… of NIST's hash functions: 2.16.840.1.101.3.4.2.n, but for SHA-1.
    let arc = arc(prehash);
    let nist = [6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, arc];
    let oid: &[u8] = if arc == 0 { SHA_1 } else { &nist };
    Ok([&[1, length], context, oid, &digest].concat())
}

/// id-sha1.
const SHA_1: &[u8] = &[6, 5, 0x2B, 0x0E, 3, 2, 0x1A];

fn digest_of(prehash: Prehash, message: &[u8]) -> Result<Vec<u8>> {
    let function = match prehash {
        Prehash::Hash(hash) => return Ok(digest(hash, message)?.as_ref().to_vec()),
        Prehash::Shake128 => MessageDigest::shake_128(),
        Prehash::Shake256 => MessageDigest::shake_256(),
    };
    let mut out = vec![0; prehash.digest_bytes()];
    hash_xof(function, message, &mut out).map_err(failed)?;
    Ok(out)
}

/// The last arc of the hash function's name; zero where it has another one.
const fn arc(prehash: Option<Prehash>) -> u8 {
    match prehash {
        None | Some(Prehash::Hash(Hash::Sha1)) => 0,
        Some(Prehash::Hash(Hash::Sha256)) => 1,
        Some(Prehash::Hash(Hash::Sha384)) => 2,
        Some(Prehash::Hash(Hash::Sha512)) => 3,
        Some(Prehash::Hash(Hash::Sha224)) => 4,
        Some(Prehash::Hash(Hash::Sha512_224)) => 5,
        Some(Prehash::Hash(Hash::Sha512_256)) => 6,
        Some(Prehash::Hash(Hash::Sha3_224)) => 7,
        Some(Prehash::Hash(Hash::Sha3_256)) => 8,
        Some(Prehash::Hash(Hash::Sha3_384)) => 9,
        Some(Prehash::Hash(Hash::Sha3_512)) => 10,
        Some(Prehash::Shake128) => 11,
        Some(Prehash::Shake256) => 12,
    }
}

#[cfg(test)]
mod tests {
    use kmip::mechanism::PostQuantum;
    use openssl::pkey::PKey;

    use super::*;
    use crate::{public, soft::PlainKey};

    const fn how(prehash: Option<Prehash>, deterministic: bool) -> Signing {
        Signing::InContext {
            prehash,
            deterministic,
        }
    }

    fn within<'a>(message: &'a [u8], context: &'a [u8]) -> Input<'a> {
        Input::InContext {
            message,
            is_digest: false,
            context,
        }
    }

    #[test]
    fn ed25519_in_a_context_is_that_of_rfc_8032() {
        // §7.2, the first.
        let seed = hex::decode("0305334e381af78f141cb666f6199f57bc3495335a256a95bd2a55bf546663f6");
        let key = PKey::private_key_from_raw_bytes(&seed.unwrap(), openssl::pkey::Id::ED25519);
        let message = hex::decode("f726936d19c800494e3fdaff20b276a8").unwrap();
        let spec = KeySpec::Ec(Curve::Ed25519);
        let input = within(&message, b"foo");
        let signature = sign(spec, &key.unwrap(), how(None, false), input).unwrap();
        assert_eq!(
            hex::encode(signature),
            "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a\
             8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d"
        );
    }

    #[test]
    fn contexts_digests_and_randomness_tell_signatures_apart() {
        for algorithm in [PostQuantum::MlDsa44, PostQuantum::SlhDsaSha2_128f] {
            let spec = KeySpec::PostQuantum(algorithm);
            let pure = if algorithm == PostQuantum::MlDsa44 {
                Signing::MlDsa
            } else {
                Signing::SlhDsa
            };
            let (material, spki) = PlainKey::generate(spec).unwrap();
            let key = PlainKey::from_validated(&material).unwrap();
            let spki = spki.unwrap();
            let signed = |how, input| key.sign(how, input).unwrap();
            let fits = |how, input, signature: &[u8]| {
                public::verify(&spki, how, input, signature).unwrap()
            };
            // An empty context is none.
            let empty = signed(how(None, true), within(b"message", b""));
            assert!(fits(pure, Input::Message(b"message"), &empty));
            assert_eq!(signed(how(None, true), within(b"message", b"")), empty);
            assert_ne!(signed(how(None, false), within(b"message", b"")), empty);
            let other = signed(how(None, false), within(b"message", b"context"));
            assert!(fits(
                how(None, false),
                within(b"message", b"context"),
                &other
            ));
            assert!(!fits(
                how(None, false),
                within(b"message", b"contexT"),
                &other
            ));
            assert!(!fits(pure, Input::Message(b"message"), &other));
            let sha = Some(Prehash::Hash(Hash::Sha256));
            let of_digest = signed(how(sha, false), within(b"message", b""));
            let digest = digest(Hash::Sha256, b"message").unwrap();
            let given = Input::InContext {
                message: digest.as_ref(),
                is_digest: true,
                context: b"",
            };
            assert!(fits(how(sha, false), given, &of_digest));
            let shake = how(Some(Prehash::Shake128), false);
            assert!(!fits(shake, within(b"message", b""), &of_digest));
            assert!(key.sign(shake, given).is_ok());
            let of_shake_256 = how(Some(Prehash::Shake256), false);
            assert!(key.sign(of_shake_256, given).is_err());
        }
    }
}
