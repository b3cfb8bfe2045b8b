//! What the inputs of ciphers must be: IVs, tags, associated data.

use std::borrow::Cow;

use kmip::mechanism::Cipher;

use super::rng;
use crate::{Error, Result};

/// An IV, and the same once more if it was made here.
pub(super) type Iv<'a> = (Cow<'a, [u8]>, Option<Vec<u8>>);

/// The IV to encrypt from, empty in a mode without one.
pub(super) fn made_or_given<'a>(cipher: &Cipher, given: Option<&'a [u8]>) -> Result<Iv<'a>> {
    match (cipher.iv_bytes(), given) {
        (None, given) => no_iv(given).map(|()| (Cow::default(), None)),
        (Some(_), Some(iv)) => Ok((Cow::Borrowed(iv), None)),
        (Some(bytes), None) => {
            let mut made = vec![0; bytes];
            rng::fill(&mut made)?;
            Ok((Cow::Owned(made.clone()), Some(made)))
        }
    }
}

/// Refuses an IV that a mode has no use for.
pub(super) fn no_iv(iv: Option<&[u8]>) -> Result<()> {
    iv.map_or(Ok(()), |_| {
        Err(Error::BadInput("an IV in a mode without one"))
    })
}

/// The IV, if it is as long as it must be.
pub(super) fn needed_iv(iv: Option<&[u8]>, bytes: usize) -> Result<&[u8]> {
    iv.filter(|iv| iv.len() == bytes).ok_or(Error::BadInput(
        "the mode needs an IV, as long as its blocks are",
    ))
}

/// Refuses a tag or associated data in a mode that authenticates nothing.
pub(super) fn unauthenticated(associated: &[u8], tag: Option<&[u8]>) -> Result<()> {
    if tag.is_some() || !associated.is_empty() {
        return Err(Error::BadInput(
            "a tag or associated data in a mode without any",
        ));
    }
    Ok(())
}

/// Refuses a tag of a length that a mode has not.
pub(super) fn check_tag(tag_bytes: u8, lengths: &[u8]) -> Result<()> {
    if lengths.contains(&tag_bytes) {
        return Ok(());
    }
    Err(Error::Unsupported)
}

/// Refuses to make a tag so short that it is only ever checked.
pub(super) fn check_made_tag(tag_bytes: u8, lengths: &[u8], least: u8) -> Result<()> {
    check_tag(tag_bytes, lengths)?;
    if tag_bytes < least {
        return Err(Error::BadInput(
            "so short a tag is only checked, never made",
        ));
    }
    Ok(())
}

/// The tag given, if it has the length agreed.
pub(super) fn needed_tag(tag: Option<&[u8]>, tag_bytes: u8) -> Result<&[u8]> {
    tag.filter(|tag| tag.len() == usize::from(tag_bytes))
        .ok_or(Error::BadInput("the mode needs a tag of the length agreed"))
}
