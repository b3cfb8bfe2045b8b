//! Chains of certificates are valid, or not, or nobody can tell.

use kmip::{
    CertificateType, ResultReason, RevocationReasonCode, ValidityIndicator, Version,
    attribute::RevocationReason,
    object::{Certificate, ManagedObject},
    payload::{
        activate::{Activate, ActivateRequest},
        register::{Register, RegisterRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::Bytes,
};
use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose};

use super::{authority, certify, der, of_key, pair, validity};
use crate::{
    fixture::{Fixture, NOON},
    objects::list,
};

#[test]
fn chains_are_validated_by_value_and_by_identifier() {
    let mut fixture = Fixture::new();
    let authority = authority(&fixture, "ec-p256");
    let (_, public) = pair(&mut fixture);
    let id = certify(&mut fixture, &of_key(Some(&public), list([]))).unwrap();
    let made = der(&mut fixture, &id);
    let root = authority.certificate.as_slice();
    let year = NOON.0 + 400 * 86_400;
    for version in Version::SPOKEN {
        fixture.version = *version;
        let own = &mut fixture;
        assert_eq!(
            validity(own, &[], &[&id], None),
            Ok(ValidityIndicator::Valid),
            "{version}"
        );
        assert_eq!(
            validity(own, &[&made, root], &[], None),
            Ok(ValidityIndicator::Valid)
        );
        assert_eq!(
            validity(own, &[root], &[&id], None),
            Ok(ValidityIndicator::Valid)
        );
        assert_eq!(
            validity(own, &[], &[&id], Some(year)),
            Ok(ValidityIndicator::Invalid)
        );
        assert_eq!(
            validity(own, &[], &[&id], Some(0)),
            Ok(ValidityIndicator::Invalid)
        );
        assert!(validity(own, &[], &[], None).is_err());
        assert!(validity(own, &[b"nothing"], &[], None).is_err());
        assert!(validity(own, &[], &[&public], None).is_err());
    }
}

#[test]
fn who_is_trusted_is_known_to_the_vault() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let (_, public) = pair(&mut fixture);
    let id = certify(&mut fixture, &of_key(Some(&public), list([]))).unwrap();
    let made = der(&mut fixture, &id);
    let stranger = rcgen::generate_simple_self_signed(vec!["host.example".to_owned()]).unwrap();
    let stranger = stranger.cert.der().to_vec();
    assert_eq!(
        validity(&mut fixture, &[&stranger], &[], None),
        Ok(ValidityIndicator::Unknown)
    );
    let register = RegisterRequest {
        object_type: kmip::ObjectType::Certificate,
        attributes: list([]),
        object: Some(ManagedObject::Certificate(Certificate {
            certificate_type: CertificateType::X509,
            certificate_value: Bytes(stranger.clone()),
        })),
        protection_storage_masks: None,
    };
    fixture.call::<Register>(&register).unwrap();
    assert_eq!(
        validity(&mut fixture, &[&stranger], &[], None),
        Ok(ValidityIndicator::Valid),
        "the vault has it"
    );
    assert_eq!(
        validity(&mut fixture, &[&stranger], &[&id], None),
        Ok(ValidityIndicator::Invalid)
    );
    fixture.as_client(9);
    assert_eq!(
        validity(&mut fixture, &[&made], &[], None),
        Ok(ValidityIndicator::Unknown)
    );
    assert_eq!(
        validity(&mut fixture, &[], &[&id], None),
        Err(ResultReason::ObjectNotFound)
    );
}

#[test]
fn a_revoked_certificate_is_invalid() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let (_, public) = pair(&mut fixture);
    let id = certify(&mut fixture, &of_key(Some(&public), list([]))).unwrap();
    let made = der(&mut fixture, &id);
    assert_eq!(
        validity(&mut fixture, &[&made], &[], None),
        Ok(ValidityIndicator::Valid)
    );
    fixture
        .call::<Activate>(&ActivateRequest {
            unique_identifier: Some(id.as_str().into()),
        })
        .unwrap();
    fixture
        .call::<Revoke>(&RevokeRequest {
            unique_identifier: Some(id.as_str().into()),
            revocation_reason: Some(RevocationReason {
                revocation_reason_code: RevocationReasonCode::Superseded,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        })
        .unwrap();
    assert_eq!(
        validity(&mut fixture, &[&made], &[], None),
        Ok(ValidityIndicator::Invalid)
    );
    assert_eq!(
        validity(&mut fixture, &[], &[&id], None),
        Ok(ValidityIndicator::Invalid)
    );
}

#[test]
fn a_certificate_on_a_configured_list_is_invalid() {
    let mut fixture = Fixture::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root = params.self_signed(&key).unwrap().der().to_vec();
    let issuer = rcgen::Issuer::new(params, key);
    let mut params = CertificateParams::new(vec!["host.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.serial_number = Some(rcgen::SerialNumber::from(7_u64));
    let leaf = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&leaf, &issuer).unwrap().der().to_vec();
    let now = time::OffsetDateTime::from_unix_timestamp(NOON.0).unwrap();
    let list = |serial: u64| {
        let params = rcgen::CertificateRevocationListParams {
            this_update: now,
            next_update: now + time::Duration::days(1),
            crl_number: rcgen::SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![rcgen::RevokedCertParams {
                serial_number: rcgen::SerialNumber::from(serial),
                revocation_time: now,
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.signed_by(&issuer).unwrap().der().to_vec()
    };
    fixture.service.believe_revocations(vec![list(8)]);
    let answer = validity(&mut fixture, &[&leaf, &root], &[], None);
    assert_eq!(answer, Ok(ValidityIndicator::Unknown));
    fixture.service.believe_revocations(vec![list(8), list(7)]);
    let answer = validity(&mut fixture, &[&leaf, &root], &[], None);
    assert_eq!(answer, Ok(ValidityIndicator::Invalid));
    let mut forged = list(7);
    let last = forged.len() - 3;
    forged[last] ^= 1;
    fixture.service.believe_revocations(vec![forged]);
    let answer = validity(&mut fixture, &[&leaf, &root], &[], None);
    assert_eq!(
        answer,
        Ok(ValidityIndicator::Unknown),
        "nobody signed the list"
    );
}
