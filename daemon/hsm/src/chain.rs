//! Chains of certificates: whether each is signed by the next, in time, not revoked, up to one that is trusted.

use openssl::{
    stack::Stack,
    x509::{
        CrlStatus, X509, X509Crl, X509NameRef, X509StoreContext, X509VerifyResult,
        store::X509StoreBuilder,
        verify::{X509VerifyFlags, X509VerifyParam},
    },
};

use crate::{Error, Result, encoding::is_one_der_structure, soft::engine::failed};

/// What is known of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It holds, up to a certificate that is trusted.
    Valid,
    /// It does not hold, whoever is trusted.
    Invalid,
    /// Nothing is wrong with it, but nobody that is trusted stands at its end.
    Unknown,
}

/// The most certificates of a chain.
pub const CERTIFICATES_MAX: usize = 32;

/// Whether certificates, given in any order, are one chain that holds at a time (seconds since 1970).
///
/// # Errors
/// [`Error::BadInput`] of what is no certificate or revocation list.
pub fn validate(
    certificates: &[&[u8]],
    trusted: &[&[u8]],
    revocation_lists: &[&[u8]],
    at: i64,
) -> Result<Validity> {
    let mut chain = Vec::new();
    for der in certificates {
        let certificate = read(der)?;
        let is_there = chain
            .iter()
            .any(|own: &X509| own.to_der().ok().as_deref() == Some(*der));
        if !is_there {
            chain.push(certificate);
        }
    }
    if chain.is_empty() || chain.len() > CERTIFICATES_MAX {
        return Err(Error::BadInput("not a chain of 1 to 32 certificates"));
    }
    let trusted: Vec<X509> = trusted.iter().map(|der| read(der)).collect::<Result<_>>()?;
    let lists: Vec<X509Crl> = revocation_lists
        .iter()
        .map(|der| X509Crl::from_der(der).map_err(|_| Error::BadInput("not a revocation list")))
        .collect::<Result<_>>()?;
    let Some(first) = first(&chain) else {
        return Ok(Validity::Invalid);
    };
    if is_revoked(&chain, &trusted, &lists) {
        return Ok(Validity::Invalid);
    }
    match path(first, &chain, &trusted, at, false)? {
        Ok(found) if is_whole(&chain, &found) => Ok(Validity::Valid),
        Ok(_) => Ok(Validity::Invalid),
        Err(error) if is_missing_trust(error) => {
            // Nobody is trusted; but is the chain sound in itself?
            match path(first, &chain, &chain, at, true)? {
                Ok(_) if is_sound(&chain, at)? => Ok(Validity::Unknown),
                _ => Ok(Validity::Invalid),
            }
        }
        Err(_) => Ok(Validity::Invalid),
    }
}

/// A certificate in PEM.
pub fn pem(der: &[u8]) -> Result<String> {
    let text = read(der)?.to_pem().map_err(failed)?;
    String::from_utf8(text).map_err(|_| Error::Failed("PEM is text".to_owned()))
}

fn read(der: &[u8]) -> Result<X509> {
    if !is_one_der_structure(der) {
        return Err(Error::BadInput("not a certificate"));
    }
    X509::from_der(der).map_err(|_| Error::BadInput("not a certificate"))
}

/// The certificate that issued none of the others, if there is exactly one.
fn first(chain: &[X509]) -> Option<&X509> {
    let mut leaves = chain.iter().filter(|own| {
        !chain
            .iter()
            .any(|other| !same(own, other) && is_name(own.subject_name(), other.issuer_name()))
    });
    let leaf = leaves.next()?;
    leaves.next().is_none().then_some(leaf)
}

fn same(one: &X509, other: &X509) -> bool {
    one.to_der().ok() == other.to_der().ok()
}

fn is_name(one: &X509NameRef, other: &X509NameRef) -> bool {
    one.try_cmp(other).is_ok_and(std::cmp::Ordering::is_eq)
}

/// The path that OpenSSL finds from a certificate to a trusted one, or why there is none.
fn path(
    first: &X509,
    chain: &[X509],
    trusted: &[X509],
    at: i64,
    is_partial: bool,
) -> Result<std::result::Result<Vec<Vec<u8>>, X509VerifyResult>> {
    let mut store = X509StoreBuilder::new().map_err(failed)?;
    for certificate in trusted {
        // One that is there already is there once.
        let _ = store.add_cert(certificate.clone());
    }
    let mut parameters = X509VerifyParam::new().map_err(failed)?;
    parameters.set_time(at);
    if is_partial {
        parameters
            .set_flags(X509VerifyFlags::PARTIAL_CHAIN)
            .map_err(failed)?;
    }
    store.set_param(&parameters).map_err(failed)?;
    let store = store.build();
    let mut others = Stack::new().map_err(failed)?;
    for certificate in chain {
        others.push(certificate.clone()).map_err(failed)?;
    }
    let mut context = X509StoreContext::new().map_err(failed)?;
    context
        .init(&store, first, &others, |context| {
            if !context.verify_cert()? {
                return Ok(Err(context.error()));
            }
            let found = context.chain().into_iter().flatten();
            Ok(Ok(found.filter_map(|own| own.to_der().ok()).collect()))
        })
        .map_err(failed)
}

/// Whether every certificate given is part of the path found.
fn is_whole(chain: &[X509], found: &[Vec<u8>]) -> bool {
    chain
        .iter()
        .all(|own| own.to_der().is_ok_and(|der| found.contains(&der)))
}

/// Whether each certificate is in time, and signed by its issuer where that is among them.
fn is_sound(chain: &[X509], at: i64) -> Result<bool> {
    let at = openssl::asn1::Asn1Time::from_unix(at).map_err(failed)?;
    for own in chain {
        let is_in_time = own.not_before() <= at && own.not_after() >= at;
        let issuer = chain
            .iter()
            .find(|other| is_name(other.subject_name(), own.issuer_name()));
        let is_signed = match issuer {
            Some(issuer) => {
                let key = issuer.public_key().map_err(failed)?;
                own.verify(&key).unwrap_or(false)
            }
            None => true,
        };
        if !is_in_time || !is_signed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
/// X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
/// X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE.
fn is_missing_trust(error: X509VerifyResult) -> bool {
    matches!(error.as_raw(), 2 | 18..=21)
}

/// Whether a revocation list names a certificate; the list must be signed by the certificate's issuer.
fn is_revoked(chain: &[X509], trusted: &[X509], lists: &[X509Crl]) -> bool {
    chain.iter().any(|own| {
        lists
            .iter()
            .filter(|list| is_name(list.issuer_name(), own.issuer_name()))
            .filter(|list| {
                chain.iter().chain(trusted).any(|issuer| {
                    is_name(issuer.subject_name(), list.issuer_name())
                        && issuer
                            .public_key()
                            .and_then(|key| list.verify(&key))
                            .unwrap_or(false)
                })
            })
            .any(|list| matches!(list.get_by_cert(own), CrlStatus::Revoked(_)))
    })
}

#[cfg(test)]
mod tests {
    use openssl::{
        asn1::{Asn1Integer, Asn1Time},
        bn::BigNum,
        hash::MessageDigest,
        pkey::{PKey, Private},
        x509::{X509Builder, X509NameBuilder, extension::BasicConstraints},
    };

    use super::*;

    const NOON: i64 = 1_800_000_000;

    struct Made {
        key: PKey<Private>,
        certificate: X509,
    }

    impl Made {
        fn der(&self) -> Vec<u8> {
            self.certificate.to_der().unwrap()
        }
    }

    fn made(name: &str, issuer: Option<&Made>, is_authority: bool, days: i64) -> Made {
        let key = PKey::generate_ed25519().unwrap();
        let named = |name: &str| {
            let mut builder = X509NameBuilder::new().unwrap();
            builder.append_entry_by_text("CN", name).unwrap();
            builder.build()
        };
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(u32::try_from(name.len()).unwrap()).unwrap();
        builder
            .set_serial_number(&Asn1Integer::from_bn(&serial).unwrap())
            .unwrap();
        builder.set_subject_name(&named(name)).unwrap();
        builder
            .set_not_before(&Asn1Time::from_unix(NOON - 1_000).unwrap())
            .unwrap();
        builder
            .set_not_after(&Asn1Time::from_unix(NOON + days * 86_400).unwrap())
            .unwrap();
        builder.set_pubkey(&key).unwrap();
        if is_authority {
            let constraints = BasicConstraints::new().critical().ca().build().unwrap();
            builder.append_extension(constraints).unwrap();
        }
        match issuer {
            Some(issuer) => {
                builder
                    .set_issuer_name(issuer.certificate.subject_name())
                    .unwrap();
                builder.sign(&issuer.key, MessageDigest::null()).unwrap();
            }
            None => {
                builder.set_issuer_name(&named(name)).unwrap();
                builder.sign(&key, MessageDigest::null()).unwrap();
            }
        }
        Made {
            certificate: builder.build(),
            key,
        }
    }

    #[test]
    fn a_chain_holds_up_to_who_is_trusted() {
        let root = made("root", None, true, 100);
        let middle = made("middle", Some(&root), true, 50);
        let leaf = made("leaf", Some(&middle), false, 10);
        let (r, m, l) = (root.der(), middle.der(), leaf.der());
        let check =
            |chain: &[&[u8]], trusted: &[&[u8]], at| validate(chain, trusted, &[], at).unwrap();
        for order in [[&l, &m, &r], [&r, &m, &l], [&m, &r, &l]] {
            let order = order.map(Vec::as_slice);
            assert_eq!(check(&order, &[&r], NOON), Validity::Valid);
            assert_eq!(check(&order, &[], NOON), Validity::Unknown);
            assert_eq!(check(&order, &[&r], NOON + 11 * 86_400), Validity::Invalid);
            assert_eq!(check(&order, &[], NOON + 11 * 86_400), Validity::Invalid);
            assert_eq!(check(&order, &[&r], NOON - 2_000), Validity::Invalid);
        }
        assert_eq!(check(&[&l, &m], &[&r], NOON), Validity::Valid);
        assert_eq!(
            check(&[&l], &[&r], NOON),
            Validity::Unknown,
            "a link is missing"
        );
        assert_eq!(check(&[&r], &[&r], NOON), Validity::Valid);
        assert_eq!(check(&[&r], &[], NOON), Validity::Unknown);
        // A leaf that issues, a name that is another's, and two chains at once.
        let wrong = made("wrong", Some(&leaf), false, 10).der();
        assert_eq!(check(&[&wrong, &l, &m], &[&r], NOON), Validity::Invalid);
        let other = made("middle", None, true, 50).der();
        assert_eq!(check(&[&l, &other], &[&other], NOON), Validity::Invalid);
        let stranger = made("stranger", Some(&root), false, 10).der();
        assert_eq!(check(&[&l, &m, &stranger], &[&r], NOON), Validity::Invalid);
        assert!(validate(&[b"0"], &[], &[], NOON).is_err());
        assert!(validate(&[], &[], &[], NOON).is_err());
    }
}
