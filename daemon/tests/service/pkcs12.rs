//! PKCS #12: private keys that come and go with their certificates under a password.

use std::process::Command;

use kmip::{
    CertificateType, CryptographicUsageMask, KeyFormatType, LinkType, ResultReason, Secret,
    SecretDataType, V1_4, V2_0, V2_1,
    attribute::{Attribute, Attributes, Link},
    object::{Certificate, KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject, SecretData},
    payload::{
        activate::{Activate, ActivateRequest},
        attribute::{AddAttribute, AddAttributeRequest},
    },
    ttlv::Bytes,
};

use crate::{
    fixture::{Fixture, NOON, text},
    objects::{attributes, get, list, register},
};

fn block(format: KeyFormatType, value: KeyValue) -> KeyBlock {
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(value),
        cryptographic_algorithm: None,
        cryptographic_length: None,
        key_wrapping_data: None,
    }
}

fn password(fixture: &mut Fixture, active: bool) -> String {
    let object = ManagedObject::SecretData(SecretData {
        secret_data_type: SecretDataType::Password,
        key_block: block(
            KeyFormatType::Opaque,
            KeyValue::plain(KeyMaterial::Bytes(Secret::from(&b"password"[..]))),
        ),
    });
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask::DeriveKey);
    let active = active.then_some(Attribute::ActivationDate(NOON));
    let with = list([mask].into_iter().chain(active));
    register(fixture, object, with).unwrap()
}

fn link(link_type: LinkType, to: &str) -> Attribute {
    Attribute::Link(Link {
        link_type,
        linked_object_identifier: to.into(),
    })
}

fn linked(attributes: &Attributes, link_type: LinkType) -> Option<String> {
    let link = attributes
        .link
        .iter()
        .find(|link| link.link_type == link_type);
    link.map(|link| text(&link.linked_object_identifier))
}

fn add(fixture: &mut Fixture, id: &str, attribute: Attribute) {
    let request = AddAttributeRequest {
        unique_identifier: Some(id.into()),
        new_attribute: kmip::attribute::SingleAttribute {
            index: None,
            attribute,
        },
    };
    fixture.call::<AddAttribute>(&request).unwrap();
}

/// A key and a chain of three certificates, made by OpenSSL; the structure is under "password".
struct Made {
    folder: tempfile::TempDir,
    pfx: Vec<u8>,
}

impl Made {
    fn new(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = Self {
            folder,
            pfx: Vec::new(),
        };
        own.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=root -keyout root.key -out root.pem");
        own.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=middle -CA root.pem -CAkey root.key -keyout middle.key -out middle.pem");
        own.openssl("req -x509 -newkey rsa:2048 -nodes -subj /CN=leaf -CA middle.pem -CAkey middle.key -keyout leaf.key -out leaf.pem");
        let certificates = ["root.pem", "middle.pem"]
            .map(|name| own.read(name))
            .concat();
        std::fs::write(own.folder.path().join("chain.pem"), certificates).unwrap();
        let export = "pkcs12 -export -inkey leaf.key -in leaf.pem -certfile chain.pem -name alias -passout pass:password -out leaf.p12";
        own.openssl(&format!("{export} {}", more.join(" ")));
        Self {
            pfx: own.read("leaf.p12"),
            ..own
        }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    fn openssl(&self, arguments: &str) -> Vec<u8> {
        let done = Command::new("openssl")
            .current_dir(self.folder.path())
            .args(arguments.split(' ').filter(|word| !word.is_empty()))
            .output()
            .unwrap();
        let trouble = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments}: {trouble}");
        done.stdout
    }

    fn object(&self) -> ManagedObject {
        ManagedObject::PrivateKey(KeyObject {
            key_block: block(
                KeyFormatType::PKCS12,
                KeyValue::Wrapped(Bytes(self.pfx.clone())),
            ),
        })
    }
}

fn signs() -> Attribute {
    Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)
}

#[test]
fn a_key_comes_with_its_chain_and_goes_with_it() {
    let made = Made::new(&[]);
    for version in [V1_4, V2_0, V2_1] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let password = password(&mut fixture, true);
        let with = list([signs(), link(LinkType::PKCS12PasswordLink, &password)]);
        let id = register(&mut fixture, made.object(), with).unwrap();
        let key = attributes(&mut fixture, &id);
        assert_eq!(key.pkcs12_friendly_name.as_deref(), Some("alias"));
        assert_eq!(key.cryptographic_length, Some(2048));
        let mut next = linked(&key, LinkType::PKCS12CertificateLink);
        for name in ["leaf", "middle", "root"] {
            let own = attributes(&mut fixture, &next.unwrap());
            assert_eq!(own.certificate_subject_cn.first().unwrap(), name);
            assert_eq!(own.pkcs12_friendly_name.as_deref(), Some("alias"));
            next = linked(&own, LinkType::PKCS12CertificateLink);
        }
        assert_eq!(next, None);
        let plain = get(&mut fixture, &id, None).unwrap();
        assert_eq!(
            plain.key_block().unwrap().key_format_type,
            KeyFormatType::PKCS8
        );

        let got = get(&mut fixture, &id, Some(KeyFormatType::PKCS12)).unwrap();
        let Some(KeyValue::Wrapped(pfx)) = got.key_block().unwrap().key_value.clone() else {
            panic!("no PKCS #12");
        };
        std::fs::write(made.folder.path().join("got.p12"), &pfx.0).unwrap();
        let told = made.openssl("pkcs12 -in got.p12 -passin pass:password -nodes");
        let told = String::from_utf8(told).unwrap();
        assert_eq!(told.matches("BEGIN CERTIFICATE").count(), 3);
        assert_eq!(told.matches("BEGIN PRIVATE KEY").count(), 1);
        assert!(told.contains("friendlyName: alias"));
        // What was given back is taken again.
        let again = ManagedObject::PrivateKey(KeyObject {
            key_block: block(KeyFormatType::PKCS12, KeyValue::Wrapped(pfx)),
        });
        let with = list([signs(), link(LinkType::PKCS12PasswordLink, &password)]);
        register(&mut fixture, again, with).unwrap();
    }
}

#[test]
fn links_make_the_chain_of_a_key_that_came_alone() {
    let made = Made::new(&[]);
    let mut fixture = Fixture::new();
    let password = password(&mut fixture, true);
    let der = made.openssl("pkcs8 -topk8 -nocrypt -in leaf.key -outform DER");
    let key = ManagedObject::PrivateKey(KeyObject {
        key_block: block(
            KeyFormatType::PKCS8,
            KeyValue::plain(KeyMaterial::Bytes(Secret::new(der))),
        ),
    });
    let id = register(&mut fixture, key, list([signs()])).unwrap();
    let pkcs12 = Some(KeyFormatType::PKCS12);
    assert_eq!(
        get(&mut fixture, &id, pkcs12).err(),
        Some(ResultReason::InvalidField)
    );
    add(
        &mut fixture,
        &id,
        link(LinkType::PKCS12PasswordLink, &password),
    );
    let mut before = id.clone();
    for name in ["leaf", "middle"] {
        let der = made.openssl(&format!("x509 -in {name}.pem -outform DER"));
        let certificate = ManagedObject::Certificate(Certificate {
            certificate_type: CertificateType::X509,
            certificate_value: Bytes(der),
        });
        let certificate = register(&mut fixture, certificate, list([])).unwrap();
        add(
            &mut fixture,
            &before,
            link(LinkType::PKCS12CertificateLink, &certificate),
        );
        before = certificate;
    }
    // A circle of links ends.
    let leaf = linked(
        &attributes(&mut fixture, &id),
        LinkType::PKCS12CertificateLink,
    )
    .unwrap();
    add(
        &mut fixture,
        &before,
        link(LinkType::PKCS12CertificateLink, &leaf),
    );
    let got = get(&mut fixture, &id, pkcs12).unwrap();
    let Some(KeyValue::Wrapped(pfx)) = got.key_block().unwrap().key_value.clone() else {
        panic!("no PKCS #12");
    };
    std::fs::write(made.folder.path().join("got.p12"), &pfx.0).unwrap();
    let told = made.openssl("pkcs12 -in got.p12 -passin pass:password -nodes -nokeys");
    assert_eq!(
        String::from_utf8(told)
            .unwrap()
            .matches("BEGIN CERTIFICATE")
            .count(),
        2
    );
}

#[test]
fn the_password_must_be_there_active_and_right() {
    let made = Made::new(&[]);
    for (version, reason) in [
        (V1_4, ResultReason::PermissionDenied),
        (V2_1, ResultReason::WrongKeyLifecycleState),
    ] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let password = password(&mut fixture, false);
        let with = list([signs(), link(LinkType::PKCS12PasswordLink, &password)]);
        assert_eq!(
            register(&mut fixture, made.object(), with.clone()),
            Err(reason)
        );
        fixture
            .call::<Activate>(&ActivateRequest {
                unique_identifier: Some(password.as_str().into()),
            })
            .unwrap();
        register(&mut fixture, made.object(), with).unwrap();
        assert!(register(&mut fixture, made.object(), list([signs()])).is_err());
        let to_nothing = list([signs(), link(LinkType::PKCS12PasswordLink, "nothing")]);
        assert!(register(&mut fixture, made.object(), to_nothing).is_err());
    }
    let wrong = Made::new(&["-passout pass:other"]);
    let mut fixture = Fixture::new();
    let password = password(&mut fixture, true);
    let with = list([signs(), link(LinkType::PKCS12PasswordLink, &password)]);
    assert_eq!(
        register(&mut fixture, wrong.object(), with),
        Err(ResultReason::CryptographicFailure)
    );
}

#[test]
fn a_key_that_may_not_leave_does_not_leave_as_pkcs_12() {
    let made = Made::new(&[]);
    let mut fixture = Fixture::new();
    let password = password(&mut fixture, true);
    for (lock, reason) in [
        (Attribute::Sensitive(true), ResultReason::Sensitive),
        (Attribute::Extractable(false), ResultReason::NotExtractable),
    ] {
        let with = list([signs(), link(LinkType::PKCS12PasswordLink, &password), lock]);
        let id = register(&mut fixture, made.object(), with).unwrap();
        let refused = get(&mut fixture, &id, Some(KeyFormatType::PKCS12)).err();
        assert_eq!(refused, Some(reason));
    }
}
