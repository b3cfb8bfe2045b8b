//! What is not certified.

use kmip::{
    CertificateRequestType, CryptographicUsageMask, ResultReason,
    attribute::{Attribute, X509CertificateSubject},
    payload::certify::CertifyRequest,
    ttlv::{Bytes, Timestamp},
};
use rcgen::KeyUsagePurpose;

use super::{authority, certify, csr, of_key, of_request, pair};
use crate::{
    fixture::{Fixture, NOON},
    objects::list,
};

#[test]
fn without_an_authority_nothing_is_certified() {
    let mut fixture = Fixture::new();
    let (request, _) = csr(&[], |_| {});
    let asked = of_request(CertificateRequestType::PKCS10, &request);
    let none = Err(ResultReason::FeatureNotSupported);
    assert_eq!(certify(&mut fixture, &asked), none);
    authority(&fixture, "ec-p256");
    fixture.as_client(9);
    assert_eq!(certify(&mut fixture, &asked), none, "it is another vault's");
}

#[test]
fn keys_that_cannot_be_certified_are_refused() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let (_, public) = pair(&mut fixture);
    let aes = fixture.aes_key([]);
    let signing = Attribute::CryptographicUsageMask(CryptographicUsageMask::CertificateSign);
    let ended = Attribute::DeactivationDate(Timestamp(NOON.0 - 1_000));
    let unfit = Attribute::X509CertificateSubject(X509CertificateSubject {
        subject_distinguished_name: Some(Bytes(vec![0x30, 3, 1, 2, 3])),
        subject_alternative_name: vec![],
    });
    let value = ResultReason::InvalidAttributeValue;
    for (key, with, reason) in [
        (Some(aes.as_str()), None, ResultReason::InvalidObjectType),
        (Some("nothing"), None, ResultReason::ObjectNotFound),
        (None, None, ResultReason::InvalidField),
        (Some(&public), Some(signing), ResultReason::InvalidField),
        (Some(&public), Some(ended), value),
        (Some(&public), Some(unfit), value),
    ] {
        assert_eq!(certify(&mut fixture, &of_key(key, list(with))), Err(reason));
    }
}

#[test]
fn requests_that_cannot_be_certified_are_refused() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let (_, public) = pair(&mut fixture);
    let (request, _) = csr(&[], |_| {});
    let pkcs10 = |bytes: &[u8]| of_request(CertificateRequestType::PKCS10, bytes);
    let (signs, _) = csr(&[], |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    let (timestamps, _) = csr(&[], |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::TimeStamping];
    });
    let other_key = CertifyRequest {
        unique_identifier: Some(public.as_str().into()),
        ..pkcs10(&request)
    };
    let csr_reason = ResultReason::InvalidCSR;
    let pem = CertificateRequestType::PEM;
    let crmf = CertificateRequestType::CRMF;
    let pgp = CertificateRequestType::PGP;
    for (asked, reason) in [
        (pkcs10(&[]), csr_reason),
        (pkcs10(&request[..request.len() - 1]), csr_reason),
        (of_request(pem, &request), csr_reason),
        (of_request(crmf, &request), csr_reason),
        (of_request(pgp, &request), ResultReason::FeatureNotSupported),
        (pkcs10(&signs), ResultReason::InvalidField),
        (pkcs10(&timestamps), ResultReason::InvalidField),
        (other_key, ResultReason::InvalidField),
    ] {
        assert_eq!(certify(&mut fixture, &asked), Err(reason));
    }
}

#[test]
fn a_request_that_was_changed_is_refused() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let (request, _) = csr(&[], |_| {});
    for at in 0..request.len() {
        let mut broken = request.clone();
        broken[at] ^= 0x20;
        let refused = certify(
            &mut fixture,
            &of_request(CertificateRequestType::PKCS10, &broken),
        );
        assert!(refused.is_err(), "byte {at}");
    }
}
