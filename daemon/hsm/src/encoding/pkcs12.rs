//! PKCS #12 (RFC 7292): a private key and its certificates under a password.

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
    if asks_too_much(pfx, 0) {
        return Err(Error::BadInput("the password is to be hashed too often"));
    }
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

/// Whether a password is to be hashed more often than is served: in every structure of PKCS #5 and PKCS #12 the number of
/// iterations is the INTEGER behind the OCTET STRING of the salt.
fn asks_too_much(mut bytes: &[u8], depth: u32) -> bool {
    let mut before = 0;
    while let Some((der::Element { tag, contents, .. }, behind)) = der::split_loosely(bytes) {
        let is_count = tag == der::INTEGER && before == der::OCTET_STRING;
        let number = contents
            .iter()
            .take(9)
            .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        if is_count && (contents.len() > 8 || number > u64::from(ITERATIONS_MAX)) {
            return true;
        }
        // Contents are constructed, or octets that hold another structure.
        let is_nested = tag & 0x20 != 0 || tag == der::OCTET_STRING;
        if is_nested && depth < DEPTH_MAX && asks_too_much(contents, depth + 1) {
            return true;
        }
        (before, bytes) = (tag, behind);
    }
    false
}

/// How often a password is hashed here, and at most elsewhere.
const ITERATIONS: u32 = 100_000;
const ITERATIONS_MAX: u32 = 1_000_000;
const PFX_BYTES_MAX: usize = 1 << 20;
const DEPTH_MAX: u32 = 16;

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
}
