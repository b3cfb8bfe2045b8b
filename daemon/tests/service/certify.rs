//! Certificates: made by the vault's authority of requests and keys, made again, validated, and refused.

use std::{path::Path, process::Command};

use keyhold::authority::{Authority, Options};
use kmip::{
    CertificateRequestType, CertificateType, CryptographicUsageMask, LinkType, RecommendedCurve,
    ResultReason, RevocationReasonCode, V1_0, V1_4, V2_0, V2_1, ValidityIndicator, Version,
    attribute::{
        Attribute, AttributeList, Attributes, CertificateSubject, Name, RevocationReason,
        UniqueIdentifier, X509CertificateSubject,
    },
    client::outgoing,
    object::{Certificate, CertificateRequest, ManagedObject},
    payload::{
        activate::{Activate, ActivateRequest},
        certify::{Certify, CertifyRequest, ReCertify, ReCertifyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        register::{Register, RegisterRequest},
        revoke::{Revoke, RevokeRequest},
        validate::{Validate, ValidateRequest},
    },
    ttlv::{Bytes, Interval, Timestamp},
};
use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose, PublicKeyData, SigningKey};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::{
    fixture::{Fixture, NOON, read, text},
    locked,
};

fn authority(fixture: &Fixture, kind: &str) -> Authority {
    let vault = fixture.service.directory().vault("one").unwrap();
    let options = Options {
        key: kind.parse().unwrap(),
        ..Options::usual("one")
    };
    fixture.service.create_authority(&vault, &options).unwrap()
}

fn list(attributes: impl IntoIterator<Item = Attribute>) -> AttributeList {
    attributes.into_iter().collect()
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

fn attributes(fixture: &mut Fixture, id: &str) -> Attributes {
    let request = GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![],
    };
    let response = fixture.call::<GetAttributes>(&request).unwrap();
    let mut attributes = Attributes::default();
    for (_, attribute) in response.attributes.items {
        attributes.add(attribute).unwrap();
    }
    attributes
}

fn links(attributes: &Attributes, link_type: LinkType) -> Vec<String> {
    let all = attributes
        .link
        .iter()
        .filter(|link| link.link_type == link_type);
    all.map(|link| text(&link.linked_object_identifier))
        .collect()
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

#[test]
fn every_kind_of_authority_certifies_every_kind_of_key() {
    for kind in ["ec-p256", "ec-p384", "ec-p521", "ed25519", "rsa-2048"] {
        let mut fixture = Fixture::new();
        let authority = authority(&fixture, kind);
        assert!(
            openssl_verifies_for("crlsign", &authority.certificate, &authority.certificate),
            "{kind}"
        );
        for curve in [RecommendedCurve::P256, RecommendedCurve::CURVE25519] {
            let (private, public) = locked::pair(&mut fixture, locked::ec(curve), true);
            let subject = Attribute::CertificateSubjectCN("a client".into());
            let asked = of_key(Some(&public), list([subject]));
            let id = certify(&mut fixture, &asked).unwrap();
            let made = der(&mut fixture, &id);
            assert!(openssl_verifies(&authority.certificate, &made), "{kind}");
            let own = attributes(&mut fixture, &id);
            assert_eq!(own.certificate_subject_cn.first().unwrap(), "a client");
            assert_eq!(own.certificate_issuer_cn.first().unwrap(), "one authority");
            assert_eq!(links(&own, LinkType::PublicKeyLink), [public.as_str()]);
            for key in [&private, &public] {
                let key = attributes(&mut fixture, key);
                assert_eq!(links(&key, LinkType::CertificateLink), [id.as_str()]);
            }
        }
    }
}

#[test]
fn a_request_is_certified_as_it_asks() {
    let mut fixture = Fixture::new();
    let authority = authority(&fixture, "ec-p256");
    let (request, _) = csr(&["host.example", "192.0.2.1"], |params| {
        // Nobody becomes an authority by asking.
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    let pem = format!(
        "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
        base64(&request)
    );
    for version in Version::SPOKEN {
        fixture.version = *version;
        for (kind, value) in [
            (CertificateRequestType::PKCS10, request.as_slice()),
            (CertificateRequestType::PEM, pem.as_bytes()),
        ] {
            let id = certify(&mut fixture, &of_request(kind, value)).unwrap();
            let made = der(&mut fixture, &id);
            assert!(openssl_verifies(&authority.certificate, &made), "{version}");
            let (_, own) = X509Certificate::from_der(&made).unwrap();
            assert_eq!(own.subject().to_string(), "O=Example, CN=who asks");
            assert!(!own.is_ca());
            assert_eq!(own.raw_serial().len(), 16);
            let names = own.subject_alternative_name().unwrap().unwrap();
            assert_eq!(names.value.general_names.len(), 2);
            let usage = own.key_usage().unwrap().unwrap().value;
            assert!(usage.digital_signature() && !usage.key_cert_sign());
            let year = own.validity().not_after.timestamp() - NOON.0;
            assert_eq!(year, 365 * 86_400);
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_usize, |word, at| {
            (word << 8) | usize::from(*chunk.get(at).unwrap_or(&0))
        });
        for at in 0..4 {
            let letter = if at <= chunk.len() {
                LETTERS[(word >> (18 - 6 * at)) & 63]
            } else {
                b'='
            };
            text.push(char::from(letter));
        }
        if text.len() % 65 == 64 {
            text.push('\n');
        }
    }
    text
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

#[test]
fn a_crmf_request_is_certified() {
    let mut fixture = Fixture::new();
    let authority = authority(&fixture, "ec-p256");
    let asked = of_request(CertificateRequestType::CRMF, &crmf(true));
    let id = certify(&mut fixture, &asked).unwrap();
    let made = der(&mut fixture, &id);
    assert!(openssl_verifies(&authority.certificate, &made));
    let own = attributes(&mut fixture, &id);
    assert_eq!(own.certificate_subject_cn.first().unwrap(), "crmf");
    let wrong = of_request(CertificateRequestType::CRMF, &crmf(false));
    assert_eq!(certify(&mut fixture, &wrong), Err(ResultReason::InvalidCSR));
}

fn openssl_request(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new("openssl")
        .current_dir(folder)
        .args([
            "req", "-new", "-nodes", "-keyout", "key.pem", "-subj", "/CN=rsa", "-outform", "DER",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}

#[test]
fn requests_of_openssl_are_certified() {
    let mut fixture = Fixture::new();
    let authority = authority(&fixture, "ec-p256");
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["-newkey", "rsa:2048", "-sha256"][..],
        &["-newkey", "rsa:2048", "-sha1"],
        &[
            "-newkey",
            "rsa:2048",
            "-sha384",
            "-sigopt",
            "rsa_padding_mode:pss",
            "-sigopt",
            "rsa_pss_saltlen:48",
        ],
        &[
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:secp384r1",
            "-sha512",
        ],
        &["-newkey", "ed25519"],
    ] {
        let request = openssl_request(folder.path(), arguments);
        let asked = of_request(CertificateRequestType::PKCS10, &request);
        let id = certify(&mut fixture, &asked)
            .unwrap_or_else(|reason| panic!("{arguments:?}: {reason:?}"));
        assert!(openssl_verifies(
            &authority.certificate,
            &der(&mut fixture, &id)
        ));
        // Each bit that is turned makes it another request, or none.
        let mut broken = request.clone();
        let last = broken.len() - 5;
        broken[last] ^= 1;
        let asked = of_request(CertificateRequestType::PKCS10, &broken);
        assert_eq!(certify(&mut fixture, &asked), Err(ResultReason::InvalidCSR));
    }
}

#[test]
fn a_strict_vault_believes_no_sha_1() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let vault = fixture.service.directory().vault("one").unwrap();
    let strict = store::Vault {
        strict: true,
        ..(*vault).clone()
    };
    fixture.service.directory().put_vault(&strict).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let request = openssl_request(folder.path(), &["-newkey", "rsa:2048", "-sha1"]);
    let asked = of_request(CertificateRequestType::PKCS10, &request);
    assert_eq!(certify(&mut fixture, &asked), Err(ResultReason::InvalidCSR));
}

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

#[test]
fn the_authority_is_seen_by_nobody() {
    let mut fixture = Fixture::new();
    let made = authority(&fixture, "ec-p256");
    let vault = fixture.service.directory().vault("one").unwrap();
    let again = fixture
        .service
        .create_authority(&vault, &Options::usual("one"));
    assert_eq!(again.err().unwrap().fault, keyhold::fault::Fault::NameTaken);
    let known = fixture.service.authority("one").unwrap().unwrap();
    assert_eq!(known.certificate, made.certificate);
    assert!(fixture.service.authority("two").unwrap().is_none());
    for client in [1, 9] {
        fixture.as_client(client);
        let found = fixture.call::<Locate>(&LocateRequest::default()).unwrap();
        assert_eq!(found.unique_identifier, []);
    }
    let all = store::Store::records_after(&*fixture.store, None, 10).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].attributes.extractable, Some(false));
    fixture.as_client(1);
    let request = GetAttributesRequest {
        unique_identifier: Some(all[0].id.0.as_str().into()),
        attribute_reference: vec![],
    };
    let refused = fixture.call::<GetAttributes>(&request).err();
    assert_eq!(refused, Some(ResultReason::ObjectNotFound));
}

#[test]
fn attributes_name_the_subject() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let (_, public) = pair(&mut fixture);
    let old = Attribute::CertificateSubject(CertificateSubject {
        certificate_subject_distinguished_name: Some("CN=old,O=Example\\, Inc,C=AU".into()),
        certificate_subject_alternative_name: vec![
            "host.example".into(),
            "192.0.2.1".into(),
            "a@b.example".into(),
            "urn:x:y".into(),
        ],
    });
    let parts = [
        Attribute::CertificateSubjectCN("new".into()),
        Attribute::CertificateSubjectC("AU".into()),
        Attribute::CertificateSubjectO("Example".into()),
    ];
    for (version, given, wanted, names) in [
        (V1_0, vec![old.clone()], "C=AU, O=Example\\, Inc, CN=old", 4),
        (V1_4, vec![old], "C=AU, O=Example\\, Inc, CN=old", 4),
        (V2_1, parts.to_vec(), "C=AU, O=Example, CN=new", 0),
    ] {
        fixture.version = version;
        let id = certify(&mut fixture, &of_key(Some(&public), list(given))).unwrap();
        let made = der(&mut fixture, &id);
        let (_, own) = X509Certificate::from_der(&made).unwrap();
        assert_eq!(
            own.subject()
                .to_string()
                .replace("Example, Inc", "Example\\, Inc"),
            wanted
        );
        let told = attributes(&mut fixture, &id).x_509_certificate_subject;
        let told = told.map_or(0, |own| own.subject_alternative_name.len());
        assert_eq!(told, if version == V1_0 { 0 } else { names });
        let others = own.subject_alternative_name().unwrap();
        assert_eq!(others.map_or(0, |own| own.value.general_names.len()), names);
    }
    // A request has precedence over attributes.
    fixture.version = V2_1;
    let (request, _) = csr(&[], |_| {});
    let asked = CertifyRequest {
        attributes: list([Attribute::CertificateSubjectCN("other".into())]),
        ..of_request(CertificateRequestType::PKCS10, &request)
    };
    let id = certify(&mut fixture, &asked).unwrap();
    let own = attributes(&mut fixture, &id);
    assert_eq!(own.certificate_subject_cn.first().unwrap(), "who asks");
}

#[test]
fn a_request_may_be_an_object_or_follow_its_key() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let (request, _) = csr(&[], |_| {});
    for version in [V2_0, V2_1] {
        fixture.version = version;
        let object = ManagedObject::CertificateRequest(CertificateRequest {
            certificate_request_type: CertificateRequestType::PKCS10,
            certificate_request_value: Bytes(request.clone()),
        });
        let register = RegisterRequest {
            object_type: object.object_type(),
            attributes: list([]),
            object: Some(object),
            protection_storage_masks: None,
        };
        let items = fixture.batch(
            None,
            &[
                outgoing::<Register>(&register, version),
                outgoing::<Certify>(&of_key(None, list([])), version),
                outgoing::<Get>(&GetRequest::default(), version),
            ],
        );
        let made = read::<Certify>(&items[1], version).unwrap();
        let got = read::<Get>(&items[2], version).unwrap();
        assert_eq!(
            got.unique_identifier, made.unique_identifier,
            "it is the placeholder"
        );
    }
}

fn renew(id: &str, offset: Option<u32>) -> ReCertifyRequest {
    ReCertifyRequest {
        unique_identifier: Some(id.into()),
        certificate_request_unique_identifier: None,
        certificate_request_type: None,
        certificate_request_value: None,
        offset: offset.map(Interval),
        attributes: list([]),
        protection_storage_masks: None,
    }
}

#[test]
fn a_new_certificate_takes_the_place_of_the_old() {
    for version in Version::SPOKEN {
        let mut fixture = Fixture::new();
        fixture.version = *version;
        let authority = authority(&fixture, "ec-p256");
        let (private, public) = pair(&mut fixture);
        let given = list([
            Attribute::Name(Name::text("certificate")),
            Attribute::ContactInformation("Joe".into()),
            Attribute::ActivationDate(NOON),
            Attribute::DeactivationDate(Timestamp(NOON.0 + 86_400)),
        ]);
        let old = certify(&mut fixture, &of_key(Some(&public), given)).unwrap();
        let new = fixture
            .call::<ReCertify>(&renew(&old, Some(3_600)))
            .unwrap();
        let new = text(&new.unique_identifier);
        let (before, after) = (
            attributes(&mut fixture, &old),
            attributes(&mut fixture, &new),
        );
        assert_eq!(
            links(&before, LinkType::ReplacementObjectLink),
            [new.as_str()]
        );
        assert_eq!(links(&after, LinkType::ReplacedObjectLink), [old.as_str()]);
        assert_eq!(links(&after, LinkType::PublicKeyLink), [public.as_str()]);
        assert_eq!(before.name.iter().count(), 0);
        assert_eq!(after.name.first(), Some(&Name::text("certificate")));
        assert_eq!(after.contact_information.as_deref(), Some("Joe"));
        assert_eq!(after.activation_date, Some(Timestamp(NOON.0 + 3_600)));
        assert_eq!(
            after.deactivation_date,
            Some(Timestamp(NOON.0 + 3_600 + 86_400))
        );
        for key in [&private, &public] {
            let key = attributes(&mut fixture, key);
            assert_eq!(links(&key, LinkType::CertificateLink), [new.as_str()]);
        }
        let (one, two) = (der(&mut fixture, &old), der(&mut fixture, &new));
        let [one, two] = [&one, &two].map(|own| X509Certificate::from_der(own).unwrap().1);
        assert_eq!(one.subject().as_raw(), two.subject().as_raw());
        assert_eq!(one.public_key().raw, two.public_key().raw);
        assert_ne!(one.raw_serial(), two.raw_serial());
        assert_eq!(two.validity().not_before.timestamp(), NOON.0 + 3_600);
        // Without an offset it begins now.
        let third = fixture.call::<ReCertify>(&renew(&new, None)).unwrap();
        let third = text(&third.unique_identifier);
        assert!(openssl_verifies(
            &authority.certificate,
            &der(&mut fixture, &third)
        ));
        let (request, _) = csr(&[], |_| {});
        let another = ReCertifyRequest {
            certificate_request_value: Some(Bytes(request)),
            ..renew(&third, None)
        };
        let refused = fixture.call::<ReCertify>(&another).err();
        assert_eq!(refused, Some(ResultReason::InvalidField), "another key");
        assert!(fixture.call::<ReCertify>(&renew(&public, None)).is_err());
    }
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
