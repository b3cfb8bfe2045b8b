//! Derivations: PBKDF2, HKDF, SP 800-108 and the plain methods, from the bytes of a key.

use aws_lc_rs::cmac;
use kmip::{
    Secret,
    mechanism::{Block, BlockPart, Cipher, Derivation, Hash, KeySpec, Padding, Prf},
};
use zeroize::Zeroizing;

use super::{
    engine::{self, bounded, failed},
    mac,
    plain::PlainKey,
};
use crate::{Deriving, Encryption, Error, Material, Result};

/// What is derived from: a key, or secret data, which is of no kind.
pub(crate) enum Source<'a> {
    Key(&'a Material),
    Bytes(&'a Secret),
}

/// So many bytes from a source, behind those that are left out.
pub(crate) fn derive(
    source: &Source<'_>,
    how: &Deriving<'_>,
    keys: &[Material],
    bytes: usize,
) -> Result<Secret> {
    bounded(how.data)?;
    bounded(how.salt)?;
    let beside = keys.iter().map(|key| match key {
        Material::Secret { bytes, .. } => Ok(bytes.expose()),
        Material::Private { .. } => Err(Error::KeyTypeMismatch),
    });
    let beside = beside.collect::<Result<Vec<_>>>()?;
    let skipped = how.skipped_bytes;
    let whole = whole(source, how, &beside, skipped.saturating_add(bytes))?;
    let wanted = whole.expose().get(skipped..).ok_or(TOO_LONG)?;
    Ok(Secret::from(wanted))
}

fn whole(
    source: &Source<'_>,
    how: &Deriving<'_>,
    beside: &[&[u8]],
    bytes: usize,
) -> Result<Secret> {
    let takes_keys = matches!(
        how.mechanism,
        Derivation::Hkdf(_) | Derivation::HkdfExtract(_)
    );
    if !how.mechanism.has_blocks() && (how.block.is_some() || !(beside.is_empty() || takes_keys)) {
        return Err(Error::BadInput(
            "a derivation that has neither blocks nor keys beside",
        ));
    }
    if bytes == 0 || bytes > OUTPUT_BYTES_MAX {
        return Err(Error::BadInput("a derived key of no length, or a huge one"));
    }
    let key = match (source, how.mechanism) {
        (
            Source::Key(private @ Material::Private { .. }),
            Derivation::Agreement | Derivation::X963(_) | Derivation::OneStep(_),
        ) => {
            let peer = how
                .peer
                .ok_or(Error::BadInput("no public key to agree with"))?;
            let secret = PlainKey::from_validated(private)?.agree(peer)?;
            return agreed(&secret, how, bytes);
        }
        (Source::Key(secret @ Material::Secret { .. }), Derivation::Encrypt(cipher)) => {
            let input = Encryption {
                iv: iv(cipher, how)?,
                associated: &[],
                plain: how.data,
            };
            let made = PlainKey::from_validated(secret)?.encrypt(cipher, input)?;
            return first(&Zeroizing::new(made.data), bytes);
        }
        (Source::Key(Material::Private { .. }), _) | (_, Derivation::Encrypt(_)) => {
            return Err(Error::KeyTypeMismatch);
        }
        (_, mechanism) if mechanism.is_agreement() => return Err(Error::KeyTypeMismatch),
        (Source::Key(Material::Secret { spec, bytes }), _) => {
            if uses_aes(how.mechanism) && !matches!(spec, KeySpec::Aes { .. }) {
                return Err(Error::KeyTypeMismatch);
            }
            bytes
        }
        (Source::Bytes(_), mechanism) if uses_aes(mechanism) => return Err(Error::KeyTypeMismatch),
        (Source::Bytes(bytes), _) => *bytes,
    };
    from_bytes(key, how, beside, bytes)
}

fn from_bytes(key: &Secret, how: &Deriving<'_>, beside: &[&[u8]], bytes: usize) -> Result<Secret> {
    let salt = match beside {
        [] => how.salt,
        [salt, ..] => salt,
    };
    match how.mechanism {
        Derivation::Pbkdf2 { hash, iterations } => {
            pbkdf2(key, how.salt, (*hash, *iterations), bytes)
        }
        Derivation::Digest(hash) => {
            if !how.data.is_empty() {
                return Err(Error::BadInput("a digest is one of the key alone"));
            }
            let digest = engine::digest(*hash, key.expose())?;
            first(digest.as_ref(), bytes)
        }
        Derivation::Hmac(hash) => first(&hmac(*hash, key, how.data)?, bytes),
        Derivation::Hkdf(hash) => {
            let extracted = extracted(*hash, key, salt)?;
            expanded(*hash, &extracted, how.data, bytes)
        }
        Derivation::HkdfExtract(hash) => first(extracted(*hash, key, salt)?.expose(), bytes),
        Derivation::HkdfExpand(hash) => expanded(*hash, key, how.data, bytes),
        Derivation::Counter(prf) | Derivation::Feedback(prf) | Derivation::DoublePipeline(prf) => {
            blocks(Keyed(*prf, key), how, beside, bytes)
        }
        Derivation::Agreement
        | Derivation::X963(_)
        | Derivation::OneStep(_)
        | Derivation::Encrypt(_) => Err(Error::KeyTypeMismatch),
    }
}

/// SP 800-108: blocks of a function of what the mode iterates over, of a counter, and of what is said and known.
fn blocks(prf: Keyed<'_>, how: &Deriving<'_>, beside: &[&[u8]], bytes: usize) -> Result<Secret> {
    let usual = Block::usual(how.mechanism, how.data.len());
    let block = how.block.unwrap_or(&usual);
    if !block.fits(how.mechanism, how.data.len(), beside.len()) {
        return Err(Error::BadInput("a block that the function does not have"));
    }
    // §4.3: the pipeline begins with all but what changes.
    let mut pipeline = Zeroizing::new(joined(block, how.data, beside, (&[], &[])).concat());
    repeated(prf.bytes(), bytes, |counter, last| {
        let counter = block.counter.written(counter).ok_or(TOO_LONG)?;
        let changing: (&[u8], &[u8]) = match how.mechanism {
            Derivation::Counter(_) => (&counter, &[]),
            Derivation::Feedback(_) if last.is_empty() => (how.iv.unwrap_or_default(), &counter),
            Derivation::Feedback(_) => (last, &counter),
            _ => {
                pipeline = prf.of(&[&pipeline])?;
                (&pipeline, &counter)
            }
        };
        prf.of(&joined(block, how.data, beside, changing))
    })
}

/// The parts of a block, one after the other.
fn joined<'a>(
    block: &Block,
    mut data: &'a [u8],
    keys: &[&'a [u8]],
    (iteration, counter): (&'a [u8], &'a [u8]),
) -> Vec<&'a [u8]> {
    let mut keys = keys.iter();
    let parts = block.parts.iter().map(|part| match part {
        BlockPart::Iteration => iteration,
        BlockPart::Counter => counter,
        BlockPart::Data(bytes) => {
            let (own, rest) = data.split_at(*bytes);
            data = rest;
            own
        }
        BlockPart::Key => keys.next().copied().unwrap_or_default(),
    });
    parts.collect()
}

fn pbkdf2(
    key: &Secret,
    salt: &[u8],
    (hash, iterations): (Hash, u32),
    bytes: usize,
) -> Result<Secret> {
    let blocks = u32::try_from(bytes.div_ceil(hash.digest_bytes())).map_err(failed)?;
    if iterations.saturating_mul(blocks) > PBKDF2_ROUNDS_MAX {
        return Err(Error::BadInput("more iterations than are served"));
    }
    let mut out = Zeroizing::new(vec![0; bytes]);
    let count = usize::try_from(iterations).map_err(failed)?;
    openssl::pkcs5::pbkdf2_hmac(
        key.expose(),
        salt,
        count,
        engine::hash(hash).openssl,
        &mut out,
    )
    .map_err(failed)?;
    Ok(Secret::new(std::mem::take(&mut *out)))
}

/// What two sides agree on: the secret itself, or digests of it, a counter and what both sides know.
fn agreed(secret: &Secret, how: &Deriving<'_>, bytes: usize) -> Result<Secret> {
    let (hash, counter_leads) = match how.mechanism {
        Derivation::X963(hash) => (*hash, false),
        Derivation::OneStep(hash) => (*hash, true),
        _ => return first(secret.expose(), bytes),
    };
    repeated(hash.digest_bytes(), bytes, |counter, _| {
        let counter = counter.to_be_bytes();
        let (front, back) = if counter_leads {
            (&counter[..], secret.expose())
        } else {
            (secret.expose(), &counter[..])
        };
        let input = Zeroizing::new([front, back, how.salt].concat());
        Ok(Zeroizing::new(
            engine::digest(hash, &input)?.as_ref().to_vec(),
        ))
    })
}

/// RFC 5869 §2.2.
fn extracted(hash: Hash, key: &Secret, salt: &[u8]) -> Result<Secret> {
    let salt = if salt.is_empty() {
        Secret::new(vec![0; hash.digest_bytes()])
    } else {
        Secret::from(salt)
    };
    Ok(Secret::new(hmac(hash, &salt, key.expose())?.to_vec()))
}

/// RFC 5869 §2.3.
fn expanded(hash: Hash, key: &Secret, info: &[u8], bytes: usize) -> Result<Secret> {
    let prf = Keyed(Prf::Hmac(hash), key);
    if bytes > 255 * hash.digest_bytes() {
        return Err(TOO_LONG);
    }
    repeated(prf.bytes(), bytes, |counter, last| {
        let [.., counter] = counter.to_be_bytes();
        prf.of(&[last, info, &[counter]])
    })
}

/// Blocks of a function of the counter, which begins with one, and of the block before.
fn repeated(
    block_bytes: usize,
    bytes: usize,
    mut block: impl FnMut(u32, &[u8]) -> Result<Zeroizing<Vec<u8>>>,
) -> Result<Secret> {
    // As long as it will be, so that nothing stays behind where it grew.
    let mut out = Zeroizing::new(Vec::with_capacity(bytes + block_bytes));
    let mut last = Zeroizing::new(Vec::new());
    let mut counter = 0_u32;
    while out.len() < bytes {
        counter = counter.checked_add(1).ok_or(TOO_LONG)?;
        last = block(counter, &last)?;
        out.extend_from_slice(&last);
    }
    first(&out, bytes)
}

/// A pseudorandom function under its key.
#[derive(Clone, Copy)]
struct Keyed<'a>(Prf, &'a Secret);

impl Keyed<'_> {
    const fn bytes(self) -> usize {
        match self.0 {
            Prf::Hmac(hash) => hash.digest_bytes(),
            Prf::AesCmac => 16,
        }
    }

    fn of(self, parts: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>> {
        let Self(prf, key) = self;
        let mut mac = match (prf, key.len()) {
            (Prf::Hmac(hash), _) => mac::hmac(hash, key.expose())?,
            (Prf::AesCmac, 16) => mac::cmac(cmac::AES_128, key.expose())?,
            (Prf::AesCmac, 24) => mac::cmac(cmac::AES_192, key.expose())?,
            (Prf::AesCmac, 32) => mac::cmac(cmac::AES_256, key.expose())?,
            (Prf::AesCmac, _) => return Err(Error::KeyTypeMismatch),
        };
        for part in parts {
            mac.take(part)?;
        }
        mac.end().map(Zeroizing::new)
    }
}

fn hmac(hash: Hash, key: &Secret, message: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    Keyed(Prf::Hmac(hash), key).of(&[message])
}

const fn uses_aes(mechanism: &Derivation) -> bool {
    matches!(
        mechanism,
        Derivation::Counter(Prf::AesCmac)
            | Derivation::Feedback(Prf::AesCmac)
            | Derivation::DoublePipeline(Prf::AesCmac)
    )
}

/// An IV that the caller leaves out would be made at random, and the key never again.
fn iv<'a>(cipher: &Cipher, how: &Deriving<'a>) -> Result<Option<&'a [u8]>> {
    match (cipher, how.iv) {
        (Cipher::AesEcb(Padding::None | Padding::Pkcs5), None) => Ok(None),
        (Cipher::AesEcb(_), Some(_)) => Err(Error::BadInput("ECB has no IV")),
        (_, None) => Err(Error::BadInput("the initialization vector is missing")),
        (_, some) => Ok(some),
    }
}

/// The first bytes, which there must be.
fn first(whole: &[u8], bytes: usize) -> Result<Secret> {
    whole.get(..bytes).map(Secret::from).ok_or(TOO_LONG)
}

/// The longest derived key in bytes.
const OUTPUT_BYTES_MAX: usize = 65_536;
/// Some five seconds of one processor, and no more.
const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;
const TOO_LONG: Error = Error::BadInput("longer than what the derivation gives");
