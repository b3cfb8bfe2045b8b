//! Public-key work done here: verifying and encrypting with a public key costs no round trip.

use kmip::{
    der,
    mechanism::{Cipher, Curve, Hash, Signing},
};
use p384::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use pkcs11::material::Public;
use rsa::{BoxedUint, hazmat::rsa_encrypt, traits::PublicKeyParts};

use crate::{hasher::digest, random};

/// A public key whose work can be done here.
pub(crate) enum PublicKey {
    /// RSA, with the length of the modulus in bytes and in bits.
    Rsa(Box<rsa::PublicKey>, usize, usize),
    /// P-384.
    P384(Box<VerifyingKey>),
}

impl PublicKey {
    /// The key, where its work can be done here.
    pub(crate) fn of(public: &Public) -> Option<Self> {
        match public {
            Public::Rsa(modulus, exponent) => Self::rsa(modulus, exponent),
            Public::Point(curve, point) => Self::point(*curve, point),
        }
    }

    /// An RSA key from modulus and exponent.
    fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let modulus = der::unsigned(modulus);
        let leading = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
        let bits = modulus.len() * 8 - leading;
        let precision = u32::try_from(modulus.len() * 8).ok()?;
        let key = rsa::PublicKey::new(
            BoxedUint::from_be_slice(modulus, precision).ok()?,
            BoxedUint::from_be_slice(der::unsigned(exponent), 64).ok()?,
        );
        Some(Self::Rsa(Box::new(key.ok()?), modulus.len(), bits))
    }

    /// A point on a curve that is served here.
    fn point(curve: Curve, point: &[u8]) -> Option<Self> {
        if curve != Curve::P384 {
            return None;
        }
        let key = VerifyingKey::from_sec1_bytes(point).ok()?;
        Some(Self::P384(Box::new(key)))
    }

    /// Whether a signature is right; `None` where this cannot be told here. `input` is the digest, or the DigestInfo of
    /// `CKM_RSA_PKCS`.
    pub(crate) fn verifies(
        &self,
        signing: Signing,
        input: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        match (self, signing) {
            (Self::Rsa(_, bytes, _), Signing::RsaPkcs1(hash)) => {
                let info = hash.map_or_else(|| input.to_vec(), |hash| digest_info(hash, input));
                let expected = pkcs1_block(*bytes, 1, &info, || 0xFF)?;
                let found = self.raise(signature)?;
                Some(found == expected)
            }
            (
                Self::Rsa(_, _, bits),
                Signing::RsaPss {
                    hash,
                    mask_hash,
                    salt_bytes,
                },
            ) => {
                let found = self.raise(signature)?;
                let salt = usize::from(salt_bytes);
                Some(pss_fits(*bits, &found, input, hash, mask_hash, salt).is_some())
            }
            (Self::P384(key), Signing::Ecdsa(_)) => {
                let signature = Signature::from_slice(signature).ok();
                Some(signature.is_some_and(|own| key.verify_prehash(&padded(input), &own).is_ok()))
            }
            _ => None,
        }
    }

    /// The length of the modulus of an RSA key.
    pub(crate) const fn modulus_bytes(&self) -> Option<usize> {
        match self {
            Self::Rsa(_, bytes, _) => Some(*bytes),
            Self::P384(_) => None,
        }
    }

    /// What a signature of PKCS #1 v1.5 was made of; `None` where it is none of this key.
    pub(crate) fn recovers(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let block = self.raise(signature)?;
        let filled = block.strip_prefix(&[0, 1])?;
        let filling = filled.iter().take_while(|byte| **byte == 0xFF).count();
        let (zero, message) = filled.get(filling..)?.split_first()?;
        (filling >= 8 && *zero == 0).then(|| message.to_vec())
    }

    /// The ciphertext; `None` when the message is too long or this cannot be done here.
    pub(crate) fn encrypts(&self, cipher: &Cipher, message: &[u8]) -> Option<Vec<u8>> {
        let Self::Rsa(_, bytes, _) = self else {
            return None;
        };
        let block = match cipher {
            Cipher::RsaPkcs1 => {
                let mut filling = Vec::new();
                while filling.len() < *bytes {
                    filling.extend(random::bytes(*bytes)?.into_iter().filter(|byte| *byte != 0));
                }
                let mut filling = filling.into_iter();
                pkcs1_block(*bytes, 2, message, || filling.next().unwrap_or(0xFF))?
            }
            Cipher::RsaOaep {
                hash,
                mask_hash,
                label,
            } => oaep_block(*bytes, message, *hash, *mask_hash, label)?,
            _ => return None,
        };
        self.raise(&block)
    }

    /// The public operation, as many bytes as the modulus has; `None` of a number that is no residue.
    fn raise(&self, number: &[u8]) -> Option<Vec<u8>> {
        let Self::Rsa(key, bytes, _) = self else {
            return None;
        };
        // RFC 8017 §5.2.2: a signature that is no number below the modulus is none, though its power may be right.
        if number.len() != *bytes || number >= &*key.n_bytes() {
            return Some(Vec::new());
        }
        let precision = u32::try_from(bytes * 8).ok()?;
        let number = BoxedUint::from_be_slice(number, precision).ok()?;
        let Ok(raised) = rsa_encrypt(key.as_ref(), &number) else {
            return Some(Vec::new());
        };
        let raised = raised.to_be_bytes();
        let digits = der::unsigned(&raised);
        let mut block = vec![0; bytes.checked_sub(digits.len())?];
        block.extend_from_slice(digits);
        Some(block)
    }
}

/// A short digest, lengthened in front to what the curve's library wants; the number it stands for stays the same.
fn padded(input: &[u8]) -> Vec<u8> {
    let zeros = Curve::P384.field_bytes().saturating_sub(input.len());
    let mut padded = vec![0; zeros];
    padded.extend_from_slice(input);
    padded
}

/// EMSA-PKCS1-v1_5 (type 1) and EME-PKCS1-v1_5 (type 2), RFC 8017 §9.2 and §7.2.
fn pkcs1_block(
    bytes: usize,
    block_type: u8,
    message: &[u8],
    filling: impl FnMut() -> u8,
) -> Option<Vec<u8>> {
    let fill = bytes
        .checked_sub(message.len() + 3)
        .filter(|fill| *fill >= 8)?;
    let mut block = vec![0, block_type];
    block.extend(std::iter::repeat_with(filling).take(fill));
    block.push(0);
    block.extend_from_slice(message);
    Some(block)
}

/// DigestInfo (RFC 8017 §9.2): the hash function's identifier and the digest.
fn digest_info(hash: Hash, digest: &[u8]) -> Vec<u8> {
    let oid: &[u8] = match hash {
        Hash::Sha1 => &[0x2B, 0x0E, 3, 2, 0x1A],
        Hash::Sha224 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4],
        Hash::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
        Hash::Sha384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
        Hash::Sha512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
        Hash::Sha512_224 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 5],
        Hash::Sha512_256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 6],
        Hash::Sha3_224 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 7],
        Hash::Sha3_256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 8],
        Hash::Sha3_384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 9],
        Hash::Sha3_512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 10],
    };
    let algorithm = der::element(der::SEQUENCE, &[&der::element(der::OID, &[oid]), &[5, 0]]);
    let digest = der::element(der::OCTET_STRING, &[digest]);
    der::element(der::SEQUENCE, &[&algorithm, &digest])
}

/// MGF1 (RFC 8017 §B.2.1), laid over a target.
fn mask(target: &mut [u8], seed: &[u8], hash: Hash) {
    for (counter, chunk) in (0_u32..).zip(target.chunks_mut(hash.digest_bytes())) {
        let stream = digest(hash, &[seed, &counter.to_be_bytes()]);
        for (byte, mask) in chunk.iter_mut().zip(stream) {
            *byte ^= mask;
        }
    }
}

/// EMSA-PSS verification (RFC 8017 §9.1.2); `Some` when it is consistent.
fn pss_fits(
    bits: usize,
    block: &[u8],
    message_digest: &[u8],
    hash: Hash,
    mask_hash: Hash,
    salt: usize,
) -> Option<()> {
    let encoded_bits = bits - 1;
    let encoded = block.get(block.len().checked_sub(encoded_bits.div_ceil(8))?..)?;
    let (masked, rest) = encoded.split_at_checked(
        encoded
            .len()
            .checked_sub(hash.digest_bytes() + 1)
            .filter(|length| *length > salt)?,
    )?;
    let (own, trailer) = rest.split_at_checked(hash.digest_bytes())?;
    // The bits of the block that the encoding does not use.
    let unused = u32::try_from(8 * encoded.len() - encoded_bits).ok()?;
    let used = 0xFF_u8.checked_shr(unused)?;
    if trailer != [0xBC] || masked.first()? & !used != 0 {
        return None;
    }
    let mut data = masked.to_vec();
    mask(&mut data, own, mask_hash);
    *data.first_mut()? &= used;
    let (filling, salt) = data.split_at_checked(data.len() - salt)?;
    let (one, zeros) = filling.split_last()?;
    let expected = digest(hash, &[&[0; 8], message_digest, salt]);
    (*one == 1 && zeros.iter().all(|byte| *byte == 0) && expected == own).then_some(())
}

/// EME-OAEP (RFC 8017 §7.1.1).
fn oaep_block(
    bytes: usize,
    message: &[u8],
    hash: Hash,
    mask_hash: Hash,
    label: &[u8],
) -> Option<Vec<u8>> {
    let hash_bytes = hash.digest_bytes();
    let zeros = bytes.checked_sub(message.len() + 2 * hash_bytes + 2)?;
    let mut data = digest(hash, &[label]);
    data.resize(data.len() + zeros, 0);
    data.push(1);
    data.extend_from_slice(message);
    let mut seed = random::bytes(hash_bytes)?;
    mask(&mut data, &seed, mask_hash);
    mask(&mut seed, &data, mask_hash);
    let mut block = vec![0];
    block.extend_from_slice(&seed);
    block.extend_from_slice(&data);
    Some(block)
}
