//! Certificates that are credentials: whose a connection is that shows one, what ends that, and who may change it.

use keyhold::{
    identity::{Admission, Admissions, Caller, CertificateFacts, NewCredential, Peer},
    policy::Policy,
};
use kmip::{
    CertificateType, Secret,
    mechanism::Hash,
    object::{Certificate, ManagedObject},
    payload::{
        deactivate::{Deactivate, DeactivateRequest},
        destroy::{Destroy, DestroyRequest},
        import::{Import, ImportRequest},
    },
    ttlv::Bytes,
};

use super::*;
use crate::{accounts::login, fixture::peer};

const NO: Option<ResultReason> = Some(ResultReason::AuthenticationNotSuccessful);

/// A certificate of the cluster's authority, and the peer that shows it.
struct Shown {
    der: Vec<u8>,
    peer: Peer,
}

fn shown() -> Shown {
    let params = rcgen::CertificateParams::new(vec!["pod-1".to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let sha256 = hsm::public::hash(Hash::Sha256, &der).unwrap();
    let peer = Peer::Certificate(CertificateFacts {
        sha256: sha256.try_into().unwrap(),
        spki_sha256: [77; 32],
        subject: "CN=pod-1".to_owned(),
        issuer: "CN=cluster".to_owned(),
        alternative_names: vec!["DNS:pod-1".to_owned()],
    });
    Shown { der, peer }
}

/// A service that admits the cluster's certificates to the first vault.
fn cluster() -> Fixture {
    let fixture = draft();
    let admissions = Admissions {
        certificates: vec![Admission {
            issuer: "CN=cluster".to_owned(),
            alternative_name: "DNS:pod-*".to_owned(),
            vault: "one".to_owned(),
            role: "user".to_owned(),
        }],
        ..Admissions::default()
    };
    fixture.service.reload(Policy::default(), admissions);
    fixture
}

fn credential_of(der: &[u8]) -> CreateCredentialRequest {
    CreateCredentialRequest {
        certificate: Some(Certificate {
            certificate_type: CertificateType::X509,
            certificate_value: Bytes(der.to_vec()),
        }),
        ..of_type(CredentialType::Certificate)
    }
}

impl Fixture {
    /// As an administrator, and then as whoever it was before.
    fn administered<R>(&mut self, act: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.caller, Caller::new(peer(1)));
        let done = act(self);
        self.caller = before;
        done
    }

    /// Whose a new object is.
    fn owner(&mut self) -> Result<String, ResultReason> {
        let id = text(&self.call::<Create>(&aes())?.unique_identifier);
        Ok(self.store_record(&id).owner.clone())
    }

    fn destroy(&mut self, id: &str) -> Result<(), ResultReason> {
        let request = DestroyRequest {
            unique_identifier: Some(id.into()),
        };
        self.call::<Destroy>(&request).map(drop)
    }
}

#[test]
fn whoever_shows_the_certificate_is_its_user() {
    let mut fixture = cluster();
    let shown = shown();
    fixture.caller = Caller::new(shown.peer.clone());
    assert_eq!(fixture.owner().as_deref(), Ok("DNS:pod-1"), "the rule's");
    let credential = fixture.administered(|own| own.credential(&credential_of(&shown.der)));
    let credential = credential.unwrap();
    assert_eq!(fixture.owner().err(), NO, "a credential of nobody yet");
    let user = fixture.administered(|own| own.user_with("Pod", &credential));
    // On the connection that was there before, and on a new one.
    for _ in 0..2 {
        assert_eq!(fixture.owner().as_deref(), Ok("Pod@one"));
        fixture.caller = Caller::new(shown.peer.clone());
    }
    let deactivate = DeactivateRequest {
        unique_identifier: user.as_str().into(),
        deactivation_reason: None,
        deactivation_date: None,
    };
    fixture
        .administered(|own| own.call::<Deactivate>(&deactivate))
        .unwrap();
    assert_eq!(fixture.owner().err(), NO, "a user who was deactivated");
    fixture.administered(|own| own.destroy(&user)).unwrap();
    assert_eq!(fixture.owner().err(), NO, "a credential of nobody");
    fixture
        .administered(|own| own.destroy(&credential))
        .unwrap();
    assert_eq!(fixture.owner().as_deref(), Ok("DNS:pod-1"), "no credential");
}

#[test]
fn a_credential_that_was_deactivated_lets_nobody_in() {
    let mut fixture = cluster();
    let shown = shown();
    let credential = fixture.credential(&credential_of(&shown.der)).unwrap();
    fixture.user_with("Pod", &credential);
    let deactivate = DeactivateRequest {
        unique_identifier: credential.as_str().into(),
        deactivation_reason: None,
        deactivation_date: None,
    };
    fixture.call::<Deactivate>(&deactivate).unwrap();
    fixture.caller = Caller::new(shown.peer);
    assert_eq!(fixture.owner().err(), NO);
}

#[test]
fn a_certificate_that_nothing_admits_opens_no_door() {
    let mut fixture = draft();
    let shown = shown();
    let credential = fixture.credential(&credential_of(&shown.der)).unwrap();
    fixture.user_with("Pod", &credential);
    fixture.caller = Caller::new(shown.peer);
    assert_eq!(fixture.owner().err(), NO);
}

#[test]
fn an_enrolled_certificate_stays_its_clients() {
    let mut fixture = cluster();
    let shown = shown();
    let credential = fixture.credential(&credential_of(&shown.der)).unwrap();
    fixture.user_with("Pod", &credential);
    let client = crate::fixture::client(77, "one", "user");
    fixture.service.directory().put_client(&client).unwrap();
    fixture.caller = Caller::new(shown.peer);
    assert_eq!(fixture.owner().as_deref(), Ok("client 77"));
}

#[test]
fn the_certificate_and_what_else_is_proven_are_of_one_user() {
    let mut fixture = cluster();
    let shown = shown();
    let credential = fixture.credential(&credential_of(&shown.der)).unwrap();
    fixture.user_with("Pod", &credential);
    let secret = |text: &str| Secret::from(text.as_bytes());
    let other = vec![NewCredential::Password(secret("other's"))];
    fixture.user("Other", "user", other);
    let password = fixture.credential(&password_of("pod's")).unwrap();
    fixture.caller = Caller::new(shown.peer);
    let refused = fixture.say::<Create>(vec![login("Other", "other's")], &aes());
    assert_eq!(refused.err(), NO);
    // The same user may have both.
    let user =
        fixture.administered(|own| own.locate(vec![Attribute::Name(Name::text("Pod"))], None));
    fixture
        .administered(|own| own.add(&user[0], link(Link::CREDENTIAL, &password)))
        .unwrap();
    let both = fixture.say::<Create>(vec![login("Pod", "pod's")], &aes());
    assert!(both.is_ok());
}

#[test]
fn a_certificate_of_two_users_is_of_none() {
    let mut fixture = cluster();
    let shown = shown();
    for name in ["One", "Two"] {
        let credential = fixture.credential(&credential_of(&shown.der)).unwrap();
        fixture.user_with(name, &credential);
    }
    fixture.caller = Caller::new(shown.peer);
    assert_eq!(fixture.owner().err(), NO);
}

#[test]
fn everybody_reads_it_and_administrators_change_it() {
    let mut fixture = cluster();
    let shown = shown();
    let id = fixture.credential(&credential_of(&shown.der)).unwrap();
    let kind = kmip::attribute::AttributeKind::CredentialType;
    let told = fixture.attributes(&id, vec![AttributeReference::Standard(kind)]);
    assert_eq!(
        told,
        [Attribute::CredentialType(CredentialType::Certificate)]
    );
    fixture.as_client(2);
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    let ManagedObject::Certificate(got) = fixture.call::<Get>(&get).unwrap().object else {
        panic!("no certificate");
    };
    assert_eq!(got.certificate_value.0, shown.der);
    let denied = Some(ResultReason::PermissionDenied);
    let name = Attribute::Name(Name::text("mine"));
    assert_eq!(fixture.add(&id, name).err(), denied);
    assert_eq!(fixture.destroy(&id).err(), denied);
    // Nor does anybody bring one from elsewhere.
    let import = ImportRequest {
        unique_identifier: "elsewhere".into(),
        object_type: Some(ObjectType::Certificate),
        replace_existing: None,
        key_wrap_type: None,
        attributes: [Attribute::CredentialType(CredentialType::Certificate)]
            .into_iter()
            .collect(),
        object: Some(ManagedObject::Certificate(got)),
    };
    assert!(fixture.call::<Import>(&import).is_err());
}

#[test]
fn what_is_no_certificate_is_no_credential() {
    let mut fixture = cluster();
    let shown = shown();
    let missing = fixture.credential(&of_type(CredentialType::Certificate));
    assert_eq!(missing.err(), Some(ResultReason::InvalidField));
    let cut = fixture.credential(&credential_of(&shown.der[..20]));
    assert!(cut.is_err());
    let mut pgp = credential_of(&shown.der);
    if let Some(own) = &mut pgp.certificate {
        own.certificate_type = CertificateType::PGP;
    }
    let refused = fixture.credential(&pgp).err();
    assert_eq!(refused, Some(ResultReason::FeatureNotSupported));
    // A ticket is given, and an attestation has no field.
    for other in [CredentialType::Ticket, CredentialType::Attestation] {
        let refused = fixture.credential(&of_type(other)).err();
        assert_eq!(refused, Some(ResultReason::FeatureNotSupported));
    }
}
