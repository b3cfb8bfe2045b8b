//! The responder's keys. RSA and P-384 are real, so that what is checked elsewhere is; the others are toys that only
//! agree with themselves.

use kmip::mechanism::{Curve, Hash, KeySpec, Signing};
use p384::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use rsa::{
    BoxedUint,
    hazmat::rsa_decrypt,
    pkcs8::{DecodePrivateKey, EncodePublicKey},
    rand_core::UnwrapErr,
};
use sha2::{Digest, Sha256, Sha384};

pub fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().to_vec()
}

/// The bytes of a secret key.
pub fn secret(spec: KeySpec, seed: &str) -> Vec<u8> {
    let pad = sha256(&[seed.as_bytes()]);
    pad.iter()
        .cycle()
        .take(spec.secret_bytes())
        .copied()
        .collect()
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match contents.len() {
        short @ 0..=127 => bytes.push(short as u8),
        long @ 128..=255 => bytes.extend([0x81, long as u8]),
        long => bytes.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    bytes.extend(contents);
    bytes
}

pub fn rsa_key() -> rsa::PrivateKey {
    rsa::PrivateKey::from_pkcs8_der(include_bytes!("rsa.der")).unwrap()
}

fn p384_key(seed: &str) -> SigningKey {
    let mut scalar = Sha384::digest(seed.as_bytes()).to_vec();
    scalar[0] = 0;
    SigningKey::from_slice(&scalar).unwrap()
}

fn toy_point(curve: Curve, seed: &str) -> Vec<u8> {
    let bytes = if curve == Curve::Ed25519 {
        32
    } else {
        2 * curve.field_bytes()
    };
    let mut point: Vec<u8> = if curve == Curve::Ed25519 {
        vec![]
    } else {
        vec![4]
    };
    let wanted = point.len() + bytes;
    for counter in 0_u8.. {
        point.extend(sha256(&[seed.as_bytes(), &[counter]]));
        if point.len() >= wanted {
            break;
        }
    }
    point.truncate(wanted);
    point
}

/// SubjectPublicKeyInfo of the key with this seed.
pub fn spki(spec: KeySpec, seed: &str) -> Vec<u8> {
    let curve = match spec {
        KeySpec::Rsa { .. } => {
            return rsa_key()
                .to_public_key()
                .to_public_key_der()
                .unwrap()
                .to_vec();
        }
        KeySpec::Ec(Curve::P384) => {
            let key = p384_key(seed);
            return key.verifying_key().to_public_key_der().unwrap().to_vec();
        }
        KeySpec::Ec(curve) => curve,
        _ => panic!("a symmetric key has no public half"),
    };
    let oid: &[u8] = match curve {
        Curve::P256 => &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7],
        Curve::P521 => &[6, 5, 0x2B, 0x81, 4, 0, 0x23],
        Curve::Secp256k1 => &[6, 5, 0x2B, 0x81, 4, 0, 0x0A],
        _ => &[],
    };
    let algorithm = if curve == Curve::Ed25519 {
        vec![6, 3, 0x2B, 0x65, 0x70]
    } else {
        [&[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1], oid].concat()
    };
    let key = [&[0], toy_point(curve, seed).as_slice()].concat();
    element(
        0x30,
        &[element(0x30, &algorithm), element(3, &key)].concat(),
    )
}

fn raise(block: &[u8]) -> Vec<u8> {
    let number = BoxedUint::from_be_slice(block, 2048).unwrap();
    let nobody: Option<&mut UnwrapErr<NoRandom>> = None;
    let raised = rsa_decrypt(nobody, &rsa_key(), &number)
        .unwrap()
        .to_be_bytes();
    let digits = &raised[raised.iter().take_while(|byte| **byte == 0).count()..];
    [vec![0; 256 - digits.len()], digits.to_vec()].concat()
}

/// A generator that is never asked.
pub struct NoRandom;

impl rsa::rand_core::TryRng for NoRandom {
    type Error = std::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
        Err(std::fmt::Error)
    }
}

impl rsa::rand_core::TryCryptoRng for NoRandom {}

fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    let whole = parts.concat();
    match hash {
        Hash::Sha1 => sha1::Sha1::digest(&whole).to_vec(),
        Hash::Sha224 => sha2::Sha224::digest(&whole).to_vec(),
        Hash::Sha256 => Sha256::digest(&whole).to_vec(),
        Hash::Sha384 => Sha384::digest(&whole).to_vec(),
        Hash::Sha512 => sha2::Sha512::digest(&whole).to_vec(),
        other => panic!("{other:?} is not made here"),
    }
}

fn mgf1(hash: Hash, seed: &[u8], length: usize) -> Vec<u8> {
    (0_u32..)
        .flat_map(|counter| digest(hash, &[seed, &counter.to_be_bytes()]))
        .take(length)
        .collect()
}

/// The signature over a digest or over data, in the protocol's form.
pub fn sign(spec: KeySpec, seed: &str, signing: Signing, input: &[u8]) -> Vec<u8> {
    match (spec, signing) {
        (KeySpec::Rsa { .. }, Signing::RsaPkcs1(hash)) => {
            let info = match hash {
                None => input.to_vec(),
                Some(hash) => {
                    let oid: &[u8] = match hash {
                        Hash::Sha1 => &[6, 5, 0x2B, 0x0E, 3, 2, 0x1A, 5, 0],
                        Hash::Sha256 => &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0],
                        Hash::Sha384 => &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0],
                        Hash::Sha512 => &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0],
                        Hash::Sha224 => &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4, 5, 0],
                        other => panic!("{other:?} is not made here"),
                    };
                    element(0x30, &[element(0x30, oid), element(4, input)].concat())
                }
            };
            let mut block = vec![0, 1];
            block.resize(256 - info.len() - 1, 0xFF);
            block.push(0);
            block.extend(info);
            raise(&block)
        }
        (
            KeySpec::Rsa { .. },
            Signing::RsaPss {
                hash,
                mask_hash,
                salt_bytes,
            },
        ) => {
            // EMSA-PSS with a salt of sevens, RFC 8017 §9.1.1.
            let salt = vec![7; usize::from(salt_bytes)];
            let own = digest(hash, &[&[0; 8], input, &salt]);
            let masked = 256 - own.len() - 1;
            let mut data = vec![0; masked - salt.len() - 1];
            data.push(1);
            data.extend(&salt);
            for (byte, mask) in data.iter_mut().zip(mgf1(mask_hash, &own, masked)) {
                *byte ^= mask;
            }
            data[0] &= 0x7F;
            raise(&[data, own, vec![0xBC]].concat())
        }
        (KeySpec::Ec(Curve::P384), _) => {
            let mut digest = vec![0; 48_usize.saturating_sub(input.len())];
            digest.extend(input);
            let signature: Signature = p384_key(seed).sign_prehash(&digest).unwrap();
            signature.to_der().as_bytes().to_vec()
        }
        (KeySpec::Ec(Curve::Ed25519), _) => {
            [sha256(&[seed.as_bytes(), input]), sha256(&[input])].concat()
        }
        (KeySpec::Ec(curve), _) => {
            // r is short, so that the fixed form has to be filled up.
            let r = element(
                2,
                &[&[0x11], &sha256(&[seed.as_bytes(), input])[..20]].concat(),
            );
            let mut s = vec![0x22];
            s.extend(
                sha256(&[input, seed.as_bytes()])
                    .iter()
                    .take(curve.field_bytes() - 2),
            );
            element(0x30, &[r, element(2, &s)].concat())
        }
        _ => panic!("a symmetric key does not sign"),
    }
}

/// What RSA decrypts: PKCS #1 v1.5 only.
pub fn rsa_decrypted(ciphertext: &[u8]) -> Option<Vec<u8>> {
    let block = raise(ciphertext);
    let (head, rest) = block.split_at_checked(2)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    (head == [0, 2] && end >= 8).then(|| rest[end + 1..].to_vec())
}

/// OAEP with SHA-256 twice.
pub fn oaep_decrypted(ciphertext: &[u8], label: &[u8]) -> Option<Vec<u8>> {
    let block = raise(ciphertext);
    let (seed, data) = block.get(1..)?.split_at_checked(32)?;
    let seed: Vec<u8> = seed
        .iter()
        .zip(mgf1(Hash::Sha256, data, 32))
        .map(|(a, b)| a ^ b)
        .collect();
    let data: Vec<u8> = data
        .iter()
        .zip(mgf1(Hash::Sha256, &seed, data.len()))
        .map(|(a, b)| a ^ b)
        .collect();
    let message = data.strip_prefix(sha256(&[label]).as_slice())?;
    let start = message.iter().position(|byte| *byte == 1)?;
    Some(message[start + 1..].to_vec())
}

/// A toy block cipher: it is its own inverse, and differs from block to block only by its mode.
pub fn block(key: &[u8], block: &[u8]) -> Vec<u8> {
    let pad = sha256(&[key]);
    block
        .iter()
        .rev()
        .zip(&pad)
        .zip(pad.iter().take(16).rev())
        .map(|((byte, a), b)| byte ^ a ^ b)
        .collect()
}
