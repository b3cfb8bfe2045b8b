//! Certificates: made by the vault's authority of requests and keys, made again, validated, and refused.

mod made;
mod refused;
mod requests;
mod validated;

use std::process::Command;

use keyhold::authority::{Authority, Options};
use kmip::{
    CertificateRequestType, CertificateType, RecommendedCurve, ResultReason, ValidityIndicator,
    attribute::{AttributeList, UniqueIdentifier},
    object::{Certificate, ManagedObject},
    payload::{
        certify::{Certify, CertifyRequest},
        get::{Get, GetRequest},
        validate::{Validate, ValidateRequest},
    },
    ttlv::{Bytes, Timestamp},
};
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData, SigningKey};

use crate::{
    fixture::{Fixture, NOON, text},
    locked,
    objects::list,
};

fn authority(fixture: &Fixture, kind: &str) -> Authority {
    let vault = fixture.service.directory().vault("one").unwrap();
    let options = Options {
        key: kind.parse().unwrap(),
        ..Options::usual("one")
    };
    fixture.service.create_authority(&vault, &options).unwrap()
}

fn of_key(id: Option<&str>, attributes: AttributeList) -> CertifyRequest {
    CertifyRequest {
        unique_identifier: id.map(Into::into),
        certificate_request_type: None,
        certificate_request_value: None,
        attributes,
        protection_storage_masks: None,
    }
}

fn of_request(kind: CertificateRequestType, request: &[u8]) -> CertifyRequest {
    CertifyRequest {
        certificate_request_type: Some(kind),
        certificate_request_value: Some(Bytes(request.to_vec())),
        ..of_key(None, list([]))
    }
}

fn certify(fixture: &mut Fixture, request: &CertifyRequest) -> Result<String, ResultReason> {
    Ok(text(&fixture.call::<Certify>(request)?.unique_identifier))
}

fn der(fixture: &mut Fixture, id: &str) -> Vec<u8> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        ..GetRequest::default()
    };
    match fixture.call::<Get>(&request).unwrap().object {
        ManagedObject::Certificate(own) => own.certificate_value.0,
        _ => panic!("no certificate"),
    }
}

/// `openssl verify` at noon.
fn openssl_verifies(authority: &[u8], certificate: &[u8]) -> bool {
    openssl_verifies_for("sslclient", authority, certificate)
}

fn openssl_verifies_for(purpose: &str, authority: &[u8], certificate: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, der: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, hsm::chain::pem(der).unwrap()).unwrap();
        path
    };
    let (root, leaf) = (file("root.pem", authority), file("leaf.pem", certificate));
    Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", purpose, "-attime"])
        .arg(NOON.0.to_string())
        .arg("-CAfile")
        .args([&root, &leaf])
        .output()
        .unwrap()
        .status
        .success()
}

fn pair(fixture: &mut Fixture) -> (String, String) {
    locked::pair(fixture, locked::ec(RecommendedCurve::P256), true)
}

fn csr(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (Vec<u8>, KeyPair) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example");
    params
        .distinguished_name
        .push(DnType::CommonName, "who asks");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let request = params.serialize_request(&key).unwrap();
    (request.der().to_vec(), key)
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut all = vec![tag];
    match body.len() {
        short @ 0..=0x7F => all.push(u8::try_from(short).unwrap()),
        long @ 0x80..=0xFF => all.extend([0x81, u8::try_from(long).unwrap()]),
        long => {
            all.push(0x82);
            all.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    all.extend(body);
    all
}

/// RFC 4211: one request for a P-256 key, which signs it.
fn crmf(is_signed_right: bool) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let spki = key.subject_public_key_info();
    let name = tlv(
        0x30,
        &[&tlv(
            0x31,
            &[&tlv(
                0x30,
                &[&tlv(6, &[&[0x55, 4, 3]]), &tlv(0x0C, &[b"crmf"])],
            )],
        )],
    );
    // The public key's tag is implicit.
    let key_field = tlv(0xA6, &[&spki[spki.len() - 89..]]);
    let template = tlv(0x30, &[&tlv(0xA5, &[&name]), &key_field]);
    let request = tlv(0x30, &[&tlv(2, &[&[1]]), &template]);
    let signed: &[u8] = if is_signed_right {
        &request
    } else {
        b"something else"
    };
    let signature = key.sign(signed).unwrap();
    let algorithm = tlv(
        0x30,
        &[&tlv(6, &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]])],
    );
    let proof = tlv(0xA1, &[&algorithm, &tlv(3, &[&[0], &signature])]);
    tlv(0x30, &[&tlv(0x30, &[&request, &proof])])
}

fn validity(
    fixture: &mut Fixture,
    by_value: &[&[u8]],
    by_id: &[&str],
    at: Option<i64>,
) -> Result<ValidityIndicator, ResultReason> {
    let request = ValidateRequest {
        certificate: by_value
            .iter()
            .map(|der| Certificate {
                certificate_type: CertificateType::X509,
                certificate_value: Bytes(der.to_vec()),
            })
            .collect(),
        unique_identifier: by_id.iter().map(|id| UniqueIdentifier::from(*id)).collect(),
        validity_date: at.map(Timestamp),
    };
    Ok(fixture.call::<Validate>(&request)?.validity_indicator)
}
