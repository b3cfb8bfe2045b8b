//! PKCS #12 (RFC 7292): a private key and its certificates under a password.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use kmip::Secret;
use openssl::{
    hash::MessageDigest,
    pkcs12::Pkcs12,
    stack::Stack,
    x509::{X509, X509NameRef},
};

use super::{der, private};
use crate::{Error, Result, soft::engine::failed};

/// What a PKCS #12 structure holds.
pub struct Contents {
    /// The private key as PKCS #8; its numbers are not validated.
    pub pkcs8: Secret,
    /// The certificates, DER: the key's own, then each issuer's as far as they are there, then others.
    pub certificates: Vec<Vec<u8>>,
    /// What the key's certificate is called.
    pub friendly_name: Option<String>,
}

/// Opens a structure with its password.
pub fn open(pfx: &[u8], password: &Secret) -> Result<Contents> {
    let unreadable = Error::BadKey("not a PKCS #12 structure");
    if pfx.len() > PFX_BYTES_MAX || der::only(der::SEQUENCE, pfx).is_none() {
        return Err(unreadable);
    }
    let is_modest = |own: u64| own <= ITERATIONS_MAX;
    if !rounds(pfx, 0, 0).is_some_and(is_modest) {
        return Err(Error::BadInput("the password is to be hashed too often"));
    }
    let _turn = Turn::take()?;
    let opened = Pkcs12::from_der(pfx)
        .map_err(|_| unreadable)?
        .parse2(text(password)?)
        .map_err(|_| {
            Error::Failed("the password is wrong, or an algorithm not served".to_owned())
        })?;
    let key = opened
        .pkey
        .ok_or(Error::BadKey("there is no private key"))?;
    let pkcs8 = Secret::new(key.private_key_to_pkcs8().map_err(failed)?);
    let name = opened
        .cert
        .as_ref()
        .and_then(|own| own.alias().map(<[u8]>::to_vec));
    let others = opened.ca.into_iter().flatten().collect();
    Ok(Contents {
        pkcs8,
        certificates: in_order(opened.cert, others)?,
        friendly_name: name.and_then(|name| String::from_utf8(name).ok()),
    })
}

/// Closes a private key and its certificates, its own first, under a password.
pub fn close(
    pkcs8: &Secret,
    certificates: &[Vec<u8>],
    friendly_name: &str,
    password: &Secret,
) -> Result<Vec<u8>> {
    let key = private(pkcs8)?;
    let bad = |_| Error::BadInput("a certificate that cannot be read");
    // The library takes a C string.
    let friendly_name = friendly_name.replace('\0', " ");
    let mut builder = Pkcs12::builder();
    builder
        .pkey(&key)
        .name(&friendly_name)
        .key_iter(ITERATIONS)
        .mac_iter(ITERATIONS)
        .mac_md(MessageDigest::sha256());
    if let Some((own, others)) = certificates.split_first() {
        builder.cert(X509::from_der(own).map_err(bad)?.as_ref());
        let mut stack = Stack::new().map_err(failed)?;
        for other in others {
            stack
                .push(X509::from_der(other).map_err(bad)?)
                .map_err(failed)?;
        }
        builder.ca(stack);
    }
    let closed = builder
        .build2(text(password)?)
        .map_err(|_| Error::BadInput("the certificate is not that of the key"))?;
    closed.to_der().map_err(failed)
}

fn text(password: &Secret) -> Result<&str> {
    std::str::from_utf8(password.expose())
        .ok()
        .filter(|text| !text.contains('\0'))
        .ok_or(Error::BadInput("the password is no text"))
}

fn in_order(own: Option<X509>, mut others: Vec<X509>) -> Result<Vec<Vec<u8>>> {
    let mut ordered: Vec<X509> = own.into_iter().collect();
    while let Some(at) = ordered.last().and_then(|last| {
        others
            .iter()
            .position(|other| is_name(other.subject_name(), last.issuer_name()))
    }) {
        ordered.push(others.remove(at));
    }
    ordered.append(&mut others);
    ordered
        .iter()
        .map(|own| own.to_der().map_err(failed))
        .collect()
}

fn is_name(one: &X509NameRef, other: &X509NameRef) -> bool {
    one.try_cmp(other).is_ok_and(std::cmp::Ordering::is_eq)
}

/// How often a password is to be hashed, in all structures together: in those of PKCS #5 and PKCS #12 the number of iterations
/// is the INTEGER behind the OCTET STRING of the salt. None where the library might see another structure than is seen here,
/// or is to hash in a way that takes memory as well.
fn rounds(mut bytes: &[u8], within: u8, depth: u32) -> Option<u64> {
    let (mut all, mut before) = (0_u64, 0);
    while !bytes.is_empty() {
        let (der::Element { tag, contents, .. }, behind) = der::split_loosely(bytes)?;
        let is_in_pieces = tag == der::OCTET_STRING | CONSTRUCTED;
        let is_costly = tag == OBJECT_IDENTIFIER && contents == SCRYPT;
        if is_in_pieces || is_costly || tag & LONG_TAG == LONG_TAG || depth > DEPTH_MAX {
            return None;
        }
        if tag == der::INTEGER && before == der::OCTET_STRING {
            let digits = contents.iter().take(9);
            all = all.saturating_add(digits.fold(0, |all, own| (all << 8) | u64::from(*own)));
        }
        // Octets that stand for themselves in such a field hold another structure.
        let is_nested = tag & CONSTRUCTED != 0 || (tag, within) == (der::OCTET_STRING, FIELD);
        if is_nested {
            all = all.saturating_add(rounds(contents, tag, depth + 1)?);
        }
        (before, bytes) = (tag, behind);
    }
    Some(all)
}

/// The turn of one that is opened: what is encrypted in it may ask for more than can be seen before.
struct Turn;

impl Turn {
    fn take() -> Result<Self> {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, _) = GIVEN
            .wait_timeout_while(taken, PATIENCE, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        if *taken {
            return Err(Error::Unavailable(
                "another PKCS #12 structure is being opened, for long".to_owned(),
            ));
        }
        *taken = true;
        Ok(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = false;
        GIVEN.notify_one();
    }
}

static TAKEN: Mutex<bool> = Mutex::new(false);
static GIVEN: Condvar = Condvar::new();
/// How long the turn is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bits of tags, the tag of a field that holds octets, and the identifier of scrypt (RFC 7914 §7).
const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1F;
const FIELD: u8 = 0xA0;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SCRYPT: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x04, 0x0B];

/// How often a password is hashed here, and at most elsewhere, in all structures together.
const ITERATIONS: u32 = 100_000;
const ITERATIONS_MAX: u64 = 3_000_000;
const PFX_BYTES_MAX: usize = 1 << 20;
const DEPTH_MAX: u32 = 64;

#[cfg(test)]
mod tests {
    use openssl::pkey::PKey;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.as_bytes())
    }

    fn key() -> Secret {
        let key = PKey::generate_ed25519().unwrap();
        Secret::new(key.private_key_to_pkcs8().unwrap())
    }

    #[test]
    fn what_is_closed_is_opened_with_the_password_alone() {
        let own = key();
        let closed = close(&own, &[], "a\0name", &secret("påss")).unwrap();
        let opened = open(&closed, &secret("påss")).unwrap();
        assert!(opened.pkcs8 == own);
        assert!(opened.certificates.is_empty());
        assert!(open(&closed, &secret("pass")).is_err());
        assert!(open(&closed[..closed.len() - 1], &secret("påss")).is_err());
        assert!(open(b"", &secret("")).is_err());
        assert!(close(&own, &[b"0".to_vec()], "name", &secret("x")).is_err());
    }

    #[test]
    fn a_password_is_not_hashed_for_ever() {
        let closed = close(&key(), &[], "name", &secret("pass")).unwrap();
        // 100,000 in DER, and a number of the same length that is larger than what is served.
        let count = [0x02, 0x03, 0x01, 0x86, 0xA0];
        let mut changed = 0;
        for at in 0..=closed.len() - count.len() {
            if closed[at..].starts_with(&count) {
                let mut greedy = closed.clone();
                greedy[at + 2] = 0x7F;
                assert_eq!(
                    open(&greedy, &secret("pass")).err(),
                    Some(Error::BadInput("the password is to be hashed too often"))
                );
                changed += 1;
            }
        }
        assert!(
            changed >= 2,
            "{changed}: that of the key and that of the MAC"
        );
    }

    /// An element with its length in so many bytes, or as short as can be.
    fn der(tag: u8, contents: &[u8], length_bytes: usize) -> Vec<u8> {
        let length = contents.len().to_be_bytes();
        let least = length.len() - length.iter().take_while(|byte| **byte == 0).count();
        let mut bytes = vec![tag];
        match length_bytes.max(least) {
            0 => bytes.push(0),
            1 if length_bytes == 0 && contents.len() < 0x80 => bytes.push(length[7]),
            count => {
                bytes.push(0x80 | u8::try_from(count).unwrap());
                bytes.extend(&length[8 - count..]);
            }
        }
        bytes.extend(contents);
        bytes
    }

    /// A structure without a MAC whose keys are each under a password that is hashed so, their algorithm with its length in so
    /// many bytes.
    fn costly(kdf: &[u8], keys: usize, length_bytes: usize) -> Vec<u8> {
        let sequence = |all: &[Vec<u8>]| der(0x30, &all.concat(), 0);
        let identifier = |bytes: &[u8]| der(0x06, bytes, 0);
        let of_pkcs = |end: &[u8]| {
            let start = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01];
            identifier(&[&start[..], end].concat())
        };
        let aes = identifier(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A]);
        let cipher = sequence(&[aes, der(0x04, &[7; 16], 0)]);
        let parameters = der(0x30, &[kdf, &cipher].concat(), length_bytes);
        let pbes2 = sequence(&[of_pkcs(&[0x05, 0x0D]), parameters]);
        let encrypted = sequence(&[pbes2, der(0x04, &[9; 48], 0)]);
        let bag = sequence(&[of_pkcs(&[0x0C, 0x0A, 0x01, 0x02]), der(0xA0, &encrypted, 0)]);
        let data = |contents: &[u8]| {
            let octets = der(0x04, contents, 0);
            sequence(&[of_pkcs(&[0x07, 0x01]), der(0xA0, &octets, 0)])
        };
        let safe = data(&sequence(&vec![bag; keys]));
        sequence(&[der(0x02, &[3], 0), data(&sequence(&[safe]))])
    }

    fn pbkdf2(rounds: u32) -> Vec<u8> {
        let count = der(0x02, &rounds.to_be_bytes(), 0);
        let parameters = der(0x30, &[der(0x04, &[5; 8], 0), count].concat(), 0);
        let own = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0C];
        der(0x30, &[der(0x06, &own, 0), parameters].concat(), 0)
    }

    fn scrypt() -> Vec<u8> {
        let number = |own: u8| der(0x02, &[own], 0);
        let salt = der(0x04, &[5; 8], 0);
        let parameters = [salt, number(16), number(8), number(1)].concat();
        let own = der(0x06, SCRYPT, 0);
        der(0x30, &[own, der(0x30, &parameters, 0)].concat(), 0)
    }

    #[test]
    fn what_a_password_costs_is_not_hidden() {
        let refused = |pfx: &[u8]| open(pfx, &secret("pass")).err();
        let too_often = Some(Error::BadInput("the password is to be hashed too often"));
        let modest = refused(&costly(&pbkdf2(2_000), 1, 0));
        assert!(matches!(modest, Some(Error::Failed(_))), "{modest:?}");
        for (what, pfx) in [
            ("once", costly(&pbkdf2(3_100_000), 1, 0)),
            ("in the sum", costly(&pbkdf2(310_000), 10, 0)),
            ("with a long length", costly(&pbkdf2(3_100_000), 1, 6)),
            ("with memory", costly(&scrypt(), 1, 0)),
        ] {
            assert_eq!(refused(&pfx), too_often, "{what}");
        }
    }
}
