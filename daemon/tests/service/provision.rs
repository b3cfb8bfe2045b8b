//! Re-Provision: a client gets its next certificate, comes with it, and with the old one no more.

use keyhold::{
    authority::Options,
    identity::Caller,
    identity::{CertificateFacts, Peer},
};
use kmip::{
    CertificateRequestType, CertificateType, ResultReason, V1_4, V2_0, V2_1, V3_0,
    client::outgoing,
    object::{Certificate, CertificateRequest, ManagedObject},
    payload::{
        get::{Get, GetRequest},
        log::{Ping, PingRequest},
        provision::{ReProvision, ReProvisionRequest},
    },
    ttlv::Bytes,
};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};

use crate::fixture::{Fixture, NOON, read};

fn with_authority() -> Fixture {
    let fixture = Fixture::new();
    let vault = fixture.service.directory().vault("one").unwrap();
    let options = Options::usual("one");
    fixture.service.create_authority(&vault, &options).unwrap();
    fixture
}

fn asks(key: &KeyPair) -> ReProvisionRequest {
    // A subject that is not the client's changes nothing.
    let params = CertificateParams::new(vec!["somebody-else.example".to_owned()]).unwrap();
    let request = params.serialize_request(key).unwrap();
    ReProvisionRequest {
        certificate_request: Some(CertificateRequest {
            certificate_request_type: CertificateRequestType::PKCS10,
            certificate_request_value: Bytes(request.der().to_vec()),
        }),
        certificate: None,
    }
}

fn brings(key: &KeyPair, until: i32) -> ReProvisionRequest {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(key).unwrap();
    ReProvisionRequest {
        certificate_request: None,
        certificate: Some(Certificate {
            certificate_type: CertificateType::X509,
            certificate_value: Bytes(certificate.der().to_vec()),
        }),
    }
}

/// The other side with this key.
fn caller(key: &KeyPair) -> Caller {
    let spki = key.subject_public_key_info();
    let hash = hsm::public::hash(kmip::mechanism::Hash::Sha256, &spki).unwrap();
    Caller::new(Peer::Certificate(CertificateFacts {
        sha256: [0; 32],
        spki_sha256: hash.try_into().unwrap(),
        subject: "CN=whoever".into(),
        issuer: "CN=whoever".into(),
        alternative_names: vec![],
    }))
}

fn ping(fixture: &mut Fixture) -> Result<(), ResultReason> {
    let items = fixture.batch(None, &[outgoing::<Ping>(&PingRequest {}, fixture.version)]);
    // Who is not known is told so without a word about the operation.
    match items[0].result_reason {
        Some(reason) => Err(reason),
        None => Ok(()),
    }
}

#[test]
fn a_client_asks_gets_its_certificate_and_comes_with_it() {
    for version in [V2_0, V2_1, V3_0] {
        let mut fixture = with_authority();
        fixture.as_client(2);
        fixture.version = version;
        let key = KeyPair::generate().unwrap();
        let made = fixture.call::<ReProvision>(&asks(&key)).unwrap();
        let id = made.unique_identifier.unwrap();
        // The old certificate is good until the new one is there, or the client could not fetch it.
        let get = GetRequest {
            unique_identifier: Some(id.clone()),
            ..GetRequest::default()
        };
        let object = fixture.call::<Get>(&get).unwrap().object;
        let ManagedObject::Certificate(own) = object else {
            panic!("no certificate");
        };
        let (_, own) = x509_parser::parse_x509_certificate(&own.certificate_value.0).unwrap();
        assert_eq!(own.subject().to_string(), "CN=client 2");
        assert_eq!(own.public_key().raw, key.subject_public_key_info());
        assert!(own.subject_alternative_name().unwrap().is_none());
        fixture.caller = caller(&key);
        let again = fixture.call::<Get>(&get).unwrap();
        assert_eq!(again.unique_identifier, id);
        let clients = fixture.service.directory().clients();
        let known = clients.iter().find(|own| own.name == "client 2").unwrap();
        assert_eq!((known.role.as_str(), &known.successor), ("user", &None));
        assert_eq!(known.serial, hex::encode(own.raw_serial()));
        // What came with it is what it was; what came with the old one is nobody.
        fixture.version = V2_1;
        fixture.as_client(2);
        let nobody = Err(ResultReason::AuthenticationNotSuccessful);
        assert_eq!(ping(&mut fixture), nobody);
        fixture.caller = caller(&key);
        let next = KeyPair::generate().unwrap();
        fixture.call::<ReProvision>(&asks(&next)).unwrap();
        fixture.caller = caller(&next);
        assert_eq!(ping(&mut fixture), Ok(()));
    }
}

#[test]
fn a_client_brings_its_certificate() {
    let mut fixture = Fixture::new();
    fixture.as_client(2);
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    fixture.call::<ReProvision>(&brings(&key, 2090)).unwrap();
    // Until it came with the one, it may have another in its place.
    fixture.call::<ReProvision>(&brings(&other, 2090)).unwrap();
    fixture.caller = caller(&key);
    let nobody = Err(ResultReason::AuthenticationNotSuccessful);
    assert_eq!(ping(&mut fixture), nobody);
    fixture.caller = caller(&other);
    assert_eq!(ping(&mut fixture), Ok(()));
}

#[test]
fn a_revoked_client_does_not_come_back_by_its_successor() {
    let mut fixture = Fixture::new();
    fixture.as_client(2);
    let key = KeyPair::generate().unwrap();
    fixture.call::<ReProvision>(&brings(&key, 2090)).unwrap();
    let directory = fixture.service.directory();
    let clients = directory.clients();
    let known = clients.iter().find(|own| own.name == "client 2").unwrap();
    let mut revoked = (**known).clone();
    revoked.revoked = Some(NOON);
    directory.put_client(&revoked).unwrap();
    fixture.caller = caller(&key);
    let nobody = Err(ResultReason::AuthenticationNotSuccessful);
    assert_eq!(ping(&mut fixture), nobody);
}

#[test]
fn what_is_no_credential_of_the_client_is_refused() {
    let mut fixture = Fixture::new();
    fixture.as_client(2);
    let key = KeyPair::generate().unwrap();
    let both = ReProvisionRequest {
        certificate: brings(&key, 2090).certificate,
        ..asks(&key)
    };
    let mut forged = asks(&key);
    let own = forged.certificate_request.as_mut().unwrap();
    *own.certificate_request_value.0.last_mut().unwrap() ^= 1;
    for (request, reason) in [
        (both, ResultReason::InvalidField),
        (
            ReProvisionRequest::default(),
            ResultReason::FeatureNotSupported,
        ),
        (brings(&key, 2021), ResultReason::InvalidField),
        (forged, ResultReason::InvalidCSR),
        // The vault has no authority.
        (asks(&key), ResultReason::FeatureNotSupported),
    ] {
        let refused = fixture.call::<ReProvision>(&request).err();
        assert_eq!(refused, Some(reason));
    }
    // A key is one client's: neither its own again nor another's.
    fixture.call::<ReProvision>(&brings(&key, 2090)).unwrap();
    fixture.as_client(1);
    let taken = fixture.call::<ReProvision>(&brings(&key, 2090)).err();
    assert_eq!(taken, Some(ResultReason::InvalidField));
    // Who may not make objects has none made.
    fixture.as_client(4);
    let other = KeyPair::generate().unwrap();
    let refused = fixture.call::<ReProvision>(&brings(&other, 2090)).err();
    assert_eq!(refused, Some(ResultReason::PermissionDenied));
    fixture.caller = Caller::new(Peer::Administrator {
        uid: 0,
        vault: "one".into(),
    });
    let refused = fixture.call::<ReProvision>(&brings(&other, 2090)).err();
    assert_eq!(refused, Some(ResultReason::FeatureNotSupported));
    fixture.as_client(2);
    fixture.version = V1_4;
    let items = fixture.batch(
        None,
        &[outgoing::<ReProvision>(&brings(&other, 2090), V1_4)],
    );
    let reason = read::<ReProvision>(&items[0], V1_4).err();
    assert_eq!(reason, Some(ResultReason::OperationNotSupported));
}
