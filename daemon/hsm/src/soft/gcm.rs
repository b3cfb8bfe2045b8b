//! GCM with the nonce that everybody uses: twelve bytes, by AWS-LC, in one pass out of place.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use kmip::Secret;
use zeroize::Zeroizing;

use super::{
    engine::{decryption_failed, failed},
    rng,
};
use crate::{Decryption, Encrypted, Encryption, Result};

/// Encrypts with the nonce given, or with one made here and returned; `None` for a nonce of another length.
pub(super) fn seal(
    key: &LessSafeKey,
    tag_bytes: u8,
    input: Encryption<'_>,
) -> Result<Option<Encrypted>> {
    let mut nonce = [0; NONCE_BYTES];
    match input.iv.map(<[u8; NONCE_BYTES]>::try_from) {
        None => rng::fill(&mut nonce)?,
        Some(Ok(given)) => nonce = given,
        Some(Err(_)) => return Ok(None),
    }
    let mut data = vec![0; input.plain.len()];
    let mut tag = vec![0; TAG_BYTES];
    key.seal_out_of_place_scatter(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(input.associated),
        input.plain,
        &mut data,
        &[],
        &mut tag,
    )
    .map_err(failed)?;
    // NIST SP 800-38D §7.1: a shorter tag is the leftmost part of the whole one.
    tag.truncate(tag_bytes.into());
    Ok(Some(Encrypted {
        data,
        iv: input.iv.is_none().then(|| nonce.to_vec()),
        tag: Some(tag),
    }))
}

/// Decrypts; `None` for a nonce or a tag of another length than this engine takes.
pub(super) fn open(
    key: &LessSafeKey,
    iv: &[u8],
    tag: &[u8],
    input: Decryption<'_>,
) -> Result<Option<Secret>> {
    let (Ok(nonce), TAG_BYTES) = (Nonce::try_assume_unique_for_key(iv), tag.len()) else {
        return Ok(None);
    };
    let mut plain = Zeroizing::new(vec![0; input.data.len()]);
    key.open_separate_gather(
        nonce,
        Aad::from(input.associated),
        input.data,
        tag,
        &mut plain,
    )
    .map_err(|_| decryption_failed())?;
    Ok(Some(Secret::new(std::mem::take(&mut *plain))))
}

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
