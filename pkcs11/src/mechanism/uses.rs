//! Mechanisms with their parameters as what keys do: sign, authenticate, encrypt, wrap.

use cryptoki_sys as ck;
use kmip::mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Padding, Prehash, Signing};

use super::{Block, Context, Meaning, Oaep, Parameter, hash, hash_and_mask};
use crate::{Result, Rv, Ulong, size};

/// How a key signs or authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// A MAC of this many bytes.
    Mac(Mac, usize),
    /// A signature; the hash is computed here when the flag says so, else the caller brings the digest.
    Signature(Signing, bool),
}

/// The way a mechanism with this parameter signs with this key.
pub fn authentication(
    meaning: Meaning,
    parameter: &Parameter,
    spec: KeySpec,
) -> Result<Authentication> {
    use Authentication::Signature;
    match (meaning, parameter) {
        (Meaning::RsaPkcs, _) => Ok(Signature(Signing::RsaPkcs1(None), false)),
        (Meaning::RsaPkcsHash(hash), _) => Ok(Signature(Signing::RsaPkcs1(Some(hash)), true)),
        (Meaning::RsaPss(own), Parameter::Pss(hash, mask, salt)) => {
            let (hash, mask_hash) = hash_and_mask(*hash, *mask)?;
            let room = usize::from(spec.bits().div_ceil(8)).checked_sub(hash.digest_bytes() + 2);
            let fits = room.is_some_and(|room| size(*salt) <= room);
            // PKCS #11 3.1 §6.1.10: the hash of the parameter is the mechanism's.
            if !fits || own.is_some_and(|own| own != hash) {
                return Err(Rv::MECHANISM_PARAM_INVALID);
            }
            let salt_bytes = u16::try_from(*salt).map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
            let pss = Signing::RsaPss {
                hash,
                mask_hash,
                salt_bytes,
            };
            Ok(Signature(pss, own.is_some()))
        }
        (Meaning::Dsa(hash), _) => Ok(Signature(Signing::Dsa(hash), hash.is_some())),
        (Meaning::Ecdsa(hash), _) => Ok(Signature(Signing::Ecdsa(hash), hash.is_some())),
        (Meaning::Eddsa, Parameter::Context(own)) => eddsa_in_context(own, spec),
        (Meaning::Eddsa, _) => Ok(Signature(Signing::Eddsa, false)),
        (Meaning::MlDsa | Meaning::SlhDsa, Parameter::Context(own)) => {
            in_context(own, None).map(|signing| Signature(signing, true))
        }
        (Meaning::MlDsa, _) => Ok(Signature(Signing::MlDsa, false)),
        (Meaning::SlhDsa, _) => Ok(Signature(Signing::SlhDsa, false)),
        (Meaning::HashMlDsa(own) | Meaning::HashSlhDsa(own), parameter) => {
            hashed_in_context(own, parameter)
        }
        (Meaning::Hmac(hash, _, _), parameter) => {
            let bytes = mac_bytes(parameter, hash.digest_bytes())?;
            Ok(Authentication::Mac(Mac::Hmac(hash), bytes))
        }
        (Meaning::Cmac(Block::Aes, _), parameter) => {
            Ok(Authentication::Mac(Mac::AesCmac, mac_bytes(parameter, 16)?))
        }
        (Meaning::Cmac(Block::TripleDes, _), parameter) => Ok(Authentication::Mac(
            Mac::TripleDesCmac,
            mac_bytes(parameter, 8)?,
        )),
        // PKCS #11 3.1 §6.13.5: half a block, where no length is given.
        (Meaning::CbcMac(Block::Aes, is_cut), parameter) => {
            let bytes = if is_cut { mac_bytes(parameter, 16)? } else { 8 };
            Ok(Authentication::Mac(Mac::AesCbcMac, bytes))
        }
        (Meaning::CbcMac(Block::TripleDes, is_cut), parameter) => {
            let bytes = if is_cut { mac_bytes(parameter, 8)? } else { 4 };
            Ok(Authentication::Mac(Mac::TripleDesCbcMac, bytes))
        }
        _ => Err(Rv::MECHANISM_INVALID),
    }
}

/// The longest context of a signature (RFC 8032 §5.1, FIPS 204 §5.2).
const CONTEXT_BYTES_MAX: usize = 255;

fn in_context(own: &Context, prehash: Option<Prehash>) -> Result<Signing> {
    if own.bytes.len() > CONTEXT_BYTES_MAX {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    Ok(Signing::InContext {
        prehash,
        deterministic: own.is_deterministic,
    })
}

/// PKCS #11 3.2 §6.3.16: with a structure, Ed25519 is Ed25519ctx or Ed25519ph, and never what it is without one. An empty
/// context of Ed25519ctx, which RFC 8032 §5.1 says should not be, is refused: as plain Ed25519 it would be another
/// signature than the one asked for. Ed448 has a context always.
fn eddsa_in_context(own: &Context, spec: KeySpec) -> Result<Authentication> {
    let is_ed25519 = spec == KeySpec::Ec(Curve::Ed25519);
    let prehash = match (own.is_prehashed, is_ed25519) {
        (false, true) if own.bytes.is_empty() => return Err(Rv::MECHANISM_PARAM_INVALID),
        (false, false) if own.bytes.is_empty() => {
            return Ok(Authentication::Signature(Signing::Eddsa, false));
        }
        (false, _) => None,
        (true, true) => Some(Prehash::Hash(Hash::Sha512)),
        (true, false) => Some(Prehash::Shake256),
    };
    in_context(own, prehash).map(|signing| Authentication::Signature(signing, true))
}

/// PKCS #11 3.2 §6.67.7: the mechanism names the hash function of the message, or the parameter that of the digest.
fn hashed_in_context(own: Option<Prehash>, parameter: &Parameter) -> Result<Authentication> {
    let without = Context {
        bytes: Vec::new(),
        is_prehashed: false,
        is_deterministic: false,
        hash: None,
    };
    let context = match parameter {
        Parameter::Context(context) => context,
        Parameter::None if own.is_some() => &without,
        _ => return Err(Rv::MECHANISM_PARAM_INVALID),
    };
    let named = match (own, context.hash) {
        (Some(own), _) => own,
        (None, Some(mechanism)) => Prehash::Hash(hash(mechanism)?),
        (None, None) => return Err(Rv::MECHANISM_PARAM_INVALID),
    };
    let signing = in_context(context, Some(named))?;
    Ok(Authentication::Signature(signing, own.is_some()))
}

/// The context that a parameter brings.
#[must_use]
pub fn context(parameter: &Parameter) -> &[u8] {
    match parameter {
        Parameter::Context(own) => &own.bytes,
        _ => &[],
    }
}

/// The length of a MAC: what the parameter says, or all of it.
fn mac_bytes(parameter: &Parameter, whole: usize) -> Result<usize> {
    match parameter {
        Parameter::Number(bytes) => Some(size(*bytes))
            .filter(|bytes| (1..=whole).contains(bytes))
            .ok_or(Rv::MECHANISM_PARAM_INVALID),
        _ => Ok(whole),
    }
}

impl Authentication {
    /// Whether the message travels as it is, and not the digest of it; `hashed` says that the caller's side hashes.
    #[must_use]
    pub const fn travels_as_data(self, hashed: bool) -> bool {
        match self {
            Self::Mac(..)
            | Self::Signature(
                Signing::RsaPkcs1(None) | Signing::Eddsa | Signing::MlDsa | Signing::SlhDsa,
                _,
            ) => true,
            // These digests are made where the signature is.
            Self::Signature(Signing::InContext { .. }, digests) => digests,
            Self::Signature(_, digests) => digests && !hashed,
        }
    }

    /// The length of what a key of this kind makes so.
    #[must_use]
    pub fn answer_bytes(self, spec: KeySpec) -> usize {
        match (self, spec) {
            (Self::Mac(_, bytes), _) => bytes,
            (_, KeySpec::Ec(curve)) => 2 * curve.field_bytes(),
            (_, KeySpec::Dsa { order_bits, .. }) => 2 * usize::from(order_bits.div_ceil(8)),
            (_, KeySpec::PostQuantum(algorithm)) => algorithm.output_bytes(),
            (_, spec) => usize::from(spec.bits().div_ceil(8)),
        }
    }
}

/// A cipher with what it needs beside the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CipherUse {
    /// The cipher.
    pub cipher: Cipher,
    /// The IV, the nonce or the counter.
    pub iv: Vec<u8>,
    /// What is authenticated besides.
    pub additional: Vec<u8>,
    /// The most blocks before a counter narrower than its block would begin anew; its stream must not repeat.
    pub blocks_max: Option<u128>,
}

impl CipherUse {
    /// Counts the blocks of so many bytes; an error where the counter does not go as far.
    pub fn count(&mut self, bytes: usize) -> Result<()> {
        if let Some(left) = &mut self.blocks_max {
            let blocks = u128::try_from(bytes.div_ceil(16)).unwrap_or(u128::MAX);
            *left = left.checked_sub(blocks).ok_or(Rv::DATA_LEN_RANGE)?;
        }
        Ok(())
    }
}

/// The way a mechanism with this parameter encrypts.
pub fn cipher(meaning: Meaning, parameter: Parameter) -> Result<CipherUse> {
    let with = |cipher, iv, additional| {
        Ok(CipherUse {
            cipher,
            iv,
            additional,
            blocks_max: None,
        })
    };
    match (meaning, parameter) {
        (Meaning::AesEcb, _) => with(Cipher::AesEcb(Padding::None), Vec::new(), Vec::new()),
        (Meaning::TripleDesEcb, _) => {
            with(Cipher::TripleDesEcb(Padding::None), Vec::new(), Vec::new())
        }
        (meaning, Parameter::Iv(iv)) => with(of_iv(meaning)?, iv, Vec::new()),
        (Meaning::AesCcm, Parameter::Ccm(ccm)) => {
            let tag_bytes = match ccm.mac_bytes {
                8 | 10 | 12 | 14 | 16 => u8::try_from(ccm.mac_bytes).unwrap_or(16),
                _ => return Err(Rv::MECHANISM_PARAM_INVALID),
            };
            if !(7..=13).contains(&ccm.nonce.len()) {
                return Err(Rv::MECHANISM_PARAM_INVALID);
            }
            with(Cipher::AesCcm { tag_bytes }, ccm.nonce, ccm.additional)
        }
        // The daemon counts over the whole block, which is the same until a narrower counter overflows.
        (Meaning::AesCtr, Parameter::Counter(bits, block)) => Ok(CipherUse {
            blocks_max: counter_blocks(bits, &block)?,
            ..with(Cipher::AesCtr, block, Vec::new())?
        }),
        (Meaning::AesGcm, Parameter::Gcm(iv, additional, bits)) => {
            let cipher = gcm(bits)?;
            if iv.is_empty() || iv.len() > 256 {
                return Err(Rv::MECHANISM_PARAM_INVALID);
            }
            with(cipher, iv, additional)
        }
        (Meaning::ChaCha20, Parameter::ChaCha20(counter, nonce)) => {
            with(Cipher::ChaCha20, chacha20(&counter, &nonce)?, Vec::new())
        }
        (Meaning::ChaCha20Poly1305, Parameter::Poly1305(nonce, additional))
            if nonce.len() == 12 =>
        {
            with(
                Cipher::ChaCha20Poly1305 { tag_bytes: 16 },
                nonce,
                additional,
            )
        }
        (Meaning::RsaPkcs, _) => with(Cipher::RsaPkcs1, Vec::new(), Vec::new()),
        (Meaning::Oaep, Parameter::Oaep(how)) => with(oaep(how)?, Vec::new(), Vec::new()),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

/// How many blocks a counter of so many bits counts from where it stands; whoever counts over the whole block knows no end.
fn counter_blocks(bits: Ulong, block: &[u8]) -> Result<Option<u128>> {
    let block = block.first_chunk().ok_or(Rv::MECHANISM_PARAM_INVALID)?;
    match u32::try_from(bits) {
        Ok(bits @ 1..128) => {
            let end = 1_u128 << bits;
            Ok(Some(end - (u128::from_be_bytes(*block) & (end - 1))))
        }
        Ok(128) => Ok(None),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

/// The ciphers whose whole parameter is an IV.
const fn of_iv(meaning: Meaning) -> Result<Cipher> {
    Ok(match meaning {
        Meaning::AesCbc(padding) => Cipher::AesCbc(padding),
        Meaning::AesCfb => Cipher::AesCfb,
        Meaning::AesOfb => Cipher::AesOfb,
        Meaning::AesXts => Cipher::AesXts,
        Meaning::TripleDesCbc(padding) => Cipher::TripleDesCbc(padding),
        _ => return Err(Rv::MECHANISM_PARAM_INVALID),
    })
}

/// Counter and nonce as one block: RFC 8439 counts 32 bits beside a nonce of 96, the original 64 beside 64.
fn chacha20(counter: &[u8], nonce: &[u8]) -> Result<Vec<u8>> {
    match (counter.len(), nonce.len()) {
        (4, 12) | (8, 8) => Ok([counter, nonce].concat()),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

fn oaep(how: Oaep) -> Result<Cipher> {
    // A widely used caller leaves the hash out when none was asked for, and means RFC 8017's default.
    let hash = if how.hash == 0 {
        ck::CKM_SHA_1
    } else {
        how.hash
    };
    let (hash, mask_hash) = hash_and_mask(hash, how.mask)?;
    Ok(Cipher::RsaOaep {
        hash,
        mask_hash,
        label: how.label,
    })
}

/// The cipher that a mechanism with this parameter wraps with; there is no IV where it is made by whoever wraps.
pub fn wrapping(meaning: Meaning, parameter: Parameter) -> Result<CipherUse> {
    let alone = |cipher| {
        Ok(CipherUse {
            cipher,
            iv: Vec::new(),
            additional: Vec::new(),
            blocks_max: None,
        })
    };
    match (meaning, parameter) {
        (Meaning::AesKeyWrap, _) => alone(Cipher::AesKeyWrap),
        (Meaning::AesKeyWrapPadded, _) => alone(Cipher::AesKeyWrapPadded),
        (Meaning::AesGcm, Parameter::GcmWithoutIv(additional, bits)) => Ok(CipherUse {
            cipher: gcm(bits)?,
            iv: Vec::new(),
            additional,
            blocks_max: None,
        }),
        (
            Meaning::AesGcm | Meaning::AesCbc(Padding::Pkcs5) | Meaning::Oaep | Meaning::RsaPkcs,
            parameter,
        ) => cipher(meaning, parameter),
        _ => Err(Rv::MECHANISM_INVALID),
    }
}

fn gcm(tag_bits: Ulong) -> Result<Cipher> {
    match tag_bits {
        96 | 104 | 112 | 120 | 128 => Ok(Cipher::AesGcm {
            tag_bytes: u8::try_from(tag_bits / 8).unwrap_or(16),
        }),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}
