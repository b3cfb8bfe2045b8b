//! Sealing under the master: keys into self-contained references, data into labelled blobs.
//!
//! ```text
//! key   1 │ flags │ kind │ of │ bits, 2 │ id length │ id …      │ salt, 16 │ ciphertext … │ tag, 16
//! data  1 │                                                     │ salt, 16 │ ciphertext … │ tag, 16
//!       └────────────── authenticated, with the label ──────────┘          └── AES-256-GCM ────────┘
//! ```
//!
//! Each blob has a key and a nonce of its own, HKDF-SHA-256 of the master and the random salt, so no number of blobs
//! comes near GCM's limits.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use kmip::{
    Secret,
    mechanism::{Curve, Hash, Kept, KeySpec, PostQuantum},
};
use zeroize::Zeroizing;

use super::{engine::failed, master::Master, rng};
use crate::{Error, KeyRef, Material, Result, Sealed, Terms};

/// A key opened again, and what was sealed with it.
pub(super) struct OpenedKey {
    /// Whether the key may leave.
    pub(super) exportable: bool,
    /// The key.
    pub(super) material: Material,
}

/// Seals a key with its kind, its identifier and whether it may leave.
pub(super) fn seal_key(master: &Master, material: &Material, terms: &Terms) -> Result<KeyRef> {
    let (spec, bytes) = match material {
        Material::Secret { spec, bytes } => (*spec, bytes),
        Material::Private { spec, pkcs8 } => (*spec, pkcs8),
    };
    let id_bytes = u8::try_from(terms.id.len())
        .map_err(|_| Error::BadInput("an identifier of more than 255 bytes"))?;
    let mut blob = vec![VERSION, u8::from(terms.exportable)];
    blob.extend(spec_bytes(spec));
    blob.push(id_bytes);
    blob.extend(&terms.id);
    let header = blob.clone();
    append(master, Purpose::Key, &[&header], bytes.expose(), &mut blob)?;
    Ok(KeyRef(blob))
}

/// Opens a key. What was not made by [`seal_key`] under this master is corrupt.
pub(super) fn open_key(master: &Master, key: &KeyRef) -> Result<OpenedKey> {
    let blob = key.0.as_slice();
    let [VERSION, flags @ 0..=1, kind, of, high, low, id_bytes, ..] = blob else {
        return Err(Error::KeyNotFound);
    };
    let (header, body) = blob
        .split_at_checked(KEY_HEADER_BYTES + usize::from(*id_bytes))
        .ok_or(Error::Corrupt)?;
    let bytes = open_body(master, Purpose::Key, &[header], body)?;
    let spec = spec_of([*kind, *of, *high, *low]).ok_or(Error::Corrupt)?;
    Ok(OpenedKey {
        exportable: *flags == 1,
        material: if spec.is_asymmetric() {
            Material::Private { spec, pkcs8: bytes }
        } else {
            Material::Secret { spec, bytes }
        },
    })
}

/// Seals data to a label.
pub(super) fn seal(master: &Master, plain: &Secret, label: &[u8]) -> Result<Sealed> {
    let mut blob = vec![VERSION];
    append(
        master,
        Purpose::Data,
        &[&[VERSION], label],
        plain.expose(),
        &mut blob,
    )?;
    Ok(Sealed(blob))
}

/// Opens data sealed to a label.
pub(super) fn open(master: &Master, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
    match sealed.0.split_first() {
        Some((&VERSION, body)) => open_body(master, Purpose::Data, &[&[VERSION], label], body),
        _ => Err(Error::Corrupt),
    }
}

/// Seals a master key under a secret from which it can be opened again; the header is authenticated.
pub(super) fn seal_master(master: &Secret, under: &Secret, header: &[u8]) -> Result<Vec<u8>> {
    let mut blob = Vec::new();
    let under = Master::from_secret(under.clone());
    append(
        &under,
        Purpose::Master,
        &[header],
        master.expose(),
        &mut blob,
    )?;
    Ok(blob)
}

/// Opens what [`seal_master`] sealed.
pub(super) fn open_master(body: &[u8], under: &Secret, header: &[u8]) -> Result<Secret> {
    open_body(
        &Master::from_secret(under.clone()),
        Purpose::Master,
        &[header],
        body,
    )
}

/// What a derived key is for: a blob of one kind can never be opened as another.
#[derive(Clone, Copy)]
enum Purpose {
    Data,
    Key,
    Master,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Data => b"keyhold soft 1 data",
            Self::Key => b"keyhold soft 1 key",
            Self::Master => b"keyhold soft 1 master",
        }
    }
}

/// Appends salt, ciphertext and tag.
fn append(
    master: &Master,
    purpose: Purpose,
    bound: &[&[u8]],
    plain: &[u8],
    blob: &mut Vec<u8>,
) -> Result<()> {
    let mut salt = [0; SALT_BYTES];
    rng::fill(&mut salt)?;
    let (key, nonce) = derive(master, purpose, &salt)?;
    blob.extend(salt);
    let mut sealed = vec![0; plain.len()];
    let mut tag = [0; TAG_BYTES];
    key.seal_out_of_place_scatter(
        nonce,
        Aad::from(bound.concat()),
        plain,
        &mut sealed,
        &[],
        &mut tag,
    )
    .map_err(failed)?;
    blob.extend(sealed);
    blob.extend(tag);
    Ok(())
}

fn open_body(master: &Master, purpose: Purpose, bound: &[&[u8]], body: &[u8]) -> Result<Secret> {
    let (salt, body) = body
        .split_first_chunk::<SALT_BYTES>()
        .ok_or(Error::Corrupt)?;
    let (sealed, tag) = body.split_last_chunk::<TAG_BYTES>().ok_or(Error::Corrupt)?;
    let (key, nonce) = derive(master, purpose, salt)?;
    let mut plain = Zeroizing::new(vec![0; sealed.len()]);
    key.open_separate_gather(nonce, Aad::from(bound.concat()), sealed, tag, &mut plain)
        .map_err(|_| Error::Corrupt)?;
    Ok(Secret::new(std::mem::take(&mut *plain)))
}

fn derive(
    master: &Master,
    purpose: Purpose,
    salt: &[u8; SALT_BYTES],
) -> Result<(LessSafeKey, Nonce)> {
    let mut okm = Zeroizing::new([0; KEY_BYTES + NONCE_BYTES]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(master.secret().expose())
        .expand(&[purpose.info()], OkmLength)
        .and_then(|okm_source| okm_source.fill(okm.as_mut_slice()))
        .map_err(failed)?;
    let (key, nonce) = okm.split_at_checked(KEY_BYTES).unwrap_or_default();
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(failed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(failed)?;
    Ok((LessSafeKey::new(key), nonce))
}

struct OkmLength;

impl hkdf::KeyType for OkmLength {
    fn len(&self) -> usize {
        KEY_BYTES + NONCE_BYTES
    }
}

/// The kind of a key in four bytes: what it is, the hash or curve, the bits. These numbers are for ever.
const fn spec_bytes(spec: KeySpec) -> [u8; 4] {
    let [high, low] = spec.bits().to_be_bytes();
    match spec {
        KeySpec::Aes { .. } => [1, 0, high, low],
        KeySpec::Hmac { hash, .. } => [2, hash_number(hash), high, low],
        KeySpec::Rsa { .. } => [3, 0, high, low],
        KeySpec::Ec(curve) => [4, curve_number(curve), high, low],
        KeySpec::TripleDes { .. } => [5, 0, high, low],
        KeySpec::ChaCha20 => [6, 0, high, low],
        KeySpec::ChaCha20Poly1305 => [6, 1, high, low],
        KeySpec::Kept { algorithm, .. } => [7, algorithm.number(), high, low],
        KeySpec::Dsa { order_bits, .. } => {
            let [_, order_bytes] = (order_bits / 8).to_be_bytes();
            [8, order_bytes, high, low]
        }
        KeySpec::Dh { .. } => [9, 0, high, low],
        KeySpec::PostQuantum(algorithm) => [10, post_quantum_number(algorithm), high, low],
    }
}

fn spec_of([kind, of, high, low]: [u8; 4]) -> Option<KeySpec> {
    let bits = u16::from_be_bytes([high, low]);
    let hash = || {
        Hash::ALL
            .iter()
            .find(|hash| hash_number(**hash) == of)
            .copied()
    };
    let curve = || {
        Curve::ALL
            .iter()
            .find(|curve| curve_number(**curve) == of)
            .copied()
    };
    match (kind, of) {
        (1, 0) => Some(KeySpec::Aes { bits }),
        (2, _) => Some(KeySpec::Hmac {
            hash: hash()?,
            bits,
        }),
        (3, 0) => Some(KeySpec::Rsa { bits }),
        (4, _) => Some(KeySpec::Ec(curve()?)),
        (5, 0) => Some(KeySpec::TripleDes { bits }),
        (6, 0) => Some(KeySpec::ChaCha20),
        (6, 1) => Some(KeySpec::ChaCha20Poly1305),
        (7, of) => {
            let kept = Kept::ALL.iter().find(|kept| kept.number() == of);
            kept.map(|algorithm| KeySpec::Kept {
                algorithm: *algorithm,
                bits,
            })
        }
        (8, _) => Some(KeySpec::Dsa {
            bits,
            order_bits: u16::from(of) * 8,
        }),
        (9, 0) => Some(KeySpec::Dh { bits }),
        (10, _) => PostQuantum::ALL
            .iter()
            .find(|own| post_quantum_number(**own) == of)
            .map(|own| KeySpec::PostQuantum(*own)),
        _ => None,
    }
}

const fn hash_number(hash: Hash) -> u8 {
    match hash {
        Hash::Sha1 => 1,
        Hash::Sha224 => 2,
        Hash::Sha256 => 3,
        Hash::Sha384 => 4,
        Hash::Sha512 => 5,
        Hash::Sha3_224 => 6,
        Hash::Sha3_256 => 7,
        Hash::Sha3_384 => 8,
        Hash::Sha3_512 => 9,
        Hash::Sha512_224 => 10,
        Hash::Sha512_256 => 11,
    }
}

const fn curve_number(curve: Curve) -> u8 {
    match curve {
        Curve::P256 => 1,
        Curve::P384 => 2,
        Curve::P521 => 3,
        Curve::Secp256k1 => 4,
        Curve::Ed25519 => 5,
        Curve::Ed448 => 6,
        Curve::X25519 => 7,
        Curve::X448 => 8,
        Curve::P192 => 9,
        Curve::P224 => 10,
        Curve::BrainpoolP160r1 => 11,
        Curve::BrainpoolP160t1 => 12,
        Curve::BrainpoolP192r1 => 13,
        Curve::BrainpoolP192t1 => 14,
        Curve::BrainpoolP224r1 => 15,
        Curve::BrainpoolP224t1 => 16,
        Curve::BrainpoolP256r1 => 17,
        Curve::BrainpoolP256t1 => 18,
        Curve::BrainpoolP320r1 => 19,
        Curve::BrainpoolP320t1 => 20,
        Curve::BrainpoolP384r1 => 21,
        Curve::BrainpoolP384t1 => 22,
        Curve::BrainpoolP512r1 => 23,
        Curve::BrainpoolP512t1 => 24,
    }
}

const fn post_quantum_number(algorithm: PostQuantum) -> u8 {
    match algorithm {
        PostQuantum::MlKem512 => 1,
        PostQuantum::MlKem768 => 2,
        PostQuantum::MlKem1024 => 3,
        PostQuantum::MlDsa44 => 4,
        PostQuantum::MlDsa65 => 5,
        PostQuantum::MlDsa87 => 6,
        PostQuantum::SlhDsaSha2_128s => 7,
        PostQuantum::SlhDsaSha2_128f => 8,
        PostQuantum::SlhDsaSha2_192s => 9,
        PostQuantum::SlhDsaSha2_192f => 10,
        PostQuantum::SlhDsaSha2_256s => 11,
        PostQuantum::SlhDsaSha2_256f => 12,
        PostQuantum::SlhDsaShake128s => 13,
        PostQuantum::SlhDsaShake128f => 14,
        PostQuantum::SlhDsaShake192s => 15,
        PostQuantum::SlhDsaShake192f => 16,
        PostQuantum::SlhDsaShake256s => 17,
        PostQuantum::SlhDsaShake256f => 18,
    }
}

const VERSION: u8 = 1;
const KEY_HEADER_BYTES: usize = 7;
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_has_its_own_bytes() {
        let mut specs = vec![KeySpec::Aes { bits: 256 }, KeySpec::Rsa { bits: 2048 }];
        specs.extend(Hash::ALL.iter().map(|hash| KeySpec::Hmac {
            hash: *hash,
            bits: 512,
        }));
        specs.extend(Curve::ALL.iter().map(|curve| KeySpec::Ec(*curve)));
        specs.extend([112, 168].map(|bits| KeySpec::TripleDes { bits }));
        specs.extend([KeySpec::ChaCha20, KeySpec::ChaCha20Poly1305]);
        specs.extend(Kept::ALL.iter().map(|algorithm| KeySpec::Kept {
            algorithm: *algorithm,
            bits: algorithm.default_bits(),
        }));
        specs.extend(
            PostQuantum::ALL
                .iter()
                .map(|own| KeySpec::PostQuantum(*own)),
        );
        specs.extend([160, 224, 256].map(|order_bits| KeySpec::Dsa {
            bits: 2048,
            order_bits,
        }));
        specs.push(KeySpec::Dh { bits: 2048 });
        for spec in specs {
            assert_eq!(spec_of(spec_bytes(spec)), Some(spec));
        }
        assert_eq!(spec_of([99, 0, 0, 0]), None);
        assert_eq!(spec_of([4, 99, 0, 0]), None);
        assert_eq!(spec_of([10, 0, 0, 0]), None);
    }

    #[test]
    fn data_cannot_be_opened_as_a_key() {
        let master = Master::ephemeral().unwrap();
        let header = [VERSION, 1, 1, 0, 1, 0, 0];
        let mut blob = header.to_vec();
        append(&master, Purpose::Data, &[&header], &[7; 32], &mut blob).unwrap();
        assert_eq!(open_key(&master, &KeyRef(blob)).err(), Some(Error::Corrupt));
    }
}
