//! Certificates made of keys and of requests, and made again.

use keyhold::authority::Options;
use kmip::{
    CertificateRequestType, LinkType, RecommendedCurve, ResultReason, V1_0, V1_4, V2_0, V2_1,
    Version,
    attribute::{Attribute, Attributes, CertificateSubject, Name},
    client::outgoing,
    object::{CertificateRequest, ManagedObject},
    payload::{
        certify::{Certify, CertifyRequest, ReCertify, ReCertifyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::{Bytes, Interval, Timestamp},
};
use rcgen::KeyUsagePurpose;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{
    authority, certify, csr, der, of_key, of_request, openssl_verifies, openssl_verifies_for, pair,
};
use crate::{
    fixture::{Fixture, NOON, read, text},
    locked,
    objects::{attributes, list},
};

fn links(attributes: &Attributes, link_type: LinkType) -> Vec<String> {
    let all = attributes
        .link
        .iter()
        .filter(|link| link.link_type == link_type);
    all.map(|link| text(&link.linked_object_identifier))
        .collect()
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
