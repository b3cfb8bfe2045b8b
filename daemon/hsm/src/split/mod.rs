//! Secrets split into parts, of which enough together make the secret again (KMIP 2.1 §2.9).
//!
//! Parts and secrets are worked on in time that depends on lengths alone: no table is indexed by them, and nothing
//! branches on them. What is public is the number of parts, and which of them are there.

mod binary;
mod prime;

use kmip::Secret;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::binary::BinaryField;
pub use self::prime::PrimeField;
use crate::{Error, Result};

/// How a secret is split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// The parts' sum is the secret; all of them are needed.
    Xor,
    /// Points of a polynomial over GF(2⁸), a byte at a time.
    Gf8,
    /// Points of a polynomial over GF(2¹⁶), two bytes at a time; an odd last byte is followed by a zero.
    Gf16,
    /// Points of a polynomial over the integers modulo a prime that is larger than any secret of the length.
    Prime(PrimeField),
}

/// One part of a secret.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Which part it is, from 1: where the polynomial has this value.
    pub identifier: u16,
    /// Its bytes.
    pub bytes: &'a Secret,
}

/// The most parts that are made or joined.
pub const PARTS_MAX: u16 = 255;

/// The longest secret that is split.
const SECRET_BYTES_MAX: usize = 16_384;

/// The most terms of polynomials that one call works out; each is one multiplication.
const TERMS_MAX: usize = 1 << 25;

/// Splits a secret into parts, numbered from 1, of which `threshold` make it again and fewer tell nothing but its length.
///
/// # Errors
/// [`Error::BadInput`] of numbers that make no sense, [`Error::Unsupported`] of more than is served.
pub fn split(
    secret: &Secret,
    parts: u16,
    threshold: u16,
    method: &Method,
    random: &mut dyn FnMut(&mut [u8]) -> Result<()>,
) -> Result<Vec<Secret>> {
    if threshold < 2 || threshold > parts {
        return Err(Error::BadInput(
            "a threshold is at least 2 and at most the number of parts",
        ));
    }
    if secret.is_empty() {
        return Err(Error::BadInput("there is nothing to split"));
    }
    let terms = usize::from(parts) * usize::from(threshold) * secret.len();
    if parts > PARTS_MAX || secret.len() > SECRET_BYTES_MAX || terms > TERMS_MAX {
        return Err(Error::Unsupported);
    }
    match method {
        Method::Xor if parts != threshold => Err(Error::BadInput(
            "all parts are needed where they are added up",
        )),
        Method::Xor => xor_split(secret, parts, random),
        Method::Gf8 => BinaryField::Gf8.split(secret, parts, threshold, random),
        Method::Gf16 => BinaryField::Gf16.split(secret, parts, threshold, random),
        Method::Prime(field) => field.split(secret, parts, threshold, random),
    }
}

/// Joins parts into the secret. More parts than are needed must agree with the others.
///
/// The secret is as long as the parts; that of a prime field is as long as the prime, with zeros in front.
///
/// # Errors
/// [`Error::BadInput`] of too few parts, of one given twice, of different lengths, or of parts that do not agree.
pub fn join(parts: &[Part<'_>], threshold: u16, method: &Method) -> Result<Secret> {
    if parts.len() > usize::from(PARTS_MAX) {
        return Err(Error::Unsupported);
    }
    let enough = parts
        .split_at_checked(usize::from(threshold))
        .filter(|(enough, _)| !enough.is_empty());
    let Some((enough, more)) = enough else {
        return Err(Error::BadInput("too few parts"));
    };
    let length = enough.first().map_or(0, |part| part.bytes.len());
    if length == 0 || length > 2 * SECRET_BYTES_MAX {
        return Err(Error::BadInput("a part of no length that is served"));
    }
    for (at, part) in parts.iter().enumerate() {
        let twice = parts
            .iter()
            .skip(at + 1)
            .any(|other| other.identifier == part.identifier);
        if twice || part.identifier == 0 {
            return Err(Error::BadInput(
                "a part that is given twice, or has no number",
            ));
        }
        if part.bytes.len() != length {
            return Err(Error::BadInput("parts of different lengths"));
        }
    }
    let at = |place: u16| match method {
        Method::Xor => Ok(xor_join(enough)),
        Method::Gf8 => BinaryField::Gf8.interpolate(enough, place),
        Method::Gf16 => BinaryField::Gf16.interpolate(enough, place),
        Method::Prime(field) => field.interpolate(enough, place),
    };
    if *method == Method::Xor && !more.is_empty() {
        return Err(Error::BadInput("more parts than were made"));
    }
    for part in more {
        let expected = at(part.identifier)?;
        if !bool::from(expected.expose().ct_eq(part.bytes.expose())) {
            return Err(Error::BadInput("parts that do not belong together"));
        }
    }
    at(0)
}

fn xor_split(
    secret: &Secret,
    parts: u16,
    random: &mut dyn FnMut(&mut [u8]) -> Result<()>,
) -> Result<Vec<Secret>> {
    let mut last = Zeroizing::new(secret.expose().to_vec());
    let mut made = Vec::with_capacity(usize::from(parts));
    for _ in 1..parts {
        let mut part = Zeroizing::new(vec![0; secret.len()]);
        random(&mut part)?;
        xor(&mut last, &part);
        made.push(Secret::new(std::mem::take(&mut *part)));
    }
    made.push(Secret::new(std::mem::take(&mut *last)));
    Ok(made)
}

fn xor_join(parts: &[Part<'_>]) -> Secret {
    let length = parts.first().map_or(0, |part| part.bytes.len());
    let mut sum = Zeroizing::new(vec![0; length]);
    for part in parts {
        xor(&mut sum, part.bytes.expose());
    }
    Secret::new(std::mem::take(&mut *sum))
}

fn xor(sum: &mut [u8], other: &[u8]) {
    for (byte, other) in sum.iter_mut().zip(other) {
        *byte ^= other;
    }
}

#[cfg(test)]
mod tests;
